"""One turn in the cloud: what was recognised in, an answer out, and what happened on the way as events.
Nothing of the sound is kept."""

from __future__ import annotations

import base64
import logging
import threading
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError

from earwitness.reference_impl.cloud.asr import (
    DomainRecognizer,
    Hypothesis,
    Recognizer,
)
from earwitness.reference_impl.cloud.call_mail import CallMail
from earwitness.reference_impl.cloud.credentials import issue_credentials
from earwitness.reference_impl.cloud.nlu import Understanding, understand_text
from earwitness.reference_impl.cloud.retention import (
    CountedDialogue,
    Retention,
)
from earwitness.reference_impl.cloud.skills.host import Host, Listing, may_run
from earwitness.reference_impl.cloud.skills.skill import Response, say
from earwitness.reference_impl.cloud.speech import (
    speak_markup,
    words_of_markup,
)
from earwitness.reference_impl.messages import CloudReply, Event
from earwitness.reference_impl.property.access import Person
from earwitness.reference_impl.property.device_register import (
    DeviceRegister,
    RegisteredDevice,
)
from earwitness.reference_impl.property.disclosure import (
    SERVICE,
    Disclosures,
    issue_tokens,
)

FORGET = "ForgetWords"
"""The intent at which the cloud deletes."""
OURS, THEIRS = "harbour-hotel", "hill-hotel"
DEVICES = (
    RegisteredDevice("d1", OURS, "101"),
    RegisteredDevice("d2", OURS, "102"),
    RegisteredDevice("x1", THEIRS, "1"),
)
"""What is registered at first."""
PEOPLE = (
    Person("Ada", "organisation", OURS),
    Person("Bo", "organisation", THEIRS),
    Person("Cem", "skill_developer", "harbour-software"),
    Person("Dia", "skill_developer", "hill-software"),
    Person("Eve", "operator", SERVICE),
    Person("Finn", "operator", "another-cloud"),
    Person("Gus", "guest", OURS),
    Person("Hu", "guest", THEIRS),
)
"""One of the party that the first devices belong to, and one of another, in each role."""


def in_permille(confidence: float) -> int:
    return round(1000 * confidence)


def make_answer(
    events: list[Event], markup: str = "", follow_up: bool = False
) -> CloudReply:
    """What goes back to the device: what happened, the speech, the same in letters, and whether an answer
    is waited for."""
    speech = base64.b64encode(speak_markup(markup)).decode() if markup else ""
    return {
        "events": events,
        "speech": speech,
        "caption": words_of_markup(markup) if markup else "",
        "follow_up": follow_up,
    }


class Cloud:
    """Everything after the connection."""

    disclosures_class, mail_class, host_class = Disclosures, CallMail, Host

    def __init__(
        self,
        folder: Path,
        recognizer: Recognizer | None = None,
        database: str = "",
    ) -> None:
        self.retention = Retention(folder, database)
        self.host = self.host_class()
        self.register = DeviceRegister(
            folder=folder,
            devices=DEVICES,
            skills=tuple(
                x.name for x in self.host.listings.values() if may_run(x)
            ),
            url=database,
        )
        # Those registered at first too: a reset registers them again.
        registered = (*DEVICES, *self.register.devices())
        self.credentials = issue_credentials(
            {device.name for device in registered}
        )
        self.disclosures = self.disclosures_class(
            register=self.register,
            retention=self.retention,
            host=self.host,
            people=issue_tokens(PEOPLE),
        )
        self.recognizer = (
            recognizer if recognizer is not None else DomainRecognizer()
        )
        self._hearing = ThreadPoolExecutor(1)
        self.turning = threading.Lock()
        """Held during a turn: skills answer one at a time."""

    def end(self) -> None:
        """End what it started."""
        self.host.end()
        self._hearing.shutdown()
        self.register.engine.dispose()
        self.retention.engine.dispose()

    def start_recognition(self, sound: bytes) -> Future[list[Hypothesis]]:
        """What was said, as soon as it is known: the one recogniser serves all connections in turn, apart
        from everything else."""
        recognize = self.recognizer.recognize_speech
        return self._hearing.submit(recognize, sound)

    def take_turn(
        self,
        sound: bytes,
        hypotheses: list[Hypothesis],
        device: str = "",
        question: Response | None = None,
    ) -> tuple[CloudReply, Response | None]:
        """Understand, ask the skill, speak. `question` is what a skill asked before, `device` where it was.
        Returns the answer for the device and what was asked in it, if anything."""
        events: list[Event] = []
        if not hypotheses:
            return make_answer(events), None
        asking = (
            question.session.get("skill", "") if question is not None else ""
        )
        acted_on, understood = self.choose_hypothesis(hypotheses, asking)
        events.append(
            {
                "event": "asr.result",
                "text": acted_on.text,
                "confidence": in_permille(acted_on.confidence),
                "best": in_permille(max(h.confidence for h in hypotheses)),
                "hypotheses": len(hypotheses),
            }
        )
        events += self.keep_request(acted_on, hypotheses, device)
        if understood is None:
            return make_answer(
                events, say("Sorry, I did not understand.")
            ), None
        if not self.runs(self.host.listings[understood.skill], device):
            # No skill handles it here, so there is nowhere to send it.
            return make_answer(
                events, say("That skill is not available here.")
            ), None
        events.append(
            {
                "event": "nlu.intent",
                "intent": understood.intent,
                "resolved": True,
                "handler": understood.skill,
            }
        )
        session = (
            question.session
            if question is not None and asking == understood.skill
            else {}
        )
        response = self.ask_skill(
            understood=understood,
            events=events,
            sound=sound,
            device=device,
            session=session,
        )
        events += self.count_dialogue(understood, device)
        if understood.intent == FORGET:
            events += self.forget(device)
        again = (
            Response(
                "", True, {**response.session, "skill": understood.skill}
            )
            if response.follow_up
            else None
        )
        return make_answer(events, response.markup, response.follow_up), again

    def count_dialogue(
        self, understood: Understanding, device: str
    ) -> list[Event]:
        """One more dialogue, of the property."""
        placed = next(
            (d for d in self.register.devices() if d.name == device), None
        )
        listing = self.host.listings[understood.skill]
        organisation, unit = (
            (placed.organisation, placed.organisation)
            if placed is not None
            else ("", "")
        )
        dialogue = CountedDialogue(
            organisation=organisation,
            property=unit,
            device=device,
            domain=listing.domain,
            skill=listing.name,
            intent=understood.intent,
        )
        try:
            self.retention.count_dialogue(dialogue)
        except SQLAlchemyError as error:
            logging.getLogger(__name__).warning(
                "a dialogue was not counted: %s", error
            )
            return []
        return [
            {
                "event": "metric",
                "name": understood.intent,
                "level": "property",
            }
        ]

    def forget(self, device: str) -> list[Event]:
        """Delete what was said to the device, this request included."""
        number = self.retention.forget_words(device)
        return [
            {
                "event": "record.delete",
                "store": "cloud.sqlite",
                "category": "transcript",
            }
        ] * bool(number)

    def choose_hypothesis(
        self, hypotheses: list[Hypothesis], asking: str
    ) -> tuple[Hypothesis, Understanding | None]:
        """The most confident hypothesis, and what it means."""
        best = max(hypotheses, key=lambda hypothesis: hypothesis.confidence)
        meaning = understand_text(best.text, asking)
        return best, meaning

    def keep_request(
        self, acted_on: Hypothesis, hypotheses: list[Hypothesis], device: str
    ) -> list[Event]:
        try:
            self.retention.keep_words(acted_on.text, device)
        except SQLAlchemyError as error:
            logging.getLogger(__name__).warning(
                "a transcript was not stored: %s", error
            )
            return []
        return [
            {
                "event": "record.write",
                "store": "cloud.sqlite",
                "category": "transcript",
                "acted_on": True,
            }
        ]

    def runs(self, listing: Listing, device: str) -> bool:
        """Whether the skill may answer there: asked at every request, whatever was enabled before."""
        if not may_run(listing):
            return False
        return not device or listing.name in self.register.skills(device)

    def ask_skill(
        self,
        understood: Understanding,
        events: list[Event],
        sound: bytes,
        device: str = "",
        session: Mapping[str, str] | None = None,
    ) -> Response:
        listing = self.host.listings[understood.skill]
        events.append(
            {
                "event": "skill.request",
                "skill": listing.name,
                "skill_kind": listing.kind,
                "certified": listing.certified,
                "recording": False,
            }
        )
        response = self.host.ask_skill(
            listing,
            intent=understood.intent,
            slots=understood.slots,
            session=session or {},
        )
        events.append(
            {
                "event": "skill.response",
                "skill": listing.name,
                "markup": response.markup.startswith("<speak"),
                "follow_up": response.follow_up,
            }
        )
        return response
