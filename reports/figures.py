"""Pictures as SVG that a phone can show: the sequence of a violation, and the states of a component.
Tables beside them say the same."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

from earwitness.conformance.gate.story import Row
from earwitness.model.systems.mermaid import FAR_SIDE, LANE_OF, LANES

WIDTH = 340
"""Units across every picture: about one a pixel on the narrowest phone (360 pixels), so that letters keep
their size."""
LETTER = 6.2
"""Units that a letter of 11 takes on average."""
LANE_X = {lane: 46 + number * 83 for number, lane in enumerate(LANES)}
ROW_HEIGHT, TOP = 34, 40
INK, SOFT, PALE, RED, PAPER, WASH = (
    "#14202b",
    "#4d5b68",
    "#d3dae1",
    "#a31515",
    "#ffffff",
    "#f3f5f8",
)
LOOKS = {
    "lane": {"stroke": PALE},
    "head": {"text-anchor": "middle", "font-weight": "600"},
    "number": {"font-weight": "600", "fill": SOFT},
    "label": {},
    "label bad": {"font-weight": "700", "fill": RED},
    "line": {"stroke": SOFT, "stroke-width": "1.2"},
    "line seen": {"stroke": INK, "stroke-width": "2.2"},
    "line bad": {
        "stroke": RED,
        "stroke-width": "3",
        "stroke-dasharray": "6 3",
    },
    "arc": {"stroke": SOFT, "stroke-width": "1.2", "fill": "none"},
    "arc seen": {"stroke": INK, "stroke-width": "2.2", "fill": "none"},
    "tip": {"fill": SOFT},
    "tip seen": {"fill": INK},
    "tip bad": {"fill": RED},
    "state": {"fill": WASH, "stroke": SOFT},
    "name": {"text-anchor": "middle", "font-weight": "600"},
    "tag": {"fill": PAPER, "stroke": PALE},
    "tagged": {"text-anchor": "middle", "font-size": "10"},
}
"""How a thing looks, by its kind, where no style sheet reaches into the picture: on paper. On a screen the
style sheet of the page has the last word, and knows light from dark."""
MANY = 3
"""From so many states or more, a step that leads to one state is told in words instead of drawn: it would
hide the rest."""


def _style_attributes(kind: str) -> str:
    """The class of a thing, and its look."""
    looks = LOOKS.get(kind, LOOKS[kind.split(" ")[0]])
    return f'class="{kind}" ' + " ".join(
        f'{name}="{value}"' for name, value in looks.items()
    )


def draw_sequence(rows: Sequence[Row], far_side: str = "cloud") -> str:
    """A sequence diagram; numbers are those of the table. The violating event is thick, dashed and named.
    `far_side` is what the lane of the other end of the device's connection is called."""
    height = TOP + ROW_HEIGHT * len(rows) + 12
    parts = [
        _open_svg(
            height,
            "Sequence of the violation; the table after it says the same",
        )
    ]
    for lane, x in LANE_X.items():
        parts.append(
            f'<line {_style_attributes("lane")} x1="{x}" y1="26" x2="{x}" y2="{height - 4}"/>'
        )
        shown = escape(far_side if lane == FAR_SIDE else lane)
        parts.append(
            f'<text {_style_attributes("head")} x="{x}" y="17">{shown}</text>'
        )
    parts += [
        _draw_row(row, TOP + ROW_HEIGHT * place + 16)
        for place, row in enumerate(rows)
    ]
    return "".join([*parts, "</svg>"])


def _kind_of(row: Row) -> str:
    if row.is_violation:
        return "bad"
    return "seen" if row.origin == "witnessed" else "word"


def _draw_row(row: Row, y: float) -> str:
    source, target = LANE_OF.get(row.event, ("device", "device"))
    x1, x2 = LANE_X[source], LANE_X[target]
    kind = _kind_of(row)
    label = (
        row.event
        + (f" ×{row.repeats}" if row.repeats > 1 else "")
        + (" ✖" if row.is_violation else "")
    )
    shape = (
        _draw_arrow(x1=x1, x2=x2, y=y, kind=kind)
        if x1 != x2
        else f'<circle {_style_attributes(f"tip {kind}")} cx="{x1}" cy="{y}" r="5"/>'
    )
    left = min(x1, x2) + 10
    width = len(label) * LETTER
    x = min(left, WIDTH - width - 4)
    text = f'<text {_style_attributes(f"label {kind}")} x="{x:.0f}" y="{y - 6:.0f}">{escape(label)}</text>'
    number = f'<text {_style_attributes("number")} x="4" y="{y + 4:.0f}">{row.number}</text>'
    return shape + text + number


def _draw_arrow(x1: float, x2: float, y: float, kind: str) -> str:
    way = 1 if x2 > x1 else -1
    back, end = x2 - 8 * way, x2 - 7 * way
    tip = f"M{back},{y - 4} L{x2},{y} L{back},{y + 4} z"
    line_style = _style_attributes(f"line {kind}")
    tip_style = _style_attributes(f"tip {kind}")
    line = f'<line {line_style} x1="{x1}" y1="{y}" x2="{end}" y2="{y}"/>'
    return f'{line}<path {tip_style} d="{tip}"/>'


@dataclass(frozen=True, slots=True)
class Diagram:
    """What is drawn of a component of a model: its states, and its steps (from, to, name)."""

    name: str
    states: tuple[str, ...]
    edges: tuple[tuple[str, str, str], ...]


@dataclass(frozen=True, slots=True)
class Arc:
    """One line of a diagram of states: which steps join two states, and how often they were taken."""

    number: int
    source: str
    target: str
    steps: tuple[str, ...]
    times: int


@dataclass(frozen=True, slots=True)
class Shared:
    """A step that leads to one state from many."""

    step: str
    sources: tuple[str, ...]
    target: str
    times: int


def arcs_of(
    component: Diagram, taken: Mapping[str, int]
) -> tuple[tuple[Arc, ...], tuple[Shared, ...]]:
    """The lines to draw, and the steps that are told in words because they come from many states. `taken`
    counts steps by their names."""
    many = Counter((name, target) for _, target, name in component.edges)
    joined: dict[tuple[str, str], list[str]] = {}
    shared: dict[tuple[str, str], list[str]] = {}
    for source, target, name in component.edges:
        if many[name, target] >= MANY:
            shared.setdefault((name, target), []).append(source)
        else:
            joined.setdefault((source, target), []).append(name)
    arcs = tuple(
        Arc(
            number=number,
            source=source,
            target=target,
            steps=tuple(names),
            times=sum(taken.get(name, 0) for name in names),
        )
        for number, ((source, target), names) in enumerate(
            joined.items(), start=1
        )
    )
    return arcs, tuple(
        Shared(
            step=name,
            sources=tuple(sources),
            target=target,
            times=taken.get(name, 0),
        )
        for (name, target), sources in shared.items()
    )


STATE_HEIGHT, STATE_WIDTH, STATE_GAP = 26, 104, 58


def draw_states(component: Diagram, arcs: Sequence[Arc]) -> str:
    """States in a column; steps down on the right, steps up on the left, each with the number of its row
    in the table."""
    place = {
        name: 24 + STATE_GAP * number
        for number, name in enumerate(component.states)
    }
    height = 24 + STATE_GAP * len(component.states)
    parts = [
        _open_svg(
            height,
            f"States of {component.name}; the table after it says the same",
        )
    ]
    ends: Counter[tuple[str, str]] = Counter()
    for arc in sorted(
        arcs,
        key=lambda arc: abs(place[arc.source] - place[arc.target]),
    ):
        parts.append(_draw_arc(arc, place, ends))
    for name, y in place.items():
        left = WIDTH / 2 - STATE_WIDTH / 2
        size = f'width="{STATE_WIDTH}" height="{STATE_HEIGHT}"'
        parts.append(
            f'<rect {_style_attributes("state")} x="{left:.0f}" y="{y}" {size} rx="8"/>'
        )
        shown = escape(name.replace("_", " "))
        parts.append(
            f'<text {_style_attributes("name")} x="{WIDTH / 2:.0f}" y="{y + 17}">{shown}</text>'
        )
    return "".join([*parts, "</svg>"])


def _draw_arc(
    arc: Arc,
    place: dict[str, int],
    ends: Counter[tuple[str, str]],
) -> str:
    """From state to state: downwards on the right, upwards on the left, the further the wider."""
    source, target = place[arc.source], place[arc.target]
    side = 1 if target > source else -1
    begins = source + _next_end(ends, arc.source, side)
    lands = target + _next_end(ends, arc.target, side)
    edge = WIDTH / 2 + side * STATE_WIDTH / 2
    span = abs(target - source) // STATE_GAP
    out = edge + side * (20 + 15 * span)
    kind = "seen" if arc.times else "word"
    curve = _arc_curve(
        edge=edge,
        out=out,
        begins=begins,
        lands=lands,
        tip=7 * side,
    )
    style = _style_attributes(f"arc {kind}")
    line = f'<path {style} d="{curve}"/>'
    tip = _draw_tip(kind, edge, lands, side=side)
    tag = _draw_tag(arc.number, out, (begins + lands) / 2)
    return line + tip + tag


def _arc_curve(
    *, edge: float, out: float, begins: float, lands: float, tip: float
) -> str:
    """A cubic curve, which reaches three quarters of the way to its control points."""
    control = edge + (out - edge) * 4 / 3
    way = f"{control:.0f},{begins} {control:.0f},{lands}"
    return f"M{edge:.0f},{begins} C{way} {edge + tip:.0f},{lands}"


def _draw_tip(kind: str, x: float, y: float, *, side: int) -> str:
    """The head of an arrow that ends at a state, from its right (1) or its left (-1)."""
    back = x + 8 * side
    outline = f"M{back:.0f},{y - 4} L{x:.0f},{y} L{back:.0f},{y + 4} z"
    return f'<path {_style_attributes(f"tip {kind}")} d="{outline}"/>'


def _draw_tag(number: int, x: float, y: float) -> str:
    """The number of an arrow's row in the table, in a circle."""
    circle = f'<circle {_style_attributes("tag")} cx="{x:.0f}" cy="{y:.0f}" r="8"/>'
    style = _style_attributes("tagged")
    return (
        f'{circle}<text {style} x="{x:.0f}" y="{y + 4:.0f}">{number}</text>'
    )


def _next_end(ends: Counter[tuple[str, str]], state: str, side: int) -> int:
    """Where the next line ends at a side of a state: four units below the one before."""
    ends[state, str(side)] += 1
    return 3 + 4 * ((ends[state, str(side)] - 1) % 6)


def _open_svg(height: float, label: str) -> str:
    return (
        f'<svg class="figure" viewBox="0 0 {WIDTH} {height}" font-size="11" font-family="sans-serif" '
        f'role="img" aria-label="{escape(label)}">'
    )
