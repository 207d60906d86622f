"""Recognition: pocketsphinx with a language model made from the skills' own sentences; n-best with posteriors."""

from __future__ import annotations

import tempfile
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from pocketsphinx import Config, Decoder, get_model_path
from pocketsphinx.lm import ArpaBoLM

from earwitness.reference_impl.cloud.nlu import sentences
from earwitness.reference_impl.protocol import RATE

CANDIDATES = 8
ENTRIES = 40
"""Entries of the decoder's list that are looked at, before merging."""


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """A possible text with its share of belief, 0 to 1."""

    text: str
    confidence: float


def pronunciations(words: Collection[str]) -> Iterator[str]:
    """The lines of pocketsphinx' dictionary for some words, every way to say them."""
    with Path(get_model_path("en-us/cmudict-en-us.dict")).open() as lines:
        yield from (line for line in lines if line.split(maxsplit=1)[0].partition("(")[0] in words)


class Recognizer(Protocol):
    def recognize(self, sound: bytes) -> list[Hypothesis]:
        """Hypotheses, best first; empty where nothing was heard."""


class DomainRecognizer:
    """The default recogniser: closed domain, small, fast."""

    def __init__(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            model, words = Path(folder) / "domain.arpa", Path(folder) / "domain.dict"
            said = list(sentences())
            self._write(model, said)
            # The whole dictionary would cost seconds at every start.
            words.write_text("".join(pronunciations({word for sentence in said for word in sentence.split()})))
            self._decoder = Decoder(Config(lm=str(model), dict=str(words), samprate=float(RATE), loglevel="FATAL"))

    @staticmethod
    def _write(path: Path, said: list[str]) -> None:
        model = ArpaBoLM(text="\n".join(said), add_start=True)
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
        # Entries of the list that differ only in timing or pronunciation are one hypothesis; their shares add up.
        shares: dict[str, float] = {}
        for candidate, _ in zip(self._decoder.nbest(), range(ENTRIES), strict=False):
            text = (candidate.hypstr or "").replace("<s>", "").replace("</s>", "").strip()
            if text:
                shares[text] = shares.get(text, 0.0) + float(candidate.score)
        if not shares:
            shares = {best.hypstr.strip(): 1.0}
        total = sum(shares.values()) or 1.0
        ranked = sorted(shares.items(), key=lambda pair: -pair[1])[:CANDIDATES]
        return [Hypothesis(text, share / total) for text, share in ranked]
