"""PinnerSage: each user's actions as a few interests, each with a medoid flit and an importance."""

from graphrec.interests.build import build_interests
from graphrec.interests.calibrate import calibrate_merge_cosine, resolve_interest_config
from graphrec.interests.config import InterestConfig
from graphrec.interests.hides import lower_hidden, lower_newest
from graphrec.interests.interests import Interests, ServedInterests, UserInterests
from graphrec.interests.medoids import medoid
from graphrec.interests.online import fold

__all__ = [
    "InterestConfig",
    "Interests",
    "ServedInterests",
    "UserInterests",
    "build_interests",
    "calibrate_merge_cosine",
    "fold",
    "lower_hidden",
    "lower_newest",
    "medoid",
    "resolve_interest_config",
]
