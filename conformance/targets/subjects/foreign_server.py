"""A server that its user runs behind a device. It has power of its own: it outlives the device's loss of
power, and ends when it is told to go, or with the test."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence

from earwitness.conformance.targets.subjects.served import ServedSubject
from earwitness.conformance.targets.subjects.subject import (
    Refusal,
    Subject,
    end_process,
)


class ForeignServer:
    def __init__(self, driver: Subject) -> None:
        self._driver = driver
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def last_end(self) -> str:
        """How it ended where it ended by itself."""
        if self._process is None or self.is_running:
            return ""
        return f"with code {self._process.returncode}"

    def start(self, words: Sequence[str]) -> None:
        """Raises Refusal."""
        self._process = self._driver.start_process(words)

    def demand_life(self) -> None:
        """Raises Refusal where it has ended by itself."""
        if self.last_end:
            raise Refusal(f"its server ended {self.last_end}")

    def end(self) -> None:
        """At once."""
        if self._process is not None:
            end_process(self._process)
        self._process = None


class WithForeignServer(ServedSubject):
    """A driver that keeps one."""

    has_power = True

    def __init__(self, *given: object) -> None:
        super().__init__(*given)  # type: ignore[arg-type]
        self.foreign_server = ForeignServer(self)

    def stop(self) -> None:
        self.has_power = False
        super().stop()
        self.has_power = True

    def forget(self) -> None:
        super().forget()
        self.foreign_server.end()

    def run(self) -> None:
        try:
            super().run()
        finally:
            self.foreign_server.end()

    def explain(self) -> str:
        ended = self.foreign_server.last_end
        if ended:
            return f"its server ended by itself {ended}"
        return super().explain()
