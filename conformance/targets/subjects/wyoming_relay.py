"""A Wyoming satellite and the server that its user has, both strangers: `wyoming-relay:PYTHON OPTIONS --
SERVER OPTIONS`, in whose options {satellite} stands for the port at which the server finds the satellite. The
driver sits between the two, hands on what each says, and sees it; both are in the cell."""

from __future__ import annotations

from earwitness.conformance.targets.subjects import kit
from earwitness.conformance.targets.subjects.foreign_server import (
    WithForeignServer,
)
from earwitness.conformance.targets.subjects.serving import STARTING
from earwitness.conformance.targets.subjects.wyoming import (
    Said,
    WyomingSatellite,
)
from earwitness.conformance.targets.subjects.wyoming_link import (
    WyomingLink,
    WyomingMessage,
    listen_for_clients,
)

RELAY = 10_710
"""The port at which the server finds its satellite: the satellite's own, and ten."""
CALLING_AGAIN = 5 * kit.PATIENCE
"""Seconds in which a server that goes on should find its satellite again."""
OURS = ("ping", "pong")
"""What each end of a connection answers by itself."""

open_wyoming_relay = kit.open_installed(
    kind="wyoming",
    purpose="A Wyoming satellite and a server of somebody's behind it: OPTIONS -- SERVER OPTIONS",
    module=__name__,
)


class RelayedSatellite(WithForeignServer, WyomingSatellite):
    """Whatever the server is told to do that it cannot be told is done to what it says: withheld, late, or an
    error in its place."""

    service_ports = (*WyomingSatellite.service_ports, RELAY)

    def __init__(self, python: str, options: list[str]) -> None:
        words = " ".join(options)
        at = options.index("--") if "--" in options else len(options)
        super().__init__(python, options[:at])
        self.setup = words
        self._program_of_server = options[at + 1 :]
        self._foreign: WyomingLink | None = None
        self._held: list[tuple[int, WyomingMessage]] = []
        self._asked_for_info = 0
        self._answer_bytes = self._calls = 0
        listen_for_clients(RELAY, self.post, self._hear_server)

    def greet(self) -> None:
        if not self._program_of_server:
            raise kit.Refusal("write wyoming-relay:OPTIONS -- SERVER OPTIONS")
        self._server = self._call(self.door)
        self._leave_server()
        if self.foreign_server.is_running:
            # It sees that its satellite was away, and calls again where it wants to.
            self.pump(self._calls_or_ends, CALLING_AGAIN)
        if self.foreign_server.is_running:
            return
        places = {**self.places(), "satellite": str(RELAY)}
        words = [word.format_map(places) for word in self._program_of_server]
        self.foreign_server.start(words)
        calls = self._calls
        if not self.pump(self._calls_or_ends, STARTING):
            what = (
                "called and left at once"
                if self._calls > calls
                else "did not call"
            )
            raise kit.Refusal(
                f"its server, which should find the satellite at port {RELAY}, {what}"
            )
        self.foreign_server.demand_life()

    def leave(self) -> None:
        super().leave()
        self._leave_server()
        self._held.clear()
        if self.has_power:
            self.foreign_server.end()

    def _leave_server(self) -> None:
        if self._foreign is not None:
            self._foreign.close()
        self._foreign = None

    def _calls_or_ends(self) -> bool:
        return self._foreign is not None or not self.foreign_server.is_running

    def end_request(self) -> None:
        """The server says by itself that a request is over."""
        if self.behaviour == "error":
            super().end_request()

    def heard(self, taken: int) -> None:
        super().heard(taken)
        while self._held and self._held[0][0] <= self.now:
            self._hand_to_satellite(self._held.pop(0)[1])

    def _hear(self, link: WyomingLink, said: Said) -> None:
        """The satellite's words go on to its server."""
        if link is self._server and said is not None:
            is_asked = said.kind != "info" or self._asked_for_info > 0
            self._asked_for_info -= said.kind == "info" and is_asked
            if self._foreign is not None and is_asked:
                self._pass_on(self._foreign, said)
        super()._hear(link, said)

    def _hear_server(self, link: WyomingLink, said: Said) -> None:
        self._calls += link is not self._foreign
        if said is None:
            self._foreign = None if link is self._foreign else self._foreign
            return
        self._foreign = link
        self._asked_for_info += said.kind == "describe"
        match self.behaviour:
            case "silent" | "error" if self.is_open:
                pass
            case "late" if self.is_open:
                self._held.append((self.now + kit.LATE, said))
            case _:
                self._hand_to_satellite(said)

    def _hand_to_satellite(self, said: WyomingMessage) -> None:
        if self._server is not None:
            self._pass_on(self._server, said)
        match said.kind:
            case "transcript" | "error":
                self.report("request.processed", stream=self.stream)
                self.close_stream()
            case "audio-chunk":
                self._answer_bytes += len(said.sound)
            case "audio-stop" if self._answer_bytes:
                answer = self._answer_bytes
                self.report("tts.audio", bytes=answer, asked_by="self")
                self._answer_bytes = 0

    def _pass_on(self, link: WyomingLink, said: WyomingMessage) -> None:
        if said.kind not in OURS:
            link.send(said.kind, said.payload, **said.data)


if __name__ == "__main__":
    kit.run_driver(RelayedSatellite, "wyoming-satellite")
