"""Speech markup to sound, spoken by espeak-ng."""

from __future__ import annotations

import subprocess
from functools import lru_cache
from xml.etree import ElementTree

from earwitness.reference_impl.sound import decode_sound


class SpeechError(RuntimeError):
    """Nothing can be spoken; the message says what to install or mend."""


def words_of_markup(markup: str) -> str:
    """The words of an SSML document. Raises SpeechError for malformed markup."""
    text = "".join(_parse_markup(markup).itertext())
    return " ".join(text.split())


def _parse_markup(markup: str) -> ElementTree.Element:
    try:
        document = ElementTree.fromstring(markup)
    except ElementTree.ParseError as error:
        raise SpeechError(f"speech markup is malformed: {error}") from None
    if document.tag != "speak":
        raise SpeechError("speech markup must be one <speak> element")
    return document


@lru_cache(maxsize=64)
def speak_markup(markup: str) -> bytes:
    """16 kHz samples of an SSML document. Raises SpeechError for malformed markup or where espeak-ng is
    missing."""
    _parse_markup(markup)
    try:
        spoken = subprocess.run(
            ["espeak-ng", "-m", "--stdin", "--stdout"],
            input=markup.encode(),
            capture_output=True,
            check=True,
            # 20 s: chosen, far more than one answer takes.
            timeout=20,
        )
    except FileNotFoundError:
        raise SpeechError(
            "espeak-ng is not installed; run scripts/install-system-packages"
        ) from None
    except subprocess.SubprocessError as error:
        raise SpeechError(f"espeak-ng failed: {error}") from None
    return decode_sound(spoken.stdout).tobytes()
