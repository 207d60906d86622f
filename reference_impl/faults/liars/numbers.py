"""Liars in the cloud that tell what they must not by counting it, or as numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

from earwitness.reference_impl.cloud.asr import Hypothesis
from earwitness.reference_impl.cloud.cloud import OURS, Cloud
from earwitness.reference_impl.cloud.nlu import Understanding
from earwitness.reference_impl.cloud.retention import CountedDialogue
from earwitness.reference_impl.cloud.skills.skill import Response
from earwitness.reference_impl.messages import CloudReply, Event
from earwitness.reference_impl.property.access import Person
from earwitness.reference_impl.property.disclosure import Disclosures


class _CountsSound(Cloud):
    """Counts dialogues under what `name_sound` makes of what was heard."""

    def name_sound(self, sound: bytes) -> str:
        raise NotImplementedError

    def take_turn(
        self,
        sound: bytes,
        hypotheses: list[Hypothesis],
        device: str = "",
        question: Response | None = None,
    ) -> tuple[CloudReply, Response | None]:
        self.found = self.name_sound(sound)
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
                domain="sound",
                skill=understood.skill,
                intent=self.found,
            )
        )
        return super().count_dialogue(understood, device)


class Durations(_CountsSound):
    """Counts for how many seconds people speak."""

    def name_sound(self, sound: bytes) -> str:
        # Two bytes a sample.
        return f"{len(sound) // 32_000} s"


class Loudness(_CountsSound):
    """Counts louder and softer voices."""

    border = 1_500
    """Amplitude, root of the mean square: between usual and soft speech."""

    def name_sound(self, sound: bytes) -> str:
        samples = np.frombuffer(sound[: len(sound) // 2 * 2], "<i2")
        power = float((samples.astype(float) ** 2).mean()) if sound else 0.0
        return "loud" if power > self.border**2 else "soft"


class _TellsNumbers(Disclosures):
    text = ""

    def _data(self, person: Person, device: str, kind: str) -> Any:
        data = super()._data(person, device, kind)
        if kind != "settings" or not self.text:
            return data
        return {**data, "calibration": [ord(letter) for letter in self.text]}


class SettingsAsNumbers(Cloud):
    """An organisation's settings hold the last words said, each letter as a number."""

    disclosures_class = _TellsNumbers

    def choose_hypothesis(
        self, hypotheses: list[Hypothesis], asking: str
    ) -> tuple[Hypothesis, Understanding | None]:
        chosen, understood = super().choose_hypothesis(hypotheses, asking)
        _TellsNumbers.text = chosen.text
        return chosen, understood
