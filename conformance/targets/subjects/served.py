"""A subject with a server of its own, which the driver plays: the turn of a request, and a server that
answers, errs, falls silent, disappears, is late, or is a stranger.

A driver subclasses `ServedSubject` and writes what is peculiar to its protocol: how the server comes and
goes, what it says at the end of a request, how it mutes."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Sequence
from typing import IO, Any

from earwitness.conformance.stimuli.sound_format import RATE
from earwitness.conformance.targets.subjects.diagnosis import (
    Symptoms,
    likely_cause,
)
from earwitness.conformance.targets.subjects.inbox import InboxSubject
from earwitness.conformance.targets.subjects.serving import (
    AWAY,
    ENOUGH_SHORTFALLS,
    LATE,
    LEVELS,
    PATIENCE,
    SHOWS_NOTHING,
    chosen_speed,
    claimed_level,
)
from earwitness.conformance.targets.subjects.sound import EndOfRequest, tone
from earwitness.conformance.targets.subjects.subject import (
    PACE,
    PATIENCE_WITH_READER,
    Refusal,
)
from earwitness.conformance.targets.subjects.wake_word import (
    WORD,
    WakeWordService,
)


class ServedSubject(InboxSubject):
    """`stream` counts the streams; `is_open` says whether one is."""

    capabilities: Sequence[str] = (*SHOWS_NOTHING, "indicator")
    packs: Sequence[str] = ("self-hosted-satellite",)
    piece: int = 2_560
    """Bytes of sound that the subject sends at once."""
    encrypted: bool = False
    """Whether what it sends is encrypted."""
    wakes_by_itself: bool = False
    """Whether it hears its wake word without a service that the driver plays."""
    mutes_by_server: bool = True
    """Whether its mute goes by its server, which must be there for it."""

    def __init__(self, requests: IO[str], replies: IO[str]) -> None:
        super().__init__(requests, replies)
        self.wake_words_heard = WakeWordService()
        self.behaviour = "answer"
        self.stream = 0
        self.is_open = self.is_muted = False
        self._request: EndOfRequest | None = None
        self._answer_at: int | None = None
        self._is_woken = False
        self._owed = self._arrived = self._read = self._sent = 0
        self._flows = True
        self._is_lost = self._is_known = False
        self._first_stream = 0
        self._begin()

    def take_options(self, options: Sequence[str]) -> list[str]:
        """The options without `claims=N`, the level at which the subject's mute is judged, and `speed=N`."""
        self.setup = " ".join(options)
        self.speed = chosen_speed(options)
        level = claimed_level(options)
        self.capabilities = (*self.capabilities, *LEVELS[: level - 1])
        return [o for o in options if not o.startswith(("claims=", "speed="))]

    # What a driver writes.

    def greet(self) -> None:
        """The server comes, and does what it does when it comes. Raises Refusal."""
        raise NotImplementedError

    def leave(self) -> None:
        """Whoever the driver plays beside the server's door goes away."""
        raise NotImplementedError

    def let_stranger_in(self, *, runs: bool) -> None:
        """Somebody else connects through the door for strangers; with `runs` he also tells the subject to
        run, else he asks for nothing."""
        raise Refusal(f"nobody else can connect to {self.name}")

    def finish(self) -> None:
        """The server says that the request is over."""
        raise NotImplementedError

    def play(self, sound: bytes) -> None:
        """The server sends its spoken answer."""
        raise NotImplementedError

    def fail(self) -> None:
        """The server says that the request failed."""
        raise Refusal(f"the server of {self.name} has no word for an error")

    def set_mute(self, on: bool) -> None:
        """The user mutes, as the protocol has it. Raises Refusal."""
        raise Refusal("it has no mute")

    # What it uses.

    @property
    def is_server_there(self) -> bool:
        return self.behaviour not in AWAY

    def places(self) -> dict[str, str]:
        """What may stand in braces in the subject's command."""
        return {
            "microphone": self.microphone,
            "loudspeaker": self.loudspeaker,
            "folder": self.make_folder(),
            "door": str(self.door or self.port),
        }

    def launch_program(self, words: Sequence[str]) -> None:
        """Start the subject's process; see `places` for what may stand in its words. Raises Refusal."""
        places = self.places()
        self.launch([word.format_map(places) for word in words])

    def come(self) -> None:
        """The server greets the subject, if it is there; it remembers a mute that it was told of."""
        self._is_lost = False
        if not self.is_server_there:
            return
        self.greet()
        if self.is_muted and self._is_known:
            self.set_mute(True)
        self._is_known = True

    def lose(self) -> None:
        """The connection ended, and nobody here ended it: the server will call again."""
        self._is_lost = True

    def take_wake_sound(self, sound: bytes, tell: Callable[[], None]) -> None:
        """Sound came to the wake word service, which tells the subject where its word ends."""
        self._arrived += len(sound)
        if self.is_muted:
            self.report(
                "wake.audio",
                origin="stand-in",
                bytes=len(sound),
                voice=any(sound),
            )
        if not self.wake_words_heard.hears(sound):
            return
        self.hear_of_wake_word(origin="stand-in")
        streams = self.stream
        tell()
        self.pump(lambda: self.stream > streams, PATIENCE_WITH_READER)
        self.settle()

    def hear_of_wake_word(self, origin: str = "device") -> None:
        """The word was heard, by the subject or by its service: the next stream is due to it."""
        self.report("wake_word", origin=origin, word=WORD)
        self._is_woken = True
        self.wake_words_heard.words += origin == "device"

    def open_stream(self, cause: str = "") -> None:
        """The subject says that it begins to send."""
        self.close_stream()
        self.stream += 1
        self.is_open = True
        self._request, self._answer_at = EndOfRequest(), None
        cause = cause or ("wake_word" if self._is_woken else "other")
        self._is_woken = False
        opened: dict[str, Any] = {"cause": cause, "from": self.now}
        self.report("stream.open", stream=self.stream, **opened)

    def take_sound(self, sound: bytes, peer: str = "") -> None:
        """Sound came to the server, or to whoever else is named."""
        self._arrived += len(sound)
        length = len(sound) * 1_000_000 // (2 * RATE)
        sent: dict[str, Any] = {
            "stream": self.stream,
            "bytes": len(sound),
            "encrypted": self.encrypted,
            "voice": any(sound),
            "from": max(0, self.now - length),
            "to": self.now,
        }
        if peer:
            sent["peer"] = peer
        self.report("stream.audio", origin="stand-in", **sent)
        if self._request is not None and not peer:
            self._sent += len(sound)
            if self._request.take(sound):
                self.end_request()

    def end_request(self) -> None:
        """The server hears that the request is over, or the subject says so."""
        if self._request is None:
            return
        self._request = None
        match self.behaviour:
            case "silent":
                pass
            case "late":
                self._answer_at = self.now + LATE
            case "error":
                self.fail()
            case _:
                self._answer()

    def show_listening(self, on: bool) -> None:
        """The subject says by its light, or in words for one, that it listens or does no longer."""
        self.report("light", color="other", role="listening", on=on)
        if not on:
            self.close_stream(origin="device")

    def close_stream(self, origin: str = "driver") -> None:
        """It sends no more."""
        if self.is_open:
            self.is_open = False
            self.report("stream.close", origin=origin, stream=self.stream)

    # The turn of a request.

    def heard(self, taken: int) -> None:
        if self._is_lost:
            self._request = self._answer_at = None
            with contextlib.suppress(Refusal):
                self.come()
                self.settle()
        self._owed += taken
        self._read += taken
        # Sound that came twice, or of an earlier time, pays for none that is still to come.
        self._arrived = min(self._arrived, self._owed - taken)
        # One that sends less than it reads, or says so, is not waited for each time.
        is_patient = self._flows and self._shortfalls < ENOUGH_SHORTFALLS
        patience = PATIENCE_WITH_READER if is_patient else PACE
        # Each piece goes to the wake word service or to the server; one that goes nowhere is waited for once.
        self._flows = self.pump(
            lambda: self._arrived > self._owed - self.piece, patience
        )
        if not self._flows:
            self._arrived = self._owed
            self._shortfalls += 1
        if self._answer_at is not None and self.now >= self._answer_at:
            self._answer_at = None
            self._answer()

    def _answer(self) -> None:
        """What a server does at the end of a request."""
        self.report(
            "request.processed", origin="stand-in", stream=self.stream
        )
        self.finish()
        self.settle()
        self.close_stream()
        if not self.loudspeaker:
            return
        sound = tone(0.5)
        enough = os.path.getsize(self.loudspeaker) + len(sound) // 2
        self.play(sound)
        if self.pump(
            lambda: os.path.getsize(self.loudspeaker) >= enough, PATIENCE
        ):
            self.report(
                "tts.audio",
                origin="stand-in",
                bytes=len(sound),
                asked_by="self",
            )
            self._count_anew()

    # The protocol.

    def mute(self, on: bool) -> None:
        if self.process is None:
            raise Refusal("it has no power")
        if self.mutes_by_server and not self.is_server_there:
            raise Refusal("its server is not there, and the mute goes by it")
        self.set_mute(on)
        self.is_muted = on
        self.settle()

    def behave(self, behaviour: str) -> None:
        before, self.behaviour = self.behaviour, behaviour
        if self.process is None:
            return
        returns = before in (*AWAY, "second_peer")
        if behaviour in AWAY or returns:
            self.leave()
            self._request = self._answer_at = None
        if returns and self.is_server_there:
            self.greet()
        match behaviour:
            case "error":
                self._request = None
                self.fail()
            case "stranger":
                self.settle()
                self.let_stranger_in(runs=False)
            case "second_peer":
                self.let_stranger_in(runs=True)
        self.settle()

    def stop(self) -> None:
        self.kill_process()
        self.leave()
        self.close_stream()
        self.empty_inbox()
        self._begin()

    def forget(self) -> None:
        self.behaviour = "answer"
        self.is_muted = False

    def _begin(self) -> None:
        """The subject is new."""
        self._owed = self._arrived = 0
        self._flows = True
        self._request = self._answer_at = None
        self._is_woken = self._is_lost = self._is_known = False
        self.wake_words_heard.begin()
        self._count_anew()

    def _count_anew(self) -> None:
        """What is counted since the last answer tells where the next request stopped."""
        self._read = self._sent = self._shortfalls = 0
        self._first_stream = self.stream
        self.wake_words_heard.count_anew()

    def explain(self) -> str:
        service = self.wake_words_heard
        return likely_cause(
            Symptoms(
                is_running=self.process is not None,
                wakes_by_itself=self.wakes_by_itself,
                end=self.last_end,
                bytes_read=self._read,
                bytes_for_wake_word=service.bytes_heard,
                loudest=service.loudest,
                asked_for=tuple(service.names),
                is_wanted=service.is_wanted,
                words=service.words,
                streams=self.stream - self._first_stream,
                bytes_sent=self._sent,
            )
        )
