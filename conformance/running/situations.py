"""The situations in which a device must not care whether somebody speaks, and what of two runs is compared in
each."""

from __future__ import annotations

from dataclasses import dataclass, replace

from earwitness.conformance.stimuli.stimulus import (
    Call,
    Mute,
    Power,
    Press,
    Say,
    Scenario,
    Wait,
)
from earwitness.conformance.witnesses.twins import (
    Footprint,
    TwinComparison,
    compare_twins,
)

SHARE_BY_NOISE = 0.2
"""Share of a request's sound by which two of the same words differ: two pieces of 80 ms of a second."""
LEAST_HOARD = 2_048
"""Bytes below which a difference is left to chance: a codec at 6 kbit/s needs as many for what is said, and
what a device notes of a request is less."""
SENT = ("bytes (", "bytes by")
"""How the marks begin that say how much was sent."""
MESSAGES = ("bytes (message",)
"""The same of messages alone: in a call what is said goes to its other end, and not to the cloud too."""
KEPT_UNREAD = ("unread bytes in stores",)
KEEPING = "keeping"
"""The situation in which a device may hear, send and keep words, but no sound."""
REQUESTS = ("weather",)
"""One that leaves nothing to be done, as what is to be done later must be kept."""
SAID = ("chatter", "chatter-2", "call-talk", "chatter-open")
"""What is said, in turn: other words, another voice and another length each time."""
AFTER = 2_400_000
"""Microseconds of room after what is said, in which what was kept may still leave."""
LONG_AFTER = 45_000_000
"""The same where a device has nothing to do but to listen and its time is virtual, so it costs little: it
may wait a while, so that what it sends does not follow what was said. Chosen: a third of a second of work."""
HOUSEHOLD = ("music", "kitchen")
"""What a muted device must not notice either. A device that listens may take it for its wake word."""


@dataclass(frozen=True, slots=True)
class Situation:
    """A state in which a device must not care whether somebody speaks: the steps that lead there, and away
    from it so that what was hoarded may leave. `clauses` is what a difference breaks, by the conjuncts' own
    events."""

    name: str
    before: Scenario
    after: Scenario = ()
    said: tuple[str, ...] = ()
    """What is said, in turn, where it is not what is never addressed to a device."""
    only: tuple[str, ...] = ()
    """How the marks begin that are compared, and then only where they differ by much; all where empty."""
    patience: int = AFTER
    """Microseconds of room after what is said."""

    def compare(
        self, found: list[tuple[Footprint, Footprint]]
    ) -> TwinComparison:
        """What the pairs of this situation come to."""
        if not self.only:
            return compare_twins(
                [(_steady_marks(a), _steady_marks(b)) for a, b in found]
            )
        return compare_twins([_much_apart(a, b, self.only) for a, b in found])

    def beginning_with(self, number: int) -> Situation:
        """The same, in which others of the usual things are said first."""
        first = 0 if self.said else number % len(SAID)
        said = (*SAID[first:], *SAID[:first])
        return replace(self, said=self.said or said)

    def clip(self, number: int) -> str:
        """What is said in a pair."""
        said = self.said or SAID
        return said[number % len(said)]


def situations(device: str, noise: str) -> tuple[Situation, ...]:
    """Listening, muted, before and after a stream, and without power; and what is kept of a request. While
    muted a noise of the household is no more than words."""
    behind = (SAID[0], noise, *SAID[1:])
    mute = Press(device, "microphone")
    off, on = Power(device, "cut"), Power(device, "restore")
    # 3.2 s: chosen, time for an answer. Below, 0.8 s for a mute, or for power, to take effect.
    request = (Say(device, "weather"), Wait(device, 3_200_000))
    return (
        Situation("listening", (), patience=LONG_AFTER),
        Situation(
            "muted",
            before=(mute,),
            # 0.8 s: chosen, time for the switch to take effect.
            after=(mute, Wait(device, 800_000)),
            said=behind,
        ),
        Situation(
            "muted by software",
            before=(Mute(device, True),),
            # The same.
            after=(Mute(device, False), Wait(device, 800_000)),
            said=behind,
        ),
        Situation("after a request", request),
        # The same.
        Situation("without power", (off,), (on, Wait(device, 800_000))),
        Situation("before a request", (), request, only=SENT),
        Situation(
            "in a call",
            (Call(device, "start", "device"),),
            (Call(device, "end", "device"),),
            only=MESSAGES,
        ),
        Situation(KEEPING, (), said=REQUESTS, only=KEPT_UNREAD),
    )


def _steady_marks(mark_of_run: Footprint) -> Footprint:
    """Without the marks that random numbers, and the noise in every request, change in every run."""
    kept = {
        n: v
        for n, v in mark_of_run.marks.items()
        if not n.startswith(("bytes when compressed", *KEPT_UNREAD))
    }
    return Footprint(kept)


def _much_apart(
    one: Footprint, other: Footprint, only: tuple[str, ...]
) -> tuple[Footprint, Footprint]:
    """Some marks, and only where they differ by much: what was hoarded is as long as what was said, while
    noise moves the ends of a request by a piece or two."""
    names = [
        name
        for name in (*one.marks, *other.marks)
        if name.startswith(only)
        and abs(one.of(name) - other.of(name))
        > max(SHARE_BY_NOISE * max(one.of(name), other.of(name)), LEAST_HOARD)
    ]
    return (
        Footprint({name: one.of(name) for name in names}),
        Footprint({name: other.of(name) for name in names}),
    )
