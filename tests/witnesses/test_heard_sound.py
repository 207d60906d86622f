"""What was played is found again, and only that."""

from __future__ import annotations

import io

import av
import numpy as np
import pytest

from earwitness.conformance.stimuli.clips import CLIPS, decode, in_the_air
from earwitness.conformance.witnesses import changed_sound
from earwitness.conformance.witnesses.finds_of_sound import (
    Where,
    unexplained_ranges,
)
from earwitness.conformance.witnesses.heard_sound import HeardSound
from earwitness.conformance.witnesses.played_stretches import PlayedStretches

SOUND = in_the_air(CLIPS["weather"], 11)
BEGAN = 1_000_000
PIECE = SOUND[16_000:32_000]
"""From 2 s to 3 s of the device's clock."""


@pytest.fixture(scope="module")
def heard():
    memory = HeardSound()
    memory.begin_run()
    memory.play("d1", BEGAN, SOUND)
    memory.play("d2", 500_000, in_the_air(CLIPS["timer"], 12))
    return memory


def told(finds):
    return [(find.device, find.heard_from, find.heard_to) for find in finds]


def widened(samples, low):
    """24 or 32 bits, little-endian, with something in the lower bytes."""
    rows = np.frombuffer(samples.tobytes(), np.uint8).reshape(-1, 2)
    noise = np.random.default_rng(1).integers(
        0, 256, (len(rows), low), np.uint8
    )
    return np.concatenate([noise, rows], axis=1).tobytes()


EXACT = {
    "s16le": PIECE.tobytes(),
    "s16be": PIECE.astype(">i2").tobytes(),
    "at an odd offset": b"odd" + PIECE.tobytes(),
    "negated": (-PIECE).tobytes(),
    "24 bits": widened(PIECE, 1),
    "32 bits": widened(PIECE, 2),
    "stereo": np.stack([PIECE, PIECE[::-1]], axis=1).tobytes(),
    "stereo 24 bits": widened(
        np.stack([PIECE, PIECE], axis=1).reshape(-1), 1
    ),
    "f32": (PIECE / 32_768).astype("<f4").tobytes(),
    "f32 big-endian": b"x" + (PIECE / 32_768).astype(">f4").tobytes(),
    "padded": bytes(4_000) + PIECE.tobytes() + bytes(16_000),
}


@pytest.mark.parametrize("name", EXACT)
def test_exact_samples_are_traced_to_the_instants_they_were_heard(
    heard, name
):
    finds = heard.exact.locate(EXACT[name])
    assert ("d1", 2_000_000, 3_000_000) in told(finds)
    assert all(find.exact for find in finds)


def test_floats_scaled_a_little_otherwise_are_found_where_they_round_alike(
    heard,
):
    finds = heard.exact.locate((PIECE / 32_767).astype("<f4").tobytes())
    assert sum(find.heard_to - find.heard_from for find in finds) > 900_000


def test_the_place_in_the_content_is_told(heard):
    (find,) = heard.exact.locate(b"\0\0\0\7" + PIECE.tobytes() + b"trailer!")
    assert (find.begins, find.ends) == (4, 4 + PIECE.nbytes)
    assert list(unexplained_ranges(PIECE.nbytes + 12, [find])) == [
        (0, 4),
        (PIECE.nbytes + 4, PIECE.nbytes + 12),
    ]


def test_a_message_of_56_bytes_is_enough_and_24_joined_messages_are_one_find(
    heard,
):
    pieces = [PIECE[at : at + 28].tobytes() for at in range(0, 672, 28)]
    assert all(heard.exact.locate(piece) for piece in pieces)
    (find,) = heard.exact.locate(b"".join(pieces))
    assert told([find]) == [("d1", 2_000_000, 2_042_000)]


def test_messages_with_a_head_before_each_are_found_too(heard):
    content = b"".join(
        b"\0\x38" + PIECE[at : at + 28].tobytes()
        for at in range(0, 14_000, 28)
    )
    finds = heard.exact.locate(content)
    assert sum(find.ends - find.begins for find in finds) >= 0.9 * len(
        content
    )


def test_sound_of_two_plays_is_traced_to_both(heard):
    other = in_the_air(CLIPS["timer"], 12)[8_000:16_000]
    finds = heard.exact.locate(PIECE.tobytes() + other.tobytes())
    assert told(finds) == [
        ("d1", 2_000_000, 3_000_000),
        ("d2", 1_000_000, 1_500_000),
    ]


def test_sound_fed_frame_by_frame_is_one_stretch():
    memory = HeardSound()
    for number, at in enumerate(range(0, len(SOUND), 1_280)):
        memory.play("d1", BEGAN + number * 80_000, SOUND[at : at + 1_280])
    assert told(memory.exact.locate(PIECE.tobytes())) == [
        ("d1", 2_000_000, 3_000_000)
    ]
    assert (
        told(
            memory.changed.resembling_samples(
                (PIECE // 2).astype(np.int16)
            ).finds
        )[0][0]
        == "d1"
    )


def test_runs_and_calls_are_told_apart():
    memory = HeardSound()
    memory.begin_run()
    memory.play("d1", 0, SOUND[:16_000])
    memory.begin_run()
    memory.play("d1", 0, SOUND[16_000:32_000], call=True)
    finds = memory.exact.locate(SOUND[:32_000].tobytes())
    assert [(find.run, find.call) for find in finds] == [
        (1, False),
        (2, True),
    ]


def test_numbers_are_searched_as_samples(heard):
    (find,) = heard.exact.locate_samples(
        np.concatenate([np.arange(10, dtype=np.int16), PIECE])
    )
    assert (find.begins, find.ends) == (10, 10 + len(PIECE))


def test_nothing_is_found_in_silence_noise_text_and_other_sound(heard):
    rng = np.random.default_rng(5)
    assert heard.exact.locate(bytes(1 << 20)) == []
    assert heard.exact.locate(rng.bytes(1 << 22)) == []
    assert heard.exact.locate(b"keep-alive " * 10_000) == []
    assert (
        heard.exact.locate(np.arange(1 << 16, dtype=np.uint16).tobytes())
        == []
    )
    quiet = rng.normal(0, 12, 1 << 20).astype(np.int16)
    assert heard.exact.locate(quiet.tobytes()) == []
    assert (
        heard.exact.locate(in_the_air(CLIPS["weather"], 99).tobytes()) == []
    )


def rate_changed(samples, rate):
    frame = av.AudioFrame.from_ndarray(
        samples.reshape(1, -1), format="s16", layout="mono"
    )
    frame.sample_rate = 16_000
    resampler = av.AudioResampler(format="s16", layout="mono", rate=rate)
    frames = [*resampler.resample(frame), *resampler.resample(None)]
    return np.concatenate([f.to_ndarray().reshape(-1) for f in frames])


def companded(samples, codec):
    context = av.CodecContext.create(codec, "w")
    context.sample_rate, context.layout, context.format = 8_000, "mono", "s16"
    frame = av.AudioFrame.from_ndarray(
        rate_changed(samples, 8_000).reshape(1, -1),
        format="s16",
        layout="mono",
    )
    frame.sample_rate = 8_000
    return b"".join(
        bytes(packet)
        for packet in [*context.encode(frame), *context.encode(None)]
    )


def coded(samples, codec, container):
    out = io.BytesIO()
    with av.open(out, "w", format=container) as file:
        rate = 48_000 if codec == "libopus" else 16_000
        stream = file.add_stream(codec, rate=rate)
        stream.layout, stream.bit_rate = "mono", 16_000
        frame = av.AudioFrame.from_ndarray(
            samples.reshape(1, -1), format="s16", layout="mono"
        )
        frame.sample_rate = 16_000
        resampler = av.AudioResampler(
            format=stream.codec_context.format,
            layout="mono",
            rate=rate,
            frame_size=stream.codec_context.frame_size or 1_024,
        )
        for piece in [*resampler.resample(frame), *resampler.resample(None)]:
            file.mux(stream.encode(piece))
        file.mux(stream.encode(None))
    return decode(out.getvalue())


RNG = np.random.default_rng(7)
SPOKEN = SOUND[20_000:52_000]
"""From 2.25 s to 4.25 s of the device's clock: the words after the wake word, which the other clip has too."""
CHANGED = {
    "mu-law": companded(SPOKEN, "pcm_mulaw"),
    "a-law": b"!" + companded(SPOKEN, "pcm_alaw"),
    "8 bits": ((SPOKEN >> 8) + 128).astype(np.uint8).tobytes(),
    "softer": (SPOKEN * 0.21).astype(np.int16).tobytes(),
    "louder and negated": np.clip(SPOKEN * -2.3, -32_768, 32_767)
    .astype(np.int16)
    .tobytes(),
    "dithered": (SPOKEN + RNG.integers(-3, 4, len(SPOKEN)))
    .astype(np.int16)
    .tobytes(),
    "stereo, each softer": np.stack([SPOKEN // 3, SPOKEN // 5], axis=1)
    .astype(np.int16)
    .tobytes(),
    "f32, softer": (SPOKEN * 0.3 / 32_768).astype("<f4").tobytes(),
    "24 bits, softer": widened((SPOKEN // 3).astype(np.int16), 1),
    **{
        f"{rate} Hz": rate_changed(SPOKEN, rate).tobytes()
        for rate in (8_000, 11_025, 22_050, 44_100, 48_000)
    },
}


@pytest.mark.parametrize("name", CHANGED)
def test_changed_sound_is_found_with_its_instants(heard, name):
    likeness = heard.changed.resembling(CHANGED[name])
    assert likeness.finds and {find.device for find in likeness.finds} == {
        "d1"
    }
    found = sum(find.heard_to - find.heard_from for find in likeness.finds)
    assert found >= 1_000_000
    first, last = likeness.finds[0], likeness.finds[-1]
    assert first.heard_from >= 2_200_000 and last.heard_to <= 4_300_000
    size = len(CHANGED[name])
    for find in likeness.finds:
        share = (find.heard_from - 2_250_000) / 2_000_000
        assert abs(find.begins / size - share) < 0.02
    assert not any(find.exact for find in likeness.finds)


HEADER = b'{"id": 17, "type": "open", "device": "d1", "cause": "wake_word"}'


@pytest.mark.parametrize("before", [HEADER, HEADER * 4, bytes(4)])
@pytest.mark.parametrize("after", [b"", HEADER * 4])
def test_what_stands_before_and_after_changed_sound_is_no_sound(
    heard, before, after
):
    sound = CHANGED["mu-law"]
    finds = heard.changed.resembling(before + sound + after).finds
    first, last = finds[0], finds[-1]
    # Two milliseconds are the harness's to allow for.
    assert first.heard_from >= 2_250_000 - 2_000
    assert first.heard_from < 2_300_000
    assert last.heard_to <= 4_250_000 + 2_000
    assert last.ends <= len(before + sound) + 32


@pytest.mark.parametrize(
    "codec", [("libopus", "ogg"), ("aac", "mp4"), ("libmp3lame", "mp3")]
)
def test_sound_that_was_coded_with_loss_is_found(heard, codec):
    finds = heard.changed.resembling_samples(coded(SPOKEN, *codec)).finds
    assert finds and {find.device for find in finds} == {"d1"}


def test_what_is_as_even_as_noise_is_not_compared_with_all_that_was_played(
    heard, monkeypatch
):
    rng = np.random.default_rng(3)
    monkeypatch.setattr(changed_sound, "MOST_IN_VAIN", 0)
    room = rng.normal(0, 300, 64_000).astype(np.int16)
    for even in (rng.bytes(1 << 17), room.tobytes()):
        assert heard.changed.resembling(even).unsearched == ""
    other = CHANGED["softer"]
    assert heard.changed.resembling(other[::-1]).unsearched


def test_compressed_data_and_text_are_not_taken_for_changed_sound(heard):
    rng = np.random.default_rng(9)
    assert heard.changed.resembling(rng.bytes(1 << 18)).finds == ()
    assert (
        heard.changed.resembling(
            b"the meeting is at ten and nobody may know " * 1_000
        ).finds
        == ()
    )
    assert (
        heard.changed.resembling(
            rng.normal(0, 300, 80_000).astype(np.int16).tobytes()
        ).finds
        == ()
    )


def test_other_people_and_other_words_are_not_taken_for_what_was_played(
    heard, recordings
):
    for path in list(recordings)[::12]:
        assert heard.changed.resembling_samples(decode(path)).finds == (), (
            path.name
        )
    for clip in ("chatter", "other-word", "computer"):
        assert (
            heard.changed.resembling_samples(in_the_air(CLIPS[clip], 3)).finds
            == ()
        ), clip


def test_what_was_too_much_to_compare_is_told(heard, monkeypatch):
    monkeypatch.setattr(
        "earwitness.conformance.witnesses.changed_sound.MOST_COMPARISONS", 1
    )
    assert (
        "were not compared"
        in heard.changed.resembling(CHANGED["softer"]).unsearched
    )


def test_older_words_behind_those_just_played_are_found_as_well():
    memory = HeardSound()
    memory.begin_run()
    memory.play("d1", BEGAN, SOUND)
    later = in_the_air(CLIPS["timer"], 12)
    memory.play("d2", BEGAN, later)
    # Half of each is louder than the room; nothing is exact any more.
    older, newer = (
        (sound[8_000:40_000] * 0.7).astype(np.int16)
        for sound in (SOUND, later)
    )
    content = np.concatenate([newer, older]).tobytes()
    devices = {
        find.device for find in memory.changed.resembling(content).finds
    }
    assert devices == {"d1", "d2"}


def test_what_finds_nothing_again_and_again_is_compared_no_more_and_told(
    monkeypatch,
):
    memory = HeardSound()
    memory.begin_run()
    memory.play("d1", BEGAN, SOUND)
    monkeypatch.setattr(
        "earwitness.conformance.witnesses.changed_sound.MOST_IN_VAIN", 40
    )
    hum = in_the_air(CLIPS["chatter"], 12)[: 8 * 4_096]
    told_each = [memory.changed.resembling_samples(hum) for _ in range(20)]
    assert not told_each[0].unsearched and told_each[-1].unsearched
    memory.play("d1", BEGAN, SOUND)
    changed = (SOUND[16_000:48_000] * 0.7).astype(np.int16)
    assert memory.changed.resembling_samples(changed).finds, (
        "what was just played"
    )


def test_a_sample_that_agrees_by_chance_with_what_was_added_before_is_no_find():
    memory = HeardSound()
    memory.begin_run()
    half = len(PIECE) // 2
    other = in_the_air(CLIPS["timer"], 12)[16_000:24_000]
    other[-1] = PIECE[half - 1]
    for device, sound in (
        ("d1", PIECE[:half]),
        ("d2", other),
        ("d1", PIECE[half:]),
    ):
        memory.play(device, BEGAN, sound)
    for find in (memory.exact.locate, memory.exact.locate_usual):
        assert {heard.device for heard in find(PIECE.tobytes())} == {"d1"}


def test_what_streams_spend_in_vain_is_not_lacking_for_what_is_kept(
    monkeypatch,
):
    memory = HeardSound()
    memory.begin_run()
    memory.play("d1", BEGAN, SOUND)
    monkeypatch.setattr(
        "earwitness.conformance.witnesses.changed_sound.MOST_IN_VAIN", 1_000
    )
    hum = in_the_air(CLIPS["chatter"], 12)[: 8 * 4_096]
    memory.changed.where = Where.STREAM
    while not memory.changed.resembling_samples(hum).unsearched:
        pass
    memory.changed.where = Where.KEPT
    assert not memory.changed.resembling_samples(hum).unsearched


def test_a_file_that_lies_there_in_every_run_is_compared_with_new_sound_alone(
    monkeypatch,
):
    memory = HeardSound()
    monkeypatch.setattr(
        "earwitness.conformance.witnesses.changed_sound.MOST_IN_VAIN", 25_000
    )
    chime = in_the_air(CLIPS["chatter"], 12)[: 8 * 4_096].tobytes()
    for number in range(16):
        memory.begin_run()
        memory.play("d1", BEGAN, in_the_air(CLIPS["weather"], number))
        assert not memory.changed.resembling(chime).unsearched, number
    memory.play("d1", BEGAN, in_the_air(CLIPS["chatter"], 12))
    assert memory.changed.resembling(chime + b"").finds, "said after all"


def test_a_few_milliseconds_between_random_bytes_are_found(heard):
    noise = np.random.default_rng(3).bytes(1 << 20)
    for size in (250, 2_000):
        for at in (0, 4_090, 500_001, len(noise)):
            piece = PIECE[:size].tobytes()
            finds = heard.exact.locate(noise[:at] + piece + noise[at:])
            assert any(
                find.begins <= at + 16 and find.ends >= at + 2 * size - 16
                for find in finds
            ), (size, at)


def test_a_stretch_that_goes_on_is_compared_again(monkeypatch):
    # As if something else had been played since: what was just played is looked for in another way.
    monkeypatch.setattr(
        changed_sound.ChangedSearch, "_find_in_recent", lambda *_: ()
    )
    monkeypatch.setattr(PlayedStretches, "just_played", lambda *_: [])
    memory = HeardSound()
    memory.begin_run()
    memory.play("d1", BEGAN, SOUND[:20_000])
    changed = CHANGED["softer"]
    assert memory.changed.resembling(changed).finds == ()
    memory.play("d1", BEGAN + 1_250_000, SOUND[20_000:])
    assert memory.changed.resembling(changed).finds
