"""A device may be killed at any point: no recording is left, and it starts again."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest
from surviving import recordings_below

from earwitness.conformance.stimuli.clips import (
    CLIPS,
    in_the_air,
    write_wav,
)
from earwitness.conformance.witnesses.heard_sound import HeardSound


class Outside:
    """The device as a process of its own, as one meets it from outside: requests in, observations out, and
    it can be killed."""

    def __init__(self, data) -> None:
        command = [
            sys.executable,
            "-m",
            "earwitness.reference_impl.session",
            "--data",
            str(data),
        ]
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.ask(
            do="power",
            device="d1",
            state="restore",
        )

    def ask(self, until: str = "", **request):
        """All that is said up to the reply, or up to the first event of a name."""
        self.process.stdin.write(json.dumps({"id": 1, **request}) + "\n")
        self.process.stdin.flush()
        seen = []
        for line in self.process.stdout:
            seen.append(json.loads(line))
            if "id" in seen[-1] or seen[-1].get("event") == until:
                break
        return seen

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()


def left_running(data) -> list[str]:
    """Processes that still work on the folder."""
    found = []
    for command in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            if (
                str(data).encode() in command.read_bytes()
                and "pytest" not in command.read_text()
            ):
                found.append(command.parent.name)
    return found


@pytest.mark.parametrize(
    "until",
    [
        "wake_word",
        "stream.open",
        "stream.audio",
        "asr.result",
        "tts.audio",
        "",
        "muted",
    ],
)
def test_a_device_that_is_killed_at_any_point_leaves_no_recording_and_starts_again(
    until, tmp_path
):
    data, air = tmp_path / "data", HeardSound()
    sound = in_the_air(CLIPS["weather"], 9)
    air.play("d1", 0, sound)
    write_wav(sound, tmp_path / "clip.wav")
    device = Outside(data)
    if until == "muted":
        device.ask(
            until="button.microphone",
            do="press",
            device="d1",
            button="microphone",
        )
    elif until:
        assert (
            device.ask(
                until=until,
                do="say",
                device="d1",
                audio=str(tmp_path / "clip.wav"),
                words="",
            )[-1]["event"]
            == until
        )
    device.kill()
    deadline = time.monotonic() + 10
    while left_running(data) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert left_running(data) == []
    assert recordings_below(data, air) == []
    again = Outside(data)
    try:
        heard = [
            m.get("event")
            for m in again.ask(
                do="say",
                device="d1",
                audio=str(tmp_path / "clip.wav"),
                words="",
            )
        ]
        assert ("tts.audio" in heard) == (until != "muted") and (
            "stream.audio" in heard
        ) == (until != "muted")
    finally:
        again.kill()
