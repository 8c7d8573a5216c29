"""PinnerSage: each user's actions as a few interests, each with a medoid flit and an importance."""

from graphrec.interests.build import build_interests
from graphrec.interests.calibrate import resolve_interest_config
from graphrec.interests.config import InterestConfig
from graphrec.interests.interests import Interests

__all__ = ["InterestConfig", "Interests", "build_interests", "resolve_interest_config"]
