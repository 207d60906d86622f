"""A new firmware beside the one before: the first step at which they differ is found, on real devices, and what
is alike or comes by chance is not told."""

from __future__ import annotations

import json
from dataclasses import replace
from types import SimpleNamespace

import pytest
from bundles import write_bundle
from click.testing import CliRunner

from earwitness.conformance.cli.main import cli
from earwitness.conformance.evidence.bundle import BundleError, read_bundle
from earwitness.conformance.gate.exits import Exit
from earwitness.conformance.running.device_comparison import (
    DeviceComparison,
    NewDevice,
)
from earwitness.conformance.running.difference import (
    AT_THE_END,
    DepartureKind,
    departures,
    touched_clauses,
)
from earwitness.conformance.running.harness import Harness
from earwitness.conformance.running.recording import (
    Recording,
    record_run,
    recordings_of,
)
from earwitness.conformance.running.run_records import steps_lines
from earwitness.conformance.stimuli.stimulus import Kill, Press, Wait
from earwitness.conformance.targets.entry_points import open_target
from earwitness.model.trace import Observation
from earwitness.model.vocabulary import Microseconds
from earwitness.policies.pack import find

MUTE = Press("d1", "microphone")
STEPS = (MUTE, Wait("d1", 160_000))


def seen(time, event, **attributes):
    return Observation(Microseconds(time), "d1", event, attributes)


PRESSED = seen(1_000_000, "button.microphone")
OFF = seen(1_080_000, "microphone.power", on=False)
RED = seen(1_090_000, "light", color="red", on=True)
AUDIO = seen(1_100_000, "audio.captured", bytes=2_560, buffered=0)
OLD = Recording("tour", STEPS, ((PRESSED, OFF, RED), ()))


def shown(*after, last=()):
    return Recording("tour", STEPS, after, last)


def changes(new, **more):
    return [
        (one.step, one.change, one.seen.event)
        for one in departures(OLD, new, **more)
    ]


def test_what_is_alike_but_for_times_sizes_and_numbers_does_not_differ():
    later = [
        replace(one, time=Microseconds(one.time + 7_000_000))
        for one in (PRESSED, OFF, RED)
    ]
    assert not changes(shown(tuple(later), ()))


@pytest.mark.parametrize(
    ("new", "told"),
    [
        (((PRESSED, OFF), ()), (0, DepartureKind.MISSING, "light")),
        (
            ((PRESSED, OFF, RED), (AUDIO,)),
            (1, DepartureKind.NEW, "audio.captured"),
        ),
        (((PRESSED, OFF, RED, RED), ()), (0, DepartureKind.NEW, "light")),
        (
            (
                (PRESSED, OFF, replace(RED, time=Microseconds(1_300_000))),
                (),
            ),
            (0, DepartureKind.LATER, "light"),
        ),
    ],
)
def test_each_kind_of_difference_is_told_with_its_step(new, told):
    assert changes(shown(*new)) == [told]


def test_a_step_that_could_not_be_given_is_not_compared():
    new = shown((), (AUDIO,))
    assert changes(new, left_out={0}) == [
        (1, DepartureKind.NEW, "audio.captured")
    ]


def test_what_comes_in_pieces_is_one_thing_whatever_their_number():
    once = shown((PRESSED, AUDIO), ())
    often = shown((PRESSED, AUDIO, AUDIO, AUDIO), ())
    assert not list(departures(once, often))


def test_words_that_are_left_in_a_store_are_compared_at_the_end():
    found = seen(
        9_000_000,
        "record.found",
        store="log",
        category="transcript",
        acted_on=True,
    )
    (one,) = departures(OLD, shown(*OLD.after, last=(found,)))
    assert (one.step, one.seen.event) == (AT_THE_END, "record.found")


def test_the_clauses_that_speak_of_an_event_are_named():
    clauses = find("alexa-smart-properties").clauses
    assert {"MIC-1", "MIC-2"} <= set(touched_clauses(OFF, clauses))
    assert "TTS-1" not in touched_clauses(OFF, clauses)


CLAUSES = find("voice-baseline").clauses
RESTART = (MUTE, Kill("d1"), Wait("d1", 2_000_000))
FAULTY = "ref:fast/mute-lost-on-restart"


def harness(target):
    return Harness(open_target(target), CLAUSES)


@pytest.fixture(scope="module")
def honest():
    with harness("ref:fast") as device:
        yield record_run(device, "tour", RESTART)


def test_the_same_device_is_alike(honest):
    with harness("ref:fast") as again:
        found = NewDevice(again).compare(honest)
    assert not found.differences and not found.violated and found.is_whole


def test_a_firmware_that_forgets_its_mute_differs_where_it_restarts(honest):
    with harness(FAULTY) as device:
        found = NewDevice(device).compare(honest)
    first = found.differences[0]
    assert isinstance(honest.steps[first.step], Kill)
    assert "BASE-1" in found.violated
    assert DeviceComparison(1, (found,)).exit is Exit.VIOLATED


def test_what_does_not_come_again_is_counted_and_not_told(honest):
    """The old device is there too, and shows it the second time as well: then it was chance."""
    with harness(FAULTY) as device:
        odd = NewDevice(device, record_old=lambda _: record_odd(device))
        found = odd.compare(honest)
    assert not found.differences and found.unrepeated
    assert not found.violated


def record_odd(device):
    """As the faulty device shows it."""
    return record_run(device, "tour", RESTART)


def bundle_of(out, recording, steps=None):
    """A bundle with the steps of a recording, and what was seen after each."""
    trace = [one for part in recording.after for one in part]
    marks = [0]
    for part in recording.after:
        marks.append(marks[-1] + len(part))
    run = SimpleNamespace(
        scenario=recording.steps, span=(0, 0), marks=tuple(marks[1:])
    )
    return write_bundle(
        out,
        trace=trace,
        files=[
            ("steps.jsonl", steps_lines([run]) if steps is None else steps)
        ],
    )


def difference(*words):
    return CliRunner().invoke(cli, ["difference", *map(str, words)])


def test_a_bundle_is_enough_of_the_old_device(honest, tmp_path):
    folder = bundle_of(tmp_path / "out", replace(honest, last=()))
    (read,) = recordings_of(read_bundle(folder))
    assert read.steps == honest.steps
    assert [len(part) for part in read.after] == [
        len(part) for part in honest.after
    ]
    done = difference(
        folder, FAULTY, "--pack", "voice-baseline", "--format", "json"
    )
    told = json.loads(done.stdout)
    assert told["exit"] == Exit.VIOLATED.value == done.exit_code
    assert told["violated"] == ["BASE-1"]
    assert told["runs"][0]["differences"][0]["done"].startswith("kill")
    plain = difference(folder, "ref:fast", "--pack", "voice-baseline")
    assert plain.exit_code == 0, plain.output
    assert "1 of 1 run compared, 0 differ" in plain.output


def test_two_bundles_with_the_same_steps_are_compared_without_a_device(
    tmp_path,
):
    old = bundle_of(tmp_path / "old", OLD)
    new = bundle_of(tmp_path / "new", shown((PRESSED, OFF), ()))
    done = difference(old, new)
    assert done.exit_code == Exit.STALE.value, done.output
    assert "step 1, press the microphone button of d1" in done.output
    assert "does not show" in done.output and "check it" in done.output
    assert difference(old, old).exit_code == 0


def test_bundles_without_steps_in_common_say_nothing(tmp_path):
    old = bundle_of(tmp_path / "old", OLD)
    other = bundle_of(
        tmp_path / "new", Recording("tour", (MUTE,), ((PRESSED,),))
    )
    assert difference(old, other).exit_code == Exit.INCONCLUSIVE.value
    bare = write_bundle(tmp_path / "bare")
    done = difference(bare, "ref:fast")
    assert done.exit_code == Exit.INCONCLUSIVE.value
    assert "No steps are recorded" in done.output


@pytest.mark.parametrize(
    "line",
    [
        b"{}",
        b'{"run":0,"steps":[{"do":"explode"}],"marks":[0,1]}',
        b'{"run":0,"steps":[{"do":"say","device":"d1","clip":"none"}],"marks":[0,1]}',
        b'{"run":0,"run":0,"steps":[],"marks":[0]}',
    ],
)
def test_steps_that_are_none_are_refused(line, tmp_path):
    folder = bundle_of(tmp_path / "out", OLD, steps=line)
    with pytest.raises(BundleError, match=r"steps\.jsonl"):
        list(recordings_of(read_bundle(folder)))


def test_nothing_of_a_bundle_acts_on_the_terminal(tmp_path):
    strange = replace(RED, device="d1\x1b[31m")
    old = bundle_of(tmp_path / "old", OLD)
    new = bundle_of(tmp_path / "new", shown((PRESSED, OFF, RED, strange), ()))
    done = difference(old, new)
    assert "\x1b" not in done.output and "\\u001b" in done.output
