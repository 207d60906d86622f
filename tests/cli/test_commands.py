"""The command line from outside: exit codes, forms of output, and what a person sees."""

from __future__ import annotations

import json
import os
import pty
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from bundles import violated_bundle, write_bundle
from click.testing import CliRunner
from forging import edit, in_json

from earwitness.conformance.cli import deciding
from earwitness.conformance.cli.init import FILES
from earwitness.conformance.cli.main import COMMANDS, cli, main
from earwitness.conformance.evidence.writer import BundleWriter
from earwitness.conformance.gate.exits import Exit

COMMAND = [
    sys.executable,
    "-c",
    "from earwitness.conformance.cli.main import main; main()",
]
ESCAPE = "\x1b["


def earwitness(*words, **more):
    return subprocess.run(
        [*COMMAND, *map(str, words)],
        capture_output=True,
        text=True,
        timeout=120,
        **more,
    )


@pytest.fixture
def here(monkeypatch, capsys):
    """The command line in this process: exit code, standard output, standard error."""
    before = signal.getsignal(signal.SIGTERM)

    def call(*words):
        monkeypatch.setattr(sys, "argv", ["earwitness", *map(str, words)])
        code = 0
        try:
            main()
        except SystemExit as end:
            code = end.code or 0
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    yield call
    signal.signal(signal.SIGTERM, before)


@pytest.fixture(scope="module")
def red(tmp_path_factory):
    return violated_bundle(tmp_path_factory.mktemp("red") / "out")


@pytest.fixture(scope="module")
def green(tmp_path_factory):
    return write_bundle(tmp_path_factory.mktemp("green") / "out")


# Verdict and form


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["-q"],
        ["-v"],
        ["--format", "json"],
        ["--format", "github"],
        ["--report", "junit"],
    ],
)
def test_the_verdict_is_the_same_whatever_the_form(
    red, green, words, tmp_path
):
    for folder, code in ((red, Exit.VIOLATED), (green, Exit.SATISFIED)):
        assert (
            earwitness("gate", folder, *words, cwd=tmp_path).returncode
            == code.value
        )


def test_json_on_standard_output_is_one_document(red):
    document = json.loads(earwitness("gate", red, "--format", "json").stdout)
    assert (document["exit"], document["failures"][0]["clause"]) == (
        1,
        "MIC-1",
    )


def test_github_gets_annotations_and_a_summary(red, tmp_path):
    summary = tmp_path / "summary.md"
    done = earwitness(
        "gate",
        red,
        "--format",
        "github",
        env={**os.environ, "GITHUB_STEP_SUMMARY": str(summary)},
    )
    assert done.stdout.startswith("::error title=MIC-1 is violated::")
    assert summary.read_text().startswith("# ❌ Violated")


def test_an_edited_bundle_is_refused_by_every_reader(red, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(red, copy)
    (copy / "results.json").write_text(
        (copy / "results.json").read_text().replace("violated", "satisfied")
    )
    for command in ("gate", "report", "verify", "archive"):
        done = earwitness(command, copy)
        assert done.returncode == Exit.EVIDENCE_INVALID.value
        assert "results.json" in done.stderr


READERS = (
    ("gate",),
    ("report",),
    ("verify",),
    ("matrix",),
    ("gate", "-q", "--format", "json"),
    ("gate", "--baseline"),
)
"""Every command that says anything of a bundle."""


@pytest.mark.parametrize("command", READERS, ids=" ".join)
def test_a_bundle_that_contradicts_itself_is_refused_by_every_reader(
    green, tmp_path, here, command
):
    copy = tmp_path / "copy"
    shutil.copytree(green, copy)
    edit(
        copy,
        "results.json",
        in_json(lambda e: e["clauses"][1].update(exercised=7)),
    )
    beside = [green] if command[-1] == "--baseline" else []
    code, _, errors = here(*command, copy, *beside)
    assert code == Exit.EVIDENCE_INVALID.value
    assert "LED-1" in errors


@pytest.mark.parametrize("command", READERS, ids=" ".join)
def test_a_partial_bundle_is_green_for_no_reader(
    green, tmp_path, here, command
):
    BundleWriter(tmp_path / "out", "exec:./device")
    beside = [green] if command[-1] == "--baseline" else []
    code, _, errors = here(*command, tmp_path / "out", *beside)
    assert code == Exit.INCONCLUSIVE.value
    assert "did not come to its end" in errors


def test_what_is_told_to_be_typed_next_works_when_pasted(red, here):
    """The pack is not one that comes with Earwitness, so the command names its copy in the bundle."""
    _, printed, _ = here("gate", red)
    (shown,) = re.findall(r"earwitness (policy show .*)", printed)
    code, told, _ = here(*shlex.split(shown))
    assert code == 0 and told.startswith("MIC-1")


def test_no_event_of_a_failure_is_cut_off_however_narrow_the_terminal(
    red, here, monkeypatch
):
    monkeypatch.setenv("COLUMNS", "60")
    _, printed, _ = here("gate", red)
    assert "…" not in printed
    assert max(len(line) for line in printed.splitlines()[:-4]) <= 60


def test_a_digest_given_to_the_gate_names_one_bundle(green, red, here):
    digest = (green / "manifest.sha256").read_text().split()[0]
    for command in (("gate",), ("verify", "--no-proofs")):
        assert here(*command, green, "--digest", digest)[0] == 0
        code, _, errors = here(*command, red, "--digest", digest)
        assert code == Exit.EVIDENCE_INVALID.value
        assert "another bundle" in errors


@pytest.mark.parametrize(
    ("words", "part"),
    [
        (["gate", "--waivers", "none.yaml"], "cannot be read"),
        (["gate", "--profile", "strictest"], "is not one of"),
        (["gate", "--report", "sarf"], "Did you mean 'sarif'"),
        (["gate", "--report", "html:."], "cannot be written there"),
        (["check", "--report", "sarf"], "Did you mean 'sarif'"),
        (["gtae"], "Did you mean 'gate'"),
        (["check", "--key", "x"], "after its check"),
    ],
)
def test_a_wrong_option_is_a_usage_error_with_a_remedy(
    green, words, part, tmp_path
):
    more = [green] if words[0] == "gate" else []
    done = earwitness(*words, *more, cwd=tmp_path)
    assert done.returncode == Exit.USAGE.value and part in done.stderr, (
        done.stderr
    )
    assert "opening" not in done.stderr


def test_keys_signatures_and_archives_from_the_command_line(green, tmp_path):
    assert earwitness("keygen", "key", cwd=tmp_path).returncode == 0
    assert (
        earwitness("gate", green, "--key", tmp_path / "key.pub").returncode
        == Exit.EVIDENCE_INVALID.value
    )
    assert (
        earwitness("sign", green, "--key", tmp_path / "key").returncode == 0
    )
    done = earwitness("verify", green, "--key", tmp_path / "key.pub")
    assert done.returncode == 0 and "signature   by" in done.stdout
    assert (
        earwitness("gate", green, "--key", tmp_path / "key.pub").returncode
        == 0
    )
    assert (
        earwitness("archive", green, "--out", tmp_path / "a.tar").returncode
        == 0
    )
    assert (tmp_path / "a.tar").stat().st_size > 1000


# What a person sees


@pytest.mark.parametrize("columns", ["80", "120"])
def test_no_line_is_wider_than_the_terminal_and_titles_are_not_squeezed(
    red, columns
):
    done = earwitness(
        "gate", red, "-v", env={**os.environ, "COLUMNS": columns}
    )
    lines = [
        line
        for line in done.stdout.splitlines()
        if not line.startswith("    earwitness ")
    ]
    assert max(map(len, lines)) <= int(columns)
    assert any("While muted nothing is captured" in line for line in lines)


def test_failures_that_are_not_told_at_length_are_named(red, monkeypatch):
    monkeypatch.setattr(deciding, "MOST_STORIES", 0)
    shown = CliRunner().invoke(cli, ["gate", str(red)]).output
    assert "and MIC-1: with -v" in shown
    shown = CliRunner().invoke(cli, ["gate", str(red), "-v"]).output
    assert "with -v" not in shown


def test_the_last_block_names_what_is_broken_and_a_command(red):
    last = earwitness("gate", red, "-q").stdout
    assert last.strip().startswith("Violated: 1 violated")
    told = " ".join(last.split())
    assert "MIC-1: While muted nothing is captured. Sound of the room" in told
    (command,) = re.findall(r"earwitness replay .*", last)
    path = Path(shlex.split(command)[2])
    assert path.is_file() and path.name == "MIC-1.json"


def read_all(terminal):
    """What is shown on a terminal until nobody writes to it any more."""
    shown = b""
    while True:
        try:
            piece = os.read(terminal, 65536)
        except OSError:
            return shown
        if not piece:
            return shown
        shown += piece


@pytest.mark.parametrize(
    ("change", "colored"),
    [({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)],
)
def test_colour_is_for_a_terminal_that_wants_it(red, change, colored):
    primary, secondary = pty.openpty()
    env = {
        **{k: v for k, v in os.environ.items() if k != "NO_COLOR"},
        "TERM": "xterm",
        **change,
    }
    process = subprocess.Popen(
        [*COMMAND, "gate", str(red)],
        stdout=secondary,
        stderr=secondary,
        env=env,
    )
    os.close(secondary)
    shown = read_all(primary)
    assert process.wait(60) == 1
    assert (ESCAPE.encode() in shown) is colored
    assert ESCAPE not in earwitness("gate", red).stdout


def test_an_error_breaks_no_word_at_the_edge_of_a_terminal(tmp_path):
    primary, secondary = pty.openpty()
    words = ["check", "--target", "exec:./nothing", "--out", str(tmp_path)]
    process = subprocess.Popen(
        [*COMMAND, *words],
        stdout=secondary,
        stderr=secondary,
        env={**os.environ, "COLUMNS": "80", "TERM": "dumb"},
    )
    os.close(secondary)
    shown = read_all(primary).decode()
    assert process.wait(60) == Exit.NOT_DRIVABLE.value
    lines = shown.replace("\r", "").splitlines()
    assert any(line.startswith("earwitness:") for line in lines)
    assert all(len(line) <= 80 for line in lines)
    piped = earwitness(*words)
    (told,) = [x for x in piped.stderr.splitlines() if "earwitness:" in x]
    assert len(told) > 80 and told.split() == [
        word for line in lines if "·" not in line for word in line.split()
    ]


@pytest.mark.parametrize(
    ("words", "offered"),
    [("earwitness ga", "gate"), ("earwitness policy sh", "show")],
)
def test_a_shell_completes_commands(words, offered):
    done = subprocess.run(
        COMMAND,
        capture_output=True,
        text=True,
        env={
            **os.environ,
            "_EARWITNESS_COMPLETE": "bash_complete",
            "COMP_WORDS": words,
            "COMP_CWORD": str(len(words.split()) - 1),
        },
    )
    assert done.stdout.split() == [f"plain,{offered}"]


def test_a_closed_pipe_is_not_a_violation(green):
    process = subprocess.Popen(
        [*COMMAND, "gate", str(green)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    process.stdout.close()
    assert process.wait(60) in (Exit.INTERRUPTED.value, Exit.SATISFIED.value)
    assert process.stderr.read() == b""


# Commands


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_of_the_list_is_there_and_explains_itself(name):
    command = cli.get_command(None, name)
    assert command.name == name or name == "verify-proof"
    assert command.help and COMMANDS[name].purpose.endswith((".", "?"))


def test_help_loads_no_command():
    code = "import sys; from earwitness.conformance.cli.main import main; sys.argv = ['x', '--help']; main()"
    probe = (
        "import atexit, sys; atexit.register(lambda: print(len([m for m in sys.modules if "
        f"m.split('.')[0] in ('z3', 'numpy', 'yaml', 'rich', 'jinja2')])))\n{code}"
    )
    done = subprocess.run(
        [sys.executable, "-c", probe],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.stdout.splitlines()[-1] == "0"


def test_a_wrong_target_is_told_before_anything_else(tmp_path):
    done = earwitness(
        "check", "--target", "exec:/no/such/device", cwd=tmp_path
    )
    assert done.returncode == Exit.NOT_DRIVABLE.value
    assert "proved" not in done.stderr and "cannot be started" in done.stderr


def test_an_older_bundle_does_not_answer_for_a_check_that_failed_at_once(
    tmp_path,
):
    out = tmp_path / "out"
    write_bundle(out)
    assert earwitness("gate", out).returncode == 0
    for words in (
        ["--target", "exec:/no/such/device"],
        ["--pack", "none.yaml"],
    ):
        write_bundle(out)
        assert (
            earwitness("check", "--out", out, *words, cwd=tmp_path).returncode
            != 0
        )
        assert earwitness("gate", out).returncode != 0


SILENT = """
import os, signal, sys, time
from pathlib import Path
from earwitness.conformance.cli import main as command_line
from earwitness.conformance.evidence.writer import BundleWriter

def wait(*words, **more):
    with BundleWriter(Path(sys.argv[1]), "exec:./device"):
        print("begun", flush=True)
        time.sleep(60)

# A shell that started the tests in the background has it ignored.
signal.signal(signal.SIGINT, signal.default_int_handler)
command_line.cli.main = wait
command_line.main()
"""


@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGINT])
def test_a_run_that_is_told_to_end_leaves_a_partial_bundle_and_130(
    tmp_path, sign
):
    command = [sys.executable, "-c", SILENT, str(tmp_path / "out")]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "begun\n"
    process.send_signal(sign)
    assert process.wait(60) == Exit.INTERRUPTED.value
    done = earwitness("gate", tmp_path / "out")
    assert (
        done.returncode == Exit.INCONCLUSIVE.value
        and "it was interrupted" in done.stderr
    )


# A project


def test_init_writes_a_working_set_and_keeps_what_is_there(tmp_path):
    (tmp_path / "waivers.yaml").write_text("waivers: []  # mine\n")
    done = earwitness(
        "init", "--target", 'exec:./a "quoted" \\device', cwd=tmp_path
    )
    assert done.returncode == 0 and all(name in done.stdout for name in FILES)
    assert (tmp_path / "waivers.yaml").read_text().endswith("# mine\n")
    project = tomllib.loads((tmp_path / "earwitness.toml").read_text())
    assert project["check"]["target"] == 'exec:./a "quoted" \\device'
    done = earwitness("check", cwd=tmp_path)
    assert done.returncode == Exit.NOT_DRIVABLE.value and "./a" in done.stderr


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("[chek]\n", "no table [chek]. Did you mean 'check'?"),
        (
            '[check]\ntraget = "ref"\n',
            "no key 'traget'. Did you mean 'target'?",
        ),
        ("[check\n", "earwitness.toml"),
    ],
)
def test_a_wrong_project_file_is_told_with_the_nearest_name(
    tmp_path, text, part
):
    (tmp_path / "earwitness.toml").write_text(text)
    done = earwitness("gate", cwd=tmp_path)
    assert done.returncode == Exit.USAGE.value and part in done.stderr


def test_what_the_project_file_says_stands_in_for_options(tmp_path, red):
    (tmp_path / "earwitness.toml").write_text(
        '[gate]\nprofile = "strictest"\n'
    )
    assert "strictest" in earwitness("gate", red, cwd=tmp_path).stderr
