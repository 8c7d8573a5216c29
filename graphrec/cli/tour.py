"""What a finished demo shows: health, training, figures, one user, times, and what to try next."""

import json
from functools import cached_property
from typing import TYPE_CHECKING, Any

from graphrec.cli.console import shell_path, sparkline, stdout
from graphrec.cli.run import read_health
from graphrec.cli.show import print_candidates, print_frame, print_health, print_pairs

if TYPE_CHECKING:
    from graphrec.cli.demo import Demo
    from graphrec.evaluation import Evaluation
    from graphrec.ids import Id
    from graphrec.retrieval.answers import Candidates
    from graphrec.retrieval.retriever import Retriever

SHOWN = 5
"""Candidates shown of the example user."""
WIDE = 140
SLICES = ("all", "cold")
QUERY = "hummingbirds at the feeder"


class Tour:
    """What the version of a demo holds, read when it is shown.

    Args:
        done: The finished demo.
    """

    def __init__(self, done: "Demo") -> None:
        from graphrec.store import Store

        self.done = done
        self._store = Store(done.store)

    @cached_property
    def health(self) -> dict[str, Any]:
        """The graph health report."""
        return read_health(self._store, self.done.version)

    @cached_property
    def training(self) -> list[dict[str, float]]:
        """One entry per epoch."""
        log = self._store.artifact(self.done.version, "model").file("training_log.json")
        entries: list[dict[str, float]] = json.loads(log.read_text())
        return entries

    @cached_property
    def evaluation(self) -> "Evaluation":
        """Figures on held-out days."""
        from graphrec.evaluation import Evaluation

        return Evaluation.open(self._store.artifact(self.done.version, "evaluation").path)

    @cached_property
    def retriever(self) -> "Retriever":
        """Answers from the version."""
        from graphrec.retrieval.retriever import Retriever

        return Retriever.open(self.done.store, self.done.version)

    @cached_property
    def users(self) -> "list[Id]":
        """Two users, those with several interests first, then those with one."""
        import numpy as np

        bundle = self.retriever.bundle
        several = np.minimum(np.diff(bundle.interests.indptr), 2)
        return bundle.ids[bundle.settings.user_type].ids(np.argsort(-several, kind="stable")[:2]).to_list()

    @property
    def user(self) -> "Id":
        """The user shown."""
        return self.users[0]

    @cached_property
    def candidates(self) -> "Candidates":
        """What the example user is recommended."""
        return self.retriever.recommend(self.user, SHOWN)

    @property
    def reasons(self) -> list[dict[str, Any]]:
        """Why each candidate stands in the list."""
        return [self.candidates.explain(place) for place in range(len(self.candidates))]


def print_tour(done: "Demo") -> None:
    """Print what a demo came to."""
    tour, out = Tour(done), stdout(WIDE)
    print_health(tour.health)
    print_pairs("training", training_curve(tour.training))
    for name in SLICES:
        if tour.evaluation.slices[name].users:
            out.print(tour.evaluation.table(name, k=[max(tour.evaluation.frame["k"])]))
    print_frame(f"interests of {tour.user}", tour.retriever.interests(tour.user))
    print_candidates(f"recommended to {tour.user}: {tour.candidates.reason}", tour.reasons, explain=True)
    print_pairs("seconds", {name: f"{seconds:.2f}" if seconds else "found" for name, seconds in times(done).items()})
    out.print("\nWhat to try next", style="bold")
    for what, command in next_steps(tour):
        out.print(f"  {what:<28} {command}", markup=False, soft_wrap=True)


def training_curve(log: list[dict[str, float]]) -> dict[str, str]:
    """Return loss and validation recall over the epochs, as sparklines with their first and last value."""
    curves = {}
    for name, words in (("loss", "loss"), ("validation_recall", "validation recall")):
        values = [entry[name] for entry in log]
        curves[words] = f"{sparkline(values)}  {values[0]:.4f} to {values[-1]:.4f} over {len(values)} epochs"
    return curves


def times(done: "Demo") -> dict[str, float]:
    """Return seconds per stage and in all; 0 for what was found finished."""
    stages = {one.stage: 0.0 if one.found else one.seconds for one in done.stages}
    return {"simulate": done.simulated_s, **stages, "in all": done.seconds}


def next_steps(tour: Tour) -> list[tuple[str, str]]:
    """Return what to do after the demo, each with its command."""
    config, done = shell_path(tour.done.file), tour.done
    store = f"--store {shell_path(done.store)}"
    line = f"graphrec run {config} --set data={shell_path(done.data)} --set store={shell_path(done.store)}"
    steps = [
        ("another user", f"graphrec recommend {tour.users[-1]} {store} --explain"),
        ("somebody nobody knows", f"graphrec recommend a_stranger {store}"),
        ("what lies nearest", f"graphrec similar {tour.candidates.ids[0]} {store}"),
        ("users with many actions", f"graphrec evaluate {store} --slice heavy"),
        ("a smaller model beside it", f"{line} --set model.dim=64"),
        ("all settings", f"{line} --dry-run"),
    ]
    if done.searchable:
        steps.insert(3, ("a text of your own", f'graphrec search "{QUERY}" {store}'))
    return steps


def summary(done: "Demo") -> dict[str, Any]:
    """Return what a demo came to, for machines."""
    tour = Tour(done)
    return {
        "version": done.version,
        "data": str(done.data),
        "store": str(done.store),
        "seconds": {name: round(seconds, 3) for name, seconds in times(done).items()},
        "health": tour.health,
        "training": tour.training,
        "slices": {name: one.to_dict() for name, one in tour.evaluation.slices.items()},
        "figures": tour.evaluation.figures(slices=SLICES),
        "user": tour.user,
        "interests": tour.retriever.interests(tour.user).to_dicts(),
        "candidates": tour.reasons,
        "next": [command for _, command in next_steps(tour)],
    }
