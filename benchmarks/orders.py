"""Orders of coffee in people's voices, recognised and understood: python benchmarks/orders.py FOLDER
[--fit] FOLDER holds commands/ and index.json, which gives intent and slots. The sound is what the cloud
gets of a request. Confidence is judged on the odd-numbered orders only (expected calibration error in ten
bins, Brier score); --fit fits it again to the even-numbered ones."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import numpy as np

from earwitness.reference_impl.cloud import asr
from earwitness.reference_impl.cloud.endpoint import EndOfSpeech
from earwitness.reference_impl.cloud.nlu import fits_whole, understand_text
from earwitness.reference_impl.protocol import CHUNK, RATE
from earwitness.reference_impl.sound import decode_sound

NAMES = {
    "coffeeDrink": "drink",
    "milkAmount": "milk",
    "numberOfShots": "shots",
    "roast": "roast",
    "size": "size",
    "sugarAmount": "sugar",
}
INTENT = "OrderDrink"
NOISES = 3
"""Each order is heard in as many different faint noises."""


def in_a_room(sound: np.ndarray, seed: int) -> bytes:
    """With a tenth of a second of quiet before and a second after, and the noise of a quiet room."""
    before, after = np.zeros(RATE // 10), np.zeros(RATE)
    air = np.concatenate([before, sound.astype(float), after])
    noise = np.random.default_rng(seed).normal(0, 12, len(air))
    heard = np.clip(air + noise, -32768, 32767)
    return heard.astype(np.int16).tobytes()


def ended(recognizer: asr.Recognizer, sound: bytes) -> tuple[bytes, bool]:
    """The sound up to where the cloud stops listening, and whether it did so because the sentence was
    whole."""
    end, size = EndOfSpeech(0), 2 * CHUNK
    paused: bool | None = None
    for begin in range(0, len(sound), size):
        end.feed(sound[begin : begin + size])
        if not end.pausing:
            paused = None
        elif paused is None:
            found = recognizer.recognize_speech(sound[: begin + size])
            paused = bool(found) and fits_whole(found[0].text)
        if end.over or (paused and end.settled):
            return sound[: begin + size], not end.over
    return sound, False


def correctly(found: list[asr.Hypothesis], want: dict[str, str]) -> bool:
    """Whether intent and all slots are as they were meant."""
    understood = understand_text(found[0].text) if found else None
    if understood is None or understood.intent != INTENT:
        return False
    return dict(understood.slots) == want


def calibration(chances: np.ndarray, right: np.ndarray) -> dict[str, float]:
    """The expected calibration error in ten bins, and the Brier score."""
    bins = np.minimum((chances * 10).astype(int), 9)
    error = 0.0
    for number in set(bins):
        inside = bins == number
        apart = abs(chances[inside].mean() - right[inside].mean())
        error += apart * inside.mean()
    brier = ((chances - right) ** 2).mean()
    return {"error": round(float(error), 3), "brier": round(float(brier), 3)}


def fitted(chances: np.ndarray, right: np.ndarray) -> tuple[float, float]:
    """Offset and slope for the log odds of what was right."""
    from sklearn.linear_model import LogisticRegression

    odds = (np.log(chances / (1 - chances)) - asr.OFFSET) / asr.SLOPE
    made = LogisticRegression(C=100).fit(odds.reshape(-1, 1), right)
    return round(float(made.intercept_[0]), 2), round(
        float(made.coef_[0, 0]), 2
    )


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    orders = [
        e
        for e in json.loads((folder / "index.json").read_text())
        if e["file"].startswith("commands")
    ]
    recognizer = asr.DomainRecognizer()
    intents = whole = slots = wanted = early = patient = 0
    work = sound_seconds = 0.0
    judged: list[tuple[int, float, bool]] = []
    for number, entry in enumerate(orders):
        want = {NAMES[name]: value for name, value in entry["slots"].items()}
        for noise in range(NOISES):
            sound = in_a_room(
                decode_sound(folder / entry["file"]), number * NOISES + noise
            )
            heard, because_whole = ended(recognizer, sound)
            began = time.perf_counter()
            found = recognizer.recognize_speech(heard)
            work, sound_seconds = (
                work + time.perf_counter() - began,
                sound_seconds + len(heard) / 2 / RATE,
            )
            understood = understand_text(found[0].text) if found else None
            got = dict(understood.slots) if understood is not None else {}
            correct = correctly(found, want)
            intents += understood is not None and understood.intent == INTENT
            slots, wanted, whole = (
                slots + sum(got.get(k) == v for k, v in want.items()),
                wanted + len(want),
                whole + correct,
            )
            early += because_whole
            patient += correctly(recognizer.recognize_speech(sound), want)
            if found:
                judged.append((number, found[0].confidence, correct))
    total = len(orders) * NOISES
    parts = [[j for j in judged if j[0] % 2 == half] for half in (0, 1)]
    even, odd = (
        tuple(np.array([j[i] for j in part], float) for i in (1, 2))
        for part in parts
    )
    result = {
        "orders": total,
        "intent_right": round(intents / total, 3),
        "slots_right": round(slots / wanted, 3),
        "orders_right_in_all": round(whole / total, 3),
        "ended_as_whole_sentence": round(early / total, 3),
        "right_in_all_if_heard_to_the_end": round(patient / total, 3),
        "real_time_factor": round(work / sound_seconds, 4),
        "confidence_on_odd": {
            **calibration(*odd),
            "mean": round(float(odd[0].mean()), 3),
            "right": round(float(odd[1].mean()), 3),
        },
    }
    if "--fit" in sys.argv:
        result["fitted_on_even"] = dict(
            zip(("offset", "slope"), fitted(*even), strict=True)
        )
    print(json.dumps(result, indent=1))
