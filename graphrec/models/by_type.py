"""Parts of a model by node type, under whatever name the tables give it.

torch makes attributes of such names, and refuses ``items`` or ``values``, which stand for something else there.
"""

from torch import nn


class ModulesByType(nn.ModuleDict):
    """A module per node type."""

    def add_module(self, name: str, module: nn.Module | None) -> None:
        """Add one, without a look at the attributes of the dictionary itself."""
        self._modules[name] = module  # type: ignore[assignment]


class ParametersByType(nn.ParameterDict):
    """A parameter per node type."""

    def register_parameter(self, name: str, param: nn.Parameter | None) -> None:
        """Add one, without a look at the attributes of the dictionary itself."""
        self._parameters[name] = param

    def __getitem__(self, key: str) -> nn.Parameter:
        """Return that of a node type."""
        found = self._parameters[key]
        assert found is not None, "a type without a parameter has no key"
        return found
