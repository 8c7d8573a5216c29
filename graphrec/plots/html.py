"""Small pieces of HTML without scripts or outside resources, readable on light and on dark pages."""

import base64
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

_CELL = "padding:.2em .7em;border-bottom:1px solid rgba(128,128,128,.3);vertical-align:top;"
_CARD = "border:1px solid rgba(128,128,128,.4);border-radius:.5em;padding:.7em;width:15em;"
_KINDS = {b"\x89PNG": "png", b"\xff\xd8\xff": "jpeg", b"GIF8": "gif", b"RIFF": "webp"}


def table(title: str, rows: Sequence[Mapping[str, Any]], *, most: int = 50) -> str:
    """Return a table of plain values, everything escaped.

    Args:
        title: Stands above it.
        rows: Column name to value; the first row's names are the columns.
        most: Rows shown at most.
    """
    columns = list(rows[0]) if rows else []
    numeric = {name for name in columns if all(isinstance(row[name], int | float | None) for row in rows)}
    head = "".join(f'<th style="{_CELL}text-align:left">{escape(name)}</th>' for name in columns)
    body = "".join(
        "<tr>" + "".join(_cell(row[name], right=name in numeric) for name in columns) + "</tr>" for row in rows[:most]
    )
    rest = f"<p>… and {len(rows) - most:,} more</p>" if len(rows) > most else ""
    return (
        f'<div><b>{escape(title)}</b><table style="border-collapse:collapse"><tr>{head}</tr>{body}</table>{rest}</div>'
    )


def cards(title: str, entries: Sequence[Mapping[str, Any]]) -> str:
    """Return one card per entry: ``text``, ``share`` (0 to 1, a bar), ``note`` and, where there is one, ``image``.

    Args:
        title: Stands above them.
        entries: ``image`` holds encoded bytes or nothing.
    """
    inner = "".join(_card(one) for one in entries) or "<p>none</p>"
    row = "display:flex;flex-wrap:wrap;gap:.7em;margin-top:.4em"
    return f'<div><b>{escape(title)}</b><div style="{row}">{inner}</div></div>'


def page(parts: Sequence[str]) -> str:
    """Return several pieces one below the other."""
    return "<div>" + "<br>".join(parts) + "</div>"


def _card(entry: Mapping[str, Any]) -> str:
    share = min(max(float(entry["share"]), 0.0), 1.0)
    bar = (
        '<div style="background:rgba(128,128,128,.25);height:.5em;border-radius:.25em">'
        f'<div style="background:#2a7de1;height:.5em;border-radius:.25em;width:{100 * share:.1f}%"></div></div>'
    )
    text, note = escape(str(entry["text"])), escape(str(entry["note"]))
    return f'<div style="{_CARD}">{_image(entry.get("image"))}<p>{text}</p>{bar}<small>{note}</small></div>'


def _image(content: bytes | None) -> str:
    kind = next((kind for start, kind in _KINDS.items() if (content or b"").startswith(start)), None)
    if content is None or kind is None:
        return ""
    data = base64.b64encode(content).decode("ascii")
    return f'<img alt="" style="width:100%;border-radius:.3em" src="data:image/{kind};base64,{data}">'


def _cell(value: Any, *, right: bool) -> str:
    if value is None:
        text = ""
    elif isinstance(value, float):
        text = f"{value:.4g}"
    elif isinstance(value, int) and not isinstance(value, bool):
        text = f"{value:,}"
    else:
        text = escape(str(value))
    return f'<td style="{_CELL}text-align:{"right" if right else "left"}">{text}</td>'
