"""A target that was opened to learn what it is need not be opened a second time to be driven."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from earwitness.conformance.targets.confinement import Confinement
from earwitness.conformance.targets.entry_points import (
    OpenedTarget,
    TargetOptions,
)
from earwitness.conformance.targets.protocol import TargetError

OPEN = TargetOptions(Confinement.OPEN)
PROGRAM = """
import json, os, sys
with open(os.path.join(os.path.dirname(__file__), "started"), "a") as file:
    print(os.getpid(), file=file)
HELLO = {"name": "n", "version": "1", "clock": "virtual", "devices": [{"device": "d1", "kind": "speaker"}],
         "capabilities": {}, "packs": [%s]}
for line in sys.stdin:
    asked = json.loads(line)
    print(json.dumps({"id": asked["id"], "ok": HELLO if asked["do"] == "hello" else {}}), flush=True)
"""


@pytest.fixture
def program(tmp_path):
    def write(packs=""):
        script = tmp_path / "device.py"
        script.write_text(PROGRAM % packs)
        return f"exec:{sys.executable} {script}"

    return write


def check(target, folder, *options):
    command = ["check", "--target", target, "--confinement", "open"]
    main = "from earwitness.conformance.cli.main import main; main()"
    return subprocess.run(
        [sys.executable, "-c", main, *command, *options],
        capture_output=True,
        cwd=folder,
        timeout=300,
    ).returncode


def started(tmp_path):
    return [int(line) for line in (tmp_path / "started").read_text().split()]


def is_running(process):
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_target_is_ended_with_its_block(program, tmp_path):
    with OpenedTarget(program(), OPEN) as opened:
        assert opened.hello.name == "n"
        (process,) = started(tmp_path)
        assert is_running(process)
    assert not is_running(process)


def test_what_was_handed_over_goes_on(program, tmp_path):
    with OpenedTarget(program(), OPEN) as opened:
        target = opened.hand_over()
    (process,) = started(tmp_path)
    assert is_running(process)
    target.close()
    assert not is_running(process)
    with pytest.raises(ValueError, match="somebody else's"):
        opened.hand_over()


def test_what_does_not_introduce_itself_is_ended():
    with pytest.raises(TargetError, match="died"):
        OpenedTarget(f"exec:{sys.executable} -c pass", OPEN)


@pytest.mark.parametrize(
    ("options", "times"), [(["--no-proofs"], 1), (["--seconds", "1"], 2)]
)
def test_a_check_opens_a_target_again_only_where_proofs_come_between(
    program, tmp_path, options, times
):
    packs = ["--pack", "self-hosted-satellite", "--examples", "0"]
    assert check(program(), tmp_path, *packs, *options) == 4
    assert len(started(tmp_path)) == times


def test_a_target_whose_packs_are_refused_is_ended(program, tmp_path):
    assert check(program('"none-such"'), tmp_path, "--no-proofs") == 4
    (process,) = started(tmp_path)
    assert not is_running(process)
