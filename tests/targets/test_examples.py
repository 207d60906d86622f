"""The examples are complete: small targets in three languages that do the same, and a stranger's package that
brings a kind of target with no edit here."""

from __future__ import annotations

import json
import os
import random
import shlex
import shutil
import subprocess
import sys
import wave
from itertools import groupby
from pathlib import Path

import pytest

from earwitness.conformance.running.harness import Harness
from earwitness.conformance.stimuli.stimulus import Kill, Press, Say
from earwitness.conformance.targets.entry_points import open_target
from earwitness.conformance.targets.protocol import (
    KillRequest,
    PowerRequest,
    PressRequest,
    ResetRequest,
    SayRequest,
    ShutterRequest,
    WaitRequest,
)
from earwitness.model.trace import Origin

HOUSE = Path(__file__).parents[2]
EXAMPLES = HOUSE / "examples"
SMALL = {
    "small.py": shlex.quote(sys.executable),
    "small.js": shutil.which("node"),
    "small.sh": shutil.which("sh"),
}
PRESENT = [
    name for name, interpreter in SMALL.items() if interpreter is not None
]
D = "speaker"


def write_clip(path, *seconds):
    """Room and sound by turns, in seconds; the room first."""
    chance = random.Random(3)
    samples = bytearray()
    for number, length in enumerate(seconds):
        loudest = 4_000 if number % 2 else 20
        for _ in range(int(length * 16_000)):
            samples += chance.randint(-loudest, loudest).to_bytes(
                2, "little", signed=True
            )
    with wave.open(str(path), "wb") as out:
        out.setparams((1, 2, 16_000, 0, "NONE", ""))
        out.writeframes(samples)


@pytest.fixture(scope="module")
def clips(tmp_path_factory):
    folder = tmp_path_factory.mktemp("clips")
    write_clip(folder / "request.wav", 0.8, 0.56, 0.24, 1.9, 2.4)
    write_clip(folder / "chatter.wav", 0.8, 0.84, 0.1, 1.4, 2.4)
    write_clip(folder / "quiet.wav", 1.2)
    return folder


def observed(name, clips):
    """Everything one of them reports in a life of all its requests."""
    target = open_target(f"exec:{SMALL[name]} {EXAMPLES / 'targets' / name}")
    steps = [
        ResetRequest(),
        PowerRequest(D, "restore"),
        PowerRequest(D, "restore"),
        SayRequest(D, str(clips / "request.wav")),
        SayRequest(D, str(clips / "chatter.wav")),
        WaitRequest(D, 500_000),
        PressRequest(D, "microphone"),
        SayRequest(D, str(clips / "request.wav")),
        KillRequest(D),
        PressRequest(D, "microphone"),
        SayRequest(D, str(clips / "quiet.wav")),
        PressRequest(D, "action"),
        ShutterRequest(D),
        PowerRequest(D, "cut"),
        SayRequest(D, str(clips / "request.wav")),
    ]
    try:
        hello = target.introduce()
        assert hello.can(D, "microphone_button") and not hello.can(
            D, "camera"
        )
        return [target.request(step) for step in steps]
    finally:
        target.close()


@pytest.mark.parametrize("name", PRESENT)
def test_a_small_target_hears_a_request_and_obeys_its_button(name, clips):
    answers = observed(name, clips)
    heard, chatter, muted = (
        {seen.event for seen in answers[number].observations}
        for number in (3, 4, 7)
    )
    assert {"wake_word", "stream.audio", "tts.audio"} <= heard
    assert chatter == {"audio.captured"} and muted == set()
    assert [answer.unsupported != "" for answer in answers].count(True) == 2
    restarted = [
        seen.attributes
        for seen in answers[8].observations
        if seen.event == "microphone.power"
    ]
    assert restarted == [{"on": False}], "a mute lasts through a restart"


@pytest.mark.parametrize("name", PRESENT[1:])
def test_the_small_targets_do_the_same_in_every_language(name, clips):
    ours, theirs = observed(PRESENT[0], clips), observed(name, clips)
    assert [a.observations for a in ours] == [a.observations for a in theirs]
    assert [a.ok for a in ours] == [a.ok for a in theirs]


def test_a_small_target_is_judged_and_passes_its_control(tmp_path):
    """No violation, and no green either: all of it is on its word."""
    command = f"exec:{sys.executable} {EXAMPLES / 'targets' / 'small.py'}"
    words = [
        "check",
        "--target",
        command,
        "--no-proofs",
        "--examples",
        "1",
        "--out",
        str(tmp_path / "bundle"),
    ]
    program = "from earwitness.conformance.cli.main import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", program, *words],
        capture_output=True,
        text=True,
        timeout=300,
        cwd=tmp_path,
    )
    assert done.returncode == 3, done.stdout + done.stderr


WHOLE = {
    name.replace("small", "assistant"): interpreter
    for name, interpreter in SMALL.items()
}
LIFE = (
    Say(D, "weather"),
    Press(D, "microphone"),
    Say(D, "weather"),
    Kill(D),
    Press(D, "microphone"),
    Say(D, "chatter"),
)


def life_of(name):
    """What a whole assistant does in a life with a request, a mute through a restart, and chatter."""
    command = f"exec:{WHOLE[name]} {EXAMPLES / 'targets' / name}"
    with Harness(open_target(command), ()) as harness:
        return harness.run(LIFE)


def events_in(run):
    """Names of its events in their order; sound that crosses or is taken comes in pieces of many sizes."""
    names = [
        seen.event
        for seen in run.trace[slice(*run.span)]
        if seen.event not in ("stream.audio", "audio.captured", "speech")
    ]
    return [name for name, _ in groupby(names)]


@pytest.fixture(scope="module")
def lives():
    able = [name for name in WHOLE if WHOLE[name] and shutil.which("openssl")]
    return {name: life_of(name) for name in able}


def test_a_whole_assistant_is_heard_seen_and_obeys_its_button(lives):
    for run in lives.values():
        assert run.heard is Origin.WITNESSED and not run.dead
        seen = {o.event for o in run.trace if o.origin is Origin.WITNESSED}
        assert {"light", "stream.open", "stream.audio", "tts.audio"} <= seen
        of_it = run.trace[slice(*run.span)]
        opened = [o for o in of_it if o.event == "stream.open"]
        assert len(opened) == 1, "muted, and by chatter, it opens no other"


def test_whole_assistants_do_the_same_in_every_language(lives):
    (first, *others) = (events_in(run) for run in lives.values())
    assert all(other == first for other in others)


@pytest.fixture(scope="module")
def run_with_package(tmp_path_factory):
    """A program that runs where the stranger's package is installed."""
    site = tmp_path_factory.mktemp("stranger") / "site"
    shutil.copytree(EXAMPLES / "package", site)
    # What `pip install --editable` does, which needs no network this way.
    setup = "import setuptools; setuptools.setup()"
    subprocess.run(
        [sys.executable, "-c", setup, "-q", "egg_info"],
        cwd=site,
        check=True,
        timeout=120,
        capture_output=True,
    )
    paths = [str(site), os.environ.get("PYTHONPATH", "")]
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join(filter(None, paths))
    }

    def run(program, *words):
        return subprocess.run(
            [sys.executable, "-c", program, *map(str, words)],
            env=environment,
            capture_output=True,
            text=True,
            timeout=300,
        )

    return run


COMMAND = "from earwitness.conformance.cli.main import main; main()"


def test_a_strangers_package_brings_a_target(run_with_package):
    program = (
        "from earwitness.conformance.targets.entry_points import open_target, installed_targets\n"
        "target = open_target('toaster:kitchen')\n"
        "print(target.introduce().devices, target.confinement.value, *installed_targets())\n"
        "target.close()\n"
    )
    done = run_with_package(program)
    assert (
        "{'kitchen': 'speaker'}" in done.stdout
        and "toaster" in done.stdout
        and "exec" in done.stdout
    ), done.stderr


LOG = """\
0.000 kitchen plugged in
0.500 kitchen microphone on
1.000 kitchen toast, brown
2.000 kitchen microphone off
"""


def test_a_strangers_importer_reads_a_log_in_its_own_words(
    run_with_package, tmp_path
):
    log = tmp_path / "toaster.log"
    log.write_text(LOG + "2.500 kitchen listens\n")
    done = run_with_package(COMMAND, "judge", "--from", "toaster", log)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "line 5" in done.stdout and "MIC-2" in done.stdout


@pytest.mark.parametrize("line", ["3.0 kitchen explodes", "kitchen", "\xff"])
def test_a_line_that_an_importer_does_not_understand_is_never_green(
    run_with_package, tmp_path, line
):
    log = tmp_path / "toaster.log"
    log.write_text(LOG + line + "\n", "latin-1")
    done = run_with_package(COMMAND, "judge", "--from", "toaster", log)
    assert done.returncode == 3, done.stdout + done.stderr
    assert "line 5" in done.stdout and "Traceback" not in done.stderr


def test_an_importer_that_nobody_brings_is_told_with_the_nearest(
    run_with_package, tmp_path
):
    (tmp_path / "log").write_text(LOG)
    done = run_with_package(
        COMMAND, "judge", "--from", "toastr", tmp_path / "log"
    )
    assert done.returncode == 2
    assert "Did you mean 'toaster'?" in done.stderr


def test_a_strangers_package_brings_a_report_format_and_a_witness(
    run_with_package,
):
    program = (
        "from earwitness.reports.format import load_format\n"
        "from earwitness.conformance.witnesses.witness import witnessed_events\n"
        "print(load_format('toast').suffix, witnessed_events((), True)['light'])\n"
    )
    done = run_with_package(program)
    assert done.stdout.split() == ["toast.txt", "('lamp',)"], done.stderr


LAMP_PACK = """
pack: lamp
version: 1
source: ours
states:
  lamp: {on: "light(color = red, on = true)", off: "light(color = red, on = false)"}
clauses:
  - {id: LMP-1, title: The red lamp is lit when the microphones are off, source: [S], severity: high,
     ways: [searched, witnessed], needs: witnessed,
     formula: "lamp is on within 1 s after microphone.power(on = false)"}
"""
REPORTED = "    def report(self, event, **attributes):\n"


def lamp_target(folder, lit):
    """The small target with a lamp: a file in which a sensor shows how bright it is. `lit` is the
    brightness of a lamp that the target says is on."""
    sensor = folder / "sensor"
    sensor.write_text("2")
    text = (EXAMPLES / "targets" / "small.py").read_text("utf-8")
    assert REPORTED in text
    shines = (
        "        if event == 'power' or attributes.get('color') == 'red':\n"
        "            shines = event == 'light' and attributes['on']\n"
        f"            open({str(sensor)!r}, 'w').write({lit!r} if shines else '2')\n"
    )
    program = folder / "lamp.py"
    program.write_text(text.replace(REPORTED, REPORTED + shines), "utf-8")
    (folder / "pack.yaml").write_text(LAMP_PACK, "utf-8")
    return program, sensor


def check_lamp(run_with_package, folder, lit, *words):
    """What a check printed, what its results say, and the origins of what was seen of the lamp."""
    program, sensor = lamp_target(folder, lit)
    command = (
        f"import os; os.environ['TOASTER_SENSOR'] = {str(sensor)!r}\n"
        + COMMAND
    )
    # Not confined: what a target writes in a cell, no sensor outside sees.
    fixed = ("--no-proofs", "--examples", "0", "--confinement", "open")
    done = run_with_package(
        command,
        *("check", "--target", f"exec:{sys.executable} {program}"),
        *("--pack", folder / "pack.yaml", "--out", folder / "out"),
        *(*fixed, *words),
    )
    bundle = folder / "out" / "latest"
    if not bundle.exists():
        return done, None, set()
    results = json.loads((bundle / "results.json").read_text("utf-8"))
    lines = (bundle / "observations.jsonl").read_text("utf-8").splitlines()
    seen = [json.loads(line) for line in lines]
    return done, results, {o["origin"] for o in seen if o["event"] == "light"}


def test_a_strangers_witness_sees_nothing_before_it_is_named(
    run_with_package, tmp_path
):
    done, results, origins = check_lamp(run_with_package, tmp_path, "2")
    assert results["sight"]["light"] == "device", done.stdout + done.stderr
    assert origins == {"device"}
    assert results["clauses"][0]["verdict"] == "on its word"


def test_what_a_named_witness_sees_takes_the_place_of_the_devices_word(
    run_with_package, tmp_path
):
    done, results, origins = check_lamp(
        run_with_package, tmp_path, "300", "--witness", "lamp"
    )
    assert results["sight"]["light"] == "witnessed", done.stdout + done.stderr
    assert origins == {"witnessed"}
    # The lamp is witnessed; that the microphones are off is still the device's word, and so is the verdict.
    (clause,) = results["clauses"]
    assert clause["verdict"] == "on its word" and clause["exercised"]


def test_a_named_witness_catches_a_lamp_that_is_only_reported(
    run_with_package, tmp_path
):
    done, results, _ = check_lamp(
        run_with_package, tmp_path, "2", "--witness", "lamp"
    )
    assert done.returncode == 1, done.stdout + done.stderr
    assert results["clauses"][0]["verdict"] == "violated"


def test_a_witness_that_nobody_brings_is_told_with_the_nearest(
    run_with_package, tmp_path
):
    done, results, _ = check_lamp(
        run_with_package, tmp_path, "300", "--witness", "lmap"
    )
    assert (done.returncode, results) == (2, None)
    assert "Did you mean 'lamp'?" in done.stderr
