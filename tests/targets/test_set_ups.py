"""A set-up that is wrong is told as such, with the likeliest cause: it never becomes a violation or a pass."""

from __future__ import annotations

import sys
import time

import pytest
from test_satellite_faults import python_with_tiny

from earwitness.conformance.running.doctor import control_target
from earwitness.conformance.running.harness import Harness
from earwitness.conformance.stimuli.stimulus import Mute, Say
from earwitness.conformance.targets.entry_points import open_target
from earwitness.conformance.targets.protocol import TargetError
from earwitness.conformance.targets.subjects.serving import STARTING

MISTAKES = {
    "--uri tcp://127.0.0.1:10701": "does not answer at port 10700; somebody listens at 10701",
    "--wake-uri tcp://127.0.0.1:9": "no sound came to the wake word service",
    "--wake-word-name hey_jarvis": "asked the wake word service for 'hey_jarvis'",
    "--mic-command 'sleep 600'": "nothing was read from its microphone",
    "--mic-command 'cat /dev/zero'": "nothing was read from its microphone",
    "--mic-command-rate 48000": "look at the rate and form of the sound",
    "--snd-command true": "played no answer; look at its command for sound",
    "claims=9": "'claims=9' names no level of a mute; write claims=1, 2, 3 or 4",
}


@pytest.mark.parametrize("options", MISTAKES)
def test_a_wrong_set_up_is_told_with_its_likely_cause(options, tmp_path):
    failure = failure_of(f"wyoming:{python_with_tiny(tmp_path)} {options}")
    assert MISTAKES[options] in failure
    if "--" in options and "does not answer" not in MISTAKES[options]:
        # The small satellite says so as it begins.
        assert "Its last words: ready" in failure


def failure_of(target):
    """Why it cannot be driven, as the command says it."""
    try:
        return control_target(target).failure
    except TargetError as error:
        return str(error)


TAKEN = "python3 -m http.server 10700 --bind 127.0.0.1"
GARBAGE = (
    "python3 -c \"import socket; s = socket.create_server(('127.0.0.1', 10401))\n"
    "while True: s.accept()[0].sendall(b'HTTP/1.1 200 OK\\r\\n\\r\\n{not json')\""
)
BESIDE = {
    TAKEN: "Address already in use",
    GARBAGE: "no sound came to the wake word service",
}
"""What already runs where the satellite starts, and what is told of it."""


@pytest.mark.parametrize("other", BESIDE, ids=["port taken", "garbage"])
def test_what_is_in_the_way_of_a_satellite_is_told(other, tmp_path):
    """Somebody else at its port; a wake word service that answers what is no message."""
    script = tmp_path / "beside"
    wake = "--wake-uri tcp://127.0.0.1:10401" if other is GARBAGE else ""
    script.write_text(
        f'#!/bin/sh\ncase "$*" in *uri*) ;; *) exit ;; esac\n'
        f"{other} > /dev/null 2>&1 &\nsleep 1\n"
        f'exec {python_with_tiny(tmp_path)} "$@" {wake}\n'
    )
    script.chmod(0o755)
    assert BESIDE[other] in failure_of(f"wyoming:{script}")


def test_a_program_that_does_not_say_its_version_is_driven_all_the_same(
    tmp_path,
):
    """Whatever is asked for by the driver may fail: only the satellite itself must run."""
    script = tmp_path / "mute"
    script.write_text(
        f'#!/bin/sh\ncase "$*" in *uri*) ;; *) exit 3 ;; esac\n'
        f'exec {python_with_tiny(tmp_path)} "$@"\n'
    )
    script.chmod(0o755)
    done = control_target(f"wyoming:{script}")
    assert (done.version, done.failure) == ("unknown", "")


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
    folder = make_folder(
        tmp_path, program="raise SystemExit('no such module')"
    )
    told = failure_of(f"subject:{folder}")
    assert "the program of mine ended with code 1 at 'greet'" in told
    assert "Its last words: no such module" in told


def test_a_subject_that_ends_at_once_is_told_before_its_driver_gives_up(
    tmp_path,
):
    folder = make_folder(tmp_path, command="echo no such device >&2; exit 7")
    told = failure_of(f"subject:{folder}")
    assert "mine ended by itself with code 7" in told
    assert "Its last words: no such device" in told


ANSWERS = """
import json
def answer(told):
    print(json.dumps({"done": told["id"]}), flush=True)
for line in open(0):
    told = json.loads(line)
"""


def make_folder(
    tmp_path,
    command="sleep 60",
    program=ANSWERS + "    if told['do'] != 'greet': answer(told)",
):
    """A subject in a folder: a command for a shell, and a program in Python."""
    folder = tmp_path / "subject"
    folder.mkdir()
    (folder / "driver.py").write_text(program + "\n")
    (folder / "subject.yaml").write_text(
        f"name: mine\ncommand: [sh, -c, '{command}']\nport: 10700\n"
        f"program: ['{sys.executable}', driver.py]\n"
    )
    return folder


def test_a_program_that_ends_in_the_middle_is_told_at_once(tmp_path):
    program = f"""{ANSWERS}
    if told["do"] == "mute":
        raise SystemExit("no more")
    answer(told)
"""
    folder = make_folder(tmp_path, program=program)
    target = open_target(f"subject:{folder}")
    began = time.monotonic()
    with Harness(target, ()) as harness:
        run = harness.run((Mute("satellite", True),), controls=False)
    assert "ended with code 1 at 'mute'" in f"{run.skipped} {run.dead}"
    assert time.monotonic() - began < STARTING


def test_a_subject_with_a_clock_of_its_own_is_told_how_fast_time_passes(
    tmp_path,
):
    """It rests after each word, in the time that was chosen, and hears the next request all the same."""
    python = python_with_tiny(tmp_path, "rests-briefly")
    target = open_target(f"wyoming:{python} speed=6")
    began = time.monotonic()
    with Harness(target, ()) as harness:
        run = harness.run((Say("satellite", "quiet"),))
    lived = run.trace[-1].time / 1_000_000
    assert not run.dead
    assert time.monotonic() - began >= lived / 6


def test_a_speed_that_is_none_is_told(tmp_path):
    told = failure_of(f"wyoming:{python_with_tiny(tmp_path)} speed=fast")
    assert "'speed=fast' is no speed; write such as speed=1" in told
