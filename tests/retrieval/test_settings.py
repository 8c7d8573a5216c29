"""Settings of versions that another graphrec wrote."""

import pytest

from graphrec.errors import ArtifactError
from graphrec.retrieval.settings import Settings
from tests.retrieval.world import planted


def test_versions_from_before_lengths_counted_go_by_the_cosine() -> None:
    settings = planted().settings
    values = settings.to_dict()
    assert Settings.from_dict(values) == settings
    del values["length_exponent"]
    assert Settings.from_dict(values) == settings


def test_a_missing_setting_is_named() -> None:
    values = planted().settings.to_dict()
    del values["budget"]
    with pytest.raises(ArtifactError, match=r"bundle\.settings must hold every setting of retrieval .*'budget'"):
        Settings.from_dict(values)
