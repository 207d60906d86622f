"""What crossed, compared with all sound that was ever played: passages of voice, and everything else, which is traffic."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np

from earwitness.conformance.running.moment import Passage
from earwitness.conformance.witnesses.heard_sound import Air, Heard, HeardSound, unwrapped
from earwitness.conformance.witnesses.relay import Crossing
from earwitness.conformance.witnesses.wire.connection import Direction
from earwitness.conformance.witnesses.wire.stream import Part
from earwitness.model.vocabulary import Microseconds

TAIL = 4_096
"""Bytes of a line that are kept, so that sound in many small messages is found too: 128 ms."""
Line = tuple[int, Direction, str, Part, int]


@dataclass
class SoundMemory:
    """`heard` is the memory of the whole check; the airs hold what each device could hear in this run, and what of it in calls."""

    devices: tuple[str, ...]
    heard: HeardSound = field(default_factory=HeardSound)
    now: dict[str, Air] = field(default_factory=dict)
    calls: dict[str, Air] = field(default_factory=dict)
    before: Air = field(default_factory=Air)
    _tails: dict[Line, bytes] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.begin()

    def begin(self) -> None:
        """A new run: clocks begin again, so what was heard so far has no place in its time."""
        self.heard.begin_run()
        for air in self.now.values():
            self.before.pieces += [(0, samples) for _, samples in air.pieces]
        self.now = {name: Air() for name in self.devices}
        self.calls = {name: Air() for name in self.devices}

    def add(self, device: str, began: int, samples: bytes, *, in_call: bool) -> None:
        """Sound that is about to be heard beside a device from that instant on."""
        self.heard.play(device, Microseconds(began), np.frombuffer(samples, "<i2"), call=in_call)
        _extend(self.now[device], began, samples)
        if in_call:
            _extend(self.calls[device], began, samples)

    def passages(self, crossings: Iterable[Crossing]) -> list[Passage]:
        """The sound in what crossed. Everything else is traffic."""
        return [passage for crossing in crossings for passage in self._passages(crossing)]

    def _passages(self, crossing: Crossing) -> Iterator[Passage]:
        before = self._tails.get(crossing.line, b"")
        self._tails[crossing.line] = (before + crossing.content)[-TAIL:]
        found = [heard for blob in unwrapped(crossing.content) for heard in self.heard.locate(blob)]
        if not found and before:
            joined = self.heard.locate(before + crossing.content)
            found = [part for heard in joined if (part := _since(heard, len(before))) is not None]
        for heard in found:
            first, last = self._times(heard)
            yield Passage(crossing.device, first, last, heard.ends - heard.begins, crossing.encrypted)

    def _times(self, heard: Heard) -> tuple[int, int]:
        """When sound was heard, on this run's clocks; (0, 0) for sound of an earlier run."""
        return (heard.heard_from, heard.heard_to) if heard.run == self.heard.run else (0, 0)


def _extend(air: Air, began: int, samples: bytes) -> None:
    """Add sound to the last piece where it goes on without a gap."""
    if air.pieces:
        first, known = air.pieces[-1]
        if first + len(known) * 500_000 // 16_000 == began:
            air.pieces[-1] = (first, known + samples)
            return
    air.add(began, samples)


def _since(heard: Heard, place: int) -> Heard | None:
    """The part of a find that lies behind a place, or None."""
    if heard.ends <= place:
        return None
    begins = max(heard.begins, place)
    share = (begins - heard.begins) / max(1, heard.ends - heard.begins)
    first = heard.heard_from + round(share * (heard.heard_to - heard.heard_from))
    return Heard(
        device=heard.device,
        run=heard.run,
        call=heard.call,
        heard_from=Microseconds(first),
        heard_to=heard.heard_to,
        begins=begins,
        ends=heard.ends,
        layout=heard.layout,
        exact=heard.exact,
    )
