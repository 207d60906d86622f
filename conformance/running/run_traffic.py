"""What leaves the devices in one run: counted, dated by each device's own clock, and weighed at the end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from earwitness.conformance.running.deeds import DeviceState
from earwitness.conformance.running.moment import Passage
from earwitness.conformance.witnesses.accounts import (
    BUDGET_OF_A_SECOND,
    USUAL_BUDGET,
)
from earwitness.conformance.witnesses.relay import Crossing
from earwitness.conformance.witnesses.twins import Footprint, take_footprint
from earwitness.model.trace import Observation
from earwitness.model.vocabulary import Microseconds

if TYPE_CHECKING:
    from earwitness.conformance.running.harness import Harness

REPORTS = ("metric", "record.write")
"""What a device reports that it kept."""
PAST_DOORS = "to its cloud past the doors"
"""How the name of a way ends that leads past the harness."""


class RunTraffic:
    """What crossed in a run so far, and by which ways else something left."""

    def __init__(
        self, harness: Harness, states: Mapping[str, DeviceState]
    ) -> None:
        self.harness, self.states = harness, states
        self.uploads = self.voice = 0
        self.unread: dict[str, int] = {}
        """Bytes that nobody could read, sent while no stream was open."""
        self.uncompared: list[str] = []
        """What crossed and was too much to compare, of devices that had no stream open."""
        self._crossed: list[Crossing] = []
        self._flows: dict[str, int] = {}
        self._clocks: dict[str, int] = {}

    def begin_scenario(self) -> None:
        """What comes now is of the scenario, and is what the footprint is taken of."""
        self._crossed = []
        self._flows = self.harness.flows()
        self._clocks = {
            name: state.clock for name, state in self.states.items()
        }

    def take_crossings(self) -> list[Crossing]:
        """What crossed since the last look."""
        crossings = self.harness.crossings()
        self._crossed += [
            self._date_crossing(crossing) for crossing in crossings
        ]
        self.uploads += len(crossings)
        return crossings

    def _date_crossing(self, crossing: Crossing) -> Crossing:
        """A crossing by its device's own clock, since the beginning of the scenario."""
        state = self.states.get(crossing.device)
        since = (
            state.clock - self._clocks.get(crossing.device, 0)
            if state is not None
            else 0
        )
        return replace(crossing, time_taken=Microseconds(since))

    def count_voice(self, passages: Collection[Passage]) -> None:
        self.voice += len(passages)

    # What nobody could read or compare

    def unexplained_bytes(self) -> dict[str, int]:
        """By device, bytes so far that nobody could read."""
        return self.harness.sounds.wire.accounts.unexplained()

    def unread_since(self, before: Mapping[str, int]) -> dict[str, int]:
        """By device, how many bytes crossed since that nobody could read."""
        now = self.unexplained_bytes()
        return {name: now[name] - before.get(name, 0) for name in now}

    def count_uncompared(self) -> dict[str, int]:
        """By device, how often what crossed was too much to compare."""
        found = self.harness.sounds.wire.uncompared
        return {device: len(reasons) for device, reasons in found.items()}

    def note_unexplained(
        self,
        unread: Mapping[str, int],
        uncompared: Mapping[str, int],
        streaming: Collection[str],
    ) -> None:
        """What crossed since these counts and could not be read or compared, of devices that had nothing to
        stream: in a stream sound is expected, and the twins weigh it."""
        for device, fresh in self.unread_since(unread).items():
            if fresh and device not in streaming:
                self.unread[device] = self.unread.get(device, 0) + fresh
        for device, reasons in self.harness.sounds.wire.uncompared.items():
            if device not in streaming:
                self.uncompared += reasons[uncompared.get(device, 0) :]

    def explain_excess(self) -> tuple[str, ...]:
        """Of each device that sent more than it may of what nobody could read, a sentence; and one of what
        crossed and was too much to compare, both of devices that had no stream open."""
        seconds = max(state.clock for state in self.states.values()) / 1e6
        most = USUAL_BUDGET + round(BUDGET_OF_A_SECOND * seconds)
        sent = [
            f"{device or 'the target, past its doors,'} sent {size} bytes that nobody could read,"
            f" and had no stream open; {most} are allowed"
            for device, size in self.unread.items()
            if size > most
        ]
        return (*sent, *self.uncompared[:1])

    # The footprint

    def take_footprint(
        self, trace: Iterable[Observation], unread_in_stores: int
    ) -> Footprint:
        """The marks of the scenario: what crossed, what was kept, and what was told."""
        lines = Counter(
            f"{o.event} of {o.device}" for o in trace if o.event in REPORTS
        )
        flows = self.harness.flows()
        ways = {
            way: _beyond_business(way, size - self._flows.get(way, 0))
            for way, size in flows.items()
        }
        counts = {
            **lines,
            **{f"bytes by {way}": size for way, size in ways.items() if size},
        }
        footprint = take_footprint(
            # What left past the doors is counted by the way it went.
            crossings=[c for c in self._crossed if c.device],
            began=Microseconds(0),
            growth=self.harness.stores.growth(),
            log_lines=counts,
        )
        return _with_mark(
            footprint, "unread bytes in stores", unread_in_stores
        )

    def bytes_crossed(self) -> int:
        return sum(crossing.size for crossing in self._crossed)


def mark_reset(footprint: Footprint, size: int) -> Footprint:
    """A footprint with what left during a reset of so many bytes. A reset needs a few bytes itself."""
    return _with_mark(footprint, "bytes by a reset", size - USUAL_BUDGET)


def _beyond_business(way: str, size: int) -> int:
    """Bytes that went a way. Of those to the own cloud past the doors the first few are business of whoever
    drives the target, such as a reset, and end when they will."""
    return max(0, size - USUAL_BUDGET) if way.endswith(PAST_DOORS) else size


def _with_mark(footprint: Footprint, name: str, size: int) -> Footprint:
    """A footprint with one mark more, where there is something of it."""
    if size <= 0:
        return footprint
    return Footprint({**footprint.marks, name: float(size)})
