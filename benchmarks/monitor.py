"""Events a second through all clauses of both packs, in one process: python benchmarks/monitor.py [EVENTS]
The joint program and the watch against the plain monitors in the same run; the ratio is what a loaded machine
leaves untouched. The trace is made of field incidents and clean requests, one after the other on two devices.
Times are processor time."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from earwitness.conformance.running.watch import Watch
from earwitness.model.logic.joint_program import (
    JointSlices,
    SameMonitors,
    joint_program,
)
from earwitness.model.logic.monitor import Monitor, input_values
from earwitness.model.logic.per_device import SlicedMonitor
from earwitness.model.trace import Observation, read_trace
from earwitness.model.vocabulary import Microseconds
from earwitness.policies.pack import Clause, find

PACKS = ("alexa-smart-properties", "voice-baseline")
FIELD = Path(__file__).parents[1] / "tests" / "field"
PLAIN_SHARE = 50
"""The plain monitors run this part of the events: they are that much slower, and the ratio needs no more."""
ROUNDS = 3
"""The best of so many counts: the others were disturbed."""


def field_trace(events: int) -> list[Observation]:
    """So many observations, incident after incident, on two devices in turn."""
    incidents = []
    for path in sorted(FIELD.glob("*.jsonl")):
        if not path.name.startswith(
            "42"
        ):  # Its clock steps back, which only a log judgement takes.
            with path.open("rb") as stream:
                incidents.append(list(read_trace(stream, path.name)))
    made: list[Observation] = []
    began = 0
    while len(made) < events:
        for number, incident in enumerate(incidents):
            device = f"d{number % 2 + 1}"
            made += [
                Observation(
                    time=Microseconds(began + o.time),
                    device=device,
                    event=o.event,
                    attributes=o.attributes,
                    origin=o.origin,
                )
                for o in incident
            ]
            began += incident[-1].time + 1
    return made[:events]


def events_a_second(
    feed: Callable[[Observation], object], trace: Sequence[Observation]
) -> float:
    """How many observations are taken in a second of processor time."""
    began = time.process_time()
    for seen in trace:
        feed(seen)
    return len(trace) / (time.process_time() - began)


def plain_feed(
    monitors: Sequence[tuple[Monitor, tuple[str, ...]]],
) -> Callable[[Observation], None]:
    """All monitors, one after the other."""
    sliced = [SlicedMonitor(monitor, each) for monitor, each in monitors]

    def feed(seen: Observation) -> None:
        values = input_values(seen)
        for monitor in sliced:
            monitor.feed(seen, values)

    return feed


def joint_feed(clauses: Sequence[Clause]) -> Callable[[Observation], None]:
    """All monitors together, grouped by their slices."""
    groups: dict[tuple[str, ...], dict[str, Monitor]] = {}
    for clause in clauses:
        group = groups.setdefault(clause.each, {})
        group.update(
            {conjunct.name: conjunct.monitor for conjunct in clause.conjuncts}
        )
    slices = [
        JointSlices(joint_program(SameMonitors(group)), each)
        for each, group in groups.items()
    ]

    def feed(seen: Observation) -> None:
        for one in slices:
            one.feed(seen)

    return feed


def measure(events: int) -> None:
    """Print events a second of the plain monitors, the joint program and the watch."""
    clauses = tuple(clause for name in PACKS for clause in find(name).clauses)
    monitors = [
        (conjunct.monitor, clause.each)
        for clause in clauses
        for conjunct in clause.conjuncts
    ]
    trace = field_trace(events)
    joint_feed(clauses)(trace[0])

    def watch_all() -> float:
        began = time.process_time()
        Watch(clauses).feed(trace)
        return len(trace) / (time.process_time() - began)

    part = trace[: max(1, events // PLAIN_SHARE)]
    plain = max(
        events_a_second(plain_feed(monitors), part) for _ in range(ROUNDS)
    )
    joint = max(
        events_a_second(joint_feed(clauses), trace) for _ in range(ROUNDS)
    )
    watch = max(watch_all() for _ in range(ROUNDS))
    print(
        f"{len(monitors)} conjuncts of {len(clauses)} clauses, {len(trace)} events"
    )
    print(f"plain monitors  {plain:10,.0f} events a second")
    print(
        f"joint program   {joint:10,.0f} events a second, {joint / plain:.1f} times the plain monitors"
    )
    print(
        f"watch           {watch:10,.0f} events a second, {watch / plain:.1f} times the plain monitors"
    )


if __name__ == "__main__":
    measure(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
