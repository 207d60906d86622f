"""The skill host: which skills exist, what kind they are, which may run, and the processes they run in."""

from __future__ import annotations

import json
import selectors
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import IO

from earwitness.reference_impl.cloud.skills.skill import Response, say
from earwitness.reference_impl.cloud.speech import (
    SpeechError,
    words_of_markup,
)

REFUSED = frozenset({"child_directed", "personal_data", "mature", "shopping"})
PATIENCE = 3.0
"""Seconds a skill may take to answer."""
LOG = 200
"""Lines of a skill's own log that are held, in memory."""
HERE = "earwitness.reference_impl.cloud.skills."


@dataclass(frozen=True, slots=True)
class Listing:
    """An entry of the skill store. `certified` is true for public skills and for those certified for the
    property; a hidden one is the property's own. `module` is the program that answers; those that are
    refused never get one."""

    name: str
    domain: str
    kind: str
    certified: bool
    developer: str
    hidden: bool = False
    module: str = ""


STORE = (
    Listing(
        name="weather",
        domain="weather",
        kind="general",
        certified=True,
        developer="earwitness",
        module=HERE + "weather",
    ),
    Listing(
        name="timer",
        domain="time",
        kind="general",
        certified=True,
        developer="earwitness",
        module=HERE + "timer",
    ),
    Listing(
        name="room_service",
        domain="food",
        kind="general",
        certified=True,
        developer="harbour-software",
        hidden=True,
        module=HERE + "room_service",
    ),
    Listing(
        name="trivia",
        domain="games",
        kind="general",
        certified=True,
        developer="earwitness",
        module=HERE + "trivia",
    ),
    Listing(
        name="lights",
        domain="home",
        kind="general",
        certified=True,
        developer="earwitness",
        module=HERE + "lights",
    ),
    Listing(
        name="music",
        domain="music",
        kind="general",
        certified=True,
        developer="earwitness",
        module=HERE + "music",
    ),
    Listing(
        name="privacy",
        domain="settings",
        kind="general",
        certified=True,
        developer="earwitness",
        module=HERE + "privacy",
    ),
    # What a store receives and an assistant in a hotel must not run.
    Listing(
        name="bedtime_stories",
        domain="games",
        kind="child_directed",
        certified=False,
        developer="somebody",
    ),
    Listing(
        name="horoscope_by_birthday",
        domain="games",
        kind="personal_data",
        certified=False,
        developer="somebody",
    ),
    Listing(
        name="after_dark",
        domain="games",
        kind="mature",
        certified=False,
        developer="somebody",
    ),
    Listing(
        name="gift_shop",
        domain="shopping",
        kind="shopping",
        certified=False,
        developer="somebody",
    ),
    Listing(
        name="unreviewed",
        domain="games",
        kind="general",
        certified=False,
        developer="somebody",
    ),
)


def may_be_certified(kind: str) -> bool:
    """Whether a skill of this kind may be certified at all."""
    return kind not in REFUSED


def may_run(listing: Listing) -> bool:
    """Asked again at every request: a certificate is not believed where the kind is refused."""
    return listing.certified and may_be_certified(listing.kind)


class SkillProcess:
    """One skill in a process that gets nothing but intent, slots and session: no sound, no environment, no
    files of ours open."""

    def __init__(self, module: str) -> None:
        self.log: deque[str] = deque(maxlen=LOG)
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", module],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert (
            self._process.stdin
            and self._process.stdout
            and self._process.stderr
        )
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._process.stdout, selectors.EVENT_READ)
        threading.Thread(
            target=self._read_log,
            args=(self._process.stderr,),
            daemon=True,
        ).start()

    def _read_log(self, stream: IO[str]) -> None:
        with suppress(ValueError):
            self.log.extend(
                line.rstrip() for line in iter(stream.readline, "")
            )

    def ask_skill(
        self,
        intent: str,
        slots: Mapping[str, str],
        session: Mapping[str, str],
    ) -> Response | None:
        """The answer; None where the skill died, hangs or answers nonsense."""
        assert self._process.stdin and self._process.stdout
        try:
            self._process.stdin.write(
                json.dumps(
                    {
                        "intent": intent,
                        "slots": dict(slots),
                        "session": dict(session),
                    }
                )
                + "\n"
            )
            self._process.stdin.flush()
            if not self._selector.select(PATIENCE):
                return None
            entry = json.loads(self._process.stdout.readline())
            words_of_markup(str(entry["markup"]))
            return Response(
                str(entry["markup"]),
                entry["follow_up"] is True,
                {str(k): str(v) for k, v in entry["session"].items()},
            )
        except (
            OSError,
            ValueError,
            KeyError,
            TypeError,
            AttributeError,
            SpeechError,
        ):
            return None

    def end(self) -> None:
        self._process.kill()
        self._process.wait()
        self._selector.close()


class Host:
    """Runs skills, each in a process that starts when it is first asked and again after it died."""

    def __init__(self, store: Iterable[Listing] = STORE) -> None:
        self.listings = {x.name: x for x in store}
        self._running: dict[str, SkillProcess] = {}

    def ask_skill(
        self,
        listing: Listing,
        intent: str,
        slots: Mapping[str, str],
        session: Mapping[str, str],
    ) -> Response:
        process = self._running.get(listing.name)
        if process is None:
            process = self._running[listing.name] = SkillProcess(
                listing.module
            )
        response = process.ask_skill(intent, slots, session)
        if response is not None:
            return response
        process.end()
        self._running.pop(listing.name, None)
        return Response(
            say(
                f"{listing.name.replace('_', ' ')} did not answer. Please try again."
            )
        )

    def logs(self, name: str) -> tuple[str, ...]:
        """What the skill itself wrote."""
        process = self._running.get(name)
        return tuple(process.log) if process is not None else ()

    def end(self) -> None:
        """End all skills, also one that is being asked by another thread, which then takes it out itself."""
        for process in tuple(self._running.values()):
            process.end()
        self._running.clear()
