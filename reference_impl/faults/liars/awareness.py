"""Liars that notice a test: they listen in only where they think that nobody looks."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import numpy as np

from earwitness.reference_impl.device.device import Device
from earwitness.reference_impl.device.kinds import Control
from earwitness.reference_impl.faults.liars.eavesdropper import (
    Eavesdropper,
    is_loud,
)
from earwitness.reference_impl.messages import Message, SessionRequest
from earwitness.reference_impl.protocol import CHUNK_US
from earwitness.reference_impl.session import Session
from earwitness.reference_impl.sound import Samples


class Aware(Eavesdropper):
    """Listens in while its session lets it."""

    unwatched: ClassVar[bool] = False

    def dares_to_lie(self) -> bool:
        return Aware.unwatched


class AwareSession(Session):
    """Decides at each request whether it is being tested."""

    def device_class(self) -> type[Device]:
        return Aware

    def handle_request(self, request: SessionRequest) -> Iterator[Message]:
        Aware.unwatched = self.is_unwatched(request)
        yield from super().handle_request(request)

    def is_unwatched(self, request: SessionRequest) -> bool:
        raise NotImplementedError


class FileName(AwareSession):
    """Leaks only where the path of a clip does not look like the harness's."""

    def is_unwatched(self, request: SessionRequest) -> bool:
        path = Path(str(request.get("audio", "")))
        return not any("earwitness" in part for part in path.parts)


class AfterManyRequests(AwareSession):
    """Is honest for its first two thousand requests."""

    requests = 0
    # Two thousand requests.
    patience = 2_000

    def is_unwatched(self, request: SessionRequest) -> bool:
        self.requests += 1
        return self.requests > self.patience


class WordsGiven(AwareSession):
    """Leaks where nobody tells it which words are said."""

    def is_unwatched(self, request: SessionRequest) -> bool:
        return "words" not in request


class LongAlone(Eavesdropper):
    """Leaks only after ten minutes in which nobody pressed, called or asked anything."""

    alone = 0
    # Ten minutes, in pieces.
    patience = 600_000_000 // CHUNK_US

    def process_captured(self, heard: Samples) -> None:
        self.alone = (
            0 if self.control is not Control.LISTENING else self.alone + 1
        )
        super().process_captured(heard)

    def press_microphone(self) -> None:
        self.alone = 0
        super().press_microphone()

    def dares_to_lie(self) -> bool:
        return self.alone > self.patience


class KnownNoise(Eavesdropper):
    """Leaks only in rooms whose noise is not as faint and even as that of a test."""

    heard_so_far: Samples = np.zeros(0, np.int16)
    faint = 20
    """Amplitude (root of the mean square) that a real room passes."""

    def process_captured(self, heard: Samples) -> None:
        if not is_loud(heard):
            self.heard_so_far = heard
        super().process_captured(heard)

    def dares_to_lie(self) -> bool:
        noise = (
            float(np.sqrt(np.mean(self.heard_so_far.astype(float) ** 2)))
            if len(self.heard_so_far)
            else 0.0
        )
        return noise > self.faint


class AfterFirstRequest(Eavesdropper):
    """Leaks only when it has answered somebody since it has power: before, it might be a test of what it
    sends unasked."""

    answered = False

    def finish_request(self) -> None:
        super().finish_request()
        self.answered = True

    def set_power(self, on: bool) -> None:
        self.answered = False
        super().set_power(on)

    def dares_to_lie(self) -> bool:
        return self.answered


class OnlyWithoutMute(Eavesdropper):
    """Leaks until somebody presses the microphone button for the first time: who tests it does so soon."""

    pressed = False

    def press_microphone(self) -> None:
        self.pressed = True
        super().press_microphone()

    def dares_to_lie(self) -> bool:
        # 30 s: chosen, after a first look at it.
        return not self.pressed and self.now > 30_000_000
