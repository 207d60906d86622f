"""Whatever a program says, or does not say, ends in a sentence about the program: no hang, no fault of
ours."""

from __future__ import annotations

import resource
import signal
import sys
import textwrap
import time
from pathlib import Path

import pytest

from earwitness.conformance.targets import process
from earwitness.conformance.targets.entry_points import TargetOptions
from earwitness.conformance.targets.lines import decode_request
from earwitness.conformance.targets.process import ProcessTarget
from earwitness.conformance.targets.protocol import (
    PressRequest,
    ResetRequest,
    RouteRequest,
    TargetError,
)

FRAME = """
import json, os, signal, sys, time
HELLO = {"name": "n", "version": "1", "clock": "virtual", "devices": [{"device": "d1", "kind": "speaker"}],
         "capabilities": {"power": True}}
def say(**message):
    print(json.dumps(message), flush=True)
def greet():
    say(id=asked(), ok=HELLO)
def asked():
    return json.loads(sys.stdin.readline())["id"]
TICK = {"event": "tick", "time": 1, "device": "d1"}
"""


def open_program(tmp_path, body, patience=2.0):
    script = tmp_path / "program.py"
    script.write_text(FRAME + textwrap.dedent(body))
    return ProcessTarget(
        f"{sys.executable} {script}", TargetOptions(patience=patience)
    )


def drive(tmp_path, body, *requests):
    """Introduce the program and send it the requests; returns the last answer."""
    target = open_program(tmp_path, body)
    try:
        target.introduce()
        target.patience = 0.5 if "a byte" in body else target.patience
        answers = [target.request(request) for request in requests]
        return answers[-1] if answers else None
    finally:
        target.close()


LONG_ROUTE = RouteRequest("d1", "127.0.0.1", 1, "x" * 100_000)

MISBEHAVIOURS = {
    "ends at once": ("", (), "died"),
    "ends with a code": (
        "greet(); sys.exit(3)",
        (ResetRequest(),),
        "(exit code 3)",
    ),
    "ends by a signal": (
        "greet(); os.kill(os.getpid(), signal.SIGSEGV)",
        (ResetRequest(),),
        "died",
    ),
    "closes its output": (
        "greet(); os.close(1); time.sleep(60)",
        (ResetRequest(),),
        "silent",
    ),
    "is silent": ("greet(); time.sleep(60)", (ResetRequest(),), "silent"),
    "stops itself": (
        "greet(); os.kill(os.getpid(), signal.SIGSTOP)",
        (ResetRequest(),),
        "silent",
    ),
    "reads nothing": (
        "greet(); time.sleep(60)",
        (LONG_ROUTE,),
        "does not read",
    ),
    "goes on for ever": (
        """
        greet()  # and then a byte at a time
        while True:
            sys.stdout.write("x"); sys.stdout.flush(); time.sleep(0.02)""",
        (ResetRequest(),),
        "silent",
    ),
    "sends lines of 1 MB and no reply": (
        """
        greet()
        line = json.dumps([["x"] * 10 for _ in range(18_000)])
        while True:
            print('{"a": ' + line + '}', flush=True)""",
        (ResetRequest(),),
        "an observation of over",
    ),
    "sends one line without an end": (
        "greet()\nwhile True:\n    sys.stdout.write('x' * (1 << 20))",
        (ResetRequest(),),
        "line of over",
    ),
    "sends observations without an end": (
        "greet()\nwhile True:\n    print(json.dumps(TICK))",
        (ResetRequest(),),
        "floods",
    ),
    "sends empty lines": (
        "greet()\nwhile True:\n    print()",
        (ResetRequest(),),
        "not JSON",
    ),
    "replies twice": (
        "greet()\nwhile True:\n    i = asked(); say(id=i, ok={}); say(id=i, ok={})",
        (ResetRequest(), ResetRequest()),
        "asked",
    ),
    "replies to all before any is asked": (
        "greet()\nfor i in range(2, 50):\n    say(id=i, ok={})\ntime.sleep(60)",
        (ResetRequest(), ResetRequest()),
        "asked",
    ),
    "replies to another request": (
        "greet(); sys.stdin.readline(); say(id=7, ok={})",
        (ResetRequest(),),
        "answered request 7",
    ),
    "reports half a character": (
        'greet(); sys.stdin.readline(); print(\'{"id": "\\\\ud800"}\', flush=True); time.sleep(9)',
        (ResetRequest(),),
        "half a character",
    ),
    "gives its devices no name": (
        "HELLO['devices'][0]['device'] = ''; greet()",
        (),
        "devices[0].device",
    ),
    "names its device after markup": (
        "HELLO['devices'][0]['device'] = '[/x]'; greet()",
        (),
        "devices[0].device",
    ),
    "gives its cloud as text": (
        "HELLO['cloud'] = 'ab'; greet()",
        (),
        "cloud",
    ),
    "reports before its introduction": (
        "say(**TICK); greet()",
        (),
        "before it has introduced itself",
    ),
    "cannot do anything": (
        "say(id=asked(), unsupported='no'); time.sleep(9)",
        (),
        "refused 'hello': no",
    ),
    "reports a moment beyond all numbers": (
        "greet(); say(event='tick', time=10 ** 400, device='d1'); say(id=asked(), ok={})",
        (ResetRequest(),),
        "63 bits",
    ),
    "nests without an end": (
        "greet(); sys.stdin.readline(); print('[' * 500_000, flush=True); time.sleep(9)",
        (ResetRequest(),),
        "nested too deeply",
    ),
    "steers the terminal": (
        "greet(); sys.stdin.readline(); print('\\x1b]0;owned\\x07\\x1b[2J', flush=True); time.sleep(9)",
        (ResetRequest(),),
        "not JSON",
    ),
}


@pytest.mark.parametrize("way", MISBEHAVIOURS)
def test_what_a_program_does_wrong_is_said_of_the_program(way, tmp_path):
    body, requests, part = MISBEHAVIOURS[way]
    began = time.monotonic()
    with pytest.raises(TargetError) as caught:
        drive(tmp_path, body, *requests)
    assert part in str(caught.value)
    assert str(caught.value).isprintable()
    # Silence is given up after 2 s here; a flood takes as long as it takes to read 64 MiB.
    assert time.monotonic() - began < 40


def test_a_flood_costs_no_memory(tmp_path):
    """1 MB lines without a reply once cost 6.4 GB. The limit is on this process, so a breach ends the
    test."""
    before = resource.getrlimit(resource.RLIMIT_AS)
    used = (
        int(Path("/proc/self/statm").read_text().split()[0])
        * resource.getpagesize()
    )
    resource.setrlimit(resource.RLIMIT_AS, (used + (1 << 30), before[1]))
    try:
        for way in (
            "sends lines of 1 MB and no reply",
            "sends observations without an end",
        ):
            body, requests, _ = MISBEHAVIOURS[way]
            with pytest.raises(TargetError):
                drive(tmp_path, body, *requests)
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)


def test_what_is_reported_between_two_steps_belongs_to_the_next(tmp_path):
    body = """
        greet(); say(id=asked(), ok={}); say(**TICK)
        i = asked(); say(**TICK); say(id=i, ok={}); sys.stdin.read()"""
    answer = drive(tmp_path, body, ResetRequest(), ResetRequest())
    assert [seen.event for seen in answer.observations] == ["tick", "tick"]


def test_its_last_words_are_shown(tmp_path):
    body = "greet()\nraise SystemExit('no model in /models: \\x1b[31mdownload it')"
    with pytest.raises(TargetError) as caught:
        drive(tmp_path, body, ResetRequest())
    assert (
        "Its last words: no model in /models: \\u001b[31mdownload it"
        in str(caught.value)
    )


def test_a_wait_of_more_than_half_a_day_is_never_sent():
    with pytest.raises(TargetError):
        decode_request({"do": "wait", "device": "d1", "microseconds": 10**11})


def test_what_it_cannot_do_is_an_answer(tmp_path):
    body = """
        greet()
        for line in sys.stdin:
            say(id=json.loads(line)["id"], unsupported="no \\x1b[31mbutton")"""
    answer = drive(tmp_path, body, PressRequest("d1", "action"))
    assert (answer.ok, answer.unsupported) == (None, "no \\u001b[31mbutton")


def endings_of(target):
    """How the program ended when it was closed; None where it was not waited for, or not long enough."""
    codes, asked = [], target.cell.exit_code

    def ask(patience):
        codes.append(asked(patience=patience))
        return codes[-1]

    target.cell.exit_code = ask
    return codes


def test_a_program_has_time_for_its_end(tmp_path):
    body = "greet(); sys.stdin.read(); time.sleep(0.5); sys.exit(7)"
    target = open_program(tmp_path, body)
    codes = endings_of(target)
    target.introduce()
    target.close()
    assert codes == [7]


@pytest.mark.parametrize(
    "body", ["time.sleep(600)", "greet(); time.sleep(600)"]
)
def test_whoever_interrupts_does_not_wait_for_a_busy_program(
    tmp_path, monkeypatch, body
):
    """Ctrl-C while it is opened or in a step: the program is ended at once, and its folder is gone."""
    monkeypatch.setattr(process, "PATIENCE_WITH_ENDING", 300.0)
    target = open_program(tmp_path, body, patience=60.0)
    codes = endings_of(target)
    before = signal.signal(signal.SIGALRM, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            if "greet" in body:
                target.introduce()
            signal.setitimer(signal.ITIMER_REAL, 0.5)
            target.request(ResetRequest())
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    begun = time.monotonic()
    target.close()
    assert time.monotonic() - begun < 30
    assert codes == [None]
    assert not target.folder.exists()
