"""All clauses of the packs, watching one trace."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from earwitness.model.logic.monitor import input_values
from earwitness.model.logic.per_device import SlicedMonitor
from earwitness.model.trace import Observation, Origin
from earwitness.policies.pack import Clause


@dataclass
class Record:
    """What one clause has come to: where it was violated first, how often exercised, whether a witnessed event exercised it."""

    exercised: int = 0
    witnessed: bool = False
    violated_at: int | None = None
    pending: bool = False


@dataclass
class Watch:
    """Feed it observations in the order of each device."""

    clauses: tuple[Clause, ...]
    records: dict[str, Record] = field(default_factory=dict)
    trace: list[Observation] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._monitors = {
            c.id: SlicedMonitor(c.monitor, c.each) for c in self.clauses if c.monitor is not None
        }
        self.records = {identity: Record() for identity in self._monitors}
        self._open: dict[str, set[object]] = {identity: set() for identity in self._monitors}

    def feed(self, observations: Iterable[Observation]) -> None:
        for seen in observations:
            self.trace.append(seen)
            event = input_values(seen)
            for identity, monitor in self._monitors.items():
                record = self.records[identity]
                for key, outcome in monitor.feed(seen, event):
                    if outcome.exercised:
                        record.exercised += 1
                        record.witnessed = record.witnessed or seen.origin is Origin.WITNESSED
                    if not outcome.holds and record.violated_at is None:
                        record.violated_at = len(self.trace) - 1
                    (self._open[identity].add if outcome.pending else self._open[identity].discard)(key)
                record.pending = bool(self._open[identity])

    @property
    def violated(self) -> tuple[str, ...]:
        return tuple(identity for identity, record in self.records.items() if record.violated_at is not None)
