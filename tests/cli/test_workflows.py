"""What a CI runs: the composite action, the templates and the hooks, step by step, as a shell would run
them."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest
import yaml

from earwitness.conformance.gate.exits import Exit

HOUSE = Path(__file__).parents[2]
TEMPLATES = HOUSE / "conformance" / "cli" / "templates"
GITHUB = ".github_workflows_earwitness.yml"


@pytest.fixture
def shell(tmp_path):
    """Runs a step in bash, where `earwitness` is ours and `python -m pip` installs nothing."""
    tools = tmp_path / "tools"
    tools.mkdir()
    code = "from earwitness.conformance.cli.main import main; main()"
    (tools / "earwitness").write_text(
        f'#!/bin/sh\nexec {sys.executable} -c "{code}" "$@"\n'
    )
    (tools / "python").write_text('#!/bin/sh\necho "$@" >> installed\n')
    for tool in tools.iterdir():
        tool.chmod(0o755)

    def run(step, **variables):
        env = {
            **os.environ,
            "PATH": f"{tools}:{os.environ['PATH']}",
            **variables,
        }
        return subprocess.run(
            ["bash", "-e", "-o", "pipefail", "-c", step],
            cwd=tmp_path,
            env=env,
            capture_output=True,
            text=True,
            timeout=600,
        )

    return run


def action_steps():
    return yaml.safe_load((HOUSE / "action.yml").read_text())["runs"]["steps"]


def inputs_of(step, **given):
    """The variables of a step, its inputs filled in as the runner does."""
    declared = yaml.safe_load((HOUSE / "action.yml").read_text())["inputs"]
    values = {
        name: entry.get("default", "") for name, entry in declared.items()
    } | given
    fill = re.compile(r"\$\{\{ inputs\.(\w+) \}\}")
    return {
        name: fill.sub(lambda found: values[found.group(1)], text)
        for name, text in step["env"].items()
    }


def test_the_action_is_red_for_a_target_that_cannot_be_driven(
    shell, tmp_path
):
    install, check = action_steps()
    assert shell(install["run"], **inputs_of(install)).returncode == 0
    assert (
        tmp_path / "installed"
    ).read_text() == "-m pip install earwitness\n"
    done = shell(
        check["run"], **inputs_of(check, target="exec:/no/such/device")
    )
    assert (
        done.returncode == Exit.NOT_DRIVABLE.value
        and "cannot be started" in done.stderr
    )


CUT = """pack: one
version: 1
source: One promise of a project's own
parameters:
  cut: {value: 100, unit: ms, origin: ours; a relay takes less}
states:
  microphone: {off: microphone.power(on = false), on: microphone.power(on = true)}
clauses:
  - id: CUT-1
    title: The button cuts the microphones' power
    source: [ours]
    severity: critical
    ways: [searched]
    formula: microphone.power(on = false) within $cut after (button.microphone and microphone is on)
"""


@pytest.mark.parametrize(
    ("target", "code", "word"),
    [
        ("ref:fast", Exit.SATISFIED, "Satisfied"),
        (
            "ref:fast/mute-too-late",
            Exit.VIOLATED,
            "CUT-1 is violated",
        ),
    ],
)
def test_the_action_is_green_and_red_for_the_right_reason(
    shell, tmp_path, target, code, word
):
    """Two whole checks of the reference on its virtual clock, by the steps of the action alone."""
    (tmp_path / "one.yaml").write_text(CUT)
    _, check = action_steps()
    options = "--pack one.yaml --no-proofs --examples 0 --budget 30"
    done = shell(
        check["run"], **inputs_of(check, target=target, options=options)
    )
    assert done.returncode == code.value, done.stderr
    assert word in done.stdout
    latest = tmp_path / "earwitness-run" / "latest"
    made = {path.name for path in latest.glob("report.*")}
    assert made == {
        "report.html",
        "report.json",
        "report.junit.xml",
        "report.sarif.json",
    }
    assert shell(f"earwitness gate {latest}").returncode == code.value
    results = latest / "results.json"
    forged = results.read_text().replace("violated", "satisfied")
    results.write_text(f"{forged} ")
    edited = shell(f"earwitness gate {latest}")
    assert edited.returncode == Exit.EVIDENCE_INVALID.value


def template_steps(name, text):
    """The commands of a template, and the folder or files that its CI keeps of them."""
    content = yaml.safe_load(text)
    if name == GITHUB:
        steps = content["jobs"]["privacy"]["steps"]
        (kept,) = [step["with"] for step in steps if step.get("if")]
        return [step["run"] for step in steps if "run" in step], [
            kept["path"]
        ]
    job = content["earwitness"]
    kept = job["artifacts"]
    return job["script"], [*kept["paths"], *kept["reports"].values()]


@pytest.mark.parametrize(
    ("name", "path"),
    [
        (GITHUB, ".github/workflows/earwitness.yml"),
        (".gitlab-ci.yml", ".gitlab-ci.yml"),
    ],
)
@pytest.mark.parametrize(
    ("target", "code", "word"),
    [
        ("ref:fast", Exit.SATISFIED, "Satisfied"),
        ("ref:fast/mute-too-late", Exit.VIOLATED, "CUT-1 +(is|✖) violated"),
    ],
)
def test_what_init_writes_is_green_and_red_for_the_right_reason(
    shell, tmp_path, name, path, target, code, word
):
    """The whole set as it was written; one pack and less to try, or a run would take minutes."""
    assert shell(f"earwitness init --target {target}").returncode == 0
    (tmp_path / "one.yaml").write_text(CUT)
    project = tmp_path / "earwitness.toml"
    less = (
        'packs = ["one.yaml"]\nno_proofs = true\nexamples = 0\nbudget = 30\n'
    )
    head, table, rest = project.read_text().partition("[gate]")
    project.write_text(f"{head}{less}{table}{rest}")
    steps, kept = template_steps(name, (tmp_path / path).read_text())
    *before, check = steps
    assert [shell(step).returncode for step in before] == [0]
    done = shell(check)
    assert done.returncode == code.value, done.stderr
    assert re.search(word, done.stdout)
    assert all((tmp_path / each).exists() for each in kept)
    junit = [
        *(tmp_path / "earwitness-run").glob("*/report.junit.xml"),
        *tmp_path.glob("earwitness.junit.xml"),
    ]
    failed = ElementTree.parse(junit[0]).getroot().iter("failure")
    assert bool(list(failed)) is (code is Exit.VIOLATED)
    assert shell("earwitness gate").returncode == code.value


def test_an_input_is_never_a_command(shell, tmp_path):
    _, check = action_steps()
    done = shell(
        check["run"],
        **inputs_of(
            check, target='exec:/no "; touch hacked; $(touch hacked2)'
        ),
    )
    assert done.returncode == Exit.NOT_DRIVABLE.value
    assert (
        not (tmp_path / "hacked").exists()
        and not (tmp_path / "hacked2").exists()
    )
    assert all("${{" not in step["run"] for step in action_steps())


@pytest.mark.parametrize("name", [GITHUB, ".gitlab-ci.yml"])
def test_a_template_installs_and_checks_with_options_that_exist(
    shell, tmp_path, name
):
    steps, _ = template_steps(name, (TEMPLATES / name).read_text())
    install, check = steps
    assert shell(install).returncode == 0
    done = shell(f"{check} --target exec:/no/such/device")
    assert (
        done.returncode == Exit.NOT_DRIVABLE.value
        and "cannot be started" in done.stderr
    )


def hooks():
    return {
        hook["id"]: hook
        for hook in yaml.safe_load(
            (HOUSE / ".pre-commit-hooks.yaml").read_text()
        )
    }


def test_the_hook_for_packs_is_green_for_ours_and_red_for_a_broken_one(
    shell, tmp_path
):
    hook = hooks()["earwitness-policy-lint"]
    ours = HOUSE / "policies" / "packs" / "voice-baseline" / "pack.yaml"
    assert re.search(hook["files"], str(ours))
    assert shell(f"{hook['entry']} {shlex.quote(str(ours))}").returncode == 0
    (tmp_path / "pack.yaml").write_text("pack: x\n")
    assert shell(f"{hook['entry']} pack.yaml").returncode == Exit.USAGE.value


@pytest.mark.parametrize(
    ("name", "text", "code"),
    [
        ("waivers.yaml", "waivers: []\n", 0),
        ("waivers.yaml", "waivers: [{id: W}]\n", 2),
        (
            "waivers.yaml",
            "waivers: [{id: W, clause: MIC-1, reason: r, risk: r, owner: o, approved_by: a, expires: "
            "2020-01-01}]\n",
            6,
        ),
        (
            "waivers.yaml",
            "waivers: [{id: W, clause: MIC-99, reason: r, risk: r, owner: o, approved_by: a, expires: "
            "2999-01-01}]\n",
            6,
        ),
        (
            "known-failures.yaml",
            "known_failures: [{id: K, clause: MIC-1, cause: late}]\n",
            0,
        ),
        (
            "known-failures.yaml",
            "known_failures: [{id: K, clause: MIC-99, cause: late}]\n",
            6,
        ),
        ("capabilities.yaml", "has: [camera]\n", 0),
        ("capabilities.yaml", "has: [camra]\n", 2),
        ("capabilities.yaml", "nothing: 1\n", 2),
    ],
)
def test_the_hook_for_the_files_of_the_gate(
    shell, tmp_path, name, text, code
):
    hook = hooks()["earwitness-waivers-lint"]
    assert re.search(hook["files"], name)
    (tmp_path / name).write_text(text)
    done = shell(f"{hook['entry']} {name}")
    assert done.returncode == code, done.stderr
    assert code == 0 or name in done.stderr
