"""The main job end to end: exit codes, the bundle, and the report in a real browser."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from earwitness.conformance.evidence.bundle import BundleError, read_bundle
from earwitness.conformance.gate.verdict import (
    ClauseResult,
    Exit,
    Verdict,
    gate,
)

COMMAND = [
    sys.executable,
    "-c",
    "from earwitness.conformance.cli.main import main; main()",
]


def earwitness(*words, **more):
    return subprocess.run(
        [*COMMAND, *map(str, words)],
        capture_output=True,
        text=True,
        timeout=600,
        **more,
    )


@pytest.fixture(scope="module")
def violated(tmp_path_factory):
    out = tmp_path_factory.mktemp("run") / "out"
    done = earwitness(
        "check",
        "--target",
        "ref:faulty/mute-lost-on-restart",
        "--no-proofs",
        "--examples",
        "0",
        "--out",
        out,
    )
    return done, (out / "latest").resolve()


def test_a_violation_exits_1_and_is_named(violated):
    done, _ = violated
    assert done.returncode == 1, done.stderr
    assert "BASE-1" in done.stdout and "Violated" in done.stdout


def test_a_stored_failure_replays_and_the_honest_reference_passes_it(
    violated,
):
    failure = violated[1] / "failures" / "BASE-1.json"
    again = earwitness("replay", failure)
    assert again.returncode == 1 and "violated again" in again.stdout
    assert earwitness("replay", failure, "--target", "ref").returncode == 0


def test_the_report_says_whether_the_device_behaved_as_the_model(violated):
    _, folder = violated
    results = json.loads((folder / "results.json").read_text("utf-8"))
    devices = {t["device"] for t in results["refinement"]["traces"]}
    assert devices >= {"d1", "d2"}
    assert (folder / "refinement.jsonl").is_file()
    page = (folder / "report.html").read_text("utf-8")
    assert "From the model to the device" in page


def test_the_bundle_holds_no_words(violated):
    for path in violated[1].rglob("*.json*"):
        assert "menlo park" not in path.read_text().lower(), path


def test_a_changed_bundle_is_refused(violated, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(violated[1], copy)
    results = json.loads((copy / "results.json").read_text())
    results["exit"] = 0
    (copy / "results.json").write_text(json.dumps(results))
    with pytest.raises(BundleError, match="was changed"):
        read_bundle(copy)
    assert earwitness("report", copy).returncode == 5


def test_the_report_opens_in_a_real_browser(violated, tmp_path):
    page = violated[1] / "report.html"
    text = page.read_text()
    assert (
        "<script" not in text
        and "http://" not in text
        and "https://" not in text
    )
    chromium = shutil.which("chromium")
    assert chromium, (
        "chromium is missing; run scripts/install-system-packages --with-browser"
    )
    shot = tmp_path / "page.png"
    flags = [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-sync",
    ]
    common = [chromium, *flags, f"--user-data-dir={tmp_path / 'profile'}"]
    subprocess.run(
        [
            *common,
            "--window-size=1200,1600",
            f"--screenshot={shot}",
            page.as_uri(),
        ],
        check=True,
        capture_output=True,
        timeout=90,
    )
    assert shot.stat().st_size > 30_000
    dom = subprocess.run(
        [*common, "--dump-dom", page.as_uri()],
        check=True,
        capture_output=True,
        text=True,
        timeout=90,
    ).stdout
    assert "<h1>Violated</h1>" in dom and 'class="figure"' in dom


@pytest.mark.parametrize(
    ("words", "code", "part"),
    [
        (
            ["check", "--target", "ref:faulty/nothing", "--no-proofs"],
            4,
            "no variation 'nothing'",
        ),
        (
            ["check", "--target", "exec:/no/such/device", "--no-proofs"],
            4,
            "cannot be started",
        ),
        (["check", "--pack", "none.yaml"], 2, "cannot be read"),
        (["check", "--frobnicate"], 2, "No such option"),
        (["policy", "show", "MIC-33"], 2, "Did you mean 'MIC-3'?"),
        (["policy", "lint", "/dev/null"], 2, "empty"),
        (["replay", "/dev/null"], 2, "not a stored failure"),
        (["report", "/nowhere"], 2, "no such folder"),
    ],
)
def test_bad_input_has_one_sentence_and_its_exit_code(
    words, code, part, tmp_path
):
    done = earwitness(*words, cwd=tmp_path)
    assert done.returncode == code, done.stderr
    assert part in done.stderr and "Traceback" not in done.stderr


def test_policy_show_and_lint():
    assert "encrypted" in earwitness("policy", "show", "STR-2").stdout
    assert earwitness("policy", "lint").returncode == 0


GOOD = ClauseResult(
    "A-1", "t", "low", ("S",), "", Verdict.SATISFIED, ("proved",)
)


def test_the_gate_is_green_only_when_every_loaded_required_clause_is_satisfied():
    both = frozenset({"A-1", "A-2"})
    other = replace(GOOD, id="A-2")
    assert gate((GOOD, other), both) is Exit.SATISFIED
    assert gate((GOOD,), both) is Exit.INCONCLUSIVE
    assert gate((), frozenset()) is Exit.INCONCLUSIVE
    for verdict, code in (
        (Verdict.VIOLATED, 1),
        (Verdict.NOT_EXERCISED, 3),
        (Verdict.INCONCLUSIVE, 3),
        (Verdict.ON_ITS_WORD, 3),
        (Verdict.NOT_OBSERVABLE, 3),
        (Verdict.NOT_APPLICABLE, 3),
    ):
        assert (
            gate((GOOD, replace(other, verdict=verdict)), both).value == code
        )
    excused = replace(other, verdict=Verdict.NOT_APPLICABLE, required=False)
    assert gate((GOOD, excused), both) is Exit.SATISFIED
    nothing = tuple(
        replace(x, verdict=Verdict.NOT_APPLICABLE) for x in (GOOD, other)
    )
    assert gate(nothing, both) is Exit.INCONCLUSIVE


def test_every_exit_code_stands_in_the_help():
    text = earwitness("--help").stdout
    assert all(str(e.value) in text for e in Exit)


def test_the_readme_names_commands_that_exist():
    root = Path(__file__).parents[1]
    text = (root / "README.md").read_text()
    for script in ("scripts/check", "scripts/test"):
        assert script in text and (root / script).stat().st_mode & 0o111
