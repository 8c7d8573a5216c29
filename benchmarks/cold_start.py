"""Flits with few or no interactions: embeddings of graph and content beside content alone, popularity, collaboration.

Held-out actions are told apart by how many training actions their flit has (0, 1 to 2, 3 to 10), and every method ranks
the flits of that group alone: what it knows of them decides, not how many places it keeps for them. Embeddings of any
kind are asked alike: by the decayed mean of a user's flits or by the nearest of the newest, whichever validates best.
Where a text encoder can be tuned (``graphrec finetune-text``), ``_tuned`` is the same with the tuned one. Two trainings
of PinSage that differ by their seed lie as far apart as the methods do: on networks each of its rows is the mean of
three. Networks train by windows as shipped; ``pinsage_past`` learns from the past instead, as films do.
LightFM is measured where it is installed.
MovieLens 1M holds a random tenth of the films out whole, three draws; simulated networks hold their last week out.

    pip install -e '.[bench]' -c constraints.txt
    python -m benchmarks.cold_start --data DIR                  # DIR as for benchmarks.movielens
    python -m benchmarks.cold_start --data DIR --only draw0     # one of: draw0 to draw2, seed81 to seed83
"""

import copy
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from benchmarks.common import Result, arguments
from benchmarks.hybrid import hybrid
from benchmarks.together import IDS, PAST, STEPS, Configure
from graphrec.arrays import BoolVector, FloatMatrix, RowVector
from graphrec.config import RunConfig, load_config
from graphrec.evaluation import BASELINES, Held, Past, Recommender, Scorer, Sources, evaluate
from graphrec.evaluation.tuning import Tail, validation_tail
from graphrec.features import Features
from graphrec.pipeline import Runner
from graphrec.pipeline.finetune import finetune
from graphrec.pipeline.line import Line
from graphrec.retrieval.bundle import Bundle
from graphrec.retrieval.candidates import rank
from graphrec.simulate import SimulationConfig, simulate
from graphrec.vectors import Embeddings

CONFIGS = Path(__file__).parent.parent / "configs"
DRAWS, SEEDS = (0, 1, 2), (81, 82, 83)
TRAININGS = (0, 1, 2)
"""Seeds of the trainings that a row of PinSage is the mean of on a network; films are drawn three times instead."""
GROUPS: Mapping[str, tuple[int, int]] = {"items_0": (0, 0), "items_1_2": (1, 2), "items_3_10": (3, 10)}
BLOCKS: Mapping[str, tuple[str, ...] | None] = {
    "pinsage": None, "pinsage_text": ("text", "columns"), "pinsage_image": ("image",),
}  # fmt: skip
K, REFERENCE, TUNED = 50, "content_knn", "_tuned"
BY_PAST = {"pinsage_past": (f"model={{{PAST}, {IDS}}}", STEPS["networks"])}
"""PinSages of networks beside the shipped one, and their settings."""
Scorers = Mapping[str, Sequence[Scorer]]
"""Method to its trainings."""


def main() -> None:
    """Run and write the result file."""
    parser = arguments("cold_start", __doc__)
    parser.add_argument("--data", type=Path, default=None, help="folder of the film tables; without it only networks")
    options = parser.parse_args()
    result = Result("cold_start", [*DRAWS, *SEEDS])
    parts: dict[str, Callable[[Path], Configure]] = {f"seed{seed}": _network(seed) for seed in SEEDS}
    if options.data is not None:
        parts |= {f"draw{draw}": _films(options.data, draw) for draw in DRAWS}
    for name in parts if options.only is None else (options.only,):
        with tempfile.TemporaryDirectory() as folder:
            configure, is_network = parts[name](Path(folder)), name.startswith("seed")
            others = {method: configure(settings) for method, settings in BY_PAST.items() if is_network}
            measure(result, name, World(configure(()), TRAININGS if is_network else TRAININGS[:1], others))
        result.save(options.out)


def _network(seed: int) -> Callable[[Path], Configure]:
    """Return what makes the configs of a simulated network."""

    def make(folder: Path) -> Configure:
        simulate(SimulationConfig.preset("default", seed=seed), folder / "data")
        places = [f"data={folder / 'data'}", f"store={folder / 'store'}"]
        return lambda settings: load_config(CONFIGS / "flutter.yaml", [*places, *settings])

    return make


def _films(data: Path, draw: int) -> Callable[[Path], Configure]:
    """Return what makes the configs of one draw of held-out films."""
    return lambda folder: (
        lambda settings: load_config(
            CONFIGS / "movielens.yaml",
            [f"data={data}", f"store={folder / 'store'}", f"evaluation.split.seed={draw}", *settings],
        )
    )


@dataclass(frozen=True)
class World:
    """One split of one data set, and whatever is embedded of it.

    Attributes:
        config: As it is shipped.
        trainings: Seeds of the trainings of each PinSage.
        others: More PinSages, by method, and their configs.
    """

    config: RunConfig
    trainings: Sequence[int]
    others: Mapping[str, RunConfig] = field(default_factory=dict)

    @cached_property
    def runner(self) -> Runner:
        """Where artifacts go: ablations share tables, features and graph."""
        return Runner.of(self.config)

    @cached_property
    def line(self) -> Line:
        """The config as it is shipped."""
        return Line(self.config, self.runner)

    @cached_property
    def bundle(self) -> Bundle:
        """What would be served at the split."""
        return Bundle.open(self.line.held_out.bundle.path)

    @cached_property
    def past(self) -> Past:
        """What is known at the split."""
        return Past(self.bundle.history, self.line.split.available, self.line.split.at_s)

    @cached_property
    def tail(self) -> Tail:
        """What settings are chosen on."""
        return validation_tail(self.past)

    @cached_property
    def tuned(self) -> RunConfig:
        """The config with its text encoder tuned on the training side."""
        out = Path(self.config.store).parent / "encoder"
        finetune(self.config, out, runner=self.runner, on_epoch=lambda entry: print(entry, flush=True))
        text = self.config.features.text.model_copy(update={"model": str(out)})
        return self.config.model_copy(update={"features": self.config.features.model_copy(update={"text": text})})

    def vectors(self, config: RunConfig, blocks: tuple[str, ...] | None) -> list[FloatMatrix]:
        """Return flit embeddings of a config's model that reads ``blocks``, of each training."""
        flits, found = self.bundle.settings.flit_type, []
        for seed in self.trainings:
            model = config.model.model_copy(update={"blocks": blocks, "seed": seed})
            line = Line(config.model_copy(update={"model": model}), self.runner)
            found.append(np.array(Embeddings.open(line.held_out.embeddings.path).vectors[flits]))
        return found

    def content(self, config: RunConfig) -> FloatMatrix:
        """Return a config's text features alone."""
        features = Features.open(Line(config, self.runner).features.path)
        return np.array(features.nodes[self.bundle.settings.flit_type].blocks["text"])


class Whole:
    """A bundle's full score over some flits: interests, factors and prior.

    Args:
        bundle: The held-out bundle.
        flits: What may be ranked, bool ``[num_flits]``.
    """

    def __init__(self, bundle: Bundle, flits: BoolVector) -> None:
        self._bundle, self._rows = bundle, np.flatnonzero(flits).astype(np.int32)
        unmet = not bundle.history.actions_per_flit(len(flits))[flits].any()
        self._weights = bundle.settings.cold_weights if unmet else bundle.settings.weights

    def recommend(self, users: RowVector, k: int) -> RowVector:
        """Return int32 ``[users, k]``, padded with -1."""
        out = np.full((len(users), k), -1, dtype=np.int32)
        for place, user in enumerate(users):
            query = self._bundle.query_of(int(user))
            rows = np.setdiff1d(self._rows, query.excluded).astype(np.int32)
            if query.usable:
                rows = rank(rows, query, self._bundle.shelf, self._weights).rows
            out[place, : min(k, len(rows))] = rows[:k]
        return out


class Tastes(Scorer):
    """The factors alone: collaborative for flits that were met, regressed on content for those that were not."""

    def __init__(self, bundle: Bundle, flits: BoolVector) -> None:
        super().__init__(bundle.history, flits)
        assert bundle.factors is not None
        self._factors = bundle.factors.factors
        self._rows = np.arange(len(flits), dtype=np.int32)

    def scores(self, users: RowVector) -> FloatMatrix:
        """Return standardised scores, float32 ``[users, num_flits]``."""
        known = [self.history.of(int(user)) for user in users]
        tastes = [self._factors.taste(one.rows, one.weight) for one in known]
        return np.stack([self._factors.standardised(taste, self._rows) for taste in tastes])


def measure(result: Result, name: str, world: World) -> None:
    """Add every method's recall on every group of flits, and the paired differences to content alone."""
    history, split = world.past.history, world.line.split
    met = history.actions_per_flit(len(split.available))
    users, flits = (split.test[column].to_numpy() for column in ("user_row", "flit_row"))
    scorers = chosen(world)
    for group, (least, most) in GROUPS.items():
        some = split.available & (met >= least) & (met <= most)
        held = Held.from_edges(users, flits, history, some, split.at_s)
        if not held.num_events:
            continue
        found = evaluate(_methods(world, scorers, some), held, history, (K,), reference=REFERENCE,
                         slices={group: (f"flits with {least} to {most} training actions", held)})  # fmt: skip
        for row in found.frame.filter(metric="recall", slice=group).to_dicts():
            for suffix, value in (("", row["value"]), (".low", row["low"]), (".high", row["high"])):
                result.add(f"{name}.{row['method']}.recall@{K}.{group}{suffix}", value)
        for row in found.differences.filter(metric="recall", slice=group).to_dicts():
            goal = 0.0 if row["method"] in ("pinsage", *BY_PAST) and group != "items_3_10" else None
            result.add(f"{name}.{row['method']}.margin.{group}.low", row["low"], goal=goal)
        _lifts(result, name, world, scorers, Slice(group, some, held))
        result.add(f"{name}.flits.{group}", int(some.sum()))
        result.add(f"{name}.users.{group}", len(held.users))
        result.add(f"{name}.events.{group}", held.num_events)


@dataclass(frozen=True)
class Slice:
    """The flits of one group, bool ``[num_flits]``, and the held-out actions on them."""

    name: str
    flits: BoolVector
    held: Held


def _lifts(result: Result, name: str, world: World, scorers: Scorers, part: Slice) -> None:
    """Add what a tuned encoder adds to each method that has one, paired over users."""
    for method in (one.removesuffix(TUNED) for one in scorers if one.endswith(TUNED)):
        both = {one: scorers[one] for one in (method, f"{method}{TUNED}")}
        slices = {part.name: ("the group", part.held)}
        found = evaluate(
            _narrowed(both, part.flits), part.held, world.past.history, (K,), reference=method, slices=slices
        )
        (row,) = found.differences.filter(metric="recall", slice=part.name).to_dicts()
        for suffix, value in (("", row["difference"]), (".low", row["low"]), (".high", row["high"])):
            goal = 0.0 if suffix == ".low" and part.name == "items_0" else None
            result.add(f"{name}.{method}{TUNED}.lift.{part.name}{suffix}", value, goal=goal)


def chosen(world: World) -> Scorers:
    """Return every method that scores all flits, of each training, its settings chosen once, over all flits."""
    embedded = {method: world.vectors(world.config, blocks) for method, blocks in BLOCKS.items()}
    embedded |= {method: world.vectors(config, None) for method, config in world.others.items()}
    embedded[REFERENCE] = [world.content(world.config)]
    if world.config.features.text.encoder == "transformer":
        embedded[f"pinsage{TUNED}"] = world.vectors(world.tuned, None)
        embedded[f"{REFERENCE}{TUNED}"] = [world.content(world.tuned)]
    near, plain = BASELINES["content_knn"], Sources(world.past)
    found: dict[str, list[Recommender]] = {
        name: [near(Sources(world.past, content=one), world.tail) for one in each] for name, each in embedded.items()
    }
    found |= {name: [BASELINES[name](plain, world.tail)] for name in ("popular", "als")}
    if find_spec("lightfm") is not None:
        found["lightfm"] = [hybrid(Sources(world.past, content=world.content(world.config)), world.tail)]
    return {name: [one for one in each if isinstance(one, Scorer)] for name, each in found.items()}


def _methods(world: World, scorers: Scorers, flits: BoolVector) -> dict[str, list[Recommender]]:
    """Return every method, ranking ``flits`` (bool ``[num_flits]``) alone."""
    own: dict[str, list[Recommender]] = {
        "factors": [Tastes(world.bundle, flits)],
        "graphrec": [Whole(world.bundle, flits)],
    }
    return _narrowed(scorers, flits) | own


def _narrowed(scorers: Scorers, flits: BoolVector) -> dict[str, list[Recommender]]:
    found: dict[str, list[Recommender]] = {name: [] for name in scorers}
    for name, each in scorers.items():
        for scorer in each:
            narrowed = copy.copy(scorer)
            narrowed.available = flits
            found[name].append(narrowed)
    return found


if __name__ == "__main__":
    main()
