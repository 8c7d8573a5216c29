"""The house: who may import whom, and which room holds the door to which library."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from graphrec.config import load_config

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "graphrec"

LINES: tuple[tuple[str, ...], ...] = (
    ("errors",),
    ("section",),
    ("arrays", "tensors"),
    ("compiled",),
    ("ids",),
    ("forgotten",),
    ("history",),
    ("regression",),
    ("vectors",),
    ("metrics",),
    ("plots",),
    ("store",),
    ("engine",),
    ("tables",),
    ("simulate",),
    ("state",),
    ("graph",),
    ("features",),
    ("graph.pyg",),  # the graph with its features as x: it stands in graph/, but needs both
    ("models",),
    ("training.content",),  # what a model reads of the features: training and inference both stand on it
    ("embed",),
    ("projection.config",),
    ("training",),
    ("interests",),
    ("index",),
    ("retrieval",),
    ("projection",),
    ("serving",),
    ("evaluation",),
    ("config", "pipeline"),
    ("formats", "views"),
    ("api", "cli", ""),
)
"""From the ground up; ``graphrec`` itself (the empty name) only names what stands above."""

DOORS: dict[str, tuple[str, ...]] = {
    "hnswlib": ("index",),
    "transformers": ("features",),
    "tokenizers": ("features",),
    "huggingface_hub": ("features",),
    "networkx": ("graph.inspect", "plots", "views"),
    "matplotlib": ("plots",),
    "umap": ("plots",),
    "torch_geometric": ("graph", "models", "evaluation", "views"),
    "implicit": ("evaluation", "models"),
    "typer": ("cli",),
    "obstore": ("store", "tables"),
    "ray": ("engine.ray", "engine.ray_train", "serving.deployment"),
    "sqlite3": ("state",),
    **dict.fromkeys(("starlette", "uvicorn", "prometheus_client", "httpx2"), ("serving",)),
    "sentence_transformers": (),
    **dict.fromkeys(("pickle", "cloudpickle", "dill", "joblib", "marshal", "shelve"), ()),
}
"""Library → the only rooms that may import it."""


@dataclass(frozen=True)
class Module:
    """A source file: its name below ``graphrec`` and its syntax tree."""

    name: str
    tree: ast.Module

    def imports(self) -> Iterator[str]:
        """Yield every imported name, dotted; ``from a import b`` gives ``a.b``."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                assert node.level == 0, f"{self.name} must import by full name"
                yield from (f"{node.module}.{alias.name}" for alias in node.names)

    def calls(self) -> Iterator[ast.Call]:
        """Yield every call."""
        return (node for node in ast.walk(self.tree) if isinstance(node, ast.Call))


def modules() -> list[Module]:
    found = []
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        found.append(Module(name, ast.parse(path.read_text(encoding="utf-8"))))
    return found


MODULES = modules()


def within(name: str, room: str) -> bool:
    return name == room or (bool(room) and name.startswith(f"{room}."))


def line_of(name: str) -> int:
    """Return the line a module stands on: that of the longest room name that holds it."""
    fitting = [(len(room), number) for number, line in enumerate(LINES) for room in line if within(name, room)]
    assert fitting, f"graphrec.{name} must stand on a line of the house; add its room to LINES"
    return max(fitting)[1]


def own_imports(module: Module) -> Iterator[str]:
    """Yield the names below ``graphrec`` that a module imports."""
    for name in module.imports():
        first, _, rest = name.partition(".")
        if first == "graphrec" and rest and not rest.startswith("__"):
            yield rest


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.name or "graphrec")
def test_a_module_imports_only_from_its_own_or_a_lower_line(module: Module) -> None:
    line = line_of(module.name)
    above = sorted({name for name in own_imports(module) if line_of(name) > line})
    assert not above, f"graphrec.{module.name} must not import from above: {above}"


@pytest.mark.parametrize("library", DOORS)
def test_each_heavy_library_has_its_door(library: str) -> None:
    inside = [m.name for m in MODULES if any(name.split(".")[0] == library for name in m.imports())]
    outside = [name for name in inside if not any(within(name, room) for room in DOORS[library])]
    assert not outside, f"{library} must be imported in {DOORS[library] or 'no room'} alone"


def called(name: str) -> list[str]:
    """Return the modules that call something by this name."""
    return [module.name for module in MODULES for call in module.calls() if ast.unparse(call.func) == name]


def test_nothing_prints() -> None:
    assert called("print") == []


def test_nothing_unpickles() -> None:
    keywords = [(m.name, one) for m in MODULES for call in m.calls() for one in call.keywords]
    assert called("torch.load") + called("torch.save") == []
    assert [name for name, one in keywords if one.arg == "allow_pickle" and ast.unparse(one.value) != "False"] == []


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_files_stay_readable(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 330, "split this file"


@pytest.mark.parametrize("path", sorted((ROOT / "configs").glob("*.yaml")), ids=lambda path: path.name)
def test_every_config_parses(path: Path) -> None:
    config = load_config(path)
    assert any(edge.role == "action" for edge in config.edges)
