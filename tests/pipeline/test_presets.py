import json
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml

from graphrec.config import load_config
from graphrec.embed import embed_isolated
from graphrec.errors import ConfigError
from graphrec.evaluation import Evaluation
from graphrec.pipeline import Runner
from graphrec.pipeline.encoder import open_content
from graphrec.pipeline.line import Line
from graphrec.retrieval.bundle import Bundle
from graphrec.retrieval.retriever import Retriever
from graphrec.retrieval.tune_lengths import EXPONENTS
from graphrec.store import Store
from graphrec.training.checkpoint import load_model
from tests.pipeline.conftest import FLUTTER, finished, redone

BARE = ("model={preset: %s, dim: 16, epochs: 3}", "training={}", "neighbourhoods={}")
TOWERS = (
    "model={preset: two_tower, dim: 16, hidden_dim: 16}", "training={epochs: 3, windows: 4, batch_size: 512}",
    "neighbourhoods={}",
)  # fmt: skip
WITHIN = (
    "{source: user, relation: follows, target: user, table: follows.parquet, source_id: follower_id, "
    "target_id: followed_id, time: {column: timestamp}, role: action}"
)
SMALL = ("evaluation.baselines=[popular]", "runtime.workers=1", "features.image={encoder: none}")


def settings(preset: str, *changes: str) -> list[str]:
    own = TOWERS if preset == "two_tower" else (BARE[0] % preset, *BARE[1:])
    exponent = "index.length_exponent=0.5"  # `auto` tunes the weights of every exponent
    return [*own, *SMALL, exponent, "features.text={encoder: tfidf, dim: 16}", *changes]


@pytest.mark.parametrize(
    "preset",
    [
        "lightgcn",
        pytest.param("two_tower", marks=pytest.mark.slow),
        pytest.param("matrix_factorization", marks=pytest.mark.slow),
        pytest.param("twhin", marks=pytest.mark.slow),
    ],
)
def test_a_preset_runs_from_tables_to_answers(preset: str, network: Path, tmp_path: Path) -> None:
    done = finished(load_config(FLUTTER, [f"data={network}", f"store={tmp_path}", *settings(preset)]))
    assert not any("neighbourhoods" in name for name in done.version.stages)
    assert redone(finished(done.config)) == []
    model, features = (done.store.artifact("latest", name).path for name in ("model", "features"))
    bundle = Bundle.open(done.store.artifact("latest", "bundle").path)
    cold = np.flatnonzero(bundle.cold).astype(np.int32)
    content = open_content(model, features).gather("flit", cold, np.zeros(len(bundle.allowed), dtype=np.float32))
    assert len(cold)
    alone = embed_isolated(load_model(model), "flit", content)
    np.testing.assert_allclose(bundle.flit_vectors[cold], alone, atol=1e-5)
    assert bundle.scale is not None
    query = bundle.query_of(int(bundle.history.users[0]))
    scaled = (bundle.flit_vectors * bundle.scale[:, None]) @ query.medoids.T
    best = -np.sort(-np.where(bundle.allowed[:, None], scaled, -np.inf), axis=0)[:10]
    np.testing.assert_allclose(bundle.shelf.index.query(query.medoids, 10).scores, best.T, atol=1e-4)
    retriever = Retriever.open(Path(done.config.store))
    user = bundle.ids["user"].ids(np.array([int(bundle.history.users[0])]))[0]
    assert len(retriever.recommend(user, k=10).ids) == 10
    figures = Evaluation.open(done.store.artifact("latest", "evaluation").path).frame
    recall = figures.filter(metric="recall", k=50, slice="all")
    ours, popular = (recall.filter(method=one)["value"][0] for one in ("graphrec", "popular"))
    assert ours > popular


@pytest.mark.slow
def test_the_exponent_stands_in_the_records_and_is_applied_again(network: Path, tmp_path: Path) -> None:
    told = settings("twhin", "index.length_exponent=auto", "retrieval.softness=0.1", "retrieval.factors_weight=0.0")
    done = finished(load_config(FLUTTER, [f"data={network}", f"store={tmp_path}", *told]))
    tuning, *built = (done.store.artifact("latest", name) for name in ("tuning", "holdout_index", "index", "bundle"))
    exponent = tuning.facts["length_exponent"]
    assert [one.facts["length_exponent"] for one in built] == [exponent] * 3
    trials = json.loads((tuning.path / "trials.json").read_text())
    assert [one["length_exponent"] for one in trials if "length_exponent" in one] == list(EXPONENTS)
    bundle = Bundle.open(built[-1].path)
    assert bundle.settings.length_exponent == exponent
    assert (bundle.scale is None) == (bundle.scaled_index is None) == (exponent == 0)


@pytest.mark.slow
def test_a_preset_of_vectors_per_node_answers_text(network: Path, tmp_path: Path) -> None:
    encoder = bert(tmp_path / "bert")
    text = f"features.text={{encoder: transformer, model: {encoder}, max_tokens: 16, precision: float32}}"
    done = finished(
        load_config(FLUTTER, [f"data={network}", f"store={tmp_path / 'store'}", *settings("lightgcn", text)])
    )
    found = Retriever.open(Path(done.config.store)).search("bird song", k=5)
    assert found.height == 5


def bert(folder: Path) -> Path:
    """Write a random BERT of width 16."""
    from transformers import BertConfig, BertModel

    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "bird", "song", "the"]
    torch.manual_seed(0)
    shape = BertConfig(
        vocab_size=len(words), max_position_embeddings=32, hidden_size=16, num_hidden_layers=1,
        num_attention_heads=2, intermediate_size=32,
    )  # fmt: skip
    BertModel(shape).save_pretrained(folder)
    (folder / "vocab.txt").write_text("\n".join(words) + "\n")
    tokens = {"tokenizer_class": "BertTokenizer", "do_lower_case": True, "model_max_length": 32}
    (folder / "tokenizer_config.json").write_text(json.dumps(tokens))
    return folder


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (["model.preset=twhin"], "RunConfig.model.hidden_dim must not be set with preset twhin, which does not read"),
        (["model={preset: twhin}"], "RunConfig.training.batch_size must not be set with preset twhin"),
        (
            ["model={preset: lightgcn}", "training={}"],
            "RunConfig.neighbourhoods.num_walks must not be set with preset lightgcn, which does not read it; take "
            "num_walks, restart_prob, size out of neighbourhoods",
        ),
        (
            ["model={preset: lightgcn}", "training={}", "neighbourhoods={}", "runtime.training_workers=2"],
            "RunConfig.runtime.training_workers must not be set with preset lightgcn",
        ),
        (
            [f"edges=[{WITHIN}]", "model={positives: {past: 1}, svd_start: true, id_vectors: true}", "training={}"],
            r"RunConfig.edges must lead actions to another node type with model.positives past, which learns users and "
            r"what they act on apart \(got follows from user to user\); declare the same table as a second node type",
        ),
        (
            [f"edges=[{WITHIN}]", "model={preset: lightgcn}", "training={}", "neighbourhoods={}"],
            "RunConfig.edges must lead actions to another node type with preset lightgcn",
        ),
        (["model={preset: simclusters}"], "RunConfig.model must be a section whose preset is one of pinsage, lightgcn"),
        (["model={preset: twhin, negativs: 3}"], "RunConfig.model.negativs is not a known setting; did you mean 'neg"),
        (["model={preset: twhin, dim: 0}"], r"RunConfig.model.dim must be greater than or equal to 1 \(got 0\)"),
        (
            ["model={preset: matrix_factorization, num_layers: 2}"],
            r"RunConfig.model: num_layers must be 0 with preset matrix_factorization \(got 2\)",
        ),
        (
            ["model.scoring=mlp"],
            r"RunConfig.model.scoring: must be an inner product for an index to answer \(got 'mlp'\)",
        ),
        (
            ["model={preset: two_tower}"],
            "RunConfig.neighbourhoods.num_walks must not be set with preset two_tower, which does not read it; take",
        ),
        (["model.preset=two_tower"], "RunConfig.model.positives must not be set with preset two_tower"),
        (["model={preset: two_tower, epochs: 3}"], "RunConfig.model.epochs must not be set with preset two_tower"),
        (["model={preset: two_tower, loss: bpr}"], r"RunConfig.model.loss must be 'softmax' \(got 'bpr'\)"),
        (
            ["model={preset: two_tower, scoring: mlp}"],
            r"RunConfig.model.scoring: must be an inner product for an index to answer \(got 'mlp'\)",
        ),
        (["model={preset: twhin, scoring: dot}"], r"RunConfig.model.scoring must be 'translation' \(got 'dot'\)"),
        (
            ["index.length_exponent=0.5"],
            r"RunConfig.index.length_exponent must be 0 or 'auto' with preset pinsage, whose vectors are compared by "
            r"cosine and have no lengths \(got 0.5\)",
        ),
        (
            ["model={preset: lightgcn, popularity_bias: false}", *BARE[1:], "index.length_exponent=1"],
            "RunConfig.index.length_exponent must be 0 or 'auto' with preset lightgcn",
        ),
        (["index.length_exponent=1.5"], r"RunConfig.index.length_exponent"),
        (["model={preset: lightgcn, loss: logistic}"], r"RunConfig.model.loss must be 'softmax' \(got 'logistic'\)"),
    ],
)
def test_settings_that_a_preset_does_not_read_are_refused(changes: list[str], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        load_config(FLUTTER, changes)


@pytest.mark.parametrize("preset", ["pinsage", "lightgcn", "matrix_factorization", "twhin", "two_tower"])
def test_the_printed_settings_of_a_preset_are_a_config_again(preset: str, tmp_path: Path) -> None:
    overrides = [] if preset == "pinsage" else [f"model={{preset: {preset}}}", *BARE[1:]]
    config = load_config(FLUTTER, overrides)
    path = tmp_path / "printed.yaml"
    path.write_text(yaml.safe_dump(config.settings()))
    assert load_config(path) == config
    assert config.settings()["model"]["preset"] == preset


def test_a_preset_without_walks_has_no_such_stage(tmp_path: Path) -> None:
    config = load_config(FLUTTER, ["model={preset: twhin}", *BARE[1:], f"store={tmp_path}"])
    with pytest.raises(ConfigError, match=r"neighbourhoods must be walked by a preset .* \(got twhin\)"):
        Line(config, Runner(Store(config.store))).stage("neighbourhoods")
