"""Honest variations of the whole."""

from __future__ import annotations

from collections.abc import Iterator

from earwitness.reference_impl.messages import Message, SessionRequest
from earwitness.reference_impl.session import Session


class BatchedReports(Session):
    """Tells what happened once a second of its own time, in order, instead of at once."""

    every = 1_000_000
    held: tuple[Message, ...] = ()
    told_at: tuple[tuple[str, int], ...] = ()

    def handle_request(self, request: SessionRequest) -> Iterator[Message]:
        *seen, reply = super().handle_request(request)
        self.held = (*self.held, *seen)
        times = tuple((name, d.now) for name, d in self.devices.items())
        told = dict(self.told_at)
        passing = request.get("do") == "listen" and all(
            now - told.get(name, 0) < self.every for name, now in times
        )
        if not passing:
            self.told_at = times
            yield from self.held
            self.held = ()
        yield reply

    def reset(self) -> None:
        self.held, self.told_at = (), ()
        super().reset()


class NoClockInReplies(Session):
    """Leaves out of its replies what the protocol lets one leave out."""

    def handle_request(self, request: SessionRequest) -> Iterator[Message]:
        *seen, reply = super().handle_request(request)
        yield from seen
        brief = (
            request.get("do") in ("listen", "wait", "say") and "ok" in reply
        )
        yield {**reply, "ok": {}} if brief else reply
