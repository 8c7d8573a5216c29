"""Id vectors fitted anew to each graph, the trained encoder around them left as it is.

An id vector learnt in training knows nothing of what came after, and nodes that came after have none: neither those of
the validation window nor those that training hid. LightGCN, matrix factorization and TwHIN are fitted to every graph
they embed for the same reason (:mod:`graphrec.training.lookup`). Here content, pooling and head stay as they were
trained, so that all graphs share one space. One or two actions are little to learn a vector from: a regression of all
flits' vectors on content counts as a few actions more, and says everything of a flit that nobody acted on.
"""

import copy
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from graphrec.arrays import FloatMatrix, normalise_rows
from graphrec.embed import embed
from graphrec.engine import LOCAL, Engine
from graphrec.graph.graph import InteractionGraph, Triplet
from graphrec.graph.neighbourhoods import Neighbourhoods
from graphrec.models.config.pinsage import PinSageConfig
from graphrec.models.pinsage import PinSage
from graphrec.regression import ContentMap
from graphrec.training.config import TrainingConfig
from graphrec.training.content import Content
from graphrec.training.loop import fit
from graphrec.training.past import PastLesson
from graphrec.training.snapshots import PastGraph
from graphrec.training.start import restart
from graphrec.vectors import Embeddings

FILE = "ids.json"
CONTENT_COUNTS = 3.0
"""Actions that what content tells of a flit's vector counts as, beside its own."""


@dataclass(frozen=True)
class IdFit:
    """How the id vectors of a model are fitted to a graph.

    Attributes:
        actions: The relations that are actions.
        config: Epochs, batches, rate: those of its training.
    """

    actions: tuple[Triplet, ...]
    config: TrainingConfig

    @staticmethod
    def wanted_by(config: PinSageConfig) -> bool:
        """Return whether a model's id vectors follow from the actions of a past, and not from windows after it."""
        return config.by_past and config.svd_start

    def save(self, folder: Path) -> None:
        """Write it beside the model."""
        values = {"actions": list(self.actions), "training": self.config.model_dump(mode="json")}
        (folder / FILE).write_text(json.dumps(values, indent=1))

    @classmethod
    def open(cls, folder: Path) -> "IdFit":
        """Read what :meth:`save` wrote."""
        values = json.loads((folder / FILE).read_text())
        return cls(tuple(tuple(one) for one in values["actions"]), TrainingConfig.parse(values["training"]))

    def embedded(
        self,
        model: PinSage,
        content: Content,
        graph: InteractionGraph,
        neighbourhoods: Neighbourhoods,
        *,
        engine: Engine = LOCAL,
        on_progress: Callable[[int, int], None] | None = None,
    ) -> Embeddings:
        """Embed every node of a graph with id vectors of its own.

        Args:
            model: The trained encoder.
            content: What the nodes are, for every row of the graph.
            graph: The graph.
            neighbourhoods: Its walks.
            engine: Where the layers are computed; id vectors are fitted by the process that asks, on its device.
            on_progress: Called with layers done and layers in all.

        Raises:
            DataError: If the graph holds no action.
        """
        past = PastGraph.of(graph, neighbourhoods, self.actions)
        fitted = self.fitted(model, content, past, engine.device)
        found = embed(fitted, content, neighbourhoods, past.log_degree, engine=engine, on_progress=on_progress)
        return _completed(found, content, past, self.config.seed)

    def fitted(self, model: PinSage, content: Content, past: PastGraph, device: str = "cpu") -> PinSage:
        """Return the model with the id vectors and popularity of another graph, on a device.

        Args:
            model: The trained encoder; it stays as it is.
            content: What the nodes are.
            past: The graph, whose actions may be known.
            device: Where it is fitted.
        """
        model = copy.deepcopy(model)
        restart(model, content, past, self.config.seed)
        for name, weight in model.named_parameters():
            weight.requires_grad_(name.startswith(("ids.", "bias.")))
        model.to(device)
        fit(model, PastLesson(content, past, model.config, self.config))
        return model


def _completed(found: Embeddings, content: Content, past: PastGraph, seed: int) -> Embeddings:
    """Bring flits to what content tells of the others', the nearer the fewer actions speak for themselves.

    A flit that nobody acted on gets its direction, and its length, from content alone.
    """
    flit_type, num_flits = past.flit_type, past.acted.shape[1]
    actions = np.bincount(past.acted.indices, minlength=num_flits)
    acted = actions > 0
    if acted.sum() < 2:
        return found
    features = content.unmet(flit_type, np.arange(num_flits, dtype=np.int32)).numpy()

    def learnt(values: FloatMatrix) -> ContentMap:
        return ContentMap.fit(features[acted], values[acted], seed)

    own, lengths = np.asarray(found.vectors[flit_type]), dict(found.lengths)
    told = learnt(own)
    share = (actions / (actions + CONTENT_COUNTS)).astype(np.float32)[:, None]
    vectors = normalise_rows(share * own + (1 - share) * told.apply(features))
    if flit_type in lengths:
        log = np.log(lengths[flit_type])
        lengths[flit_type] = np.exp(np.where(acted, log, learnt(log[:, None]).apply(features)[:, 0]))
    return Embeddings({**found.vectors, flit_type: vectors}, lengths, {flit_type: told})
