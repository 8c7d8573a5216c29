"""What is exported reads back, in original ids, with the readers other people use."""

import json
from pathlib import Path

import hnswlib
import numpy as np
import polars as pl
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

import graphrec as gr
from graphrec.cli.app import app
from graphrec.errors import ConfigError, UnknownIdError
from graphrec.formats import PARTS, export
from tests.pipeline.conftest import Finished


@pytest.fixture(scope="module")
def out(first: Finished, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("out") / "export"
    export(first.config.store, folder, k=20)
    return folder


def test_every_part_is_there_and_counted(out: Path) -> None:
    facts = json.loads((out / "export.json").read_text())
    assert set(facts["rows"]) == set(PARTS) == {one.name for one in out.iterdir() if one.is_dir()}
    assert facts["version"] == "v0001"


def test_embeddings_are_those_served(out: Path, first: Finished) -> None:
    ids, vectors = gr.embeddings(first.config.store, "flit")
    frame = pl.read_parquet(out / "embeddings" / "flit.parquet")
    assert frame["id"].to_list() == ids.to_list()
    np.testing.assert_array_equal(frame["vector"].to_numpy(), vectors)
    np.testing.assert_array_equal(np.load(out / "embeddings" / "flit.npy"), vectors)
    assert pq.read_table(out / "embeddings" / "flit.parquet").schema.field("vector").type.list_size == vectors.shape[1]


def test_one_by_one_is_as_in_batch(first: Finished) -> None:
    found = gr.embeddings(first.config.store, "user")
    np.testing.assert_array_equal(found.of(found.ids[7]), found.vectors[7])
    assert found.to_polars().shape == (len(found.ids), 2)
    with pytest.raises(UnknownIdError):
        found.of("nobody")


def test_bare_hnswlib_loads_the_file_and_labels_are_rows(out: Path) -> None:
    folder = out / "index" / "flit"
    facts = json.loads((folder / "index.json").read_text())
    labels = pl.read_parquet(folder / "labels.parquet")["id"]
    index = hnswlib.Index(space="cosine", dim=facts["dim"])
    index.load_index(str(folder / "index.hnsw"), max_elements=len(labels))
    index.set_ef(200)
    vectors = dict(pl.read_parquet(out / "embeddings" / "flit.parquet").iter_rows())
    for name in labels[:5]:
        found, _ = index.knn_query(np.array(vectors[name], dtype=np.float32)[None], k=5)
        cosines = {one: float(np.dot(vectors[one], vectors[name])) for one in labels}
        nearest = sorted(cosines.values(), reverse=True)[:5]
        assert [cosines[labels[int(one)]] for one in found[0]] == pytest.approx(nearest, abs=1e-5)
    assert f"dim={facts['dim']}" in (folder / "README.md").read_text()


def test_interests_and_candidates_are_those_of_the_retriever(out: Path, first: Finished) -> None:
    retriever = gr.Retriever.open(first.config.store)
    interests = pl.read_parquet(out / "interests" / "interests.parquet")
    candidates = pl.read_parquet(out / "candidates" / "candidates.parquet")
    for user in ("bird_0003", "bird_0042"):
        assert interests.filter(user=user)["medoid"].to_list() == retriever.interests(user)["medoid"].to_list()
        assert candidates.filter(user=user)["id"].to_list() == retriever.recommend(user, 20).ids


def test_edges_stand_in_original_ids(out: Path, first: Finished) -> None:
    view = gr.open_graph(first.config.store)
    likes = pl.read_parquet(out / "graph" / "user-likes-flit.parquet")
    relation = view.graph.relations[("user", "likes", "flit")]
    assert len(likes) == relation.num_edges
    row = view.ids["user"].row(likes["source"][0])
    targets = view.ids["flit"].ids(np.asarray(relation.neighbours(row))).to_list()
    assert likes.filter(source=likes["source"][0])["target"].to_list() == targets


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # torch_geometric imports what torch deprecates
def test_views_of_the_graph(first: Finished) -> None:
    view = gr.open_graph(first.config.store)
    ego = view.ego("user", "bird_0042")
    assert ego.nodes[("user", view.ids["user"].row("bird_0042"))]["distance"] == 0
    data = view.to_pyg()
    data.validate()
    assert data["flit"].x.shape[0] == len(view.ids["flit"])
    assert view.to_networkx().number_of_nodes() == sum(view.graph.num_nodes.values())
    assert "Graph:" in view._repr_html_()
    assert view.to_polars()["edges"].sum() == sum(r.num_edges for r in view.graph.relations.values()) // 2


def test_a_folder_that_is_there_stays_unless_forced(first: Finished, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("dear")
    with pytest.raises(ConfigError, match="out must be a new or empty folder"):
        export(first.config.store, tmp_path / "mine", only=["interests"])
    with pytest.raises(ConfigError, match="out must be an earlier export to be replaced"):
        export(first.config.store, tmp_path / "mine", only=["interests"], force=True)
    assert (tmp_path / "mine" / "letter.txt").read_text() == "dear"


def test_an_earlier_export_is_replaced_when_forced(first: Finished, tmp_path: Path) -> None:
    export(first.config.store, tmp_path / "out", only=["embeddings"])
    with pytest.raises(ConfigError, match="out must be a new or empty folder"):
        export(first.config.store, tmp_path / "out", only=["interests"])
    export(first.config.store, tmp_path / "out", only=["interests"], force=True)
    assert sorted(one.name for one in (tmp_path / "out").iterdir()) == ["export.json", "interests"]
    assert [one.name for one in tmp_path.iterdir()] == ["out"]


def test_an_unknown_part_is_refused(first: Finished, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"only must name parts of embeddings, .* \(got poems\)"):
        export(first.config.store, tmp_path / "out", only=["poems"])


def test_the_command_writes_and_tells(first: Finished, tmp_path: Path) -> None:
    command = ["export", str(tmp_path / "out"), "--store", first.config.store, "--only", "embeddings"]
    done = CliRunner().invoke(app, [*command, "--json"])
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["rows"]["embeddings"]["user"] == 200
    again = CliRunner().invoke(app, command)
    assert again.exit_code == 2
    assert "error: out must be a new or empty folder" in again.output


def test_displays_escape_what_tables_hold(first: Finished) -> None:
    retriever = gr.Retriever.open(first.config.store)
    for shown in (
        retriever.recommend("bird_0042", 5),
        retriever.interest_cards("bird_0042", {}),
        first.store.resolve("latest"),
    ):
        html = shown._repr_html_()
        assert html.startswith("<div>")
        assert "<script" not in html
