"""A set-up that is wrong is told as such, with the likeliest cause: it never becomes a violation or a pass."""

from __future__ import annotations

import sys

import pytest
from test_satellite_faults import python_with_tiny

from earwitness.conformance.running.doctor import control_target
from earwitness.conformance.running.harness import Harness
from earwitness.conformance.stimuli.stimulus import Say
from earwitness.conformance.targets.entry_points import open_target
from earwitness.conformance.targets.protocol import TargetError

MISTAKES = {
    "--uri tcp://127.0.0.1:10701": "does not answer at port 10700; somebody listens at 10701",
    "--wake-uri tcp://127.0.0.1:9": "no sound came to the wake word service",
    "--wake-word-name hey_jarvis": "asked the wake word service for 'hey_jarvis'",
    "--mic-command 'sleep 600'": "nothing was read from its microphone",
    "--mic-command 'cat /dev/zero'": "nothing was read from its microphone",
    "--mic-command-rate 48000": "look at the rate and form of the sound",
    "--snd-command true": "played no answer; look at its command for sound",
}


@pytest.mark.parametrize("options", MISTAKES)
def test_a_wrong_set_up_is_told_with_its_likely_cause(options, tmp_path):
    script = python_with_tiny(tmp_path)
    done = control_target(f"wyoming:{script} {options}")
    assert MISTAKES[options] in done.failure
    if "does not answer" not in MISTAKES[options]:
        # The small satellite says so as it begins.
        assert "Its last words: ready" in done.failure


SPEECH = "stt.ovos-stt-plugin-server.url"
OF_A_LISTENER = {
    f"{SPEECH}=http://127.0.0.1:9/stt": "look at the address at which it looks for its server",
    "listener.microphone.earwitness.path=/dev/zero": "nothing was read from its microphone",
}


@pytest.mark.parametrize("options", OF_A_LISTENER)
def test_a_listener_with_a_wrong_setting_is_told_of_it(options, tmp_path):
    done = control_target(f"ovos:{python_with_tiny(tmp_path)} {options}")
    assert OF_A_LISTENER[options] in done.failure


def test_a_satellite_that_rests_after_each_word_is_told_as_such(tmp_path):
    """A refractory time: the first request is heard, the next comes too soon."""
    target = open_target(f"wyoming:{python_with_tiny(tmp_path, 'rests')}")
    with Harness(target, ()) as harness:
        run = harness.run((Say("satellite", "quiet"),))
    assert "rests after each word (a refractory time)" in run.dead


def test_a_driver_that_fails_is_no_fault_of_its_subject(tmp_path):
    folder = tmp_path / "subject"
    folder.mkdir()
    (folder / "driver.py").write_text("raise SystemExit('no such module')\n")
    (folder / "subject.yaml").write_text(
        "name: mine\ncommand: [sleep, '60']\nport: 10700\n"
        f"program: ['{sys.executable}', driver.py]\n"
    )
    with pytest.raises(TargetError, match="the program of mine"):
        control_target(f"subject:{folder}")
