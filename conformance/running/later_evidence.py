"""What was declared of one moment and is borne out by what was seen at another: known only at the end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from earwitness.conformance.running.declared_and_seen import (
    do_overlap,
    kind_of_record,
)
from earwitness.conformance.running.moment import Frame, Moment, Passage
from earwitness.conformance.stimuli.sound_format import PIECE_TIME
from earwitness.model.expression import Value
from earwitness.model.trace import Observation, Origin

ANSWER_SLACK = 400_000
"""Microseconds between the report that something is played and the first of it: the loudspeaker is five
pieces of 80 ms behind at most."""


@dataclass
class LaterEvidence:
    """What was seen in a run, for the end. `watched` says whether every way to the cloud is carried by the
    harness."""

    watched: bool = False
    _frames: list[tuple[str, int, Frame]] = field(default_factory=list)
    _sounds: list[tuple[str, int, bool]] = field(default_factory=list)
    _passages: list[Passage] = field(default_factory=list)

    def note(self, moment: Moment) -> None:
        """Remember what this moment shows."""
        for name, frame in moment.frames.items():
            self._frames.append((name, moment.began[name], frame))
        for name, sounding in moment.sounding.items():
            self._sounds.append((name, moment.ended[name], sounding))
        self._passages += moment.passages

    def settle(self, trace: Sequence[Observation]) -> list[Observation]:
        """The whole trace, with what is borne out as witnessed, and without sound that is in it twice."""
        found = {
            kind_of_record(o) for o in trace if o.event == "record.found"
        }
        result = []
        for place, said in enumerate(trace):
            if said.origin is Origin.DEVICE and self._agrees_later(
                trace, place, found
            ):
                said = replace(said, origin=Origin.WITNESSED)
            result.append(said)
        return [said for said in result if not self._crossed_elsewhere(said)]

    def _agrees_later(
        self,
        trace: Sequence[Observation],
        place: int,
        found: set[tuple[Value, ...]],
    ) -> bool:
        """Whether what was seen afterwards bears out what was declared."""
        said = trace[place]
        match said.event:
            case "microphone.power":
                return self._is_borne_out(said, trace[place + 1 :])
            case "stream.open" | "stream.close":
                return self.watched
            case "tone" | "tts.audio":
                return self._heard_soon(said.device, said.time)
            case "skill.response":
                return self._answered_aloud(said, trace[place + 1 :])
            case "record.write":
                return kind_of_record(said) in found
        return False

    def _is_borne_out(
        self, said: Observation, after: Sequence[Observation]
    ) -> bool:
        """The next sound before the microphones was taken just if they are said to have power."""
        for later in after:
            if later.device == said.device and later.event in (
                "microphone.power",
                "power",
            ):
                until = later.time
                break
        else:
            until = None
        for name, time, frame in self._frames:
            if name != said.device or time < said.time - PIECE_TIME:
                continue
            if until is not None and time >= until:
                return False
            return bool(frame.taken) is said.attributes["on"]
        return False

    def _heard_soon(self, device: str, time: int) -> bool:
        return any(
            name == device and sounding and time <= at <= time + ANSWER_SLACK
            for name, at, sounding in self._sounds
        )

    def _answered_aloud(
        self, said: Observation, after: Sequence[Observation]
    ) -> bool:
        """The answer of a skill was heard: something was played before the microphones opened again."""
        for later in after:
            if later.device == said.device and later.event == "tts.audio":
                return self._heard_soon(later.device, later.time)
            if later.device == said.device and later.event == "stream.open":
                return False
        return False

    def _crossed_elsewhere(self, said: Observation) -> bool:
        """Declared sound whose crossing was seen at another moment: the crossing is in the trace already."""
        if said.event != "stream.audio" or said.origin is Origin.WITNESSED:
            return False
        return any(
            p.device == said.device and do_overlap(p, said)
            for p in self._passages
        )
