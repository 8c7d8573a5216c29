"""Images in files of their own: what a path or ``file://`` URL in a table names, and nothing outside its folder."""

import posixpath
import re
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

import polars as pl

from graphrec.tables.columns import image
from graphrec.tables.config import InputConfig, NodeConfig
from graphrec.tables.read import Reader, collect
from graphrec.tables.report import TableFault
from graphrec.tables.rules import LONGEST_VALUE
from graphrec.tables.source import source

MISSING, OUTSIDE, REMOTE = "missing image file", "image outside its folder", "image at a URL"
RULES = (MISSING, OUTSIDE, REMOTE)
REMEDIES = {
    OUTSIDE: "name files below `data`, or set `image_folder` to the folder that holds them",
    REMOTE: "download the images first and name their files",
}
"""What mends a column in which nearly every value breaks a rule."""
URL = re.compile(r"^[A-Za-z][A-Za-z0-9+.-]*://")


@dataclass(frozen=True)
class Found:
    """What one value of an image column names.

    Attributes:
        path: The file, ``None`` where a rule is broken.
        rule: The rule that the value breaks.
    """

    path: Path | None = None
    rule: str | None = None


def image_root(config: NodeConfig, data: Path) -> Path:
    """Return the folder that holds the image files of a node type."""
    return (data / config.image_folder).resolve() if config.image_folder else data.resolve()


def find_image(value: str, root: Path) -> Found:
    """Return the file that ``value`` names; links are followed, and what they lead to must lie below ``root`` too.

    Args:
        value: A path relative to ``root``, or a ``file://`` URL of this machine.
        root: The resolved folder that holds the images.
    """
    name = value
    if URL.match(value):
        url = urlsplit(value)
        if url.scheme.lower() != "file" or url.netloc not in ("", "localhost"):
            return Found(rule=REMOTE)
        name = unquote(url.path)
    try:
        path = (root / name).resolve()
        if not path.is_relative_to(root):
            return Found(rule=OUTSIDE)
        return Found(path=path) if path.is_file() else Found(rule=MISSING)
    except (OSError, ValueError, RuntimeError):  # a name too long, with a null byte, or a link in a circle
        return Found(rule=MISSING)


def read_image(path: Path, max_bytes: int) -> bytes | None:
    """Return what a file holds, at most one byte more than allowed; ``None`` where it cannot be read."""
    try:
        with path.open("rb") as file:
            return file.read(max_bytes + 1)
    except OSError:
        return None


def check_named(broken: pl.DataFrame, most: float, name: str) -> None:
    """Refuse a column in which too many values name what no row may.

    Args:
        broken: ``rule`` and ``value`` of every value that breaks a rule.
        most: Values that may name what no row may.
        name: Name of the declared table.

    Raises:
        TableFault: With the remedy, which a row in the quarantine cannot tell.
    """
    for rule, remedy in REMEDIES.items():
        values = broken.filter(pl.col("rule") == rule)["value"]
        if len(values) > most:
            raise TableFault(
                rule,
                f"{name}.image must hold bytes, paths below its folder or file:// URLs there "
                f"(got {len(values)} other values, first {values[0][:LONGEST_VALUE]!r}); {remedy}",
            )


def image_files(config: InputConfig, data: Path) -> dict[tuple[str, str], Path]:
    """Return the files that image columns name and that are there, by node type and name.

    Args:
        config: The declared schema.
        data: Root of the tables.
    """
    found = {}
    for node_type, values in _named(config, data):
        root = image_root(config.nodes[node_type], data)
        for value in values:
            path = find_image(value, root).path
            if path is not None:
                found[node_type, value] = path
    return found


def image_keys(config: InputConfig, data: Path) -> set[str]:
    """Return what the paths of image columns are called below ``data``, whether they are there or not."""
    keys = set()
    for node_type, values in _named(config, data):
        folder = config.nodes[node_type].image_folder or ""
        keys |= {posixpath.normpath(posixpath.join(folder, value)) for value in values if not URL.match(value)}
    return {key for key in keys if not key.startswith(("/", "..")) and key != "."}


def _named(config: InputConfig, data: Path) -> Iterator[tuple[str, list[str]]]:
    """Yield each node type whose images are files, and the distinct names, sorted.

    A table at fault is passed over: whoever reads it tells.
    """
    for node_type, node in config.nodes.items():
        if node.image is None:
            continue
        with tempfile.TemporaryDirectory(prefix="graphrec-") as scratch, suppress(TableFault):
            name = f"nodes.{node_type}"
            table = source(Reader(data, Path(scratch), place=str(data)), node, name, {"image": node.image})
            path = image(node.image, table.schema[node.image], f"{name}.image")
            if table.schema[node.image] != pl.Binary:
                names = collect(table.frame.select(path.alias("name").drop_nulls().unique().sort()), name)
                yield node_type, names["name"].to_list()
