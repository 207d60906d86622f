"""Seeded faults of the cloud."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from earwitness.reference_impl.cloud.asr import Hypothesis
from earwitness.reference_impl.cloud.cloud import OURS, Cloud
from earwitness.reference_impl.cloud.nlu import Understanding
from earwitness.reference_impl.cloud.retention import CountedDialogue
from earwitness.reference_impl.cloud.skills.host import Listing
from earwitness.reference_impl.cloud.skills.skill import Response
from earwitness.reference_impl.messages import CloudReply, Event
from earwitness.reference_impl.property.access import (
    AccessDecision,
    Person,
    StoredRecord,
)
from earwitness.reference_impl.property.disclosure import (
    Disclosure,
    Disclosures,
)


class KeepsAllHypotheses(Cloud):
    """Stores the whole list of hypotheses, and reports only the one acted on."""

    def keep_request(
        self, acted_on: Hypothesis, hypotheses: list[Hypothesis], device: str
    ) -> list[Event]:
        texts = [hypothesis.text for hypothesis in hypotheses]
        with (self.retention.folder / "nbest.jsonl").open("a") as out:
            out.write(json.dumps(texts) + "\n")
        return super().keep_request(acted_on, hypotheses, device)


class GivesSkillTheRecording(Cloud):
    """Hands the sound to the skill, which keeps it raw."""

    def ask_skill(
        self,
        understood: Understanding,
        events: list[Event],
        sound: bytes,
        device: str = "",
        session: Mapping[str, str] | None = None,
    ) -> Response:
        Path(self.retention.folder / "skill.raw").write_bytes(sound)
        response = super().ask_skill(
            understood=understood,
            events=events,
            sound=sound,
            device=device,
            session=session,
        )
        for event in events:
            if event["event"] == "skill.request":
                event["recording"] = True
        return response


class CachesHypotheses(Cloud):
    """Keeps what else might have been said in a cache."""

    def choose_hypothesis(
        self, hypotheses: list[Hypothesis], asking: str
    ) -> tuple[Hypothesis, Understanding | None]:
        cache = sqlite3.connect(self.retention.folder / "cache.db")
        with cache:
            cache.execute("CREATE TABLE IF NOT EXISTS entry(value TEXT)")
            cache.executemany(
                "INSERT INTO entry VALUES (?)",
                [(h.text,) for h in hypotheses[1:]],
            )
        cache.close()
        return super().choose_hypothesis(hypotheses, asking)


class ActsOnSecondBest(Cloud):
    """Acts on a hypothesis that is not the most confident one."""

    def choose_hypothesis(
        self, hypotheses: list[Hypothesis], asking: str
    ) -> tuple[Hypothesis, Understanding | None]:
        rank_hypotheses = sorted(hypotheses, key=lambda h: -h.confidence)
        chosen = rank_hypotheses[min(1, len(rank_hypotheses) - 1)]
        return chosen, super().choose_hypothesis([chosen], asking)[1]


class AsksWrongSkill(Cloud):
    """Sends requests to a skill that does not handle them."""

    def ask_skill(
        self,
        understood: Understanding,
        events: list[Event],
        sound: bytes,
        device: str = "",
        session: Mapping[str, str] | None = None,
    ) -> Response:
        other = replace(
            understood,
            skill="timer" if understood.skill != "timer" else "weather",
        )
        return super().ask_skill(
            understood=other,
            events=events,
            sound=sound,
            device=device,
            session=session,
        )


class RunsUncertified(Cloud):
    """Runs a skill that nobody certified."""

    def runs(self, listing: Listing, device: str) -> bool:
        self.host.listings[listing.name] = replace(listing, certified=False)
        return True


class AnswersWithoutMarkup(Cloud):
    """Passes plain text off as a skill's answer."""

    def ask_skill(
        self,
        understood: Understanding,
        events: list[Event],
        sound: bytes,
        device: str = "",
        session: Mapping[str, str] | None = None,
    ) -> Response:
        response = super().ask_skill(
            understood=understood,
            events=events,
            sound=sound,
            device=device,
            session=session,
        )
        events[-1]["markup"] = False
        return response


class _Lax(Disclosures):
    """Permits more than the policy does: see `more`."""

    more: tuple[tuple[str, str], ...] = ()

    def decide_on(
        self, person: Person, action: str, record: StoredRecord
    ) -> AccessDecision:
        decision = super().decide_on(person, action, record)
        granted = (person.role, record.kind) in self.more
        return replace(decision, permitted=decision.permitted or granted)


class _OperatorsReadAll(_Lax):
    more = (("operator", "top_skills"), ("operator", "settings"))


class OperatorsReadAll(Cloud):
    """Lets those who run the service read what they do not need."""

    disclosures_class = _OperatorsReadAll


class _OrganisationSeesService(_Lax):
    more = (("organisation", "service_metrics"),)


class OrganisationSeesService(Cloud):
    """Shows an organisation the totals of everybody."""

    disclosures_class = _OrganisationSeesService


class _OrganisationReadsTranscripts(_Lax):
    more = (("organisation", "transcripts"),)


class OrganisationReadsTranscripts(Cloud):
    """Lets an organisation ask for what guests said."""

    disclosures_class = _OrganisationReadsTranscripts


class _DevelopersSeeSettings(_Lax):
    more = (("skill_developer", "settings"),)


class DevelopersSeeSettings(Cloud):
    """Shows a skill's developer how devices are set."""

    disclosures_class = _DevelopersSeeSettings


class TranscriptAsSkillName(Cloud):
    """Counts dialogues under a name that holds what was said, so that the organisation reads it among its
    top skills."""

    said = ""

    def choose_hypothesis(
        self, hypotheses: list[Hypothesis], asking: str
    ) -> tuple[Hypothesis, Understanding | None]:
        chosen, understood = super().choose_hypothesis(hypotheses, asking)
        self.said = chosen.text
        return chosen, understood

    def count_dialogue(
        self, understood: Understanding, device: str
    ) -> list[Event]:
        listing = self.host.listings[understood.skill]
        self.host.listings[understood.skill] = replace(
            listing, name=f"{listing.name}: {self.said}"
        )
        try:
            return super().count_dialogue(understood, device)
        finally:
            self.host.listings[understood.skill] = listing


class WordsInMetricsKey(Cloud):
    """Counts each dialogue once more under a key with what was asked for, where nobody is allowed to read
    it."""

    def count_dialogue(
        self, understood: Understanding, device: str
    ) -> list[Event]:
        key = "/".join((understood.intent, *understood.slots.values()))
        self.retention.count_dialogue(
            CountedDialogue(
                organisation="",
                property="",
                device=device,
                domain="detail",
                skill=understood.skill,
                intent=key,
            )
        )
        return super().count_dialogue(understood, device)


class VoicesCounted(Cloud):
    """Counts high and low voices, and shows the organisation which it has heard."""

    step = 20
    """Hz: voices nearer than this count as one."""

    def take_turn(
        self,
        sound: bytes,
        hypotheses: list[Hypothesis],
        device: str = "",
        question: Response | None = None,
    ) -> tuple[CloudReply, Response | None]:
        pitch = self.middle_of_spectrum(sound) // self.step * self.step
        self.voice = f"voice of {pitch} hertz"
        return super().take_turn(
            sound, hypotheses, device=device, question=question
        )

    @staticmethod
    def middle_of_spectrum(sound: bytes) -> int:
        """The frequency in Hz below which half of the power lies."""
        samples = np.frombuffer(sound[: len(sound) // 2 * 2], np.int16)
        power = np.abs(np.fft.rfft(samples)) ** 2
        middle = int(np.searchsorted(np.cumsum(power), np.sum(power) / 2))
        return middle * 16_000 // max(1, len(samples))

    def count_dialogue(
        self, understood: Understanding, device: str
    ) -> list[Event]:
        voice = CountedDialogue(
            organisation=OURS,
            property=OURS,
            device=device,
            domain="voices",
            skill=understood.skill,
            intent=self.voice,
        )
        self.retention.count_dialogue(voice)
        return super().count_dialogue(understood, device)


class _TellsAnyway(Disclosures):
    def read_record(
        self, person: Person, device: str, kind: str
    ) -> Disclosure:
        decision = super().read_record(person, device, kind).decision
        data = self._data(person, device, kind)
        return Disclosure(decision, data)


class DeniedYetTold(Cloud):
    """Says that access is denied, and sends the data all the same."""

    disclosures_class = _TellsAnyway
