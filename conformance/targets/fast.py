"""The reference in this process on its virtual clock, for search and shrinking: `ref:fast`, or
`ref:fast/NAME` of the zoo. What is found with it is confirmed on the real one.

There are no sockets, so no relay: `take` gives what the devices sent, as a relay's `take` would. A detector
or recogniser is asked once for each sound; sound that differs in its two lowest bits alone is the same."""

from __future__ import annotations

from earwitness.conformance.targets.reference import ReferenceTarget
from earwitness.conformance.witnesses.relay import Crossing
from earwitness.conformance.witnesses.wire.connection import Direction
from earwitness.conformance.witnesses.wire.stream import Part
from earwitness.model.vocabulary import Microseconds
from earwitness.reference_impl.fast.cloud import Sent
from earwitness.reference_impl.fast.session import FastSession, fast_class


class FastReferenceTarget(ReferenceTarget):
    """Raises TargetError for an unknown name."""

    _session: FastSession

    def start(self, name: str) -> FastSession:
        return fast_class(name)(name)

    def take(self) -> list[Crossing]:
        """What the devices sent their cloud since the last call, in order. Times are of each device's own
        clock."""
        return [crossing_of(sent) for sent in self._session.take_sent()]


def crossing_of(sent: Sent) -> Crossing:
    return Crossing(
        device=sent.device,
        time_taken=Microseconds(sent.time),
        direction=Direction.FROM_DEVICE,
        content=sent.content,
        encrypted=sent.encrypted,
        protocol="websocket",
        connection=sent.link,
        part=Part.MESSAGE,
        size=len(sent.content),
    )
