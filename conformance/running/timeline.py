"""From moments to the trace that is judged.

What the harness causes is taken from the harness alone; what it saw takes the place of what was declared of
the same thing; what was declared and agrees with what was seen counts as witnessed; everything else stays the
word of whoever said it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from earwitness.conformance.running.answers import plain_letters
from earwitness.conformance.running.declared_and_seen import (
    HARNESS_ONLY,
    WORDS_SHARED,
    KnownDevice,
    admit_sound,
    complete_deed,
    do_overlap,
    indicator_of,
    make_crossed_audio,
    make_witnessed,
    note_change,
    share_of_words,
    take_match,
)
from earwitness.conformance.running.instants import arrange
from earwitness.conformance.running.later_evidence import LaterEvidence
from earwitness.conformance.running.moment import (
    Finding,
    Frame,
    Indicator,
    Moment,
)
from earwitness.conformance.running.seen_front import SeenFront
from earwitness.conformance.running.untold import (
    CAPTURED,
    Untold,
    insert_late,
)
from earwitness.conformance.stimuli.sound_format import PIECE_TIME
from earwitness.model.expression import Value
from earwitness.model.trace import Observation, Origin

GROUND_TRUTH = frozenset(
    {"speech", "mute.untested", "record.found", "tick", "end"}
)
"""Events that only the harness can know; from a target they are not listened to."""
WAKE_SLACK = 1_000_000
"""Microseconds after the end of what was said within which a device may say that it heard its word."""


@dataclass
class Timeline:
    """Feed it moments in order; `finish` gives the trace. `watched` says whether every way to the cloud is
    carried by the harness, `words_sent` whether the target was told the words that were spoken (then to know
    them shows nothing)."""

    watched: bool = False
    words_sent: bool = False
    findings: list[Finding] = field(default_factory=list)
    trace: list[Observation] = field(default_factory=list)
    _devices: dict[str, KnownDevice] = field(default_factory=dict)
    _later: LaterEvidence = field(init=False)
    _unclaimed: Counter[str] = field(default_factory=Counter)
    """By device, bytes of sound that was seen to cross and of which its server did not speak yet."""
    untold: Untold = field(default_factory=Untold)
    """Sound of which its device said nothing yet."""
    _deeds: list[Observation] = field(default_factory=list)
    """The harness's own of which the device may still speak."""

    def __post_init__(self) -> None:
        self._later = LaterEvidence(self.watched)

    def add(self, moment: Moment) -> list[Observation]:
        """Take one moment; returns what it adds to the trace, as far as that can be said now."""
        for deed in moment.caused:
            if deed.event == "speech":
                self.device(deed.device).spoken.append(deed)
        late = self._told_late(moment)
        kept = [
            *(complete_deed(deed, moment.declared) for deed in moment.caused),
            *self._declared_observations(moment),
        ]
        self._deeds += moment.caused
        kept = self.untold.match_reports(kept, moment.frames, self.trace)
        captured = list(self._captured_audio(moment, kept))
        seen = arrange([*kept, *captured])
        seen = self._with_passages(moment, seen)
        seen = SeenFront(self.device, self.findings).merge(moment, seen)
        self._remember_moment(moment, seen)
        self.trace += seen
        return [*late, *seen]

    def _told_late(self, moment: Moment) -> list[Observation]:
        """What is told of the time before this moment is put where it belongs. Of a front that is watched
        nothing needs to be told but what went by between two looks."""
        result = []
        told = list(self._declared_observations(moment, late=True))
        unseen = list(self._pulses_among(told))
        for said in told:
            shown = moment.shown.get(said.device, {})
            if indicator_of(said) in shown and said not in unseen:
                continue
            if said.event == CAPTURED and self.untold.tell(said, self.trace):
                continue
            if said in unseen:
                # As of those that are told at once: nothing depends on them.
                said = replace(said, origin=Origin.WITNESSED)
            insert_late(self.trace, said)
            note_change(self.device(said.device), said)
            result.append(said)
        return result

    def _pulses_among(
        self, told: Sequence[Observation]
    ) -> Iterator[Observation]:
        """Both ends of what came and went between two looks at the front, while no sound crossed."""
        latest: dict[tuple[str, Indicator], Observation] = {}
        for said in told:
            indicator = indicator_of(said)
            if indicator is None:
                continue
            before = latest.get((said.device, indicator))
            latest[said.device, indicator] = said
            if (
                before is not None
                and before.attributes["on"] is not said.attributes["on"]
                and said.time - before.time < PIECE_TIME
                and not self._crossed_about(said.device, before.time)
            ):
                yield before
                yield said

    def _crossed_about(self, device: str, time: int) -> bool:
        return any(
            seen.event == "stream.audio"
            and seen.device == device
            and abs(seen.time - time) <= PIECE_TIME
            for seen in reversed(self.trace)
        )

    def device(self, name: str) -> KnownDevice:
        return self._devices.setdefault(name, KnownDevice())

    # What was declared of the harness's own deeds

    def _declared_observations(
        self, moment: Moment, *, late: bool = False
    ) -> Iterator[Observation]:
        """What was declared of this moment, or, told late, of the time before it."""
        caused = self._deeds if late else list(moment.caused)
        for said in moment.declared:
            if (said.time < moment.began[said.device]) is not late:
                continue
            if said.event in GROUND_TRUTH or take_match(caused, said):
                continue
            if said.event == "wake_word":
                yield self._wake_word(said)
            elif said.event == "asr.result":
                yield self._recognise_words(said)
            elif said.event not in HARNESS_ONLY:
                yield said
            elif said.event == "call.start" and any(
                deed.event == "call.start" for deed in moment.caused
            ):
                # The other end of the call that the test began.
                yield replace(said, origin=Origin.WITNESSED)
            elif not self._restates_known(said):
                text = f"'{said.event}' was reported, and no step of the test brought it about"
                self.findings.append(
                    Finding("invented", text, said.device, blocking=True)
                )

    def _restates_known(self, said: Observation) -> bool:
        """Whether it says again what is the case anyway."""
        known = self.device(said.device).settings
        return bool(said.attributes) and all(
            known.get(f"{said.event}.{name}", value) == value
            for name, value in said.attributes.items()
            if name != "kind"
        )

    def _wake_word(self, said: Observation) -> Observation:
        """Witnessed where it lies within words that hold it."""
        for speech in reversed(self.device(said.device).spoken):
            until = int(speech.attributes["until"])
            if (
                speech.time <= said.time <= until + WAKE_SLACK
                and speech.attributes["addressed"] is True
            ):
                return replace(said, origin=Origin.WITNESSED)
        return said

    def _recognise_words(self, said: Observation) -> Observation:
        """Who knows words that it was not told has heard them."""
        if self.words_sent:
            return said
        text = plain_letters(str(said.attributes.get("text", "")))
        spoken = [
            plain_letters(str(s.attributes["words"]))
            for s in self.device(said.device).spoken
        ]
        heard = any(
            text
            and (text in words or share_of_words(text, words) >= WORDS_SHARED)
            for words in spoken
        )
        return replace(said, origin=Origin.WITNESSED) if heard else said

    # Microphones

    def _captured_audio(
        self, moment: Moment, kept: list[Observation]
    ) -> Iterator[Observation]:
        for name, frame in moment.frames.items():
            yield from self._observe_frame(
                name=name, moment=moment, frame=frame, kept=kept
            )

    def _observe_frame(
        self, name: str, moment: Moment, frame: Frame, kept: list[Observation]
    ) -> Iterator[Observation]:
        """What a frame shows of the microphones, and what was declared of it."""
        declared = [
            i
            for i, o in enumerate(kept)
            if o.device == name and o.event == "audio.captured"
        ]
        switched = any(
            o.device == name and o.event == "microphone.power" for o in kept
        )
        device = self.device(name)
        silent = (
            device.powered
            and device.microphone is not True
            and not device.says_off
        )
        if frame.taken and silent and not switched:
            yield self._observe_microphone(name, moment.began[name], True)
        if not frame.taken and device.microphone is True and not switched:
            yield self._observe_microphone(name, moment.began[name], False)
        if not frame.taken:
            return
        for i in declared:
            kept[i] = replace(kept[i], origin=Origin.WITNESSED)
        if not declared:
            attributes: dict[str, Value] = {"bytes": frame.taken}
            taken = make_witnessed(
                time=moment.ended[name],
                device=name,
                event="audio.captured",
                attributes=attributes,
            )
            self.untold.add(taken)
            yield taken

    def _observe_microphone(
        self, name: str, time: int, on: bool
    ) -> Observation:
        return make_witnessed(
            time=time,
            device=name,
            event="microphone.power",
            attributes={"on": on},
        )

    # What crossed

    def _with_passages(
        self, moment: Moment, seen: list[Observation]
    ) -> list[Observation]:
        """Sound that was seen to cross takes the place of what was declared of it. Bytes that crossed and
        that nobody could read are the sound that their device says they are: short sound that was changed, by
        a filter or a codec, cannot be told from noise, and nobody admits more than is so."""
        left = list(moment.passages)
        result: list[Observation] = []
        alone: list[Observation] = []
        for said in seen:
            if (
                said.event != "stream.audio"
                or said.attributes.get("voice") is not True
            ):
                result.append(said)
                continue
            own = [
                p
                for p in left
                if p.device == said.device and do_overlap(p, said)
            ]
            left = [p for p in left if p not in own]
            stream = said.attributes.get("stream")
            result += [make_crossed_audio(p, said.time, stream) for p in own]
            alone += [] if own else [said]
        for passage in left:
            self._unclaimed[passage.device] += passage.size
            time = moment.ended[passage.device]
            result.append(
                make_crossed_audio(
                    passage, time, self._stream_at(passage.device, seen)
                )
            )
        result += [
            admit_sound(said, moment)
            for said in alone
            if not self._claim_bytes(said)
        ]
        return arrange(result)

    def _claim_bytes(self, said: Observation) -> bool:
        """Whether a server that the driver plays speaks of sound that was seen to cross before: the harness
        knows when that was heard, and the server only when it came."""
        size = said.attributes.get("bytes")
        if said.origin is not Origin.STAND_IN or not isinstance(size, int):
            return False
        if self._unclaimed[said.device] < size:
            return False
        self._unclaimed[said.device] -= size
        return True

    def _stream_at(self, device: str, seen: Sequence[Observation]) -> int:
        """The stream that the device says is open, and where none is, the one that was closed last: what is
        sent then is not of another that might still be open."""
        stream = self.device(device).stream or self.device(device).closed
        for said in seen:
            if said.device == device and said.event == "stream.open":
                stream = int(said.attributes["stream"])
        return stream

    # Memory

    def _remember_moment(
        self, moment: Moment, seen: Sequence[Observation]
    ) -> None:
        for name, shown in moment.shown.items():
            self.device(name).shown.update(shown)
        self._later.note(moment)
        for said in seen:
            note_change(self.device(said.device), said)

    def finish(self, finds: Iterable[Observation] = ()) -> list[Observation]:
        """The whole trace. `finds` are what was found in stores: a declared record of the same kind is then
        witnessed."""
        self.untold.tell_of_last(self.trace)
        self.trace += list(finds)
        return self._later.settle(self.trace)
