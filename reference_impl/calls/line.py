"""A device's telephone: it dials, answers, sends what the microphone hears, and hangs up."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from earwitness.reference_impl.calls.identity import Forged, Identity
from earwitness.reference_impl.calls.peer import Peer, make_peer
from earwitness.reference_impl.device.link import Link, LinkLost, network
from earwitness.reference_impl.sound import Samples


class CallFailed(Exception):
    """There is no call; the message says why."""


@dataclass(frozen=True, slots=True)
class Media:
    """What left in one go: to where, how much, whether encrypted, and whether only the two ends hold the
    keys."""

    leg: str
    bytes: int
    encrypted: bool
    end_to_end: bool


class Line:
    """One call at a time. Descriptions of calls go through the cloud, signed; the sound does not."""

    def __init__(self, name: str, identity: Identity, link: Link) -> None:
        self.name, self.identity, self.link = name, identity, link
        self.peer: Peer | None = None
        self.make_peer: Callable[[], Coroutine[Any, Any, Peer]] = make_peer
        self.leg = "device"
        self.verified = False
        """Whether the other end proved that it is the device that was called."""

    def dial(self, other: Line) -> None:
        """Call another device, which takes the call. Raises CallFailed."""
        self.begin("device")
        other.begin("device")
        assert self.peer is not None and other.peer is not None
        try:
            self.post(other.name, network.done(self.peer.offer()))
            other.post(
                self.name,
                network.done(other.peer.answer(other.collect(self.name))),
            )
            network.done(self.peer.accept(self.collect(other.name)))
            network.done(self.peer.connected())
        except (LinkLost, Forged, TimeoutError, ValueError) as error:
            self.hang_up()
            other.hang_up()
            raise CallFailed(
                f"'{other.name}' was not reached: {error}"
            ) from None

    def dial_telephone(self, host: str, port: int) -> None:
        """Call a telephone through the cloud's gateway. Raises CallFailed."""
        self.begin("telephone")
        assert self.peer is not None
        try:
            said = self.link.ask(
                {
                    "type": "call.telephone",
                    "device": self.name,
                    "sdp": network.done(self.peer.offer()),
                    "telephone": (host, port),
                }
            )
            network.done(self.peer.accept(str(said["sdp"])))
            network.done(self.peer.connected())
        except (LinkLost, TimeoutError, KeyError, ValueError) as error:
            self.hang_up()
            raise CallFailed(
                f"the telephone was not reached: {error}"
            ) from None

    def begin(self, leg: str) -> None:
        self.hang_up()
        self.leg, self.verified = leg, False
        self.peer = network.done(self.make_peer())

    def post(self, to: str, description: str) -> None:
        self.link.ask(
            {
                "type": "mail.put",
                "to": to,
                "from": self.name,
                "text": description,
                "signature": self.identity.signed(description),
            }
        )

    def collect(self, sender: str) -> str:
        """The description another device sent, which must bear its signature. Raises Forged."""
        letter = self.link.ask({"type": "mail.take", "device": self.name})
        if letter.get("from") != sender:
            raise Forged(f"no description of a call came from '{sender}'")
        text, signature = (
            str(letter.get("text")),
            str(letter.get("signature")),
        )
        self.check(sender, text, signature)
        return text

    def check(self, sender: str, text: str, signature: str) -> None:
        self.identity.verify(sender, text, signature)
        self.verified = True

    @property
    def busy(self) -> bool:
        """Whether there is a call; it is over when the other end hung up."""
        if self.peer is None:
            return False
        return self.peer.alive

    @property
    def lost(self) -> bool:
        """Whether a call ended from the other side, or broke, and is still to be hung up here."""
        if self.peer is None:
            return False
        return not self.peer.alive

    def send_sound(self, heard: Samples) -> Media | None:
        """Send a piece of sound and say what left; None where nothing did."""
        if self.peer is None or not self.peer.alive:
            return None
        sent = network.done(self.peer.send_sound(heard))
        encrypted = self.peer.encrypted
        return (
            Media(
                leg=self.leg,
                bytes=sent,
                encrypted=encrypted,
                end_to_end=encrypted
                and self.verified
                and self.leg == "device",
            )
            if sent
            else None
        )

    def hang_up(self) -> None:
        peer, self.peer = self.peer, None
        if peer is not None:
            network.done(peer.end())
            if self.leg == "telephone":
                try:
                    self.link.ask({"type": "call.end", "device": self.name})
                except LinkLost:
                    return  # the gateway notices by itself that nothing comes
