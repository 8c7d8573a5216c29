"""The whole line with tables and store on object storage: the same bytes as from folder to folder."""

from pathlib import Path

import numpy as np
import pytest

import graphrec as gr
from graphrec.config import load_config
from graphrec.store import Store
from tests.object_storage import Bucket, bucket, cloud, s3_server, upload_folder
from tests.pipeline.conftest import FLUTTER, QUICK, Finished, finished, redone

__all__ = ["bucket", "cloud", "s3_server"]


@pytest.mark.slow
def test_a_run_from_uri_to_uri_equals_one_between_folders(
    network: Path, first: Finished, bucket: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload_folder(network, bucket.objects("tables"))
    config = load_config(FLUTTER, [f"data={bucket.uri('tables')}", f"store={bucket.uri()}", *QUICK])
    done = finished(config)
    assert done.version.stages == first.version.stages
    assert done.version.metrics == first.version.metrics
    assert not [one for one in bucket.names() if "checkpoints" in one or "text_cache" in one]

    again = finished(config)
    assert again.version.name == done.version.name
    assert redone(again) == []

    monkeypatch.setenv("GRAPHREC_CACHE", str(tmp_path / "other machine"))
    retriever, here = gr.Retriever.open(bucket.uri()), gr.Retriever.open(first.config.store)
    user = here.bundle.ids["user"].series[0]
    assert retriever.recommend(user).ids == here.recommend(user).ids
    for one, other in zip(gr.embeddings(bucket.uri(), "flit"), gr.embeddings(first.config.store, "flit"), strict=True):
        np.testing.assert_array_equal(one, other)
    Store(bucket.uri()).verify("latest")
