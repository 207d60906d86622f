"""The recorded runs of an old device, done again on a new one. A difference counts where it comes again."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass

from earwitness.conformance.evidence.bundle import Bundle
from earwitness.conformance.gate.exits import Exit
from earwitness.conformance.running.budget import Budget
from earwitness.conformance.running.difference import (
    TOLERANCE,
    Departure,
    departures,
)
from earwitness.conformance.running.harness import Harness
from earwitness.conformance.running.possible import impossible
from earwitness.conformance.running.recording import (
    Recording,
    record_run,
    record_tour,
    recordings_of,
)
from earwitness.conformance.targets.entry_points import (
    TargetOptions,
    open_target,
)
from earwitness.conformance.targets.protocol import Hello
from earwitness.policies.pack import Clause

Record = Callable[[Recording], Recording]
"""Does the steps of a recording on a device, and records them."""


@dataclass(frozen=True, slots=True)
class ComparedRun:
    """One run of the old device beside the same steps of the new one. `unrepeated` counts differences that
    did not come again; `left_out` says which steps could not be given to the new device, and why."""

    recording: Recording
    differences: tuple[Departure, ...] = ()
    unrepeated: int = 0
    violated: frozenset[str] = frozenset()
    """Clauses that the new device violates each time, and the old one did not."""
    left_out: tuple[str, ...] = ()
    dead: str = ""
    """Why the new device could not be tried to the end of the run."""

    @property
    def is_whole(self) -> bool:
        return not self.left_out and not self.dead


@dataclass(frozen=True, slots=True)
class NewDevice:
    """Where the steps of old recordings are done again. `record_old` does them on the old device too, where
    there is one and not only a bundle."""

    harness: Harness
    tolerance: int = TOLERANCE
    record_old: Record | None = None

    def compare_all(
        self, recordings: Iterable[Recording]
    ) -> Iterator[ComparedRun]:
        """Run by run, until the budget is used up or the new device is dead. Raises TargetError."""
        for recording in recordings:
            if not self.harness.budget.allows() or self.harness.broken:
                return
            yield self.compare(recording)

    def compare(self, old: Recording) -> ComparedRun:
        """One run. What differs is done a second time, on both devices where both are there. Raises
        TargetError."""
        now = self.record(old)
        found = self.departures(old, now)
        violated = now.violated - old.violated
        first = found
        if (found or violated) and not now.dead:
            again = self.record(old)
            beside = self.record_old(old) if self.record_old else old
            repeated = {d.kind for d in self.departures(beside, again)}
            found = tuple(d for d in found if d.kind in repeated)
            violated &= again.violated - beside.violated
        return ComparedRun(
            recording=old,
            differences=found,
            unrepeated=len(first) - len(found),
            violated=violated,
            left_out=tuple(_reasons(old, self.harness.hello).values()),
            dead="" if old.dead else now.dead,
        )

    def record(self, old: Recording) -> Recording:
        return _recorder(self.harness)(old)

    def departures(
        self, old: Recording, new: Recording
    ) -> tuple[Departure, ...]:
        left_out = _reasons(old, self.harness.hello)
        return tuple(
            departures(old, new, tolerance=self.tolerance, left_out=left_out)
        )


def _reasons(old: Recording, hello: Hello) -> dict[int, str]:
    """The steps that a device cannot be given, with the reasons."""
    reasons = {
        number: impossible(step, hello)
        for number, step in enumerate(old.steps)
    }
    return {number: reason for number, reason in reasons.items() if reason}


def compare_recordings(
    old: Sequence[Recording],
    new: Sequence[Recording],
    tolerance: int = TOLERANCE,
) -> Iterator[ComparedRun]:
    """Runs of two bundles that have the same steps. Nothing is done again, so what differs may be chance."""
    by_steps = {recording.steps: recording for recording in new}
    for recording in old:
        other = by_steps.get(recording.steps)
        if other is not None:
            yield ComparedRun(
                recording=recording,
                differences=tuple(departures(recording, other, tolerance)),
                violated=other.violated - recording.violated,
                dead="" if recording.dead else other.dead,
            )


@dataclass(frozen=True, slots=True)
class DeviceComparison:
    """What all runs came to. `recorded` counts those of the old device: fewer were compared where the time
    was up, the new device died, or two bundles have no more steps in common."""

    recorded: int
    runs: tuple[ComparedRun, ...]

    @property
    def is_whole(self) -> bool:
        """Whether each run was compared, with all its steps."""
        return len(self.runs) == self.recorded and all(
            run.is_whole for run in self.runs
        )

    @property
    def violated(self) -> frozenset[str]:
        """The clauses that only the new device violates."""
        return frozenset[str]().union(*(run.violated for run in self.runs))

    @property
    def exit(self) -> Exit:
        """Nothing compared is never green."""
        if self.violated:
            return Exit.VIOLATED
        if any(run.differences for run in self.runs):
            return Exit.STALE
        is_green = self.is_whole and self.runs
        return Exit.SATISFIED if is_green else Exit.INCONCLUSIVE


@dataclass(frozen=True, slots=True)
class ComparisonPlan:
    """How devices are compared: `clauses` say what is violated, `budget` is seconds for the new device."""

    clauses: Sequence[Clause]
    options: TargetOptions
    budget: float
    tolerance: int = TOLERANCE
    seed: int = 0

    def open_harness(self, target: str) -> Harness:
        """Raises TargetError."""
        return Harness(
            target=open_target(target, self.options),
            clauses=self.clauses,
            seed=self.seed,
            budget=Budget(self.budget),
        )


def compare_devices(
    old: Bundle | str, new: Bundle | str, plan: ComparisonPlan
) -> DeviceComparison:
    """The runs of a bundle, or the tour of a target, beside those of another. Raises TargetError,
    BundleError."""
    with ExitStack() as closing:
        record_old = None
        if isinstance(old, str):
            old_harness = closing.enter_context(plan.open_harness(old))
            recordings = [record_tour(old_harness)]
            record_old = _recorder(old_harness)
        else:
            recordings = list(recordings_of(old))
        if isinstance(new, str):
            new_harness = closing.enter_context(plan.open_harness(new))
            device = NewDevice(new_harness, plan.tolerance, record_old)
            runs = tuple(device.compare_all(recordings))
        else:
            others = list(recordings_of(new))
            runs = tuple(
                compare_recordings(recordings, others, plan.tolerance)
            )
    return DeviceComparison(len(recordings), runs)


def _recorder(harness: Harness) -> Record:
    return lambda like: record_run(
        harness, like.name, like.steps, controls=like.has_control
    )
