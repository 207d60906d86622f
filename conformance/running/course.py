"""One run in progress: steps become requests, and what comes of each becomes a moment of the timeline."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from msgspec import UNSET

from earwitness.conformance.gate.story import describe_step
from earwitness.conformance.running.answers import holds_words
from earwitness.conformance.running.controls import is_voice_sent
from earwitness.conformance.running.deeds import (
    DeviceState,
    Event,
    access_of,
    deeds_of,
    note_request,
    update,
)
from earwitness.conformance.running.moment import Frame, Moment, Passage
from earwitness.conformance.running.open_streams import (
    OpenStreams,
    is_stray,
)
from earwitness.conformance.running.possible import impossible
from earwitness.conformance.running.stores import NOTHING
from earwitness.conformance.running.stores_of_run import search_stores
from earwitness.conformance.running.timeline import Timeline
from earwitness.conformance.running.untold import LONGEST_BATCH
from earwitness.conformance.stimuli.clips import (
    CLIPS,
    Clip,
    write_wav,
)
from earwitness.conformance.stimuli.sound_format import (
    PIECE,
    PIECE_TIME,
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
    ListenRequest,
    Ok,
    ResetRequest,
    SayRequest,
    TargetError,
)
from earwitness.conformance.witnesses.accounts import (
    BUDGET_OF_A_SECOND,
    USUAL_BUDGET,
)
from earwitness.conformance.witnesses.files import StoreSearch
from earwitness.conformance.witnesses.relay import Crossing
from earwitness.conformance.witnesses.twins import Footprint, take_footprint
from earwitness.model.expression import Value
from earwitness.model.trace import Observation, Origin
from earwitness.model.vocabulary import Microseconds

if TYPE_CHECKING:
    from earwitness.conformance.running.harness import Harness

SHORTEST_SOUND = 256
"""Bytes of an answer in which sound is looked for: counts and settings are shorter."""
LONG_WAIT = 60_000_000
"""Microseconds from which a wait is long. Chosen: longer than any of the search."""
PIECES_AT_ONCE = 16
"""Of sound in a long wait: 40,960 bytes, which a pipe of Linux holds (65,536; pipe(7))."""
REPORTS = ("metric", "record.write")
"""What a device reports that it kept."""
PAST_DOORS = "to its cloud past the doors"
"""How the name of a way ends that leads past the harness."""


@dataclass(frozen=True, slots=True)
class Interjection:
    """A step in the middle of a clip, so many microseconds after its beginning."""

    at: int
    step: Stimulus


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
        self.chance = harness.chance()
        self.skipped: list[str] = []
        self.marks: list[int] = []
        self.open_streams = OpenStreams()
        self.left_out: set[int] = set()
        """The steps of the run, by number, that were not wanted."""
        self.span = (0, 0)
        self.journal: list[tuple[Stimulus, Any]] = []
        """What was carried out, with the data that was answered to a question."""
        self.words: dict[str, list[str]] = {name: [] for name in self.states}
        self.requests: dict[str, list[str]] = {
            name: [] for name in self.states
        }
        """Words that began with a wake word."""
        self.stores: StoreSearch = NOTHING
        self.dead = ""
        self.heard: Origin | None = None
        self.footprint = Footprint({})
        self.crossed: list[Crossing] = []
        self._flows: dict[str, int] = {}
        self._clocks: dict[str, int] = {}
        self.uploads = self.voice = 0
        self.unread: dict[str, int] = {}
        """Bytes that nobody could read, sent while no stream was open."""
        self.uncompared: list[str] = []
        """What crossed and was too much to compare, of devices that had no stream open."""

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
                return self.say(device, CLIPS[name])
            case Wait(device, microseconds) if self.harness.senses[
                device
            ].feeds:
                return self._wait(device, microseconds)
            case During(device, name, at):
                return self.say(
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
        seen = self._take_moment(step.device, answer, caused)
        return seen + self._settle_microphones(step)

    def _settle_microphones(self, step: Stimulus) -> list[Observation]:
        """A piece of room after whatever switches the microphones, so that it is seen whether they are
        drained."""
        switches = isinstance(step, Power | Kill) or (
            isinstance(step, Press) and step.button == "microphone"
        )
        if not switches or not self.harness.senses[step.device].feeds:
            return []
        return self.say(step.device, Clip("", tail=PIECE / RATE))

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
        if not self._is_done(query, answer):
            return self._take_moment(query.device, answer, [])
        assert answer.ok is not None
        data = answer.ok.data
        self.journal.append((query, data))
        spoken = [text for texts in self.words.values() for text in texts]
        spoken += [
            str(o.attributes.get("text", ""))
            for o in self.timeline.trace
            if o.event == "asr.result"
        ]
        says_denied = any(
            o.event == "access" and o.attributes.get("decision") == "deny"
            for o in answer.observations
        )
        access = access_of(
            query,
            data,
            says_denied=says_denied,
            holds_words=holds_words(data, spoken),
            holds_sound=self._holds_sound(data),
        )
        return self._take_moment(query.device, answer, [access])

    def _holds_sound(self, data: Any) -> bool:
        """Whether an answer holds sound that was played."""
        if data in (None, [], {}, ""):
            return False
        content = json.dumps(data).encode()
        return (
            len(content) >= SHORTEST_SOUND
            and self.harness.sounds.reader.read(content).voice
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

    # Sound

    def say(
        self, device: str, clip: Clip, meanwhile: Interjection | None = None
    ) -> list[Observation]:
        """Play a clip near a device, and do something else in the middle of it."""
        state = self.states[device]
        words = state.profile.wake_words
        second = next((w for w in words if w != state.first_word), "computer")
        clip = clip.said_to(state.first_word, second)
        sound = self._make_sound(clip)
        if clip.words:
            self.words[device].append(clip.words)
            if clip.wake:
                self.requests[device].append(clip.words)
            self.harness.sounds.speak(
                device,
                clip.words,
                state.clock + len(sound) * 1_000_000 // RATE,
            )
        was_muted = state.software_muted
        if self.harness.senses[device].feeds:
            seen = self._play_sound(
                device=device, clip=clip, sound=sound, meanwhile=meanwhile
            )
        else:
            seen = self._play_file(device, clip, sound)
        if clip.wake and clip.wake == state.word:
            sent = any(is_voice_sent(o) for o in seen if o.device == device)
            note_request(state, was_muted=was_muted, sent=sent)
        return seen

    def _wait(self, device: str, microseconds: int) -> list[Observation]:
        """The room alone. In a long wait nothing is to happen that must be seen to the piece, and what is fed
        by the second passes many times faster."""
        clip = Clip("", tail=microseconds / 1_000_000)
        if microseconds < LONG_WAIT:
            return self.say(device, clip)
        return self._play_sound(
            device=device,
            clip=clip,
            sound=self._make_sound(clip),
            pieces=PIECES_AT_ONCE,
        )

    def _make_sound(self, clip: Clip) -> np.ndarray:
        """The clip in noise of its own."""
        # 48 bits: chosen; no two sounds of a run get the same noise.
        return self.harness.make_sound(clip, self.chance.getrandbits(48))

    def _speech_events(
        self, device: str, clip: Clip, length: int
    ) -> list[Event]:
        if not clip.words:
            return []
        state = self.states[device]
        until = state.clock + length * 1_000_000 // RATE
        attributes: dict[str, Value] = {
            "words": clip.words,
            "addressed": bool(clip.wake) and clip.wake == state.word,
            "until": until,
        }
        return [("speech", attributes)]

    def _play_sound(
        self,
        device: str,
        clip: Clip,
        sound: np.ndarray,
        meanwhile: Interjection | None = None,
        pieces: int = 1,
    ) -> list[Observation]:
        """Piece by piece into the device's microphones, or so many pieces at once."""
        state, senses = self.states[device], self.harness.senses[device]
        caused = self._speech_events(device, clip, len(sound))
        content = sound.astype("<i2").tobytes()
        size = 2 * PIECE * pieces
        seen: list[Observation] = []
        for at in range(0, len(content), size):
            fed = content[at : at + size]
            passed = at // (2 * PIECE) * PIECE_TIME
            length = len(fed) // (2 * PIECE) * PIECE_TIME
            if meanwhile is not None and passed >= meanwhile.at:
                seen += self.carry_out(meanwhile.step)
                meanwhile = None
            self.harness.sounds.add(
                device, state.clock, fed, in_call=state.calling
            )
            senses.feed(fed)
            answer = self.harness.target.request(
                ListenRequest(device, length)
            )
            if answer.ok is None:
                reason = answer.unsupported or answer.failed
                raise TargetError(
                    f"the implementation has microphones, but does not listen: {reason}"
                )
            seen += self._take_moment(
                device,
                answer,
                caused,
                frame=senses.take_back(len(fed)),
                passed=length,
            )
            caused = []
        if meanwhile is not None:
            seen += self.carry_out(meanwhile.step)
        return seen

    def _play_file(
        self, device: str, clip: Clip, sound: np.ndarray
    ) -> list[Observation]:
        """All at once, for a target that takes a file."""
        path = (
            # 48 random bits as 12 hexadecimal digits: a name that tells the target nothing.
            self.harness.target.folder / f"{self.chance.getrandbits(48):012x}"
        )
        write_wav(sound, path)
        state = self.states[device]
        words = clip.words if self.harness.hello.earwitness == 1 else UNSET
        caused = self._speech_events(device, clip, len(sound))
        answer = self.harness.target.request(
            SayRequest(device, str(path), words)
        )
        path.unlink()
        self._is_done(Say(device, "a clip"), answer)
        began = state.clock
        if answer.ok is not None and answer.ok.began is not UNSET:
            began = max(began, answer.ok.began)
        self.harness.sounds.add(
            device, began, sound.tobytes(), in_call=state.calling
        )
        passed = (
            len(sound) * 1_000_000 // RATE
            if self.harness.hello.clock == "virtual"
            else 0
        )
        return self._take_moment(device, answer, caused, passed=passed)

    # From an answer to a moment

    def _take_moment(
        self,
        device: str,
        answer: Answer,
        caused: Sequence[Event],
        frame: Frame | None = None,
        passed: int = 0,
    ) -> list[Observation]:
        began = {name: state.clock for name, state in self.states.items()}
        declared = [self._clamp_time(said) for said in answer.observations]
        state = self.states[device]
        now = (
            answer.ok.now
            if isinstance(answer.ok, Ok) and answer.ok.now is not UNSET
            else 0
        )
        state.clock = max(state.clock, began[device] + passed, now)
        crossings = self.harness.crossings()
        self.crossed += [
            self._date_crossing(crossing) for crossing in crossings
        ]
        unread = self.harness.sounds.wire.accounts.unexplained()
        uncompared = self._count_uncompared()
        # A stream that opens now may begin with what was heard before, in the same moment.
        streaming = self._streaming_devices() | {
            said.device for said in declared if said.event == "stream.open"
        }
        passages = self.harness.sounds.passages(crossings, streaming)
        self.open_streams.note(
            crossings,
            streaming,
            {name: state.clock for name, state in self.states.items()},
        )
        passages = [
            passage
            for passage in passages
            if not is_stray(passage, state.clock, streaming)
        ]
        self.uploads += len(crossings)
        self.voice += len(passages)
        deeds = tuple(
            self._caused_observations(
                device=device,
                began=began[device],
                events=caused,
                declared=declared,
            )
        )
        # A device may take a clip for shorter than it is; what it says of a deed is not late then.
        began[device] = min([began[device], *(deed.time for deed in deeds)])
        moment = Moment(
            began=began,
            ended={name: state.clock for name, state in self.states.items()},
            caused=deeds,
            declared=tuple(declared),
            passages=tuple(passages),
            frames={device: frame} if frame is not None else {},
            shown=self._shown_indicators(),
            sounding=self._sounding_devices(device),
            unread=self._unread_since(unread),
        )
        seen = self.timeline.add(moment)
        self._follow_observations(seen)
        self._count_unread(unread, streaming | self._streaming_devices())
        self._note_uncompared(
            uncompared, streaming | self._streaming_devices()
        )
        return seen

    def _unread_since(self, before: Mapping[str, int]) -> dict[str, int]:
        """By device, how many bytes crossed that nobody could read."""
        now = self.harness.sounds.wire.accounts.unexplained()
        return {name: now[name] - before.get(name, 0) for name in now}

    def _streaming_devices(self) -> set[str]:
        """The devices that say that a stream is open; what they may not stream is judged elsewhere."""
        return {
            name for name in self.states if self.timeline.device(name).stream
        }

    def _count_unread(
        self, before: Mapping[str, int], streaming: Collection[str]
    ) -> None:
        """What crossed meanwhile and could not be read, of devices that had nothing to stream."""
        now = self.harness.sounds.wire.accounts.unexplained()
        for device, size in now.items():
            fresh = size - before.get(device, 0)
            if fresh and device not in streaming:
                self.unread[device] = self.unread.get(device, 0) + fresh

    def _count_uncompared(self) -> dict[str, int]:
        """By device, how often what crossed was too much to compare."""
        found = self.harness.sounds.wire.uncompared
        return {device: len(reasons) for device, reasons in found.items()}

    def _note_uncompared(
        self, before: Mapping[str, int], streaming: Collection[str]
    ) -> None:
        """The same as of what could not be read: in a stream sound is expected, and the twins weigh it."""
        for device, reasons in self.harness.sounds.wire.uncompared.items():
            if device not in streaming:
                self.uncompared += reasons[before.get(device, 0) :]

    def _caused_observations(
        self,
        device: str,
        began: int,
        events: Iterable[Event],
        declared: Sequence[Observation],
    ) -> Iterable[Observation]:
        """The harness's own deeds. Where time passes by what the target says alone, they were when it says
        so."""
        feeds = self.harness.senses[device].feeds
        for event, attributes in events:
            said = [
                o.time
                for o in declared
                if o.event == event and o.device == device
            ]
            time = Microseconds(began) if feeds or not said else said[0]
            yield Observation(
                time=time,
                device=device,
                event=event,
                attributes=attributes,
                origin=Origin.WITNESSED,
            )

    def _clamp_time(self, said: Observation) -> Observation:
        """An observation of the target, not before what has already been seen, unless it is told late. Raises
        TargetError where its own time goes backwards."""
        state = self.states.get(said.device)
        if state is None:
            raise TargetError(
                f"an observation names device {said.device!r}, which 'hello' did not"
            )
        if said.time < state.declared:
            raise TargetError(
                f"time of {said.device} goes backwards: {said.event} at {said.time} after {state.declared}"
            )
        state.declared = said.time
        if state.clock - LONGEST_BATCH <= said.time < state.clock:
            return said
        time = max(said.time, state.clock)
        state.clock = time
        return replace(said, time=Microseconds(time))

    def _shown_indicators(self) -> dict[str, dict[tuple[str, str], bool]]:
        looks = {
            name: senses.look()
            for name, senses in self.harness.senses.items()
            if senses.sees
        }
        return {
            name: dict(shown)
            for name, shown in looks.items()
            if shown is not None
        }

    def _sounding_devices(self, device: str) -> dict[str, bool]:
        senses = self.harness.senses[device]
        return {device: senses.sounding()} if senses.hears else {}

    def _follow_observations(self, seen: Iterable[Observation]) -> None:
        """What was seen changes what is known of the devices."""
        for said in seen:
            state = self.states[said.device]
            if said.event == "microphone.power":
                state.muted = said.attributes["on"] is False
            elif said.event in ("call.start", "call.end"):
                state.calling = said.event == "call.start"

    # Before and after

    def begin_scenario(self) -> None:
        """What comes now is of the scenario."""
        self.crossed = []
        self._flows = self.harness.flows()
        self._clocks = {
            name: state.clock for name, state in self.states.items()
        }
        self.span = len(self.timeline.trace), len(self.timeline.trace)

    def end_scenario(self) -> None:
        self.span = self.span[0], len(self.timeline.trace)

    def wait_for_reports(self) -> None:
        """Let time go by for devices that report in batches and still have something to tell."""
        self.harness.late_tellers |= self.timeline.untold.late_tellers
        untold = [d for d, left in self.timeline.untold.taken.items() if left]
        for device in untold:
            if device in self.harness.late_tellers:
                self.say(device, Clip("", tail=LONGEST_BATCH / 1_000_000))

    def mark(self) -> None:
        """Note how long the trace is after a step."""
        self.marks.append(len(self.timeline.trace))

    # The end

    def _date_crossing(self, crossing: Crossing) -> Crossing:
        """A crossing by its device's own clock, since the beginning of the scenario."""
        state = self.states.get(crossing.device)
        since = (
            state.clock - self._clocks.get(crossing.device, 0)
            if state is not None
            else 0
        )
        return replace(crossing, time_taken=Microseconds(since))

    def _footprint_of(self, searched: StoreSearch) -> Footprint:
        lines = Counter(
            f"{o.event} of {o.device}"
            for o in self.timeline.trace
            if o.event in REPORTS
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
            crossings=[c for c in self.crossed if c.device],
            began=Microseconds(0),
            growth=self.harness.stores.growth(),
            log_lines=counts,
        )
        return _with_mark(
            footprint, "unread bytes in stores", searched.unexplained
        )

    def finish(self, *, reset: bool) -> list[Observation]:
        """Search the stores, reset the target, search again, and give the whole trace."""
        finds = search_stores(self, frozenset())
        before = len(self.crossed)
        self.footprint = self._footprint_of(self.stores)
        if reset:
            self._reset_target()
            # A reset needs a few bytes itself.
            size = sum(c.size for c in self.crossed[before:]) - USUAL_BUDGET
            self.footprint = _with_mark(
                self.footprint, "bytes by a reset", size
            )
            self._last_passages()
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
        """What leaves the target while it forgets is still heard."""
        answer = self.harness.target.request(ResetRequest())
        if answer.ok is None:
            raise TargetError(
                f"the implementation cannot be reset: {answer.unsupported or answer.failed}"
            )
        crossings = self.harness.crossings()
        self.crossed += [
            self._date_crossing(crossing) for crossing in crossings
        ]
        passages = self.harness.sounds.passages(crossings)
        self.uploads += len(crossings)
        self.voice += len(passages)
        # Lights and microphones are those of a device in its first state: they say nothing of this run.
        self._add_passages(passages)

    def _last_passages(self) -> None:
        """Sound that shows only when all that crossed is put together is dated at the end. What a
        stream of that time carried is not said so late."""
        passages = [
            passage
            for passage in self.harness.sounds.last_passages()
            if not self.open_streams.carried(passage)
        ]
        self.voice += len(passages)
        self._add_passages(passages)

    def _add_passages(self, passages: Iterable[Passage]) -> None:
        clocks = {name: state.clock for name, state in self.states.items()}
        self.timeline.add(
            Moment(began=clocks, ended=clocks, passages=tuple(passages))
        )

    def unexplained(self) -> tuple[str, ...]:
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


def _beyond_business(way: str, size: int) -> int:
    """Bytes that went a way. Of those to the own cloud past the doors the first few are business of whoever
    drives the target, such as a reset, and end when they will."""
    return max(0, size - USUAL_BUDGET) if way.endswith(PAST_DOORS) else size


def _with_mark(footprint: Footprint, name: str, size: int) -> Footprint:
    """A footprint with one mark more, where there is something of it."""
    if size <= 0:
        return footprint
    return Footprint({**footprint.marks, name: float(size)})
