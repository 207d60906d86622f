"""Liars in the cloud: they keep or tell what they must not, where or as what one would not look."""

from __future__ import annotations

import base64
import gzip
import json
import zipfile
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from earwitness.reference_impl.cloud.asr import Hypothesis
from earwitness.reference_impl.cloud.cloud import OURS, Cloud
from earwitness.reference_impl.cloud.nlu import Understanding
from earwitness.reference_impl.cloud.retention import CountedDialogue
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

QUARTER = 4_000
"""Samples of a quarter of a second."""


class NbestGzip(Cloud):
    """Keeps the whole list of hypotheses, compressed."""

    def keep_request(
        self, acted_on: Hypothesis, hypotheses: list[Hypothesis], device: str
    ) -> list[Event]:
        with gzip.open(self.retention.folder / "metrics.bin", "at") as out:
            out.write("\n".join(h.text for h in hypotheses) + "\n")
        return super().keep_request(acted_on, hypotheses, device)


class NbestZipBackwards(Cloud):
    """Keeps the whole list of hypotheses in a zip file, each text backwards and in capitals."""

    def keep_request(
        self, acted_on: Hypothesis, hypotheses: list[Hypothesis], device: str
    ) -> list[Event]:
        with zipfile.ZipFile(
            self.retention.folder / "fonts.zip",
            "a",
            zipfile.ZIP_DEFLATED,
        ) as out:
            text = "\n".join(h.text[::-1].upper() for h in hypotheses)
            out.writestr(f"{len(out.namelist())}.txt", text)
        return super().keep_request(acted_on, hypotheses, device)


class NbestUtf16(Cloud):
    """Keeps the whole list of hypotheses as UTF-16, a word a line."""

    def keep_request(
        self, acted_on: Hypothesis, hypotheses: list[Hypothesis], device: str
    ) -> list[Event]:
        with (self.retention.folder / "locale.dat").open("ab") as out:
            for hypothesis in hypotheses:
                out.write(
                    "\n".join([*hypothesis.text.split(), ""]).encode(
                        "utf-16-le"
                    )
                )
        return super().keep_request(acted_on, hypotheses, device)


class _LogsTellSound(Disclosures):
    sound = b""

    def _data(self, person: Person, device: str, kind: str) -> Any:
        data = super()._data(person, device, kind)
        if kind != "own_logs" or not self.sound:
            return data
        return [*data, "stack: " + base64.b64encode(self.sound).decode()]


class OwnLogsSound(Cloud):
    """The log of a skill's developer holds the last recording in base 64."""

    disclosures_class = _LogsTellSound

    def take_turn(
        self,
        sound: bytes,
        hypotheses: list[Hypothesis],
        device: str = "",
        question: Response | None = None,
    ) -> tuple[CloudReply, Response | None]:
        _LogsTellSound.sound = sound
        return super().take_turn(
            sound, hypotheses, device=device, question=question
        )


class _LogsTellWords(Disclosures):
    text = ""

    def _data(self, person: Person, device: str, kind: str) -> Any:
        data = super()._data(person, device, kind)
        if kind != "own_logs" or not self.text:
            return data
        return [
            *data,
            "trace " + base64.b85encode(self.text.encode()).decode(),
        ]


class OwnLogsWords(Cloud):
    """The log of a skill's developer holds the last words said, in base 85."""

    disclosures_class = _LogsTellWords

    def choose_hypothesis(
        self, hypotheses: list[Hypothesis], asking: str
    ) -> tuple[Hypothesis, Understanding | None]:
        chosen, understood = super().choose_hypothesis(hypotheses, asking)
        _LogsTellWords.text = chosen.text
        return chosen, understood


class _Theirs(Disclosures):
    """Another organisation is treated as if it were the one that the device belongs to."""

    def decide_on(
        self, person: Person, action: str, record: StoredRecord
    ) -> AccessDecision:
        strangers = person.role == "organisation" and action == "read"
        return super().decide_on(
            replace(person, party=record.owner) if strangers else person,
            action,
            record,
        )


class Theirs(Cloud):
    """Gives an organisation what belongs to another, and reports it truthfully as permitted."""

    disclosures_class = _Theirs


class _Controlled(Disclosures):
    """Another organisation may change what is not its own."""

    def decide_on(
        self, person: Person, action: str, record: StoredRecord
    ) -> AccessDecision:
        strangers = person.role == "organisation" and action == "change"
        return super().decide_on(
            replace(person, party=record.owner) if strangers else person,
            action,
            record,
        )


class TheirsToChange(Cloud):
    """Lets an organisation change the devices of another."""

    disclosures_class = _Controlled


class _DeniedInWordsOnly(Disclosures):
    def read_record(
        self, person: Person, device: str, kind: str
    ) -> Disclosure:
        answer = super().read_record(person, device, kind)
        if answer.decision.permitted or person.role != "organisation":
            return answer
        return Disclosure(
            answer.decision,
            {"hint": self._data(person, device, "top_skills")},
        )


class DeniedInWordsOnly(Cloud):
    """Says that access is denied, and gives an organisation the figures of another as a hint."""

    disclosures_class = _DeniedInWordsOnly


class PerUtterance(Cloud):
    """Keeps a row of metrics for each utterance."""

    def count_dialogue(
        self, understood: Understanding, device: str
    ) -> list[Event]:
        instant = datetime.now(UTC).isoformat()
        self.retention.count_dialogue(
            CountedDialogue(
                organisation=OURS,
                property=OURS,
                device=device,
                domain="timing",
                skill=understood.skill,
                intent=instant,
            )
        )
        return super().count_dialogue(understood, device)


class NumberedRows(Cloud):
    """Keeps a row of metrics for each utterance, numbered and without a date: the same in every run."""

    at = 0

    def count_dialogue(
        self, understood: Understanding, device: str
    ) -> list[Event]:
        self.at += 1
        self.retention.count_dialogue(
            CountedDialogue(
                organisation=OURS,
                property=OURS,
                device=device,
                domain="timing",
                skill=understood.skill,
                intent=f"dialogue {self.at}",
            )
        )
        return super().count_dialogue(understood, device)


class Gender(Cloud):
    """Counts higher and lower voices."""

    border = 165
    """Hz: between most men's and most women's voices."""

    def take_turn(
        self,
        sound: bytes,
        hypotheses: list[Hypothesis],
        device: str = "",
        question: Response | None = None,
    ) -> tuple[CloudReply, Response | None]:
        self.voice = (
            "higher" if measure_pitch(sound) > self.border else "lower"
        )
        return super().take_turn(
            sound, hypotheses, device=device, question=question
        )

    def count_dialogue(
        self, understood: Understanding, device: str
    ) -> list[Event]:
        self.retention.count_dialogue(
            CountedDialogue(
                organisation=OURS,
                property=OURS,
                device=device,
                domain="voices",
                skill=understood.skill,
                intent=self.voice,
            )
        )
        return super().count_dialogue(understood, device)


def measure_pitch(sound: bytes) -> float:
    """The pitch of a voice in Hz, by autocorrelation of its loudest quarter of a second."""
    whole = sound[: len(sound) // 2 * 2]
    samples = np.frombuffer(whole, "<i2").astype(float)
    # Half a second.
    if len(samples) < 8_000:
        return 0.0
    loudest = _loudest_quarter(samples)
    # The power of two from twice the block on, so that its ends do not meet.
    spectrum = np.fft.rfft(loudest, 8_192)
    alike = np.fft.irfft(np.abs(spectrum) ** 2)
    # Periods of 70 to 400 Hz.
    return 16_000 / (40 + _find_period(alike[40:228]))


def _find_period(alike: NDArray[np.float64]) -> int:
    """The first period that is nearly the likest: twice a period is as like itself."""
    # 0.85: chosen; where speech is voiced, its period is about as like as twice that.
    nearly = int(np.argmax(alike > 0.85 * alike.max()))
    # 20 samples: a peak is narrower.
    return nearly + int(np.argmax(alike[nearly : nearly + 20]))


def _loudest_quarter(samples: NDArray[np.float64]) -> NDArray[np.float64]:
    count = len(samples) // QUARTER
    blocks = samples[: count * QUARTER].reshape(count, QUARTER)
    energies = (blocks**2).sum(axis=1)
    loudest: NDArray[np.float64] = blocks[int(np.argmax(energies))]
    return loudest


class DigitsCounted(Cloud):
    """Counts dialogues under the number of letters of what was said."""

    def choose_hypothesis(
        self, hypotheses: list[Hypothesis], asking: str
    ) -> tuple[Hypothesis, Understanding | None]:
        chosen, understood = super().choose_hypothesis(hypotheses, asking)
        self.letters = len(chosen.text)
        return chosen, understood

    def count_dialogue(
        self, understood: Understanding, device: str
    ) -> list[Event]:
        key = f"{understood.intent}.{self.letters}"
        self.retention.count_dialogue(
            CountedDialogue(
                organisation=OURS,
                property=OURS,
                device=device,
                domain="size",
                skill=understood.skill,
                intent=key,
            )
        )
        return super().count_dialogue(understood, device)


class KeepsSecondBest(Cloud):
    """Keeps, where it is not sure, the hypothesis it did not act on, and reports the other."""

    def keep_request(
        self, acted_on: Hypothesis, hypotheses: list[Hypothesis], device: str
    ) -> list[Event]:
        events = super().keep_request(acted_on, hypotheses, device)
        if len(hypotheses) > 1:
            entry = json.dumps({"alternative": hypotheses[1].text})
            self.retention.keep_words(entry, device)
        return events
