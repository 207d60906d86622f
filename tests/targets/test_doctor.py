"""`control` and `doctor` say what is wrong with a set-up, before anything is judged."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from earwitness.conformance.cli.main import cli
from earwitness.conformance.gate.capability_file import load_capabilities
from earwitness.conformance.running.doctor import (
    capability_text,
    control_target,
    examine_capabilities,
)
from earwitness.conformance.targets.confinement import Confinement
from earwitness.conformance.targets.entry_points import TargetOptions
from earwitness.conformance.witnesses.witness import installed_witnesses

SMALL = Path(__file__).parents[2] / "examples" / "targets" / "small.py"
TARGET = f"exec:{sys.executable} {SMALL}"


def altered(tmp_path, old, new):
    """The small target with one thing changed."""
    text = SMALL.read_text()
    assert old in text
    script = tmp_path / "altered.py"
    script.write_text(text.replace(old, new))
    return f"exec:{sys.executable} {script}"


def test_a_target_that_answers_passes_its_control():
    done = control_target(TARGET)
    assert (done.failure, dict(done.devices)) == ("", {"speaker": "speaker"})
    assert done.confinement in (Confinement.SEALED, Confinement.OPEN)


def test_a_deaf_target_fails_it_with_what_is_missing(tmp_path):
    done = control_target(
        altered(tmp_path, "if request is not None:", "if False:")
    )
    assert "not streamed and not answered" in done.failure


def test_whoever_asks_for_no_cell_is_told_that_there_is_none():
    done = control_target(TARGET, TargetOptions(Confinement.OPEN))
    assert (done.confinement, done.open_reason) == (
        Confinement.OPEN,
        "asked for",
    )


@pytest.mark.parametrize(
    ("old", "new", "remark"),
    [
        (
            'self.report("microphone.power", on=not self.muted)',
            "pass",
            "no 'microphone.power'",
        ),
        (
            'case {"do": "press", "button": "microphone"}:',
            'case {"do": "never"}:',
            "cannot press",
        ),
    ],
)
def test_what_is_declared_and_not_done_is_seen(old, new, remark, tmp_path):
    checks = examine_capabilities(altered(tmp_path, old, new))
    (button,) = [
        check for check in checks if check.capability == "microphone_button"
    ]
    assert button.seen is False and remark in button.remark


def test_the_capability_file_is_one_that_the_gate_reads(tmp_path):
    path = tmp_path / "capabilities.yaml"
    path.write_text(capability_text(TARGET, examine_capabilities(TARGET)))
    assert set(load_capabilities(path).has) == {"microphone_button", "power"}
    path.write_text(
        path.read_text()
        .replace("# refuses", "refuses")
        .replace("#   camera", "  camera")
    )
    assert set(load_capabilities(path).refuses) == {"camera"}


def test_a_target_that_names_no_wake_word_is_examined(tmp_path):
    target = altered(tmp_path, '"wake_words": ["alexa"],', "")
    checks = examine_capabilities(target)
    assert all(check.seen is not False for check in checks)


def test_the_doctor_says_what_each_witness_sees_of_the_target():
    done = CliRunner().invoke(cli, ["doctor", "--target", TARGET])
    rows = {
        line.split()[0]: line
        for line in done.output.splitlines()
        if " witness of " in line
    }
    assert set(rows) == set(installed_witnesses())
    assert "nothing of this target" in rows["microphone"]
    in_cell = control_target(TARGET).confinement is Confinement.SEALED
    assert ("record.found" in rows["files"]) == in_cell


def test_the_command_line_lists_what_is_installed():
    program = "from earwitness.conformance.cli.main import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", program, "targets"],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (
        done.returncode == 0
        and "exec:COMMAND" in done.stdout
        and "confinement here" in done.stdout
    )
