"""What later stages ask of a trained model, whatever its preset."""

from typing import Protocol

from torch import Tensor


class Encoder(Protocol):
    """A trained model. How it embeds the nodes of a graph is its own; those that nobody has met need content alone."""

    def isolated(self, node_type: str, features: Tensor) -> Tensor:
        """Embed nodes without an edge: new flits, text queries.

        Equal to what the nodes of a graph get that have no edge in it.

        Args:
            node_type: Type of the nodes.
            features: The model's input, float32 ``[n, width]`` (see :func:`graphrec.training.content.input_of`).

        Returns:
            Unit vectors, float32 ``[n, dim]``.
        """
        ...
