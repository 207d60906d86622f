"""An answer of the target becomes a moment: what it declared, what the harness did, and what was seen."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from msgspec import UNSET

from earwitness.conformance.running.deeds import DeviceState, Event
from earwitness.conformance.running.moment import Frame, Moment, Passage
from earwitness.conformance.running.open_streams import (
    OpenStreams,
)
from earwitness.conformance.running.run_traffic import RunTraffic
from earwitness.conformance.running.timeline import Timeline
from earwitness.conformance.running.untold import LONGEST_BATCH
from earwitness.conformance.targets.protocol import Answer, Ok, TargetError
from earwitness.conformance.witnesses.relay import Crossing
from earwitness.model.trace import Observation, Origin
from earwitness.model.vocabulary import Microseconds

if TYPE_CHECKING:
    from earwitness.conformance.running.harness import Harness


@dataclass
class MomentTaker:
    """Puts the moments of a run into its timeline, one for each answer."""

    harness: Harness
    states: dict[str, DeviceState]
    timeline: Timeline
    traffic: RunTraffic
    open_streams: OpenStreams = field(default_factory=OpenStreams)

    def take_moment(
        self,
        device: str,
        answer: Answer,
        caused: Sequence[Event],
        frame: Frame | None = None,
        passed: int = 0,
    ) -> list[Observation]:
        """The moment of one answer; returns what was observed in it. Raises TargetError where what the target
        says cannot be."""
        began = {name: state.clock for name, state in self.states.items()}
        declared = [self._clamp_time(said) for said in answer.observations]
        state = self.states[device]
        now = (
            answer.ok.now
            if isinstance(answer.ok, Ok) and answer.ok.now is not UNSET
            else 0
        )
        state.clock = max(state.clock, began[device] + passed, now)
        crossings = self.traffic.take_crossings()
        unread = self.traffic.unexplained_bytes()
        uncompared = self.traffic.count_uncompared()
        # A stream that opens now may begin with what was heard before, in the same moment.
        streaming = self._streaming_devices() | {
            said.device for said in declared if said.event == "stream.open"
        }
        passages = self._passages_of(crossings, streaming, state.clock)
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
            unread=self.traffic.unread_since(unread),
        )
        seen = self.timeline.add(moment)
        self._follow_observations(seen)
        self.traffic.note_unexplained(
            unread, uncompared, streaming | self._streaming_devices()
        )
        return seen

    def _passages_of(
        self, crossings: Sequence[Crossing], streaming: set[str], now: int
    ) -> list[Passage]:
        """The sound and the words in what crossed, without what an open stream is like by chance."""
        found = self.harness.sounds.passages(crossings, streaming)
        self.open_streams.note(
            crossings,
            streaming=streaming,
            clocks={name: state.clock for name, state in self.states.items()},
            passages=found,
        )
        passages = [
            passage
            for passage in found
            if not self.open_streams.is_stray(passage, now, streaming)
        ]
        self.traffic.count_voice(passages)
        return passages

    def _streaming_devices(self) -> set[str]:
        """The devices that say that a stream is open; what they may not stream is judged elsewhere."""
        return {
            name for name in self.states if self.timeline.device(name).stream
        }

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

    def take_reset(self) -> None:
        """What leaves the target while it forgets is still heard."""
        passages = self.harness.sounds.passages(self.traffic.take_crossings())
        self.traffic.count_voice(passages)
        # Lights and microphones are those of a device in its first state: they say nothing of this run.
        self._add_passages(passages)

    def take_last_passages(self) -> None:
        """Sound that shows only when all that crossed is put together is dated at the end. What a
        stream of that time carried is not said so late."""
        passages = [
            passage
            for passage in self.harness.sounds.last_passages()
            if not self.open_streams.carried(passage)
        ]
        self.traffic.count_voice(passages)
        self._add_passages(passages)

    def _add_passages(self, passages: Iterable[Passage]) -> None:
        clocks = {name: state.clock for name, state in self.states.items()}
        self.timeline.add(
            Moment(began=clocks, ended=clocks, passages=tuple(passages))
        )
