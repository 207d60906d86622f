"""Honest variations of the cloud."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from earwitness.reference_impl.cloud.asr import Hypothesis, Recognizer
from earwitness.reference_impl.cloud.cloud import Cloud
from earwitness.reference_impl.cloud.nlu import sentences_of_domain
from earwitness.reference_impl.messages import Event


class Punctuation(Cloud):
    """Keeps the one text acted on as a sentence, with a capital letter and a question mark."""

    def keep_request(
        self, acted_on: Hypothesis, hypotheses: list[Hypothesis], device: str
    ) -> list[Event]:
        sentence = acted_on.text[:1].upper() + acted_on.text[1:] + "?"
        written = Hypothesis(sentence, acted_on.confidence)
        return super().keep_request(written, hypotheses, device)


class SampleSentences(Cloud):
    """The skills' sample sentences are in its folder, before and after."""

    def __init__(
        self,
        folder: Path,
        recognizer: Recognizer | None = None,
        database: str = "",
    ) -> None:
        super().__init__(folder, recognizer, database)
        (folder / "samples.txt").write_text(
            "\n".join(sorted(set(sentences_of_domain())))
        )


class CountsInTheLog(Cloud):
    """Writes a line to a log for each request: that there was one, and nothing of it."""

    def take_turn(self, *words: Any, **more: Any) -> Any:
        with (self.retention.folder / "service.log").open("a") as log:
            log.write("a request was answered\n")
        return super().take_turn(*words, **more)


class SeparateDatabases(Cloud):
    """Keeps each transcript a second time, in a backup, as the one acted on."""

    def keep_request(
        self, acted_on: Hypothesis, hypotheses: list[Hypothesis], device: str
    ) -> list[Event]:
        events = super().keep_request(acted_on, hypotheses, device)
        try:
            with (self.retention.folder / "backup.txt").open("a") as out:
                out.write(acted_on.text + "\n")
        except (OSError, SQLAlchemyError) as error:
            logging.getLogger(__name__).warning(
                "no backup was written: %s", error
            )
        return events
