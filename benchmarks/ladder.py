"""PinSage's ladder (Ying et al., KDD 2018, tables 1 and 4): what each part of the model adds, on small catalogues.

A query is one of a user's newest 20 training actions, drawn once; the answer is a flit that he acted on in the test
window. All flits that exist are ranked by cosine to the query. Hit-rate is the share of pairs whose answer is among the
first 50, MRR the mean of 1 / rank; both are means over users. Rungs differ from ``pinsage`` in what their name says and
in nothing else; ``visual`` and ``text`` are the features as they come. Intervals are Student's t over seeds,
differences paired by seed. Parts that stand in the result file are not run again. Beside networks as they come there
are some that differ in one thing, to see on which graphs a step holds: ``OTHERWISE``.

    python -m benchmarks.ladder --data DIR                    # DIR as for benchmarks.movielens
    python -m benchmarks.ladder --data DIR --only films0      # one part: network91 to network95, films0 to films4, ...
"""

import json
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import scipy.stats

from benchmarks.common import Result, arguments
from graphrec.arrays import BoolVector, FloatMatrix, IntVector, RowVector, normalise_rows
from graphrec.config import RunConfig, load_config
from graphrec.features import Features
from graphrec.graph.split import Split, action_types
from graphrec.metrics import Doubles
from graphrec.models.config.factors import FactorConfig
from graphrec.models.factors import fit_factors
from graphrec.pipeline import Runner
from graphrec.pipeline.assembly import history_of
from graphrec.pipeline.line import Line
from graphrec.simulate import SimulationConfig, simulate
from graphrec.vectors import Embeddings

CONFIGS = Path(__file__).parent.parent / "configs"
NETWORKS, FILMS = (91, 92, 93, 94, 95), (0, 1, 2, 3, 4)
OTHERWISE: Mapping[str, Mapping[str, Any]] = {
    "network": {},
    "pictured": {"image_share": 1.0},
    "dense": {"flits": 3_000, "sessions_per_user": 24.0},
    "wide": {"flits": 18_000},
}
"""What the name of a network begins with, to what is other than usual in its simulation.

Every flit has an image instead of six in ten; half the flits and twice the sessions; three times the flits.
"""
KINDS = {
    "networks": "network", "pictured networks": "pictured", "dense networks": "dense", "wide networks": "wide",
    "films": "films",
}  # fmt: skip
"""What there is several of, and what the name of each begins with."""
K, WINDOW = 50, 20
METRICS = ("hit_rate@50", "mrr")
PLAIN = ("popular", "als", "visual", "text")
Configure = Callable[[Sequence[str]], RunConfig]
"""Settings of a rung to its config."""
SMALL = (
    "model={preset: pinsage, hidden_dim: 128, dim: 64, loss: max_margin, positives: {next_action: 1.0}}",
    "neighbourhoods.size=50",
)  # fmt: skip
"""What every rung shares: the paper's loss and its pairs of flits, at a size that trains in half a minute."""
SHORT = {
    "networks": ("training.epochs=5", "training.batch_size=4096", "training.windows=3"),
    "wide": ("training.epochs=3", "training.batch_size=4096", "training.windows=3"),
    "films": ("training.epochs=3", "training.batch_size=8192", "training.windows=2", "training.learning_rate=0.006"),
}
"""Steps, by what is trained on. One embeds a large part of the flits, and on films all, however few its pairs are."""
HARD = "model.hard_negatives.max_per_positive=6"
RUNGS: Mapping[str, Sequence[str]] = {
    "combined, no graph": ("model.num_layers=0",),
    "max pooling": ("model.pooling=max",),
    "mean pooling": ("model.pooling=mean",),
    "mean, cross-entropy": ("model.pooling=mean", "model.loss=logistic"),
    "mean, hard negatives": ("model.pooling=mean", HARD),
    "importance pooling": (),
    "pinsage": (HARD,),
    "pinsage, T=20": ("neighbourhoods.size=20", HARD),
    "pinsage, T=10": ("neighbourhoods.size=10", HARD),
    "importance, softmax": ("model.loss=softmax",),
}
PAIRS = (
    ("text", "visual"), ("combined, no graph", "text"), ("max pooling", "combined, no graph"),
    ("mean pooling", "max pooling"), ("mean pooling", "mean, cross-entropy"),
    ("mean, hard negatives", "mean pooling"), ("importance pooling", "mean pooling"),
    ("pinsage", "mean, hard negatives"), ("pinsage", "importance pooling"), ("pinsage, T=20", "pinsage, T=10"),
    ("pinsage", "pinsage, T=20"),
    ("importance, softmax", "importance pooling"),
)  # fmt: skip
"""What the paper found better, and than what; the last pair is ours."""


def main() -> None:
    """Run what is missing and write the result file."""
    parser = arguments("ladder", __doc__)
    parser.add_argument("--data", type=Path, default=None, help="folder of the film tables; without it only networks")
    options = parser.parse_args()
    films = [] if options.data is None else [f"films{seed}" for seed in FILMS]
    networks = [f"{begins}{seed}" for begins in OTHERWISE for seed in NETWORKS]
    names = [*networks, *films] if options.only is None else [options.only]
    for name in names:
        if options.only is None and f"{name}.pinsage.mrr" in saved(options.out):
            continue
        result = Result("ladder", [*NETWORKS, *FILMS])
        with tempfile.TemporaryDirectory() as folder:
            measure(result, name, prepared(name, options.data, Path(folder)))
        result.save(options.out)
        summary = Result("ladder", [*NETWORKS, *FILMS])
        summarise(summary, saved(options.out))
        summary.save(options.out)


def saved(out: Path) -> dict[str, float]:
    """Return the figures of a result file, none where there is no file."""
    figures: list[dict[str, Any]] = json.loads(out.read_text())["figures"] if out.is_file() else []
    return {one["name"]: one["value"] for one in figures}


def prepared(name: str, data: Path | None, folder: Path) -> Configure:
    """Return what makes the config of each rung of a part; its network is simulated now."""
    begins = name.rstrip("0123456789")
    if begins in OTHERWISE:
        seed = int(name.removeprefix(begins))
        simulate(SimulationConfig.preset("default", seed=seed, **OTHERWISE[begins]), folder / "data")
        path, own = CONFIGS / "flutter.yaml", [f"data={folder / 'data'}", *SHORT.get(begins, SHORT["networks"])]
    else:
        # No film is held out whole: a graph tells nothing of those, and most held-out likes would be of them.
        asked = ("evaluation.split={kind: given}", f"training.seed={name.removeprefix('films')}")
        path, own = CONFIGS / "movielens.yaml", [f"data={data}", *SHORT["films"], *asked]
    return lambda settings: load_config(path, [*own, f"store={folder / 'store'}", *SMALL, *settings])


def measure(result: Result, name: str, configure: Configure, rungs: Mapping[str, Sequence[str]] = RUNGS) -> None:
    """Add hit-rate and MRR of every rung, and the seconds its training took."""
    config = configure(())
    runner = Runner.of(config)
    line = Line(config, runner)
    asked, history = Asked.of(line.split), history_of(line.split.train)
    _, flit_type = action_types(line.split.train)
    result.add(f"{name}.users", len(np.unique(asked.users)))
    result.add(f"{name}.pairs", len(asked.users))
    popularity = history.actions_per_flit(len(asked.available)).astype(np.float32)[:, None]
    result.add(f"{name}.cold_share", float((popularity[asked.answers] == 0).mean()))
    asked.add(result, f"{name}.popular", np.ones_like(popularity), popularity)
    factors = normalise_rows(fit_factors(history, len(asked.available), FactorConfig()).vectors)
    blocks = Features.open(line.features.path).nodes[flit_type].blocks
    for rung, vectors in {"als": factors, "visual": blocks["image"], "text": blocks["text"]}.items():
        asked.add(result, f"{name}.{rung}", normalise_rows(np.array(vectors)))
    for rung, settings in rungs.items():
        other = Line(configure(settings), runner)
        asked.add(
            result, f"{name}.{rung}", np.array(Embeddings.open(other.held_out.embeddings.path).vectors[flit_type])
        )
        seconds = [one.seconds for one in runner.history if one.stage == "model"][-1]
        result.add(f"{name}.{rung}.seconds", seconds, unit="s", better="lower", goal=30)


@dataclass(frozen=True, eq=False)
class Asked:
    """What is asked: for each held-out flit of a user, one flit that he acted on before.

    Attributes:
        users: int32 ``[pairs]``.
        queries: Flits, int32 ``[pairs]``.
        answers: Flits, int32 ``[pairs]``.
        available: Flits that are ranked, bool ``[num_flits]``.
    """

    users: RowVector
    queries: RowVector
    answers: RowVector
    available: BoolVector

    @classmethod
    def of(cls, split: Split, seed: int = 0) -> "Asked":
        """Draw the queries of a split's held-out actions; users without a past are not asked."""
        newest = history_of(split.train).newest(WINDOW)
        users, answers = (split.test[name].to_numpy() for name in ("user_row", "flit_row"))
        known = newest.actions_per_user[users] > 0
        users, answers = users[known], answers[known]
        draw = np.random.default_rng(seed).random(len(users)) * newest.actions_per_user[users]
        queries = newest.rows[newest.indptr[users] + draw.astype(np.int64)]
        return cls(users, queries, answers, split.available)

    def add(self, result: Result, name: str, vectors: FloatMatrix, answers: FloatMatrix | None = None) -> None:
        """Add the means over users of hit-rate and MRR.

        Args:
            result: Where they go.
            name: What the figures start with.
            vectors: Of the flits as queries, float32 ``[num_flits, dim]``.
            answers: Of the flits as answers; default: the same.
        """
        targets = vectors if answers is None else answers
        rank = np.concatenate(
            [
                self._ranks(part, vectors, targets)
                for part in np.array_split(np.arange(len(self.users)), 1 + len(self.users) // 512)
            ]
        )
        _, place = np.unique(self.users, return_inverse=True)
        for metric, values in {"hit_rate@50": (rank <= K).astype(np.float64), "mrr": 1.0 / rank}.items():
            result.add(f"{name}.{metric}", float((np.bincount(place, values) / np.bincount(place)).mean()))

    def _ranks(self, part: IntVector, vectors: FloatMatrix, targets: FloatMatrix) -> Doubles:
        """Return the rank of each answer from 1; among equals the middle, and the query itself is not ranked."""
        scores = vectors[self.queries[part]] @ targets.T
        line = np.arange(len(part))
        wanted = scores[line, self.answers[part]][:, None]
        scores[:, ~self.available] = -np.inf
        scores[line, self.queries[part]] = -np.inf
        scores[line, self.answers[part]] = -np.inf
        return np.asarray(1.0 + (scores > wanted).sum(axis=1) + (scores == wanted).sum(axis=1) / 2)


def summarise(result: Result, figures: Mapping[str, float]) -> None:
    """Add means over seeds, and the paper's differences, with t intervals."""
    for kind, begins in KINDS.items():
        ends = f".{list(RUNGS)[-1]}.mrr"
        parts = sorted(name.removesuffix(ends) for name in figures if name.startswith(begins) and name.endswith(ends))
        parts = [one for one in parts if one not in KINDS]
        if len(parts) < 2:
            continue
        for metric in METRICS:
            of = {rung: np.array([figures[f"{one}.{rung}.{metric}"] for one in parts]) for rung in (*PLAIN, *RUNGS)}
            differences = {f"{better} over {worse}": of[better] - of[worse] for better, worse in PAIRS}
            for name, values in {**of, **differences}.items():
                half = float(scipy.stats.t.ppf(0.975, len(values) - 1) * values.std(ddof=1) / len(values) ** 0.5)
                for suffix, value in (("", 0.0), (".low", -half), (".high", half)):
                    result.add(f"{kind}.{name}.{metric}{suffix}", float(values.mean()) + value)


if __name__ == "__main__":
    main()
