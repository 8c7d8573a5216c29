"""What stands in a table of the TwHIN benchmark: popularity, iALS, TwHIN alone, joint, and as a mixture."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from benchmarks.mixture import Mixture, MixtureConfig, Space
from benchmarks.relations import Holdout, Side, engaged
from graphrec.evaluation.interactions import Factors, ials
from graphrec.evaluation.recommender import Scorer
from graphrec.evaluation.tuning import mean_recall
from graphrec.models.config.twhin import TwhinConfig
from graphrec.models.twhin import Twhin
from graphrec.training.twhin import relation_edges, train_twhin

K = 50
"""Cut of the recall that settings are chosen by."""
TRIED: tuple[Mapping[str, Any], ...] = (
    {"regularization": 0.3, "in_batch_share": 0.0},
    {"regularization": 0.1, "in_batch_share": 0.0},
    {"regularization": 0.3, "in_batch_share": 0.5},
)
EVERY = 3
"""Epochs between looks at the validation edges."""
MOST_EPOCHS = 18
MIXTURES = tuple(
    MixtureConfig(clusters, own, unit) for clusters in (10, 40, 160) for own in (1.0, 0.6) for unit in (True, False)
)
ALS = tuple(
    {"alpha": alpha, "regularization": regularization} for alpha in (0.3, 3.0) for regularization in (1.0, 10.0, 100.0)
)
BASE = TwhinConfig(dim=64, negatives=128, batch_size=1024)


@dataclass(eq=False)
class Bench:
    """One question and what was found on the way.

    Attributes:
        holdout: The edges.
        tried: Every setting tried, for the result file.
        edges_per_s: Edges that the last training passed a second.
    """

    holdout: Holdout
    tried: list[dict[str, Any]] = field(default_factory=list)
    edges_per_s: float = 0.0

    @cached_property
    def joint(self) -> tuple[TwhinConfig, Twhin]:
        """Settings of joint training, and the model fitted on all training edges."""
        return self.trained("joint", self.holdout.joint)

    def trained(self, name: str, relations: dict[str, float] | None) -> tuple[TwhinConfig, Twhin]:
        """Choose negatives and epochs on the validation edges, then fit on all training edges."""
        best: tuple[float, TwhinConfig] = (-1.0, BASE)
        for tried in TRIED:
            config = BASE.model_copy(update={**tried, "relations": relations, "epochs": MOST_EPOCHS})
            recalls: dict[int, float] = {}

            def look(epoch: int, loss: float, model: Twhin, recalls: dict[int, float] = recalls) -> None:
                if epoch % EVERY == 0:
                    side = self.holdout.validation
                    recalls[epoch] = mean_recall(self.single(side, model), side.held, self.k(side))

            train_twhin(self.holdout.validation.graph, config, on_epoch=look)
            epochs = max(recalls, key=lambda epoch: recalls[epoch])
            self.note(name, {**tried, "epochs": epochs}, recalls[epochs])
            if recalls[epochs] > best[0]:
                best = recalls[epochs], config.model_copy(update={"epochs": epochs})
        return best[1], self.fitted(best[1])

    def fitted(self, config: TwhinConfig) -> Twhin:
        """Fit on all training edges, and note how fast that was."""
        started, graph = time.perf_counter(), self.holdout.test.graph
        model = train_twhin(graph, config)
        passed = config.epochs * sum(len(one.sources) for one in relation_edges(graph, config.relations))
        self.edges_per_s = passed / (time.perf_counter() - started)
        return model

    def single(self, side: Side, model: Twhin) -> Factors:
        """Return the inner products of moved users with targets; an untrained relation does not move."""
        source, _, target = self.holdout.asked
        moved = model.vectors[source]
        if self.holdout.asked in model.translations:
            moved = moved + model.translations[self.holdout.asked]
        return Factors(side.seen, side.held.available, moved.numpy(), model.vectors[target].numpy())

    def mixture(self, side: Side, model: Twhin, config: MixtureConfig) -> Mixture:
        """Return the mixture over what users are joined to, users among it where they are what is asked."""
        source, _, target = self.holdout.asked
        types = tuple(dict.fromkeys(t for s, n, t in side.graph.relations if s == source and not n.startswith("rev_")))
        met = np.concatenate([model.vectors[one].numpy() for one in types])
        space = Space(model.vectors[source].numpy(), met, engaged(side.graph, types), model.vectors[target].numpy())
        return Mixture(side.seen, side.held.available, space, config)

    def k(self, side: Side) -> int:
        """Return the cut that decides: :data:`K`, or a tenth of a small catalogue."""
        return min(K, max(5, len(side.held.available) // 6))

    def note(self, method: str, setting: object, recall: float) -> None:
        """Keep one setting with its recall on the validation edges."""
        self.tried.append({"method": method, "setting": str(setting), "validation recall": round(recall, 5)})
        print(f"  {method} {setting}: validation recall {recall:.4f}", flush=True)


def popular(bench: Bench) -> Scorer:
    """Return how many known edges lead to each target."""
    side = bench.holdout.test
    counts = side.known.actions_per_flit(len(side.held.available)).astype(np.float32)[:, None]
    return Factors(side.seen, side.held.available, np.ones((side.known.num_users, 1), dtype=np.float32), counts)


def als(bench: Bench) -> Scorer:
    """Return iALS over the asked relation alone, settings chosen on the validation edges."""

    def fit(side: Side, setting: Mapping[str, float]) -> Factors:
        found = ials(side.known, side.held.available, factors=64, **setting)  # type: ignore[arg-type]
        return Factors(side.seen, side.held.available, found.user_factors, found.flit_factors)

    side = bench.holdout.validation
    recalls = [mean_recall(fit(side, one), side.held, bench.k(side)) for one in ALS]
    best = int(np.argmax(recalls))
    bench.note("als", ALS[best], recalls[best])
    return fit(bench.holdout.test, ALS[best])


def alone(number: int) -> Callable[[Bench], Scorer | None]:
    """Return a builder of TwHIN on one relation alone."""

    def build(bench: Bench) -> Scorer | None:
        if number >= len(bench.holdout.alone):
            return None
        name = bench.holdout.alone[number]
        return bench.single(bench.holdout.test, bench.trained(f"{name} alone", {name: 1.0})[1])

    return build


def joint(bench: Bench) -> Scorer:
    """Return TwHIN on all relations."""
    return bench.single(bench.holdout.test, bench.joint[1])


def mixed(bench: Bench) -> Scorer:
    """Return the joint space asked by a mixture, settings chosen on the validation edges."""
    side = bench.holdout.validation
    model = train_twhin(side.graph, bench.joint[0])
    recalls = [mean_recall(bench.mixture(side, model, one), side.held, bench.k(side)) for one in MIXTURES]
    best = int(np.argmax(recalls))
    bench.note("mixture", MIXTURES[best], recalls[best])
    return bench.mixture(bench.holdout.test, bench.joint[1], MIXTURES[best])


METHODS: Mapping[str, Callable[[Bench], Scorer | None]] = {
    "popular": popular,
    "als": als,
    "alone": alone(0),
    "tags_alone": alone(1),
    "joint": joint,
    "joint_mixture": mixed,
}
