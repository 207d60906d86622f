"""Wake words on people and on an hour of other speech: python benchmarks/wake.py FOLDER_OF_AUDIO
[MINUTES_OF_SYNTHETIC_SPEECH]

People's clips of every word are counted on files that took no part in training or in choosing a threshold
(every second one). No recordings of people saying "amazon" or "echo" are at hand: theirs are synthetic
voices with other settings than in training, which shows less. False alarms are counted over people's other
speech (the same half) and over synthetic speech made here; their time is given apart."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from itertools import cycle
from pathlib import Path

import numpy as np

from earwitness.reference_impl.cloud.nlu import sentences_of_domain
from earwitness.reference_impl.device.wake import make_detector
from earwitness.reference_impl.messages import WAKE_WORDS
from earwitness.reference_impl.protocol import CHUNK, RATE
from earwitness.reference_impl.sound import decode_sound

VOICES = (
    "en-us+m2",
    "en-us+f3",
    "en-gb+m4",
    "en-gb-x-gbclan",
    "en-us+m6",
    "en-gb+f5",
)
"""None of them spoke in training."""


def heard(
    sound: np.ndarray, words: tuple[str, ...], dice: np.random.Generator
) -> tuple[dict[str, int], dict[str, float], float]:
    """How often each word was heard, seconds of work of each detector, seconds of sound."""
    air = np.concatenate([np.zeros(RATE), sound, np.zeros(RATE)])
    air = np.clip(
        air
        + dice.normal(
            0,
            12,
            len(air),
        ),
        -32768,
        32767,
    ).astype(np.int16)
    chunks = air[: len(air) // CHUNK * CHUNK].reshape(-1, CHUNK)
    hits, spent = {}, {}
    for word in words:
        listening, began = make_detector(word), time.perf_counter()
        hits[word] = sum(listening.hear_word(c) is not None for c in chunks)
        spent[word] = time.perf_counter() - began
    return hits, spent, len(air) / RATE


def synthetic(words: str, voice: str) -> np.ndarray:
    return decode_sound(
        subprocess.run(
            ["espeak-ng", "-v", voice, "-s", "150", "--stdout", words],
            capture_output=True,
            check=True,
        ).stdout
    )


if __name__ == "__main__":
    root, dice = Path(sys.argv[1]), np.random.default_rng(0)
    minutes = float(sys.argv[2]) if len(sys.argv) > 2 else 50
    out: dict[str, dict[str, object]] = {w: {} for w in WAKE_WORDS}
    work: dict[str, float] = dict.fromkeys(WAKE_WORDS, 0.0)
    false: dict[str, dict[str, int]] = {
        w: {"people": 0, "synthetic": 0} for w in WAKE_WORDS
    }
    seconds = {"people": 0.0, "synthetic": 0.0}
    for folder, said in (
        ("alexa", "alexa"),
        ("computer", "computer"),
        ("wake-computer-2", "computer"),
        ("other-word", ""),
        ("commands", ""),
        ("read", ""),
    ):
        woke = 0
        clips = sorted((root / folder).glob("*.flac"))[1::2]
        for path in clips:
            hits, spent, long = heard(decode_sound(path), WAKE_WORDS, dice)
            woke += bool(said and hits[said])
            seconds["people"] += long
            for word in WAKE_WORDS:
                work[word] += spent[word]
                false[word]["people"] += hits[word] if word != said else 0
        if said:
            out[said][f"people, {folder}"] = f"{woke} of {len(clips)}"
    for word in WAKE_WORDS:
        clips_made = [
            f"{word}{rest}"
            for rest in (
                ", what is the weather in boston",
                "",
                ", set a timer for one hour",
            )
        ]
        woke = sum(
            bool(heard(synthetic(text, voice), (word,), dice)[0][word])
            for text in clips_made
            for voice in VOICES
        )
        out[word]["synthetic"] = f"{woke} of {len(clips_made) * len(VOICES)}"
    spoken = cycle(sentences_of_domain(400))
    while seconds["synthetic"] < 60 * minutes:
        text = ". ".join(next(spoken) for _ in range(12))
        hits, spent, long = heard(
            synthetic(text, str(dice.choice(VOICES))), WAKE_WORDS, dice
        )
        seconds["synthetic"] += long
        for word in WAKE_WORDS:
            work[word] += spent[word]
            false[word]["synthetic"] += hits[word]
    for word in WAKE_WORDS:
        out[word]["false alarms"] = false[word]
        out[word]["real-time factor"] = round(
            work[word] / sum(seconds.values()), 4
        )
    print(
        json.dumps(
            {
                "minutes": {k: round(v / 60, 1) for k, v in seconds.items()},
                "words": out,
            },
            indent=1,
        )
    )
