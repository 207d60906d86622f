"""Recognition: pocketsphinx with a language model made from the skills' own sentences; n-best with posteriors."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from pocketsphinx import Config, Decoder
from pocketsphinx.lm import ArpaBoLM

from earwitness.reference_impl.cloud.nlu import sentences
from earwitness.reference_impl.protocol import RATE

CANDIDATES = 8
SCALE = 1.0 / 2000
"""Temper for n-best scores (log base 1.0001); chosen so that right texts stand above 0.5 on synthetic speech."""


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """A possible text with its share of belief, 0 to 1."""

    text: str
    confidence: float


class Recognizer(Protocol):
    def recognize(self, sound: bytes) -> list[Hypothesis]:
        """Hypotheses, best first; empty where nothing was heard."""


class DomainRecognizer:
    """The default recogniser: closed domain, small, fast."""

    def __init__(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            model = Path(folder) / "domain.arpa"
            self._write(model)
            self._decoder = Decoder(Config(lm=str(model), samprate=float(RATE), loglevel="FATAL"))

    @staticmethod
    def _write(path: Path) -> None:
        model = ArpaBoLM(text="\n".join(sentences()), add_start=True)
        model.compute()
        with path.open("w") as out:
            model.write(out)

    def recognize(self, sound: bytes) -> list[Hypothesis]:
        if len(sound) < RATE // 5:
            return []
        self._decoder.start_utt()
        self._decoder.process_raw(sound, full_utt=True)
        self._decoder.end_utt()
        best = self._decoder.hyp()
        if best is None or not best.hypstr.strip():
            return []
        scores: dict[str, float] = {best.hypstr.strip(): float(best.score)}
        for candidate, _ in zip(self._decoder.nbest(), range(40), strict=False):
            text = candidate.hypstr.replace("<s>", "").replace("</s>", "").strip() if candidate.hypstr else ""
            if text:
                scores[text] = max(scores.get(text, -1e12), float(candidate.score))
        ranked = sorted(scores.items(), key=lambda pair: -pair[1])[:CANDIDATES]
        weights = np.exp((np.array([score for _, score in ranked]) - ranked[0][1]) * SCALE)
        return [Hypothesis(text, float(w)) for (text, _), w in zip(ranked, weights / weights.sum(), strict=True)]
