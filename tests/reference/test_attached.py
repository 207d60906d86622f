"""The reference by protocol 2: its microphones drain a pipe only while they have power, what it plays is in
a file, what it shows is a picture."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from earwitness.conformance.stimuli.clips import CLIPS, Clip, in_the_air
from earwitness.reference_impl.session import Session

CHUNK, CHUNK_US = 1_280, 80_000


class Bench:
    """One session with a pipe, a file and a picture for each device, and requests as the harness sends
    them."""

    def __init__(self, folder: Path) -> None:
        self.session, self.folder = Session(), folder
        self.hello = self.ask(
            do="hello",
            earwitness=2,
        )[-1]["ok"]
        self.devices = {
            entry["device"]: entry for entry in self.hello["devices"]
        }
        self.pipes = {}
        for name in self.devices:
            os.mkfifo(self.path(name, "microphone"))
            self.pipes[name] = os.open(
                self.path(name, "microphone"), os.O_RDWR | os.O_NONBLOCK
            )
            paths = {
                what: str(self.path(name, what))
                for what in ("microphone", "loudspeaker", "display")
            }
            self.ask(
                do="attach",
                device=name,
                **paths,
            )

    def path(self, device: str, what: str) -> Path:
        return self.folder / f"{device}.{what}"

    def ask(self, **request):
        return list(self.session.handle_request({"id": 1, **request}))

    def hear_sound(self, sound, device="d1"):
        """Feed it piece by piece; returns what was observed, and how many bytes it drained of each piece."""
        seen, drained = [], []
        for piece in sound[: len(sound) // CHUNK * CHUNK].reshape(-1, CHUNK):
            os.write(self.pipes[device], piece.tobytes())
            *events, reply = self.ask(
                do="listen",
                device=device,
                microseconds=CHUNK_US,
            )
            assert reply["ok"]["now"] == self.session.devices[device].now
            seen += events
            drained.append(2 * CHUNK - self.left(device))
        return seen, drained

    def left(self, device: str) -> int:
        """Bytes that nobody took; afterwards the pipe is empty."""
        try:
            return len(os.read(self.pipes[device], 1 << 16))
        except BlockingIOError:
            return 0

    def lit(self, device: str) -> set[str]:
        """Regions of the picture that differ from those of a device without power."""
        with Image.open(self.path(device, "display")) as shown:
            picture = np.asarray(shown).astype(int)
        unlit = self.unlit.setdefault(device, picture)
        return {
            name
            for name, (left, top, width, height) in self.devices[device][
                "display"
            ].items()
            if np.abs(
                (picture - unlit)[
                    top : top + height, left : left + width
                ].mean(axis=(0, 1))
            ).max()
            > 40
        }

    unlit: dict[str, np.ndarray] = {}

    def close(self) -> None:
        self.session.stop()
        for pipe in self.pipes.values():
            os.close(pipe)


@pytest.fixture
def bench(tmp_path):
    made = Bench(tmp_path)
    made.unlit = {}
    for name in made.devices:
        assert made.lit(name) == set()
    yield made
    made.close()


def named(seen, event):
    return [entry for entry in seen if entry["event"] == event]


def test_hello_names_wake_words_skills_and_what_is_shown_where(bench):
    assert bench.hello["earwitness"] == 2
    assert bench.hello["wake_words"] == [
        "alexa",
        "amazon",
        "computer",
        "echo",
    ]
    assert (
        "trivia" in bench.hello["skills"]
        and "bedtime_stories" in bench.hello["refused_skills"]
    )
    assert set(bench.devices["d1"]["display"]) == {"blue", "red"}
    assert set(bench.devices["d2"]["display"]) == {
        "blue",
        "red",
        "blue_bar",
        "mute_symbol",
    }
    assert bench.hello["capabilities"]["microphone"] is True


def test_the_pipe_is_drained_only_while_the_microphones_have_power(bench):
    quiet = np.ones(3 * CHUNK, np.int16)
    assert bench.hear_sound(quiet)[1] == [0, 0, 0]
    bench.ask(
        do="power",
        device="d1",
        state="restore",
    )
    assert bench.hear_sound(quiet)[1] == [2 * CHUNK] * 3
    bench.ask(
        do="press",
        device="d1",
        button="microphone",
    )
    assert bench.hear_sound(quiet)[1] == [0, 0, 0]
    bench.ask(
        do="press",
        device="d1",
        button="microphone",
    )
    assert bench.hear_sound(quiet)[1] == [2 * CHUNK] * 3


def test_a_request_is_heard_from_the_pipe_shown_and_answered_into_the_file(
    bench,
):
    bench.ask(
        do="power",
        device="d1",
        state="restore",
    )
    bench.ask(
        do="set",
        device="d1",
        value=True,
    )
    shown = []
    for piece in in_the_air(CLIPS["weather"], 5)[: 80 * CHUNK].reshape(
        -1, CHUNK
    ):
        seen, _ = bench.hear_sound(piece)
        shown.append((named(seen, "light"), bench.lit("d1")))
    blue = [lit for _, lit in shown]
    assert blue[0] == set() and {"blue"} in blue and blue[-1] == set()
    for events, lit in shown:
        for event in events:
            assert ("blue" in lit) == event["on"]
    assert bench.path("d1", "loudspeaker").stat().st_size > 16_000


def test_all_that_is_played_and_nothing_else_is_in_the_loudspeakers_file(
    bench,
):
    bench.ask(
        do="power",
        device="d1",
        state="restore",
    )
    seen, _ = bench.hear_sound(
        in_the_air(
            Clip(
                "Alexa, set a timer for five minutes",
                "alexa",
                tail=6.0,
            ),
            5,
        )
    )
    (answer,) = named(seen, "tts.audio")
    assert bench.path("d1", "loudspeaker").stat().st_size == answer["bytes"]


def test_muting_is_seen_in_the_picture_of_either_device(bench):
    for device, shown in (("d1", {"red"}), ("d2", {"red", "mute_symbol"})):
        bench.ask(
            do="power",
            device=device,
            state="restore",
        )
        bench.ask(
            do="press",
            device=device,
            button="microphone",
        )
        assert bench.lit(device) == shown
        bench.ask(
            do="power",
            device=device,
            state="cut",
        )
        assert bench.lit(device) == set()


def test_a_screen_shows_its_blue_bar_while_it_streams_and_no_symbol_is_lit_by_the_cameras_picture(
    bench,
):
    bench.ask(
        do="power",
        device="d2",
        state="restore",
    )
    bench.ask(
        do="power",
        device="d1",
        state="restore",
    )
    bench.ask(
        do="press",
        device="d2",
        button="action",
    )
    assert bench.lit("d2") == {"blue", "blue_bar"}
    bench.ask(
        do="press",
        device="d2",
        button="microphone",
    )
    bench.ask(
        do="press",
        device="d2",
        button="microphone",
    )
    bench.ask(
        do="call",
        device="d2",
        state="start",
        leg="device",
    )
    bench.hear_sound(np.ones(2 * CHUNK, np.int16), "d2")
    assert bench.session.devices["d2"].screen.picture is not None
    assert bench.lit("d2") <= {"blue", "blue_bar"}


def test_what_is_attached_stays_so_after_reset(bench):
    bench.ask(do="reset")
    bench.ask(
        do="power",
        device="d1",
        state="restore",
    )
    assert bench.hear_sound(np.ones(CHUNK, np.int16))[1] == [2 * CHUNK]


def test_sound_that_was_announced_but_is_not_there_is_an_error_and_no_hang(
    bench, monkeypatch
):
    monkeypatch.setattr("earwitness.reference_impl.attached.PATIENCE", 0.01)
    bench.ask(
        do="power",
        device="d1",
        state="restore",
    )
    assert (
        "holds less sound"
        in bench.ask(
            do="listen",
            device="d1",
            microseconds=CHUNK_US,
        )[-1]["error"]
    )


def test_a_clip_from_a_file_is_refused_while_the_microphones_hear_a_pipe(
    bench,
):
    refused = bench.ask(
        do="wait",
        device="d1",
        microseconds=CHUNK_US,
    )[-1]
    assert "send 'listen'" in refused["error"] and refused["definite"]


def test_without_a_pipe_time_passes_in_silence(tmp_path):
    session = Session()
    try:
        *_, reply = session.handle_request(
            {"id": 1, "do": "listen", "device": "d1", "microseconds": 160_000}
        )
        assert reply["ok"] == {"now": 160_000}
    finally:
        session.stop()
