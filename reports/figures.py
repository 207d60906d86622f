"""Figures as SVG: the state diagram with what was visited, and the sequence diagram of a violation."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from xml.sax.saxutils import escape

from earwitness.model.systems.mermaid import LANE_OF, LANES

QUIET = frozenset({"audio.captured", "camera.captured", "tick", "end"})


def milliseconds(time: int) -> str:
    return f"{time / 1_000_000:.3f} s"


def label(entry: Mapping[str, Any]) -> str:
    """An event with the attributes a reader needs."""
    shown = {
        k: v
        for k, v in entry.items()
        if k not in ("time", "device", "event", "origin", "words", "text", "repeats", "violation")
    }
    values = ", ".join(
        f"{k.replace('_', ' ')} {'yes' if v is True else 'no' if v is False else milliseconds(v) if k in ('from', 'to', 'until') else v}"
        for k, v in shown.items()
    )
    return f"{entry['event']} ({values})" if values else str(entry["event"])


def excerpt(trace: Sequence[Mapping[str, Any]], at: int, most: int = 24) -> list[dict[str, Any]]:
    """The events of the violating device that lead to the violation; runs of repeated captures and uploads are folded into one."""
    device = trace[at]["device"]
    rows: list[dict[str, Any]] = []
    for number, entry in enumerate(trace[: at + 1]):
        if entry["device"] != device or (entry["event"] in QUIET and number != at):
            continue
        # The wire and the device tell of each upload in turn, so the one to fold into is among the last two rows.
        same = [
            r
            for r in rows[-2:]
            if r["event"] == entry["event"] == "stream.audio" and r["origin"] == entry["origin"]
        ]
        if same and number != at:
            same[-1]["repeats"] += 1
        else:
            rows.append({**entry, "repeats": 1, "violation": number == at})
    return rows[-most:]


def sequence(rows: Sequence[Mapping[str, Any]]) -> str:
    """A sequence diagram; the violating event is red."""
    width, top, row = 900, 46, 30
    height = top + row * (len(rows) + 1)
    at = {lane: 170 + i * 220 for i, lane in enumerate(LANES)}
    parts = [
        f'<svg class="sequence" viewBox="0 0 {width} {height}" role="img" aria-label="sequence diagram; the table below says the same">'
    ]
    parts.append(
        '<defs><marker id="tip" markerWidth="8" markerHeight="8" refX="7" refY="4" orient="auto"><path d="M0,0 L8,4 L0,8 z"/></marker></defs>'
    )
    for lane, x in at.items():
        parts.append(
            f'<line class="lane" x1="{x}" y1="34" x2="{x}" y2="{height - 6}"/><text class="head" x="{x}" y="22">{lane}</text>'
        )
    for number, entry in enumerate(rows):
        y = top + row * (number + 0.7)
        start, end = LANE_OF.get(str(entry["event"]), ("device", "device"))
        x1, x2 = at[start], at[end]
        kind = "bad" if entry["violation"] else "wire" if entry["origin"] == "witnessed" else "own"
        text = escape(_short(label(entry)) + (f"  ×{entry['repeats']}" if entry["repeats"] > 1 else ""))
        parts.append(f'<text class="when" x="8" y="{y + 4}">{milliseconds(int(entry["time"]))}</text>')
        if x1 == x2:
            parts.append(
                f'<circle class="{kind}" cx="{x1}" cy="{y}" r="4"/><text class="say {kind}" x="{x1 + 10}" y="{y + 4}">{text}</text>'
            )
        else:
            parts.append(
                f'<line class="arrow {kind}" x1="{x1}" y1="{y}" x2="{x2}" y2="{y}" marker-end="url(#tip)"/>'
            )
            parts.append(f'<text class="say {kind}" x="{min(x1, x2) + 8}" y="{y - 5}">{text}</text>')
    return "".join([*parts, "</svg>"])


def _short(text: str, most: int = 62) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"


def states(names: Sequence[str], edges: Iterable[Sequence[str]], visited: frozenset[str]) -> str:
    """The control states on a ring; an edge is strong where one of its transitions was observed."""
    width, height, radius = 900, 520, 36
    middle, across, down = (width / 2, height / 2), 330, 195
    place = {
        name: (
            middle[0] + across * math.cos(2 * math.pi * i / len(names) - math.pi / 2),
            middle[1] + down * math.sin(2 * math.pi * i / len(names) - math.pi / 2),
        )
        for i, name in enumerate(names)
    }
    joined: dict[tuple[str, str], list[str]] = {}
    for source, target, name in edges:
        joined.setdefault((source, target), []).append(name)
    parts = [
        f'<svg class="states" viewBox="0 0 {width} {height}" role="img" aria-label="state diagram of the device; the table below says the same">'
    ]
    parts.append(
        '<defs><marker id="end" markerWidth="8" markerHeight="8" refX="7" refY="4" orient="auto"><path d="M0,0 L8,4 L0,8 z"/></marker></defs>'
    )
    for (source, target), transitions in joined.items():
        (x1, y1), (x2, y2) = place[source], place[target]
        length = math.hypot(x2 - x1, y2 - y1)
        ux, uy = (x2 - x1) / length, (y2 - y1) / length
        bend = 26
        mx, my = (x1 + x2) / 2 - uy * bend, (y1 + y2) / 2 + ux * bend
        ax, ay, bx, by = (
            x1 + ux * radius - uy * 6,
            y1 + uy * radius + ux * 6,
            x2 - ux * (radius + 4) - uy * 6,
            y2 - uy * (radius + 4) + ux * 6,
        )
        kind = "seen" if visited & set(transitions) else "unseen"
        title = escape(f"{source} to {target}: {', '.join(transitions)}")
        parts.append(
            f'<path class="edge {kind}" d="M{ax:.0f},{ay:.0f} Q{mx:.0f},{my:.0f} {bx:.0f},{by:.0f}" marker-end="url(#end)"><title>{title}</title></path>'
        )
    for name, (x, y) in place.items():
        shown = escape(name.replace("_", " "))
        parts.append(
            f'<ellipse class="state" cx="{x:.0f}" cy="{y:.0f}" rx="{radius + 12}" ry="{radius - 10}"/><text class="name" x="{x:.0f}" y="{y + 4:.0f}">{shown}</text>'
        )
    return "".join([*parts, "</svg>"])
