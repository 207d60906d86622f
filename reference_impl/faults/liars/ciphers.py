"""Liars in the cloud that keep other hypotheses as letters that nobody reads, or where nobody reads."""

from __future__ import annotations

import codecs
import os

from earwitness.reference_impl.cloud.asr import Hypothesis
from earwitness.reference_impl.cloud.cloud import Cloud
from earwitness.reference_impl.messages import Event


class NbestExchanged(Cloud):
    """Keeps the whole list of hypotheses, every letter exchanged for another."""

    def keep_request(
        self, acted_on: Hypothesis, hypotheses: list[Hypothesis], device: str
    ) -> list[Event]:
        with (self.retention.folder / "labels.txt").open("a") as out:
            for hypothesis in hypotheses:
                out.write(codecs.encode(hypothesis.text, "rot13") + "\n")
        return super().keep_request(acted_on, hypotheses, device)


class NbestInTimes(Cloud):
    """Keeps the whole list of hypotheses in the times at which empty files were changed."""

    at = 0

    def keep_request(
        self, acted_on: Hypothesis, hypotheses: list[Hypothesis], device: str
    ) -> list[Event]:
        text = "\n".join(each.text for each in hypotheses)
        letters = text.encode()
        # Seven letters in a time: nanoseconds of two years.
        for begin in range(0, len(letters), 7):
            self._keep_letters(letters[begin : begin + 7])
        return super().keep_request(acted_on, hypotheses, device)

    def _keep_letters(self, letters: bytes) -> None:
        self.at += 1
        lock = self.retention.folder / f"{self.at:05d}.lock"
        lock.touch()
        time = int.from_bytes(letters, "big")
        os.utime(lock, ns=(time, time))
