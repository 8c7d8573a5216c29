"""Everything graphrec raises on purpose, drawn as a tree.

GraphrecError
├── ConfigError (ValueError)     a setting breaks a rule                    exit code 2
├── DataError (ValueError)       the input tables break a rule              exit code 2
├── ShapeError (ValueError)      an array has another shape or dtype        exit code 2
├── UnknownIdError (KeyError)    an id that no table holds                  exit code 2
├── MissingWeightsError          model weights were asked for and not found exit code 2
├── EngineError (RuntimeError)   a cluster is out of reach or gave up work   exit code 1
├── StateError (RuntimeError)    what users did cannot be read or kept      exit code 1
└── ArtifactError (RuntimeError) an artifact is missing, partial or corrupt exit code 1
    └── StoreWriteError          the store could not be written             exit code 1

Messages read ``<Thing>.<field> must <rule> (got <value>)`` and end with the remedy.
"""


class GraphrecError(Exception):
    """Base of every error that graphrec raises on purpose; its text is one line for a person."""

    exit_code = 1


class ConfigError(GraphrecError, ValueError):
    """A setting breaks a rule."""

    exit_code = 2


class DataError(GraphrecError, ValueError):
    """The input tables break a rule."""

    exit_code = 2


class ShapeError(GraphrecError, ValueError):
    """An array has another shape or dtype than the function takes."""

    exit_code = 2


class UnknownIdError(GraphrecError, KeyError):
    """An id that no table holds."""

    exit_code = 2

    def __str__(self) -> str:
        """Return the message itself (``KeyError`` would quote it)."""
        return str(self.args[0]) if self.args else ""


class MissingWeightsError(GraphrecError):
    """Model weights were asked for and are not on this machine."""

    exit_code = 2


class EngineError(GraphrecError, RuntimeError):
    """The cluster that was to do the work cannot be reached, lacks something, or gave up."""


class StateError(GraphrecError, RuntimeError):
    """The state of users cannot be read, or not forced to disk."""


class ArtifactError(GraphrecError, RuntimeError):
    """An artifact is missing, partial, corrupt or from another lineage."""


class StoreWriteError(ArtifactError):
    """The store could not be written; nothing was published."""
