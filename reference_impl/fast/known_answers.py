"""Answers of the detectors and the recogniser that come with the code, made by `scripts/remember-answers`: of
what a search has played most often. They count only where all that they depend on is as it was; else, and for
any other sound, the real ones are asked."""

from __future__ import annotations

import hashlib
import json
from dataclasses import astuple, dataclass, field
from importlib.metadata import version
from importlib.resources import files
from importlib.resources.abc import Traversable

from earwitness.reference_impl.cloud.asr import Hypothesis
from earwitness.reference_impl.fast.remembered import Answers, Firings

FILE = "known_answers.json"
RESTS_ON = (
    "cloud/asr.py",
    "cloud/domain.yaml",
    "cloud/nlu.py",
    "device/wake.py",
    "device/features.py",
    "device/words.npz",
    "fast/remembered.py",
)
"""Files of the reference of which the answers are made."""
PACKAGES = ("pocketsphinx", "pymicro-wakeword")


@dataclass(frozen=True, slots=True)
class KnownAnswers:
    """Of the detectors and of the recogniser, by the tokens of what they heard."""

    firings: Firings = field(default_factory=dict)
    speech: Answers = field(default_factory=dict)


def load_answers(source: Traversable | None = None) -> KnownAnswers:
    """Those that count here; none where the file is not there."""
    source = source or files(__package__).joinpath(FILE)
    if not source.is_file():
        return KnownAnswers()
    stored = json.loads(source.read_text("utf-8"))
    if stored["rests_on"] != digest_of_foundations():
        return KnownAnswers()
    return KnownAnswers(
        firings={
            bytes.fromhex(key): fires
            for fires, keys in ((True, "fires"), (False, "silent"))
            for key in stored[keys]
        },
        speech={
            bytes.fromhex(key): [
                Hypothesis(text, confidence) for text, confidence in listed
            ]
            for key, listed in stored["speech"].items()
        },
    )


def write_answers(known: KnownAnswers) -> str:
    """As the file holds them."""
    content = {
        "rests_on": digest_of_foundations(),
        "fires": _listed(known.firings, fires=True),
        "silent": _listed(known.firings, fires=False),
        "speech": {
            key.hex(): [list(astuple(hypothesis)) for hypothesis in listed]
            for key, listed in sorted(known.speech.items())
        },
    }
    return json.dumps(content, indent=0) + "\n"


def digest_of_foundations() -> str:
    """Of all that the answers depend on: code, trained weights, sentences of the skills, packages."""
    home = files("earwitness.reference_impl")
    digest = hashlib.sha256()
    for name in RESTS_ON:
        digest.update(home.joinpath(name).read_bytes())
    digest.update(" ".join(map(version, PACKAGES)).encode())
    return digest.hexdigest()


def _listed(firings: Firings, *, fires: bool) -> list[str]:
    return sorted(
        key.hex() for key, value in firings.items() if value is fires
    )
