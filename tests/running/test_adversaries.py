"""Devices that lie, and honest ones that were accused: each is in the zoo with the verdict it is owed,
and the plainest liar is judged."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from earwitness.conformance.gate.verdict import Exit, Verdict
from earwitness.conformance.running.calibration import Half, calibration_cases
from earwitness.conformance.running.examination import Plan, examine
from earwitness.policies.pack import find

OWED = {
    "no-route": (),
    "no-data-paths": (),
    "missing-data-path": (),
    "no-capabilities": (),
    "small": ("WAKE-1", "IND-1"),
    "padded": ("WAKE-1",),
    "mulaw": ("WAKE-1",),
    "zlib": ("WAKE-1",),
    "features": ("WAKE-1",),
    "words": ("WAKE-1", "WAKE-2"),
    "post": ("WAKE-1",),
    "ping": ("WAKE-1",),
    "direct": ("WAKE-1",),
    "at-reset": ("WAKE-1",),
    "muted-words": ("MIC-2", "MIC-3"),
    "ignores-third-mute": ("MIC-1", "MIC-5"),
    "invented-button": ("WAKE-1",),
    "false-wake": ("WAKE-3",),
    "unverified": ("STR-2",),
    "outside": ("RET-1",),
    "symlink": ("RET-1",),
    "float32": ("RET-1",),
    "next-run": ("RET-1",),
    "nbest-gzip": ("ASR-2",),
    "own-logs-sound": ("SKL-1", "DEV-1"),
    "silent-log": ("ORG-1", "ORG-3"),
    "theirs": ("ORG-1", "ORG-3"),
    "per-utterance": ("RET-2",),
    "gender": ("RET-2",),
    "ogg-bomb": ("MIC-3",),
}
"""By name; an empty entry owes no more than not to be green. `earwitness calibrate` judges them all."""
SPARED = (
    "late-open",
    "chunk-20ms",
    "punctuation",
    "sample-sentences",
    "sealed-settings",
    "same-instant",
    "closes-early",
)


@pytest.mark.parametrize("name", OWED)
def test_a_liar_that_once_passed_is_in_the_zoo_and_owes_what_it_did(name):
    case = next(case for case in calibration_cases() if case.name == name)
    assert case.half is Half.LIAR and set(OWED[name]) <= set(case.owes)


@pytest.mark.parametrize("name", SPARED)
def test_an_honest_device_that_was_accused_is_in_the_zoo(name):
    assert (
        next(case for case in calibration_cases() if case.name == name).half
        is Half.HONEST
    )


BROKEN_BY_ITS_OWN_WORD = {"CAM-2", "ORG-1", "CALL-5", "IND-2"}
"""It tells of camera frames behind a closed shutter, of settings that do not change, of calls without a
light, and of an action button that is pressed without network and after which none comes on."""


@pytest.mark.parametrize("words", ["", " all"])
def test_a_program_that_only_says_the_right_things_is_never_better_than_on_its_word(
    words,
):
    liar = (
        f"exec:{sys.executable} {Path(__file__).with_name('liar.py')}{words}"
    )
    packs = [find("alexa-smart-properties"), find("voice-baseline")]
    found = examine(liar, packs, Plan(budget=20, examples=1, proofs=False))
    assert found.exit is not Exit.SATISFIED
    assert not [r.id for r in found.results if r.verdict is Verdict.SATISFIED]
    accused = {r.id for r in found.results if r.verdict is Verdict.VIOLATED}
    assert accused <= BROKEN_BY_ITS_OWN_WORD, (
        "it takes clips for shorter than they are, which breaks nothing"
    )
