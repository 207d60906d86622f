"""Recognition: pocketsphinx with a language model made from the skills' own sentences; n-best, merged, with
calibrated confidence."""

from __future__ import annotations

import math
import tempfile
from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Protocol

from pocketsphinx import Config, Decoder, get_model_path
from pocketsphinx.lm import ArpaBoLM

from earwitness.reference_impl.cloud.nlu import (
    fits_whole,
    sentences_of_domain,
)
from earwitness.reference_impl.protocol import RATE

CANDIDATES = 8
"""Hypotheses that are handed on. Chosen, not measured."""
ENTRIES = 100
"""Entries of the decoder's list that are looked at, before merging."""
SCALE = 1024
"""The decoder gives scores divided by this (SENSCR_SHIFT is 10), as if they were probabilities."""
TEMPERATURE, FITTING = 12.0, 8.0
"""How flat the posterior over the list is, and how many times likelier a text is that some skill's sentence
fits whole."""
OFFSET, SLOPE = 1.07, 0.65
"""From the log odds of a text's posterior to those that it is right (Platt 1999). All four were chosen on
the even-numbered orders of people and synthetic sentences of six voices; `benchmarks/orders.py` fits the
latter two and reports on the odd-numbered."""


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """A possible text and the chance that it is what was meant, 0 to 1."""

    text: str
    confidence: float


ADDED_WORDS = {
    "lattes": "L AA T EY Z",
    "cappuccinos": "K AE P AH CH IY N OW Z",
}
"""Words of ours that pocketsphinx' dictionary does not have, in its phones."""


def pronunciations_of(words: Collection[str]) -> Iterator[str]:
    """The lines of pocketsphinx' dictionary for some words, every way to say them."""
    with Path(get_model_path("en-us/cmudict-en-us.dict")).open() as lines:
        for line in lines:
            # A word's second way to be said is "word(2)".
            word = line.split(maxsplit=1)[0].partition("(")[0]
            if word in words:
                yield line
    for word, phones in ADDED_WORDS.items():
        if word in words:
            yield f"{word} {phones}\n"


class Recognizer(Protocol):
    def recognize_speech(self, sound: bytes) -> list[Hypothesis]:
        """Hypotheses, best first; empty where nothing was heard."""


class DomainRecognizer:
    """The default recogniser: closed domain, small, fast."""

    def __init__(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            model, words = (
                Path(folder) / "domain.arpa",
                Path(folder) / "domain.dict",
            )
            said = list(sentences_of_domain())
            self._write_model(model, said)
            # The whole dictionary would cost seconds at every start.
            words.write_text(
                "".join(
                    pronunciations_of(
                        {
                            word
                            for sentence in said
                            for word in sentence.split()
                        }
                    )
                )
            )
            self._decoder = Decoder(
                Config(
                    lm=str(model),
                    dict=str(words),
                    samprate=float(RATE),
                    loglevel="FATAL",
                )
            )

    @staticmethod
    def _write_model(path: Path, said: list[str]) -> None:
        model = ArpaBoLM(
            text="\n".join(said),
            add_start=True,
        )
        model.compute()
        with path.open("w") as out:
            model.write(out)

    def recognize_speech(self, sound: bytes) -> list[Hypothesis]:
        # A tenth of a second of 16-bit samples holds no word.
        if len(sound) < RATE // 5:
            return []
        self._decoder.start_utt()
        self._decoder.process_raw(sound, full_utt=True)
        self._decoder.end_utt()
        best = self._decoder.hyp()
        if best is None or not best.hypstr.strip():
            return []
        # Seen with pocketsphinx 5.0.4: an entry of the list may be None, or without a text.
        entries = [
            entry
            for entry in islice(self._decoder.nbest(), ENTRIES)
            if entry is not None
        ]
        listed = [
            (
                _plain_letters(entry.hypstr or ""),
                SCALE * math.log(entry.score),
            )
            for entry in entries
            if entry.score > 0
        ]
        return rank_hypotheses(
            [(text, score) for text, score in listed if text]
            or [(best.hypstr.strip(), 0.0)]
        )


def _plain_letters(text: str) -> str:
    without_begin = text.replace("<s>", "")
    return without_begin.replace("</s>", "").strip()


def rank_hypotheses(
    listed: Collection[tuple[str, float]],
) -> list[Hypothesis]:
    """Hypotheses from texts with log likelihoods, best first.

    Entries that differ only in timing or pronunciation are one: their shares add up."""
    highest = max(score for _, score in listed)
    shares: dict[str, float] = defaultdict(float)
    for text, score in listed:
        shares[text] += math.exp((score - highest) / TEMPERATURE)
    for text in shares:
        shares[text] *= FITTING if fits_whole(text) else 1.0
    total = sum(shares.values())
    best = sorted(shares, key=lambda text: -shares[text])[:CANDIDATES]
    return [
        Hypothesis(text, calibrate_share(shares[text] / total))
        for text in best
    ]


def calibrate_share(share: float) -> float:
    """The chance that a text with this share of the list is right."""
    # No share is so sure that its odds are infinite.
    share = min(max(share, 0.001), 0.999)
    log_odds = math.log(share / (1 - share))
    return 1 / (1 + math.exp(-OFFSET - SLOPE * log_odds))
