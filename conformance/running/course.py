"""One run in progress: each step becomes a request, and what comes of it a moment of the timeline."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from earwitness.conformance.gate.story import describe_step
from earwitness.conformance.running.answers import holds_words, texts_in
from earwitness.conformance.running.deeds import (
    DeviceState,
    access_of,
    deeds_of,
    update,
)
from earwitness.conformance.running.moment_taker import MomentTaker
from earwitness.conformance.running.possible import impossible
from earwitness.conformance.running.run_traffic import (
    RunTraffic,
    mark_reset,
)
from earwitness.conformance.running.sound_player import (
    Interjection,
    SoundPlayer,
)
from earwitness.conformance.running.stores import NOTHING
from earwitness.conformance.running.stores_of_run import search_stores
from earwitness.conformance.running.timeline import Timeline
from earwitness.conformance.running.untold import LONGEST_BATCH
from earwitness.conformance.stimuli.clips import (
    CLIPS,
    Clip,
)
from earwitness.conformance.stimuli.sound_format import (
    PIECE,
    RATE,
)
from earwitness.conformance.stimuli.stimulus import (
    During,
    HangUp,
    Kill,
    Power,
    Press,
    Query,
    Say,
    Stimulus,
    Wait,
    interjection,
    to_json,
)
from earwitness.conformance.targets.lines import decode_request
from earwitness.conformance.targets.protocol import (
    Answer,
    ResetRequest,
    TargetError,
)
from earwitness.conformance.witnesses.files import StoreSearch
from earwitness.conformance.witnesses.spoken_words import WordsKind
from earwitness.conformance.witnesses.twins import Footprint
from earwitness.model.trace import Observation, Origin
from earwitness.model.vocabulary import Microseconds

if TYPE_CHECKING:
    from earwitness.conformance.running.harness import Harness


class Course:
    """What has happened in a run so far. Every method that asks the target something raises TargetError."""

    def __init__(self, harness: Harness) -> None:
        self.harness = harness
        self.states = {
            name: DeviceState(harness.profile(name))
            for name in harness.hello.devices
        }
        self.timeline = Timeline(
            watched=harness.watched, words_sent=harness.hello.earwitness == 1
        )
        self.traffic = RunTraffic(harness, self.states)
        self.moments = MomentTaker(
            harness=harness,
            states=self.states,
            timeline=self.timeline,
            traffic=self.traffic,
        )
        self.player = SoundPlayer(
            harness=harness,
            moments=self.moments,
            carry_out=self.carry_out,
            is_done=self._is_done,
        )
        self.skipped: list[str] = []
        self.marks: list[int] = []
        self.left_out: set[int] = set()
        """The steps of the run, by number, that were not wanted."""
        self.span = (0, 0)
        self.journal: list[tuple[Stimulus, Any]] = []
        """What was carried out, with the data that was answered to a question."""
        self.stores: StoreSearch = NOTHING
        self.dead = ""
        self.heard: Origin | None = None
        self.footprint = Footprint({})

    # Steps

    def carry_out(self, step: Stimulus) -> list[Observation]:
        """One step; returns what was observed of it. What a target cannot do, or a device not now, is not
        asked of it."""
        reason = impossible(step, self.harness.hello) or self._why_untimely(
            step
        )
        if reason:
            self.skipped.append(f"{describe_step(to_json(step))}: {reason}")
            return []
        match step:
            case Say(device, name):
                return self.player.say(device, CLIPS[name])
            case Wait(device, microseconds) if self.harness.senses[
                device
            ].feeds:
                return self.player.wait(device, microseconds)
            case During(device, name, at):
                return self.player.say(
                    device, CLIPS[name], Interjection(at, interjection(step))
                )
            case Query():
                return self._make_query(step)
            case HangUp():
                return self._hang_up(step)
        state = self.states[step.device]
        answer = self.harness.target.request(decode_request(to_json(step)))
        done = self._is_done(step, answer)
        caused = list(deeds_of(step, state)) if done else []
        if done:
            update(state, step)
            self.journal.append((step, None))
        seen = self.moments.take_moment(step.device, answer, caused)
        return seen + self._settle_microphones(step)

    def _settle_microphones(self, step: Stimulus) -> list[Observation]:
        """A piece of room after whatever switches the microphones, so that it is seen whether they are
        drained."""
        switches = isinstance(step, Power | Kill) or (
            isinstance(step, Press) and step.button == "microphone"
        )
        if not switches or not self.harness.senses[step.device].feeds:
            return []
        return self.player.say(step.device, Clip("", tail=PIECE / RATE))

    def _why_untimely(self, step: Stimulus) -> str:
        """Why a step means nothing to a device in its present state."""
        state = self.states[step.device]
        if isinstance(step, Kill) and not state.powered:
            return "what has no power cannot be killed"
        settles = to_json(step)["do"] in ("set", "choose")
        if settles and not state.reachable:
            return "what its organisation decides cannot come to a device without power or network"
        return ""

    def _is_done(self, step: Stimulus, answer: Answer) -> bool:
        if answer.ok is not None:
            return True
        if not answer.definite:
            raise TargetError(
                f"the implementation left open what came of {describe_step(to_json(step))}: {answer.failed}"
            )
        self.skipped.append(
            f"{describe_step(to_json(step))}: {answer.unsupported or answer.failed}"
        )
        return False

    def _make_query(self, query: Query) -> list[Observation]:
        answer = self.harness.target.request(decode_request(to_json(query)))
        done = self._is_done(query, answer)
        # Who refuses may still tell, in the reason that he gives.
        data = (
            answer.ok.data
            if answer.ok is not None
            else [answer.unsupported, answer.failed]
        )
        tells_words, tells_sound = self._read_answer(data)
        if not (done or tells_words or tells_sound):
            return self.moments.take_moment(query.device, answer, [])
        if done:
            self.journal.append((query, data))
        says_denied = any(
            o.event == "access" and o.attributes.get("decision") == "deny"
            for o in answer.observations
        )
        access = access_of(
            query,
            data,
            says_denied=says_denied,
            holds_words=tells_words,
            holds_sound=tells_sound,
        )
        return self.moments.take_moment(query.device, answer, [access])

    def _read_answer(self, data: Any) -> tuple[bool, bool]:
        """Whether an answer holds words of the test, however they are written, and whether it holds sound
        that was played."""
        if data in (None, [], {}, ""):
            return False, False
        acted_on = [
            str(o.attributes.get("text", ""))
            for o in self.timeline.trace
            if o.event == "asr.result"
        ]
        spoken = [
            text for texts in self.player.words.values() for text in texts
        ]
        memory = self.harness.sounds
        for text in acted_on:
            memory.words.add(text)
        # As it came, and each text without the marks around it, which would spoil some ways of writing.
        plain = "\n".join(texts_in(data))
        readings = [
            memory.reader.read(content.encode("utf-8", "replace"))
            for content in (json.dumps(data), plain)
        ]
        is_same = any(
            found.words.kind is WordsKind.SAME
            for reading in readings
            for found in reading.words
        )
        return (
            is_same or holds_words(data, [*spoken, *acted_on]),
            any(reading.voice for reading in readings),
        )

    def _hang_up(self, step: HangUp) -> list[Observation]:
        """The harness is the other side. What the device makes of it shows in what it does next."""
        if self.harness.relay is None:
            self.skipped.append(
                f"{describe_step(to_json(step))}: it has no connection of ours"
            )
            return []
        self.harness.relay.hang_up(step.device)
        self.journal.append((step, None))
        return []

    # Before and after

    def begin_scenario(self) -> None:
        """What comes now is of the scenario."""
        self.traffic.begin_scenario()
        self.span = len(self.timeline.trace), len(self.timeline.trace)

    def end_scenario(self) -> None:
        self.span = self.span[0], len(self.timeline.trace)

    def wait_for_reports(self) -> None:
        """Let time go by for devices that report in batches and still have something to tell."""
        self.harness.late_tellers |= self.timeline.untold.late_tellers
        untold = [d for d, left in self.timeline.untold.taken.items() if left]
        for device in untold:
            if device in self.harness.late_tellers:
                self.player.say(
                    device, Clip("", tail=LONGEST_BATCH / 1_000_000)
                )

    def mark(self) -> None:
        """Note how long the trace is after a step."""
        self.marks.append(len(self.timeline.trace))

    # The end

    def finish(self, *, reset: bool) -> list[Observation]:
        """Search the stores, reset the target, search again, and give the whole trace."""
        finds = search_stores(self, frozenset())
        self.footprint = self.traffic.take_footprint(
            self.timeline.trace, self.stores.unexplained
        )
        if reset:
            before = self.traffic.bytes_crossed()
            self._reset_target()
            size = self.traffic.bytes_crossed() - before
            self.footprint = mark_reset(self.footprint, size)
            self.moments.take_last_passages()
            finds += search_stores(self, frozenset({"transcript"}))
        ends = [
            Observation(
                time=Microseconds(state.clock),
                device=name,
                event="end",
                attributes={},
                origin=Origin.WITNESSED,
            )
            for name, state in self.states.items()
        ]
        return self.timeline.finish([*finds, *ends])

    def _reset_target(self) -> None:
        answer = self.harness.target.request(ResetRequest())
        if answer.ok is None:
            raise TargetError(
                f"the implementation cannot be reset: {answer.unsupported or answer.failed}"
            )
        self.moments.take_reset()
