"""`pip install earwitness` brings what judges; the assistant's audio, calls and servers are an extra that
it says how to install."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

HOUSE = Path(__file__).parents[2]
PROJECT = tomllib.loads((HOUSE / "pyproject.toml").read_text("utf-8"))[
    "project"
]
IMPORT_NAMES = {
    "pillow": "PIL",
    "webrtcvad-wheels": "webrtcvad",
    "livekit-wakeword": "livekit",
}
"""Where a package is imported under another name than it is installed."""

WITHOUT_THE_EXTRA = """
import sys
class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {absent!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
sys.meta_path.insert(0, Absent())
from earwitness.conformance.cli.main import main
sys.argv = ["earwitness", *{arguments!r}]
main()
"""


def bare_name(requirement: str) -> str:
    return re.split(r"[<>=\[; ]", requirement)[0]


def packages_of_the_reference() -> set[str]:
    required = {bare_name(r) for r in PROJECT["dependencies"]}
    extra = {
        bare_name(r) for r in PROJECT["optional-dependencies"]["reference"]
    }
    return {
        IMPORT_NAMES.get(name, name.replace("-", "_"))
        for name in extra - required
    }


def run_without_the_reference(
    *arguments: str, folder: Path
) -> subprocess.CompletedProcess[str]:
    """The command line where none of the extra's packages can be imported."""
    program = WITHOUT_THE_EXTRA.format(
        absent=packages_of_the_reference(), arguments=list(arguments)
    )
    command = [sys.executable, "-c", program]
    return subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=300
    )


def test_the_extra_is_really_absent(tmp_path):
    ran = run_without_the_reference("--help", folder=tmp_path)
    assert ran.returncode == 0, ran.stderr
    assert {
        "aiortc",
        "onnxruntime",
        "PIL",
        "av",
    } <= packages_of_the_reference()


def test_packs_are_linted_without_it(tmp_path):
    ran = run_without_the_reference("policy", "lint", folder=tmp_path)
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_promises_are_shown_without_it(tmp_path):
    ran = run_without_the_reference(
        "policy", "show", "MIC-2", folder=tmp_path
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr


ONE_CLAUSE = """
pack: one
version: 1
source: ours
states:
  microphone: {off: microphone.power(on = false) or power(on = false), on: microphone.power(on = true)}
clauses:
  - id: ONE-1
    title: Without power nothing is captured
    source: [ours]
    severity: high
    ways: [proved]
    conjuncts:
      - formula: audio.captured implies microphone is on
"""
"""A pack that is proved in a second."""


def test_a_clause_is_proved_without_it(tmp_path):
    (tmp_path / "pack.yaml").write_text(ONE_CLAUSE)
    ran = run_without_the_reference(
        "prove", "--pack", "pack.yaml", folder=tmp_path
    )
    assert ran.returncode == 0, ran.stdout[-2000:] + ran.stderr[-2000:]
    assert "ONE-1" in ran.stdout


def test_check_says_in_a_sentence_what_to_install(tmp_path):
    ran = run_without_the_reference("check", "--no-proofs", folder=tmp_path)
    output = ran.stdout + ran.stderr
    assert ran.returncode == 4, output
    assert "pip install 'earwitness[reference]'" in output
    assert "Traceback" not in output
