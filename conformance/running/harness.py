"""Holds one implementation for a whole check: introduces itself, stands between it and its cloud, gives it
ears, mouth and front, and carries out one scenario after another. What was ever said is remembered to the
end."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Protocol, runtime_checkable

from earwitness.conformance.gate.mute_levels import is_open_claim
from earwitness.conformance.running.budget import Budget
from earwitness.conformance.running.controls import bring_back, run_control
from earwitness.conformance.running.course import Course
from earwitness.conformance.running.moment import Moment
from earwitness.conformance.running.open_doors import open_doors
from earwitness.conformance.running.past_doors import PastDoors
from earwitness.conformance.running.run import Run
from earwitness.conformance.running.run_traffic import PAST_DOORS
from earwitness.conformance.running.senses import Senses
from earwitness.conformance.running.sounds import SoundMemory
from earwitness.conformance.running.stores import NOTHING, Stores
from earwitness.conformance.running.tally import settle_order, tally
from earwitness.conformance.running.timeline import Timeline
from earwitness.conformance.stimuli.clips import (
    in_the_air,
    repeated_in_the_air,
)
from earwitness.conformance.stimuli.stimulus import (
    Power,
    Scenario,
    Stimulus,
)
from earwitness.conformance.targets.confinement import Confinement
from earwitness.conformance.targets.protocol import (
    DeviceProfile,
    Hello,
    ResetRequest,
    Target,
    TargetError,
)
from earwitness.conformance.targets.traffic import Flow
from earwitness.conformance.witnesses.accounts import USUAL_BUDGET
from earwitness.conformance.witnesses.certificates import Presented
from earwitness.conformance.witnesses.doors import (
    Door,
)
from earwitness.conformance.witnesses.relay import Crossing, Relay
from earwitness.conformance.witnesses.wire.connection import Direction
from earwitness.model.trace import Observation
from earwitness.policies.pack import Clause

DEFAULT_BUDGET = 600.0
"""Seconds for whoever gives no budget."""
REAL_TOLERANCE = 100_000
"""Microseconds that two witnesses' clocks may differ on a target whose time passes by itself."""


@runtime_checkable
class Watched(Protocol):
    """A target without sockets that shows what its devices send. It may remember what it was played, so
    sound repeats but for its lowest bits."""

    def take(self) -> Sequence[Crossing]:
        """What was sent since the last call."""


class Harness:
    """Close it, or use it in a `with`. Raises TargetError where the target cannot be driven at all."""

    def __init__(
        self,
        target: Target,
        clauses: Sequence[Clause],
        seed: int = 0,
        budget: Budget | None = None,
        hello: Hello | None = None,
    ) -> None:
        """`hello` is what a target said that has introduced itself already."""
        self.target, self.clauses, self.seed = target, tuple(clauses), seed
        self.budget = budget or Budget(DEFAULT_BUDGET)
        self.runs = 0
        self.broken = ""
        self.ended = False
        self.late_tellers: set[str] = set()
        """The devices that were seen to report in batches."""
        self.relay: Relay | None = None
        self.doors: dict[str, Door] = {}
        self.presented: dict[str, Presented] = {}
        self.senses: dict[str, Senses] = {}
        self.sounds = SoundMemory()
        self.past_doors = PastDoors(target.cell)
        self.make_sound = (
            repeated_in_the_air if isinstance(target, Watched) else in_the_air
        )
        try:
            self.hello: Hello = hello or target.introduce()
            self.past_doors.declared = frozenset(self.hello.peers)
            self.stores = Stores(
                target.cell, self.hello.data_paths, self.sounds
            )
            self._attach_devices()
            self._route_devices()
            self.reset()
            if self.relay is not None and self.hello.cloud is not None:
                self.past_doors.watch_cloud(self.hello.cloud.port)
            self.stores.take_baseline()
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Harness:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the target and everything the harness holds for it."""
        try:
            if not self.ended:
                self.target.close()
        finally:
            if self.relay is not None:
                self.relay.close()
            for senses in self.senses.values():
                senses.close()
            self.sounds.close()

    def end(self) -> Run | None:
        """End the target, and judge what left it while it ended; None where nothing of the test did."""
        self.sounds.begin()
        self.broken, self.ended = self.broken or "the target has ended", True
        self.target.close()
        passages = self.sounds.passages(self.crossings())
        unread = sum(self.sounds.wire.accounts.unexplained().values())
        if not passages and unread <= USUAL_BUDGET:
            return None
        text = f"{unread} bytes that nobody could read left the target while it ended"
        clocks = dict.fromkeys(self.hello.devices, 0)
        timeline = Timeline(watched=self.watched)
        timeline.add(Moment(clocks, clocks, passages=tuple(passages)))
        trace = timeline.finish()
        return Run(
            scenario=(),
            trace=tuple(trace),
            tally=tally(self.judged(), trace),
            stores=NOTHING,
            voice=len(passages),
            unexplained=(text,) if unread > USUAL_BUDGET else (),
        )

    @property
    def tolerance(self) -> int:
        """Microseconds within which the order of what two witnesses saw is not judged."""
        return 0 if self.hello.clock == "virtual" else REAL_TOLERANCE

    def profile(self, device: str) -> DeviceProfile:
        """What a device declares of itself."""
        return self.hello.profiles[device]

    def chance(self) -> random.Random:
        """The same choices again for the same seed and the same number of runs before."""
        return random.Random(f"{self.seed} {self.runs}")

    def _attach_devices(self) -> None:
        for number, device in enumerate(self.hello.devices):
            senses = Senses(
                self.profile(device), self.target.folder, f"{number}"
            )
            self.senses[device] = senses
            request = senses.attachment(device)
            if (
                request is not None
                and self.target.request(request).ok is None
            ):
                raise TargetError(
                    "the implementation says what can be attached to it, but refused 'attach'"
                )

    def _route_devices(self) -> None:
        """Stand between every device and the cloud."""
        can_be_routed = self.hello.capabilities.get("route")
        has_cloud = can_be_routed and self.hello.cloud is not None
        if has_cloud and not isinstance(self.target, Watched):
            self.relay = Relay()
            self.doors = open_doors(self.target, self.hello, self.relay)

    def crossings(self) -> list[Crossing]:
        """What went from the devices to the cloud, or anywhere else, since the last look."""
        taken: Sequence[Crossing] = ()
        if self.relay is not None:
            taken = self.relay.take()
        elif isinstance(self.target, Watched):
            taken = self.target.take()
        by_doors = [
            replace(
                crossing,
                encrypted=crossing.encrypted
                and self._is_own_cloud(crossing.device),
            )
            for crossing in taken
            if crossing.direction is Direction.FROM_DEVICE
        ]
        return [*by_doors, *self.past_doors.take()]

    @property
    def watched(self) -> bool:
        """Whether the harness sees what the devices send."""
        return self.relay is not None or isinstance(self.target, Watched)

    def _is_own_cloud(self, device: str) -> bool:
        return (
            self.presented.get(device, Presented.TRUSTED) is Presented.TRUSTED
        )

    @property
    def confined(self) -> bool:
        """Whether no byte and no file leaves the target unseen."""
        cell = self.target.cell
        return cell is not None and cell.level is Confinement.SEALED

    def reset(self) -> None:
        """Back to the first state. Raises TargetError."""
        reset = self.target.request(ResetRequest())
        if reset.ok is None:
            raise TargetError(
                f"the implementation cannot be reset: {reset.unsupported or reset.failed}"
            )

    def applicable(self, clause: Clause) -> bool:
        """Whether the target can do what the clause is about. A level of mute that it does not claim is tried
        all the same, to be shown."""
        needed = clause.capability
        if is_open_claim(needed):
            needed = "software_mute"
        return needed is None or self.hello.capabilities.get(needed, False)

    def judged(self) -> tuple[Clause, ...]:
        """The clauses that apply."""
        return tuple(
            clause for clause in self.clauses if self.applicable(clause)
        )

    def run(
        self,
        scenario: Scenario,
        *,
        controls: bool = True,
        control_before: bool = True,
        prelude: Scenario = (),
        wants: Callable[[Stimulus], bool] = lambda step: True,
    ) -> Run:
        """Positive control, the prelude, the scenario, positive control, search of the stores, reset. The
        controls are of the devices that the scenario is about, or of all where it is empty; where the first
        fails the run ends. `control_before` may be left out where the run before ended with one. What the
        footprint counts begins after the prelude. A step that is not wanted when its turn comes is left out,
        and is no part of the run's scenario. Whatever the target does wrong ends in the run's `dead`."""
        if self.broken:
            raise TargetError(self.broken)
        self.runs += 1
        self.sounds.begin()
        self.stores.mark()
        course = Course(self)
        steps = (*prelude, *scenario)
        used = sorted(
            {step.device for step in steps} & set(self.hello.devices)
        )
        try:
            self._carry_out(
                course,
                steps,
                used,
                prelude=len(prelude),
                controls=controls,
                control_before=controls and control_before,
                wants=wants,
            )
        except TargetError as error:
            self.broken = course.dead = str(error)
        return self._finish_run(course, steps)

    def run_stranger(
        self, scenario: Scenario, device: str, presented: Presented
    ) -> Run:
        """A run in which somebody else answers at the device's door. What is sent to them is not encrypted
        against them. Raises TargetError."""
        assert self.relay is not None
        self.presented[device] = presented
        self.relay.present(self.doors[device], presented)
        self.relay.hang_up(device)
        try:
            return self.run(scenario, controls=False)
        finally:
            self.relay.present(self.doors[device], Presented.TRUSTED)
            self.relay.hang_up(device)
            self.presented[device] = Presented.TRUSTED

    def _carry_out(
        self,
        course: Course,
        scenario: Scenario,
        used: list[str],
        *,
        prelude: int,
        controls: bool,
        control_before: bool,
        wants: Callable[[Stimulus], bool],
    ) -> None:
        for device in self.hello.devices:
            course.carry_out(Power(device, "restore"))
        if self.runs == 1:
            # What a device writes when it gets power holds no words: none were spoken yet.
            self.stores.take_baseline()
        for device in self.hello.devices:
            if control_before and (device in used or not used):
                run_control(course, device, "before the run")
        course.begin_scenario()
        if course.dead:
            return
        for number, step in enumerate(scenario):
            if number and number == prelude:
                self.stores.mark()
                course.begin_scenario()
            if not wants(step):
                course.left_out.add(number)
                continue
            self.budget.demand()
            course.carry_out(step)
            course.mark()
        course.end_scenario()
        course.wait_for_reports()
        if not controls:
            return
        bring_back(course, used)
        for device in used:
            run_control(course, device, "after the run")

    def _finish_run(self, course: Course, scenario: Scenario) -> Run:
        try:
            trace = course.finish(reset=not self.broken)
        except TargetError as error:
            self.broken = course.dead = course.dead or str(error)
            trace = course.finish(reset=False)
        trace, tallied = settle_order(self.judged(), trace, self.tolerance)
        return Run(
            scenario=tuple(
                step
                for number, step in enumerate(scenario)
                if number not in course.left_out
            ),
            trace=tuple(trace),
            tally=tallied,
            stores=course.stores,
            skipped=tuple(course.skipped),
            uploads=course.traffic.uploads,
            voice=course.traffic.voice,
            span=course.span,
            marks=tuple(course.marks),
            dead=course.dead,
            heard=course.heard,
            journal=tuple(course.journal),
            findings=tuple(course.timeline.findings),
            footprint=course.footprint,
            unexplained=course.traffic.explain_excess(),
            unclaimed=frozenset(
                clause.id
                for clause in self.judged()
                if is_open_claim(clause.capability)
                and not self.hello.capabilities.get(
                    str(clause.capability), False
                )
            ),
        )

    def judge_again(self, run: Run, place: int, seen: Observation) -> Run:
        """The run with one observation more, which only a comparison with other runs could bring."""
        trace = [*run.trace[:place], seen, *run.trace[place:]]
        return replace(
            run, trace=tuple(trace), tally=tally(self.judged(), trace)
        )

    def flows(self) -> dict[str, int]:
        """Bytes that were sent other than by a door since the target started, by the way they went."""
        sums: dict[str, int] = {}
        for flow in (
            self.target.cell.flows() if self.target.cell is not None else ()
        ):
            way = f"{flow.protocol} {self._way_of(flow)}"
            sums[way] = sums.get(way, 0) + flow.bytes
        return sums

    def _way_of(self, flow: Flow) -> str:
        """Where it went: to the target's own cloud in the same cell, past the doors, is its own way, such as
        whoever drives it telling the cloud to forget."""
        cloud = self.hello.cloud
        if cloud is not None and flow.peer == f"{cloud.host}:{cloud.port}":
            return PAST_DOORS
        return "within the target" if flow.local else "to the outside"
