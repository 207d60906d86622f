"""One turn in the cloud: sound in, an answer out, and what happened on the way as events. Nothing of the sound is kept."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

from earwitness.reference_impl.cloud.asr import DomainRecognizer, Hypothesis, Recognizer
from earwitness.reference_impl.cloud.endpoint import EndOfSpeech
from earwitness.reference_impl.cloud.nlu import Understanding, understand
from earwitness.reference_impl.cloud.retention import Retention
from earwitness.reference_impl.cloud.skills.host import Listing, listed, may_run
from earwitness.reference_impl.cloud.skills.skill import Response, say
from earwitness.reference_impl.cloud.speech import speak

LONGEST = 2 * 16_000 * 40
"""Bytes of one turn that are held in memory at most."""
Event = dict[str, Any]


def permille(confidence: float) -> int:
    return round(1000 * confidence)


class Cloud:
    """Everything after the connection. One recogniser serves all connections in turn."""

    def __init__(self, folder: Path, recognizer: Recognizer | None = None) -> None:
        self.retention = Retention(folder)
        self.recognizer = recognizer if recognizer is not None else DomainRecognizer()
        self.skills: dict[str, Listing] = listed()

    def turn(self, sound: bytes) -> dict[str, Any]:
        """Recognise, understand, ask the skill, speak."""
        events: list[Event] = []
        hypotheses = self.recognizer.recognize(sound)
        if not hypotheses:
            return {"events": events, "speech": "", "follow_up": False}
        acted_on, understood = self.choose(hypotheses)
        events.append(
            {
                "event": "asr.result",
                "text": acted_on.text,
                "confidence": permille(acted_on.confidence),
                "best": permille(max(h.confidence for h in hypotheses)),
                "hypotheses": len(hypotheses),
            }
        )
        events += self.keep(acted_on, hypotheses)
        if understood is None:
            return {"events": events, "speech": self.spoken(say("Sorry, I did not understand.")), "follow_up": False}
        events.append({"event": "nlu.intent", "intent": understood.intent, "resolved": True, "handler": understood.skill})
        response = self.ask_skill(understood, events, sound)
        self.retention.count(understood.intent)
        events.append({"event": "metric", "name": understood.intent, "level": "property"})
        return {"events": events, "speech": self.spoken(response.markup), "follow_up": response.follow_up}

    def choose(self, hypotheses: list[Hypothesis]) -> tuple[Hypothesis, Understanding | None]:
        """The most confident hypothesis, and what it means."""
        best = max(hypotheses, key=lambda h: h.confidence)
        return best, understand(best.text)

    def keep(self, acted_on: Hypothesis, hypotheses: list[Hypothesis]) -> list[Event]:
        self.retention.keep_words(acted_on.text)
        return [{"event": "record.write", "store": "cloud.sqlite", "category": "transcript", "acted_on": True}]

    def ask_skill(self, understood: Understanding, events: list[Event], sound: bytes) -> Response:
        listing = self.skills[understood.skill]
        if not may_run(listing):
            return Response(say("That skill is not available here."))
        events.append(
            {
                "event": "skill.request",
                "skill": listing.name,
                "skill_kind": listing.kind,
                "certified": listing.certified,
                "recording": False,
            }
        )
        response = listing.skill(understood.intent, understood.slots)
        events.append({"event": "skill.response", "skill": listing.name, "markup": response.markup.startswith("<speak"), "follow_up": response.follow_up})
        return response

    def spoken(self, markup: str) -> str:
        return base64.b64encode(speak(markup)).decode()


class Conversation:
    """The messages of one connection."""

    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud
        self.sound = bytearray()
        self.end: EndOfSpeech | None = None
        self.preroll = 0

    def message(self, content: bytes | dict[str, Any]) -> dict[str, Any]:
        """The reply to sound or to a message."""
        if isinstance(content, bytes):
            if self.end is None or len(self.sound) + len(content) > LONGEST:
                return {"stop": True}
            self.sound += content
            return {"stop": self.end.feed(content)}
        match content.get("type"):
            case "open":
                self.sound.clear()
                self.preroll = int(content.get("preroll", 0))
                self.end = EndOfSpeech(skip=self.preroll)
                return {"ok": True}
            case "end":
                # The pre-roll holds the wake word; the request begins after it.
                sound, self.end = bytes(self.sound[2 * self.preroll :]), None
                self.sound.clear()
                return self.cloud.turn(sound)
            case "reset":
                self.cloud.retention.clear()
                return {"ok": True}
        return {"error": "unknown message"}
