"""Microphone, loudspeaker and display: what the harness itself sees of a device."""

from __future__ import annotations

import os

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from earwitness.conformance.stimuli.clips import CLIPS, in_the_air
from earwitness.conformance.witnesses.loudspeaker import (
    Loudspeaker,
    SoundKind,
    sounds_in,
)
from earwitness.conformance.witnesses.microphone import (
    LONGEST_STEP,
    Microphone,
    MicrophoneError,
)
from earwitness.conformance.witnesses.pixels import Display, pixels_from

FRAME = np.arange(1_280, dtype=np.int16)
"""80 ms."""


@pytest.fixture
def microphone(tmp_path):
    made = Microphone(tmp_path / "microphone")
    yield made
    made.close()


def test_microphones_with_power_drain_the_pipe_and_hear_what_was_fed(
    microphone,
):
    device = os.open(microphone.path, os.O_RDONLY)
    microphone.feed(FRAME)
    assert os.read(device, 1 << 16) == FRAME.tobytes()
    drained = microphone.collect()
    assert (
        (drained.offered, drained.taken) == (2_560, 2_560)
        and drained.powered
        and drained.completely
    )
    os.close(device)


def test_microphones_without_power_leave_it_and_never_get_it_later(
    microphone,
):
    device = os.open(microphone.path, os.O_RDONLY | os.O_NONBLOCK)
    microphone.feed(FRAME)
    drained = microphone.collect()
    assert drained.taken == 0 and not drained.powered
    with pytest.raises(BlockingIOError):
        os.read(device, 1 << 16)
    os.close(device)


def test_taking_a_part_is_seen_as_a_part(microphone):
    device = os.open(microphone.path, os.O_RDONLY)
    microphone.feed(FRAME)
    os.read(device, 1_000)
    drained = microphone.collect()
    assert (
        drained.taken == 1_000 and drained.powered and not drained.completely
    )
    os.close(device)


def test_a_device_that_never_opens_the_microphone_blocks_nobody(microphone):
    microphone.feed(np.zeros(LONGEST_STEP * 16_000 // 1_000_000, np.int16))
    with pytest.raises(MicrophoneError, match="collect what was left first"):
        microphone.feed(FRAME)
    assert microphone.collect().taken == 0


def test_a_microphone_that_cannot_be_made_says_why(tmp_path):
    with pytest.raises(MicrophoneError, match="no microphone can be made"):
        Microphone(tmp_path / "no" / "folder")


TONE = (np.sin(np.arange(1_600) * (2 * np.pi * 880 / 16_000)) * 6_000).astype(
    np.int16
)
SPEECH = in_the_air(CLIPS["weather"], 3)
SILENCE = np.zeros(8_000, np.int16)


def kinds(samples):
    return [sound.kind for sound in sounds_in(samples)]


def test_a_tone_is_told_from_speech_and_both_from_silence():
    assert kinds(SILENCE) == []
    assert kinds(np.concatenate([SILENCE, TONE, SILENCE])) == [SoundKind.TONE]
    played = np.concatenate([TONE, SILENCE, SPEECH, SILENCE, TONE])
    assert kinds(played)[0] == kinds(played)[-1] == SoundKind.TONE
    assert SoundKind.TONE not in kinds(SPEECH) and SoundKind.SPEECH in kinds(
        SPEECH
    )


@pytest.mark.parametrize("hertz", [440, 880, 1_320, 2_000])
@pytest.mark.parametrize("milliseconds", [60, 100, 250])
def test_tones_of_other_pitch_and_length_are_tones(hertz, milliseconds):
    time = np.arange(16 * milliseconds) / 16_000
    tone = (
        np.sin(2 * np.pi * hertz * time) * 5_000
        + np.sin(4 * np.pi * hertz * time) * 1_000
    )
    assert kinds(
        np.concatenate([SILENCE, tone.astype(np.int16), SILENCE])
    ) == [SoundKind.TONE]


def test_no_word_of_speech_is_taken_for_a_tone():
    """Every 100 ms of every clip, cut out by itself."""
    for number, clip in enumerate(
        ("weather", "weather-2", "chatter", "computer")
    ):
        sound = in_the_air(CLIPS[clip], number)
        pieces = [
            sound[at : at + 1_600]
            for at in range(12_800, len(sound) - 1_600, 1_600)
        ]
        tones = sum(
            SoundKind.TONE in kinds(np.concatenate([SILENCE, p, SILENCE]))
            for p in pieces
        )
        assert tones == 0


def test_a_sound_has_its_place():
    (sound,) = sounds_in(np.concatenate([SILENCE, TONE, SILENCE]))
    assert abs(sound.begins - 8_000) <= 160 and abs(sound.ends - 9_600) <= 160


def test_the_loudspeaker_tells_what_was_added_since_the_last_look(tmp_path):
    speaker = Loudspeaker(tmp_path / "played")
    assert len(speaker.listen().samples) == 0
    with (tmp_path / "played").open("ab") as out:
        out.write(TONE.tobytes())
        out.flush()
        assert [s.kind for s in speaker.listen().sounds] == [SoundKind.TONE]
        out.write(b"\1")
        out.flush()
        assert len(speaker.listen().samples) == 0
        out.write(b"\2")
    assert speaker.listen().samples.tolist() == [0x0201]


def test_a_loudspeaker_that_shrinks_or_is_a_link_or_a_pipe_says_so(tmp_path):
    path = tmp_path / "played"
    speaker = Loudspeaker(path)
    path.write_bytes(bytes(100))
    speaker.listen()
    path.write_bytes(bytes(10))
    assert "shorter" in speaker.listen().reason
    path.unlink()
    path.symlink_to("/dev/zero")
    assert "cannot be read" in speaker.listen().reason
    path.unlink()
    os.mkfifo(path)
    assert "no regular file" in speaker.listen().reason


REGIONS = {
    "blue": (0, 0, 4, 4),
    "red": (8, 0, 4, 4),
    "mute_symbol": (0, 8, 8, 8),
}


def picture(**colours):
    pixels = np.full((16, 16, 3), 52, np.uint8)
    for name, colour in colours.items():
        left, top, width, height = REGIONS[name]
        pixels[top : top + height, left : left + width] = colour
    return b"P6\n16 16\n255\n" + pixels.tobytes()


@pytest.fixture
def display(tmp_path):
    made = Display(tmp_path / "front.ppm", REGIONS)
    made.path.write_bytes(picture(red=(64, 40, 40), blue=(40, 44, 64)))
    made.calibrate()
    return made


@pytest.mark.parametrize(
    "colours, lit",
    [
        ({"red": (64, 40, 40), "blue": (40, 44, 64)}, (False, False, False)),
        ({"red": (235, 30, 30), "blue": (40, 44, 64)}, (False, True, False)),
        ({"red": (64, 40, 40), "blue": (0, 150, 255)}, (True, False, False)),
        (
            {
                "red": (64, 40, 40),
                "blue": (0, 150, 255),
                "mute_symbol": (151, 42, 42),
            },
            (True, False, True),
        ),
        ({"red": (100, 40, 40), "blue": (40, 44, 64)}, (False, None, False)),
        ({"red": (30, 235, 30), "blue": (255, 255, 0)}, (None, None, False)),
    ],
)
def test_lights_are_seen_or_not_known(display, colours, lit):
    display.path.write_bytes(picture(**colours))
    seen = display.look().lit
    assert (seen["blue"], seen["red"], seen["mute_symbol"]) == lit


@pytest.mark.parametrize(
    "content, reason",
    [
        (b"", "does not begin"),
        (b"P6\n16 16\n255\n" + bytes(10), "10 of 768 bytes"),
        (b"P6\n4 4\n255\n" + bytes(48), "has no region"),
        (b"P6\n16 16\n65535\n" + bytes(1_536), "go up to 65535"),
        (b"P6\n99999 99999\n255\n", "99999 by 99999"),
    ],
)
def test_a_picture_that_cannot_be_read_makes_lights_not_known(
    display, content, reason
):
    display.path.write_bytes(content)
    seen = display.look()
    assert set(seen.lit.values()) == {None} and reason in seen.reason


def test_without_a_picture_lights_are_not_known(tmp_path):
    seen = Display(tmp_path / "none", REGIONS).look()
    assert (
        set(seen.lit.values()) == {None} and "cannot be read" in seen.reason
    )


@given(st.binary(max_size=80))
def test_no_bytes_break_the_reader_of_pictures(content):
    for data in (content, b"P6 " + content, b"P6\n4 4\n255\n" + content):
        try:
            pixels_from(data)
        except ValueError as error:
            assert str(error)
