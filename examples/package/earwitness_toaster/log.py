"""`earwitness judge --from toaster toaster.log` judges what the toaster wrote down itself.

Its lines are `seconds name words`, such as `12.500 kitchen microphone off`.
"""

from __future__ import annotations

from collections.abc import Iterator

from earwitness.conformance.importers.importer import LineImporter
from earwitness.model.trace import Observation, TraceError

EVENTS = {
    "plugged in": ("power", {"on": True, "kind": "speaker"}),
    "microphone on": ("microphone.power", {"on": True}),
    "microphone off": ("microphone.power", {"on": False}),
    "listens": ("audio.captured", {"bytes": 2_560, "buffered": 0}),
}


def read_line(line: bytes) -> Iterator[Observation]:
    """What toast did is no matter of privacy; a line of another form is refused."""
    seconds, name, *rest = line.decode("utf-8").split(" ", 2)
    words = " ".join(rest)
    if words.startswith("toast"):
        return
    if words not in EVENTS:
        raise TraceError(f"a toaster never writes '{words}'")
    event, attributes = EVENTS[words]
    time = round(float(seconds) * 1_000_000)
    yield Observation(time, name, event, attributes)


IMPORTER = LineImporter(
    what="the log of a toaster: seconds, its name, what it did",
    read_line=read_line,
    sees=frozenset(event for event, _ in EVENTS.values()),
)
