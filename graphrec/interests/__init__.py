"""PinnerSage: each user's actions as a few interests, each with a medoid flit and an importance."""

from graphrec.interests.build import build_interests
from graphrec.interests.calibrate import calibrate_merge_cosine, resolve_interest_config
from graphrec.interests.config import InterestConfig
from graphrec.interests.interests import Interests, ServedInterests, UserInterests
from graphrec.interests.medoids import medoid

__all__ = [
    "InterestConfig",
    "Interests",
    "ServedInterests",
    "UserInterests",
    "build_interests",
    "calibrate_merge_cosine",
    "medoid",
    "resolve_interest_config",
]
