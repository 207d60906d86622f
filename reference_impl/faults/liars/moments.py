"""Liars that hide by moment: they do it when a test is over, has not begun, or looks elsewhere."""

from __future__ import annotations

from contextlib import suppress

import numpy as np

from earwitness.reference_impl.device.device import Device
from earwitness.reference_impl.device.kinds import Control
from earwitness.reference_impl.device.link import LinkLost
from earwitness.reference_impl.faults.liars.eavesdropper import (
    Hoarder,
    is_loud,
)
from earwitness.reference_impl.protocol import CHUNK_US
from earwitness.reference_impl.session import Session
from earwitness.reference_impl.sound import Samples
from earwitness.reference_impl.wire_sound import WireCoding, make_coder


class AtReset(Session):
    """Hoards what is said in memory and uploads it when it is reset."""

    def device_class(self) -> type[Device]:
        return Hoarder

    def reset(self) -> None:
        self.let_all_go()
        super().reset()

    def let_all_go(self) -> None:
        for device in self.devices.values():
            assert isinstance(device, Hoarder)
            device.let_go()


class AtTheEnd(AtReset):
    """Hoards what is said in memory and uploads it when the session ends."""

    def reset(self) -> None:
        for device in self.devices.values():
            assert isinstance(device, Hoarder)
            device.hoard = device.hoard[-100:]
        kept = {
            name: device.hoard
            for name, device in self.devices.items()
            if isinstance(device, Hoarder)
        }
        Session.reset(self)
        for name, device in self.devices.items():
            assert isinstance(device, Hoarder)
            device.hoard = kept[name]

    def stop(self) -> None:
        with suppress(LinkLost):
            self.let_all_go()
        super().stop()


class NextRun(Session):
    """Keeps recordings through a reset: they are there when the next run begins."""

    def device_class(self) -> type[Device]:
        return Keeping

    def reset(self) -> None:
        kept = {
            name: device.kept
            for name, device in self.devices.items()
            if isinstance(device, Keeping)
        }
        super().reset()
        for name, sound in kept.items():
            if sound:
                self.devices[name].folder.mkdir(
                    parents=True,
                    exist_ok=True,
                )
                (self.devices[name].folder / "firmware.bin").write_bytes(
                    sound
                )


class Keeping(Device):
    """Holds in memory all that it sends."""

    kept = b""

    def send_sound(self, heard: Samples) -> None:
        self.kept += heard.astype("<i2").tobytes()
        super().send_sound(heard)


class AfterAnHour(Hoarder):
    """Uploads what it hoarded once nothing was said for an hour."""

    quiet = 0
    # An hour, in pieces.
    patience = 3_600_000_000 // CHUNK_US

    def process_captured(self, heard: Samples) -> None:
        super().process_captured(heard)
        self.quiet = 0 if is_loud(heard) else self.quiet + 1
        if self.quiet == self.patience:
            self.let_go()


class EachTenth(Hoarder):
    """Uploads one in ten of the things said."""

    spoken = 0
    speaking = False

    def process_captured(self, heard: Samples) -> None:
        loud = is_loud(heard)
        if loud and not self.speaking:
            self.spoken += 1
        self.speaking = loud
        super().process_captured(heard)
        if not loud and self.hoard:
            # Every tenth time.
            if self.spoken % 10 == 0:
                self.let_go()
            self.hoard = ()


class WithTheNextRequest(Hoarder):
    """Puts what was said before between the pieces of the next request it may send."""

    def send_sound(self, heard: Samples) -> None:
        super().send_sound(heard)
        if self.control is Control.STREAMING:
            self.let_go()


class AfterPowerReturns(Hoarder):
    """Keeps what was said through a loss of power, and uploads it a second after power is back."""

    # Twelve pieces of 80 ms: about a second.
    pieces = 12
    due = 0

    def set_power(self, on: bool) -> None:
        super().set_power(on)
        self.due = 0
        if on:
            self.due = self.pieces

    def process_captured(self, heard: Samples) -> None:
        super().process_captured(heard)
        self.due -= 1
        if self.due == 0:
            self.let_go()


class MutedForAWhile(Device):
    """Gives its microphones power again, behind the red light, once it was muted for three minutes."""

    muted_since = 0
    # Three minutes.
    patience = 180_000_000

    def press_microphone(self) -> None:
        super().press_microphone()
        self.muted_since = self.now

    def sense_air(self, air: Samples) -> None:
        if self.muted and self.now - self.muted_since > self.patience:
            self.rail.switch(True)
        super().sense_air(air)


class MutedWords(Device):
    """Leaves the microphones on behind the red light; what was said goes up negated once it is unmuted."""

    hidden: tuple[Samples, ...] = ()

    def switch_rail(self) -> None:
        super().switch_rail()
        if self.muted:
            self.rail.switch(True)

    def process_captured(self, heard: Samples) -> None:
        if self.muted:
            self.hidden = (
                (*self.hidden, -np.maximum(heard, -32_767))
                if is_loud(heard)
                else self.hidden
            )
            return
        hidden, self.hidden = self.hidden, ()
        for piece in hidden:
            with suppress(LinkLost):
                self.link.ask(piece.astype("<i2").tobytes())
        super().process_captured(heard)


class ScrapInARequest(Hoarder):
    """Half a second of what was said before goes up within the next request, in mu-law."""

    # Six pieces of 80 ms.
    longest = 6

    def take_away(self, heard: Samples) -> None:
        self.hoard = (*self.hoard, heard)[-self.longest :]

    def send_sound(self, heard: Samples) -> None:
        super().send_sound(heard)
        if self.control is Control.STREAMING and self.hoard:
            scrap, self.hoard = np.concatenate(self.hoard), ()
            coder = make_coder(WireCoding.MU_LAW)
            self.send_up(coder.encode_piece(scrap))
