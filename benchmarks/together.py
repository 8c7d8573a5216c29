"""Content and id vectors together, against either alone: what one model makes of both.

PinSage reads content, id vectors or both. Where it reads ids, they start from a truncated SVD of the actions, and what
content says of them from a regression; it learns from the past itself, a user with all of his flits a step, and a
popularity bias makes lengths: what made LightGCN work. Factorization and LightGCN, id vectors alone, get those of new
flits from a regression on content. ``windows`` is PinSage on what follows snapshots of the past, which leaves
popularity to the prior: on networks as the config ships it.
Every model answers by the inner product of its user and flit vectors. Held-out actions are told apart by whether
anybody had acted on the flit before (``met``, ``new``), and every method ranks the flits of that group alone.

    python -m benchmarks.together --data DIR                # DIR as for benchmarks.movielens; else networks alone
    python -m benchmarks.together --data DIR --only films   # one of: films, seed81, seed82
"""

import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np

from benchmarks.common import Result, arguments
from graphrec.config import RunConfig, load_config
from graphrec.evaluation import BASELINES, Evaluation, Held, Past, Scorer, Sources, evaluate
from graphrec.evaluation.interactions import Factors
from graphrec.evaluation.tuning import validation_tail
from graphrec.graph.split import action_types
from graphrec.pipeline import Runner
from graphrec.pipeline.assembly import history_of
from graphrec.pipeline.line import Line
from graphrec.simulate import SimulationConfig, simulate
from graphrec.vectors import Embeddings

CONFIGS = Path(__file__).parent.parent / "configs"
SEEDS = (81, 82)
K, REFERENCE = 50, "together"
GROUPS: Mapping[str, tuple[int, float]] = {"met": (1, np.inf), "new": (0, 0)}
"""Training actions that the flits of a group have, at least and at most."""
PAST = "preset: pinsage, hidden_dim: 128, dim: 128, num_layers: 1, temperature: 0.1, negatives: 8192"
IDS = "positives: {past: 1}, popularity_bias: true, id_vectors: true, svd_start: true"
BARE = ("training={}", "neighbourhoods={}")
WINDOWS = {
    "films": (
        "model={preset: pinsage, blocks: [text, columns], hidden_dim: 192, dim: 128, id_vectors: true, "
        "temperature: 0.1, positives: {next_action: 1, actions: 1}}",
        "training={epochs: 8, batch_size: 16384, learning_rate: 0.006, windows: 3}",
    ),
    "networks": (),
}
STEPS = {
    "films": "training={epochs: 30, patience: 30, batch_size: 200000, learning_rate: 0.001}",
    "networks": "training={epochs: 30, patience: 30, batch_size: 10000, learning_rate: 0.001}",
}
Configure = Callable[[Sequence[str]], RunConfig]
"""Settings of a method to its config."""


def main() -> None:
    """Run and write the result file."""
    parser = arguments("together", __doc__)
    parser.add_argument("--data", type=Path, default=None, help="folder of the film tables; without it only networks")
    options = parser.parse_args()
    result = Result("together", 0)
    films = [] if options.data is None else ["films"]
    for name in [*films, *(f"seed{seed}" for seed in SEEDS)] if options.only is None else (options.only,):
        with tempfile.TemporaryDirectory() as folder:
            measure(result, name, prepared(name, options.data, Path(folder)), methods(name))
        result.save(options.out)


def prepared(name: str, data: Path | None, folder: Path) -> Configure:
    """Return what makes the config of each method of a part; its network is simulated now."""
    path = CONFIGS / "movielens.yaml"
    if name != "films":
        simulate(SimulationConfig.preset("default", seed=int(name.removeprefix("seed"))), folder / "data")
        path, data = CONFIGS / "flutter.yaml", folder / "data"
    return lambda settings: load_config(path, [f"data={data}", f"store={folder / 'store'}", *settings])


def methods(name: str) -> dict[str, tuple[str, ...]]:
    """Return the settings of each method."""
    # The posters of films are left out, as in the shipped config.
    world = "films" if name == "films" else "networks"
    blocks, steps = ", blocks: [text, columns]" if name == "films" else "", STEPS[world]
    return {
        "factorization": ("model={preset: matrix_factorization, dim: 128}", *BARE),
        "lightgcn": ("model={preset: lightgcn, dim: 128}", *BARE),
        "windows": WINDOWS[world],
        "ids": (f"model={{{PAST}, {IDS}, blocks: []}}", steps),
        "content": (f"model={{{PAST}, positives: {{past: 1}}, popularity_bias: true{blocks}}}", steps),
        REFERENCE: (f"model={{{PAST}, {IDS}{blocks}}}", steps),
    }


def measure(result: Result, name: str, configure: Configure, settings: Mapping[str, Sequence[str]]) -> None:
    """Add every method's recall on every group of flits, differences to :data:`REFERENCE`, and seconds of training."""
    config = configure(())
    runner = Runner.of(config)
    split = Line(config, runner).split
    history, types = history_of(split.train), action_types(split.train)
    past = Past(history, split.available, split.at_s)
    plain = [(one, BASELINES[one](Sources(past), validation_tail(past))) for one in ("popular", "als")]
    asked = {name: one for name, one in plain if isinstance(one, Scorer)}
    for method, changes in settings.items():
        vectors = Embeddings.open(Line(configure(changes), runner).held_out.embeddings.path)
        of_users, of_flits = (np.array(vectors.vectors[one]) for one in types)
        lengths = np.array(vectors.lengths.get(types[1], np.ones(len(of_flits), dtype=np.float32)))
        asked[method] = Factors(history, split.available, of_users, of_flits * lengths[:, None])
        seconds = [one.seconds for one in runner.history if one.stage == "model"][-1]
        result.add(f"{name}.{method}.seconds", seconds, unit="s", better="lower")
    met = history.actions_per_flit(len(split.available))
    users, flits = (split.test[column].to_numpy() for column in ("user_row", "flit_row"))
    for group, (least, most) in GROUPS.items():
        some = split.available & (met >= least) & (met <= most)
        held = Held.from_edges(users, flits, history, some, split.at_s)
        for scorer in asked.values():
            scorer.available = some
        slices = {group: (f"flits with {least} to {most} training actions", held)}
        _add(result, f"{name}.{group}", evaluate(asked, held, history, (K,), reference=REFERENCE, slices=slices), group)
        result.add(f"{name}.{group}.users", len(held.users))
        result.add(f"{name}.{group}.events", held.num_events)


def _add(result: Result, name: str, found: Evaluation, group: str) -> None:
    """Add recalls with their intervals, and what each method has over :data:`REFERENCE`."""
    for rows, value, suffix in ((found.frame, "value", ""), (found.differences, "difference", ".over")):
        for row in rows.filter(metric="recall", k=K, slice=group).to_dicts():
            for end, column in (("", value), (".low", "low"), (".high", "high")):
                result.add(f"{name}.{row['method']}{suffix}{end}", row[column])


if __name__ == "__main__":
    main()
