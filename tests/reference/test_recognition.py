"""The recogniser with odd lists, and with sound on which it once failed."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from earwitness.reference_impl.cloud.asr import DomainRecognizer
from earwitness.reference_impl.sound import decode


@pytest.fixture(scope="module")
def recognizer():
    return DomainRecognizer()


class Decoder:
    """A decoder whose list is as given."""

    def __init__(self, entries) -> None:
        self.entries = entries

    def start_utt(self) -> None: ...

    def process_raw(self, sound: bytes, full_utt: bool) -> None: ...

    def end_utt(self) -> None: ...

    def hyp(self):
        return SimpleNamespace(hypstr="one small latte")

    def nbest(self):
        return iter(self.entries)


@pytest.mark.parametrize(
    "entries",
    [
        [],
        [None],
        [None, SimpleNamespace(hypstr="one small latte", score=0.9)],
        [SimpleNamespace(hypstr=None, score=0.9), SimpleNamespace(hypstr="tea", score=0.0)],
    ],
)
def test_entries_that_are_empty_are_left_out(entries, recognizer, monkeypatch):
    monkeypatch.setattr(recognizer, "_decoder", Decoder(entries))
    found = recognizer.recognize(bytes(32_000))
    assert [hypothesis.text for hypothesis in found] == ["one small latte"]


def test_an_order_whose_list_had_an_empty_entry_is_recognised(recognizer, recordings):
    path = next(iter(recordings)).parents[1] / "regression" / "order-with-empty-nbest.flac"
    # As in benchmarks/orders.py: the noise with which it happened is that of this seed.
    air = np.concatenate([np.zeros(1_600), decode(path).astype(float), np.zeros(16_000)])
    air += np.random.default_rng(196).normal(0, 12, len(air))
    assert recognizer.recognize(np.clip(air, -32768, 32767).astype(np.int16).tobytes())
