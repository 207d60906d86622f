"""One run of one scenario: the harness speaks, presses, cuts, listens on the wire, reads the stores, and lets all clauses watch."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from msgspec import UNSET

from earwitness.conformance.running.watch import Watch
from earwitness.conformance.stimuli.clips import CLIPS, RATE, in_the_air, write_wav
from earwitness.conformance.stimuli.stimulus import (
    Call,
    Choose,
    Network,
    Power,
    Press,
    Query,
    Say,
    Scenario,
    Stimulus,
    to_json,
)
from earwitness.conformance.targets.lines import decode_request
from earwitness.conformance.targets.protocol import (
    Answer,
    Hello,
    ResetRequest,
    RouteRequest,
    SayRequest,
    Target,
    TargetError,
)
from earwitness.conformance.witnesses.files import Search, search
from earwitness.conformance.witnesses.heard_sound import Air, unwrapped
from earwitness.conformance.witnesses.relay import Tap, Upload
from earwitness.model.expression import Value
from earwitness.model.trace import Observation, Origin
from earwitness.model.vocabulary import Microseconds
from earwitness.policies.pack import Clause

CONTROL = "weather"
"""The clip of the positive control."""


@dataclass(frozen=True, slots=True)
class Run:
    """What one scenario brought: the trace, what the clauses say, the store search, and steps the target could not do.
    `dead` says how a positive control failed: a request was not heard, streamed and answered. Prohibitions that such a target keeps mean
    nothing, while a violation it committed stands."""

    scenario: Scenario
    watch: Watch
    stores: Search
    skipped: tuple[str, ...]
    uploads: int
    voice: int
    span: tuple[int, int]
    """Where in the trace what came of the scenario begins and ends."""
    marks: tuple[int, ...]
    """How long the trace was after each step of the scenario."""
    dead: str = ""
    told: tuple[tuple[Query, Any], ...] = ()
    """Questions to the property's side, with the data that was answered (None without any)."""


class Harness:
    """Holds one implementation for many runs. Close it, or use it in a `with`."""

    def __init__(self, driver: Target, clauses: tuple[Clause, ...], seed: int = 0) -> None:
        self.driver, self.clauses, self.seed = driver, clauses, seed
        self.tap: Tap | None = None
        self._folder = tempfile.TemporaryDirectory(prefix="earwitness-clips-")
        try:
            self.hello: Hello = driver.introduce()
            if self.hello.capabilities.get("route") and self.hello.cloud is not None:
                self.tap = Tap()
                self._route()
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Harness:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        try:
            self.driver.close()
        finally:
            if self.tap is not None:
                self.tap.close()
            self._folder.cleanup()

    def _route(self) -> None:
        """Stand between every device and the cloud."""
        assert self.tap is not None
        cloud, cell = self.hello.cloud, self.driver.cell
        assert cloud is not None
        try:
            for device in self.hello.devices:
                address = device, cloud.host, cloud.port, cloud.authority
                if cell is None:
                    port = self.tap.route(*address)
                else:
                    into = partial(cell.connect, cloud.host, cloud.port)
                    port = self.tap.route(*address, listen=cell.listen, connect=into)
                request = RouteRequest(device, "127.0.0.1", port, self.tap.authority)
                if self.driver.request(request).ok is None:
                    raise TargetError("the implementation says it can be routed, but refused 'route'")
        except (ValueError, OSError) as error:
            raise TargetError(
                f"the implementation's 'cloud' must give host, port and authority (PEM): {error}"
            ) from None

    def applicable(self, clause: Clause) -> bool:
        return clause.capability is None or self.hello.capabilities.get(clause.capability, False)

    def run(self, scenario: Scenario) -> Run:
        """Reset, positive control, the scenario, positive control, store search. The controls are of the devices that the scenario is about, or of all where it
        is empty. Raises TargetError."""
        step = _Steps(self)
        reset = self.driver.request(ResetRequest())
        if reset.ok is None:
            raise TargetError(f"the implementation cannot be reset: {reset.unsupported or reset.failed}")
        step.begin()
        used = sorted({s.device for s in scenario} & set(self.hello.devices))
        for device in self.hello.devices:
            step.carry_out(Power(device, "restore"))
            if device in used or not used:
                step.control(device, "before the run")
        began = len(step.watch.trace)
        marks: list[int] = []
        for stimulus in scenario:
            step.carry_out(stimulus)
            marks.append(len(step.watch.trace))
        span = began, len(step.watch.trace)
        step.bring_back(used)
        for device in used:
            step.control(device, "after the run")
        return step.finish(scenario, span, tuple(marks))


class _Steps:
    """The state of one run."""

    def __init__(self, harness: Harness) -> None:
        self.harness = harness
        self.watch = Watch(tuple(c for c in harness.clauses if harness.applicable(c)))
        self.airs: dict[str, Air] = {device: Air() for device in harness.hello.devices}
        self.calls: dict[str, Air] = {device: Air() for device in harness.hello.devices}
        self.talking: set[str] = set()
        self.chosen: dict[str, str] = dict.fromkeys(harness.hello.devices, "alexa")
        self.clock: dict[str, int] = dict.fromkeys(harness.hello.devices, 0)
        self.skipped: list[str] = []
        self.dead = ""
        self.uploads = self.voice = self.said = 0
        self.told: list[tuple[Query, Any]] = []
        self.muted: dict[str, bool] = dict.fromkeys(harness.hello.devices, False)

    def begin(self) -> None:
        if self.harness.tap is not None:
            self.harness.tap.take()

    def carry_out(self, stimulus: Stimulus) -> list[Observation]:
        """One stimulus; returns what was observed of it, witnessed and declared, in order."""
        if stimulus.device not in self.clock:
            self.skipped.append(f"{to_json(stimulus)}: the target has no device {stimulus.device}")
            return []
        if isinstance(stimulus, Say):
            return self._say(stimulus)
        answer = self.harness.driver.request(decode_request(to_json(stimulus)))
        if isinstance(stimulus, Query) and answer.ok is not None:
            self.told.append((stimulus, answer.ok.data))
            answer = replace(answer, observations=(*answer.observations, *self._disclosed(stimulus, answer)))
        return self._take(stimulus, answer, [])

    def _disclosed(self, query: Query, answer: Answer) -> Iterable[Observation]:
        """What an answer to a question really holds, whatever was said of the decision: words of the test, or anything at all after a denial."""
        data = answer.ok.data if answer.ok is not None else None
        said = {str(o.attributes["text"]).lower() for o in self.watch.trace if o.event == "asr.result"}
        told = [text.lower() for text in _texts(data)]
        words = any(known in text for known in said if len(known) >= 8 for text in told)
        denied = any(o.event == "access" and o.attributes["decision"] == "deny" for o in answer.observations)
        if words or (denied and data not in (None, [], {}, "")):
            asked: dict[str, Value] = {
                "actor": query.actor,
                "role": query.role,
                "resource": "transcripts" if words else query.resource,
                "needed": False,
                "decision": "permit",
            }
            yield Observation(
                Microseconds(self.clock[query.device]), query.device, "access", asked, Origin.WITNESSED
            )

    def _say(self, stimulus: Say) -> list[Observation]:
        clip, device = CLIPS[stimulus.clip], stimulus.device
        self.said += 1
        samples = in_the_air(
            clip, self.harness.seed * 100_003 + self.said * 17 + int(device.encode().hex(), 16) % 13
        )
        path = Path(self.harness._folder.name) / f"{stimulus.clip}.wav"
        write_wav(samples, path)
        began = self.clock[device]
        words = clip.words if self.harness.hello.earwitness == 1 else UNSET
        answer = self.harness.driver.request(SayRequest(device, str(path), words))
        if answer.ok is not None and isinstance(answer.ok.began, int):
            began = max(began, answer.ok.began)
        self.airs[device].add(began, samples.tobytes())
        if device in self.talking:
            self.calls[device].add(began, samples.tobytes())
        until = began + len(samples) * 1_000_000 // RATE
        spoken = Observation(
            Microseconds(began),
            device,
            "speech",
            {"words": clip.words, "addressed": clip.wake == self.chosen[device], "until": until},
            Origin.WITNESSED,
        )
        return self._take(stimulus, answer, [spoken] if clip.words else [])

    def _take(self, stimulus: Stimulus, answer: Answer, first: list[Observation]) -> list[Observation]:
        if answer.ok is None:
            if not answer.definite:
                raise TargetError(
                    f"the implementation left open what came of {to_json(stimulus)}: {answer.failed}"
                )
            self.skipped.append(f"{to_json(stimulus)}: {answer.unsupported or answer.failed}")
        began = dict(self.clock)
        for seen in answer.observations:
            if seen.device not in self.clock:
                raise TargetError(f"an observation names device {seen.device!r}, which 'hello' did not")
            if seen.time < self.clock[seen.device]:
                raise TargetError(
                    f"time of {seen.device} goes backwards: {seen.event} at {seen.time} after {self.clock[seen.device]}"
                )
            self.clock[seen.device] = seen.time
            if seen.event == "microphone.power":
                self.muted[seen.device] = seen.attributes["on"] is False
            elif seen.event == "setting.wake_word":
                self.chosen[seen.device] = str(seen.attributes["word"])
            elif seen.event in ("call.start", "call.end"):
                (self.talking.add if seen.event == "call.start" else self.talking.discard)(seen.device)
        uploads = self.harness.tap.take() if self.harness.tap is not None else []
        witnessed = [w for upload in uploads for w in self._witness(upload, began)]
        # At one instant the device's own report comes first: it cannot know of the stream later than the wire does.
        merged = first + sorted(
            [*answer.observations, *witnessed], key=lambda o: (o.time, o.origin is Origin.WITNESSED)
        )
        for seen in witnessed:
            self.clock[seen.device] = max(self.clock[seen.device], seen.time)
        self.watch.feed(merged)
        return merged

    def _witness(self, upload: Upload, began: dict[str, int]) -> Iterable[Observation]:
        """Traffic is counted; only what was really heard is voice."""
        self.uploads += 1
        for blob in unwrapped(upload.content):
            place = self.airs[upload.device].locate(blob)
            if place is None:
                continue
            self.voice += 1
            time = Microseconds(max(place[1], began[upload.device]))
            attributes = {
                "stream": 0, "bytes": len(blob), "from": place[0], "to": place[1], "encrypted": upload.encrypted, "voice": True,
            }  # fmt: skip
            yield Observation(time, upload.device, "stream.audio", attributes, Origin.WITNESSED)

    def control(self, device: str, when: str) -> None:
        """A request must be heard, streamed and answered."""
        seen = [o for o in self.carry_out(Say(device, CONTROL)) if o.device == device]
        needed = [
            ("answered", any(o.event == "tts.audio" for o in seen)),
            ("streamed", any(o.event == "stream.audio" and o.attributes["voice"] is True for o in seen)),
        ]
        if self.harness.tap is not None:
            needed.append(
                (
                    "seen on the wire",
                    any(o.event == "stream.audio" and o.origin is Origin.WITNESSED for o in seen),
                )
            )
        missing = [what for what, held in needed if not held]
        if missing and not self.dead:
            self.dead = f"the positive control {when} failed on {device}: the request was not {' and not '.join(missing)}"

    def bring_back(self, devices: list[str]) -> None:
        """Undo what would keep an honest device from answering."""
        for device in devices:
            self.carry_out(Network(device, "up"))
            self.carry_out(Power(device, "restore"))
            if self.muted[device]:
                self.carry_out(Press(device, "microphone"))
            if self.chosen[device] != CLIPS[CONTROL].wake:
                self.carry_out(Choose(device, CLIPS[CONTROL].wake))
            if device in self.talking:
                self.carry_out(Call(device, "end", "device"))
            self.carry_out(Say(device, "quiet"))

    def finish(self, scenario: Scenario, span: tuple[int, int], marks: tuple[int, ...]) -> Run:
        acted_on = frozenset(
            str(o.attributes["text"]).lower() for o in self.watch.trace if o.event == "asr.result"
        )
        stores = search(self.harness.hello.data_paths, self.airs.values(), acted_on, self.calls.values())
        device = next(iter(self.clock))
        now = Microseconds(self.clock[device])
        self.watch.feed(
            Observation(
                now,
                device,
                "record.found",
                {"store": f.store, "category": f.category, "acted_on": f.acted_on},
                Origin.WITNESSED,
            )
            for f in stores.finds
        )
        self.watch.feed(
            Observation(Microseconds(time), name, "end", {}, Origin.WITNESSED)
            for name, time in self.clock.items()
        )
        return Run(
            scenario,
            self.watch,
            stores,
            tuple(self.skipped),
            self.uploads,
            self.voice,
            span,
            marks,
            self.dead,
            tuple(self.told),
        )


def _texts(data: object) -> Iterable[str]:
    """Every text in what was answered, names of fields included."""
    if isinstance(data, str):
        yield data
    elif isinstance(data, dict):
        for key, value in data.items():
            yield from (*_texts(key), *_texts(value))
    elif isinstance(data, list | tuple):
        for value in data:
            yield from _texts(value)
