"""Seeded faults of the cloud."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from earwitness.reference_impl.cloud.asr import Hypothesis
from earwitness.reference_impl.cloud.cloud import Cloud, Event
from earwitness.reference_impl.cloud.nlu import Understanding
from earwitness.reference_impl.cloud.skills.skill import Response


class KeepsAllHypotheses(Cloud):
    """Stores the whole list of hypotheses, and reports only the one acted on."""

    def keep(self, acted_on: Hypothesis, hypotheses: list[Hypothesis]) -> list[Event]:
        with (self.retention.folder / "nbest.jsonl").open("a") as out:
            out.write(json.dumps([h.text for h in hypotheses]) + "\n")
        return super().keep(acted_on, hypotheses)


class GivesSkillTheRecording(Cloud):
    """Hands the sound to the skill, which keeps it raw."""

    def ask_skill(self, understood: Understanding, events: list[Event], sound: bytes, device: str = "", session: Mapping[str, str] | None = None) -> Response:
        Path(self.retention.folder / "skill.raw").write_bytes(sound)
        response = super().ask_skill(understood, events, sound, device, session)
        for event in events:
            if event["event"] == "skill.request":
                event["recording"] = True
        return response
