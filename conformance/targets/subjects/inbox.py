"""A subject that talks while its driver does something else: threads that read from it hand what they read to
`post`, and all work is done in the driver's own thread, within `pump`."""

from __future__ import annotations

import contextlib
import queue
import time
from collections.abc import Callable, Sequence
from typing import IO

from earwitness.conformance.targets.subjects.ports import (
    describe_ports,
    listening_ports,
)
from earwitness.conformance.targets.subjects.serving import (
    ENOUGH_KNOCKS,
    PATIENCE,
    REST,
    STARTING,
)
from earwitness.conformance.targets.subjects.subject import Refusal, Subject


class InboxSubject(Subject):
    service_ports: Sequence[int] = ()
    """At which the driver plays services for the subject."""

    def __init__(self, requests: IO[str], replies: IO[str]) -> None:
        super().__init__(requests, replies)
        self._inbox: queue.SimpleQueue[Callable[[], None]] = (
            queue.SimpleQueue()
        )

    def post(self, work: Callable[[], None]) -> None:
        """Have something done in the driver's own thread; from any thread."""
        self._inbox.put(work)

    def pump(self, done: Callable[[], bool], patience: float) -> bool:
        """Work off what was posted until `done`, or for so many seconds without it."""
        until = time.monotonic() + patience
        while not done():
            left = until - time.monotonic()
            try:
                # 20 ms: chosen, how late `done` is seen.
                work = self._inbox.get(timeout=max(0.0, min(0.02, left)))
            except queue.Empty:
                if left <= 0:
                    break
            else:
                work()
        return done()

    def reach(self, knock: Callable[[], bool], port: int = 0) -> None:
        """Knock until the subject answers, at its own port or another. Raises Refusal where it never does."""
        ours = {self.door, self.stranger_door, *self.service_ports}
        began = time.monotonic()
        elsewhere = 0
        while (
            time.monotonic() < began + STARTING and elsewhere < ENOUGH_KNOCKS
        ):
            self.demand_life()
            with contextlib.suppress(OSError):
                if knock():
                    return
            time.sleep(0.1)
            # It listens, and not where it should.
            elsewhere += bool(listening_ports() - ours - {self.port})
        raise Refusal(
            f"{self.name} does not answer at port {port or self.port}"
            f"{describe_ports(ours, port or self.port)}"
        )

    def settle(self) -> None:
        """Until the subject has worked off what it was sent."""
        quiet_since = time.monotonic()
        until = quiet_since + PATIENCE
        while time.monotonic() < min(until, quiet_since + REST):
            with contextlib.suppress(queue.Empty):
                self._inbox.get(timeout=0.02)()  # 20 ms: chosen
                quiet_since = time.monotonic()

    def empty_inbox(self) -> None:
        """Nothing that was posted is done."""
        while not self._inbox.empty():
            self._inbox.get()
