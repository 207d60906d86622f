"""A target beside which stand witnesses that whoever runs the check has named: what they see goes into the
answers of the target, in the place of what it says of the same events."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from earwitness.conformance.targets.cell import Cell
from earwitness.conformance.targets.confinement import Confinement
from earwitness.conformance.targets.protocol import (
    Answer,
    Hello,
    ListenRequest,
    Ok,
    Request,
    ResetRequest,
    Target,
    WaitRequest,
)
from earwitness.conformance.witnesses.witness import (
    LookingWitness,
    Sensor,
    Sighting,
    WitnessError,
)
from earwitness.model.trace import (
    Observation,
    Origin,
    TraceError,
    observation_from,
)
from earwitness.model.vocabulary import Microseconds


class WitnessedTarget:
    """Drives the target, and asks each witness after each request what it saw."""

    def __init__(
        self, target: Target, witnesses: Mapping[str, LookingWitness]
    ) -> None:
        self.target, self._witnesses = target, witnesses
        self._sensors: dict[str, Sensor] = {}
        self._seen: dict[str, frozenset[str]] = {}
        self._clocks: dict[str, int] = {}

    @property
    def folder(self) -> Path:
        return self.target.folder

    @property
    def cell(self) -> Cell | None:
        return self.target.cell

    @property
    def confinement(self) -> Confinement:
        return self.target.confinement

    @property
    def witnessed(self) -> frozenset[str]:
        """The events that the witnesses see."""
        return frozenset().union(*self._seen.values())

    def introduce(self) -> Hello:
        hello = self.target.introduce()
        abilities = hello.capabilities.items()
        able = [name for name, can in abilities if can]
        is_sealed = self.confinement is Confinement.SEALED
        devices = tuple(hello.devices)
        self._clocks = dict.fromkeys(devices, 0)
        for name, witness in self._witnesses.items():
            self._seen[name] = witness.events(able, is_sealed)
            self._sensors[name] = witness.watch(devices)
        return hello

    def request(self, request: Request) -> Answer:
        answer = self.target.request(request)
        if isinstance(request, ResetRequest):
            self._begin_run()
            return answer
        self._follow_clock(request, answer)
        told = [
            seen
            for seen in answer.observations
            if seen.event not in self.witnessed
        ]
        seen = sorted([*told, *self._look_around()], key=lambda o: o.time)
        return replace(answer, observations=tuple(seen))

    def close(self) -> None:
        try:
            self.target.close()
        finally:
            for sensor in self._sensors.values():
                sensor.close()
            self._sensors = {}

    def _begin_run(self) -> None:
        self._clocks = dict.fromkeys(self._clocks, 0)
        for sensor in self._sensors.values():
            sensor.begin()

    def _follow_clock(self, request: Request, answer: Answer) -> None:
        """Where the clock of each device is, as far as requests and replies tell."""
        for seen in answer.observations:
            self._pass_time(seen.device, seen.time)
        device = getattr(request, "device", "")
        if device not in self._clocks or answer.ok is None:
            return
        times = [
            time
            for time in _times_of(answer.ok)
            if time > self._clocks[device]
        ]
        if times:
            self._pass_time(device, max(times))
        elif isinstance(request, ListenRequest | WaitRequest):
            self._clocks[device] += request.microseconds

    def _pass_time(self, device: str, time: int) -> None:
        if device in self._clocks:
            self._clocks[device] = max(self._clocks[device], time)

    def _look_around(self) -> Iterator[Observation]:
        for name, sensor in self._sensors.items():
            for sighting in sensor.look():
                yield self._witnessed_observation(name, sighting)

    def _witnessed_observation(
        self, name: str, sighting: Sighting
    ) -> Observation:
        """Raises WitnessError for what the witness did not say it sees, or what is no event."""
        if sighting.event not in self._seen[name]:
            raise WitnessError(
                f"the witness '{name}' saw '{sighting.event}', and does not say that it sees such"
            )
        if sighting.device not in self._clocks:
            raise WitnessError(
                f"the witness '{name}' saw something of '{sighting.device}', which the target does not have"
            )
        now = self._clocks[sighting.device]
        entry = {
            "time": max(0, now - sighting.ago),
            "device": sighting.device,
            "event": sighting.event,
            **sighting.attributes,
        }
        try:
            seen = observation_from(entry)
        except TraceError as error:
            raise WitnessError(f"the witness '{name}': {error}") from None
        return replace(
            seen, time=Microseconds(seen.time), origin=Origin.WITNESSED
        )


def witnessed_by(target: Target) -> frozenset[str]:
    """The events that witnesses beside a target see."""
    return (
        target.witnessed
        if isinstance(target, WitnessedTarget)
        else frozenset()
    )


def _times_of(ok: Ok) -> Sequence[int]:
    """The instants that a reply tells."""
    return [
        time for time in (ok.now, ok.began, ok.ended) if isinstance(time, int)
    ]
