"""The search: what it chooses, how it is steered, how it halves waits, how it shortens, and that it finds."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from earwitness.conformance.running.aims import join_paths, model_paths
from earwitness.conformance.running.budget import Budget
from earwitness.conformance.running.choices import (
    DEEDS,
    SITUATIONS,
    Chooser,
    everything_everywhere,
    undo_step,
)
from earwitness.conformance.running.fast_form import (
    FastForm,
    SearchBeside,
    SearchOrder,
)
from earwitness.conformance.running.possible import impossible
from earwitness.conformance.running.run import Run
from earwitness.conformance.running.search import Search, search
from earwitness.conformance.running.shrink import shrink
from earwitness.conformance.running.stores import NOTHING
from earwitness.conformance.running.tally import ConjunctTally
from earwitness.conformance.running.timing import Instants
from earwitness.conformance.stimuli.clips import CLIPS, repeated_in_the_air
from earwitness.conformance.stimuli.sound_format import PIECE_TIME
from earwitness.conformance.stimuli.stimulus import (
    Kill,
    Network,
    Power,
    Press,
    Query,
    Say,
    SetTone,
    Wait,
)
from earwitness.conformance.targets.protocol import DeviceProfile, Hello
from earwitness.conformance.vectors.vector_file import vectors_of_pack
from earwitness.conformance.witnesses.heard_sound import HeardSound
from earwitness.model.trace import Observation, Origin
from earwitness.model.vocabulary import Microseconds

D = "d1"
MUTE = Press(D, "microphone")
ALL = (
    "microphone_button",
    "action_button",
    "power",
    "network",
    "shutter",
    "tone",
    "wake_words",
    "calls",
    "access",
    "skills",
)


def hello_with(*capabilities, device=D):
    profile = DeviceProfile(
        kind="speaker", capabilities=frozenset(capabilities)
    )
    return Hello(
        name="a device",
        version="1",
        clock="virtual",
        devices={device: "speaker"},
        capabilities=dict.fromkeys(capabilities, True),
        data_paths=(),
        profiles={device: profile},
    )


def seen(event, time=0):
    return Observation(Microseconds(time), D, event, {}, Origin.WITNESSED)


def run_of(scenario, events_after_each, violated_at=None):
    """A run in which each step is followed by events."""
    trace, marks = [], []
    for events in events_after_each:
        trace += [seen(event) for event in events]
        marks.append(len(trace))
    tally = {"A-1.1": ConjunctTally(exercised=1, violated_at=violated_at)}
    return Run(
        tuple(scenario),
        tuple(trace),
        tally,
        NOTHING,
        span=(0, len(trace)),
        marks=tuple(marks),
    )


@dataclass
class Imagined:
    """Violates where `breaks` says so of the steps; counts how often it was asked."""

    breaks: object
    seed: int = 0
    broken: str = ""
    hello: Hello = field(default_factory=lambda: hello_with(*ALL))
    runs: int = 0
    devices: set = field(default_factory=set)

    def run(self, scenario, *, controls=True):
        self.runs += 1
        self.devices |= {step.device for step in scenario}
        bad = self.breaks(scenario)
        return run_of(
            scenario,
            [["tick"]] * len(scenario),
            violated_at=max(0, len(scenario) - 1) if bad else None,
        )


# Choices


def test_a_device_of_another_name_is_searched_as_much():
    """No name of a device is built in: the steps are those of d1, on the kitchen."""
    kitchen = Imagined(
        breaks=lambda scenario: False,
        hello=hello_with(*ALL, device="kitchen"),
    )
    ours = Imagined(breaks=lambda scenario: False)
    found, known = (
        search(runner, lambda count: count < 12, take=lambda run: None)
        for runner in (kitchen, ours)
    )
    assert (kitchen.runs, found.sequences) == (12, 12)
    assert found.steps == known.steps > 12
    assert kitchen.devices == {"kitchen"} and ours.devices == {D}


@given(st.sets(st.sampled_from(ALL)), st.integers(0, 10**6))
def test_only_steps_that_the_target_can_be_given_are_chosen(able, seed):
    hello = hello_with(*able)
    chosen = Chooser(random.Random(seed), hello).sequence(20)
    assert len(chosen) == 20
    assert not [step for step in chosen if impossible(step, hello)]


@given(st.integers(0, 10**6))
def test_the_same_seed_chooses_the_same(seed):
    one, other = (
        Chooser(random.Random(seed), hello_with(*ALL)) for _ in range(2)
    )
    first = one.sequence(14)
    assert first == other.sequence(14)
    assert one.varied(first, 14) == other.varied(first, 14)


@given(st.integers(0, 10**6))
def test_each_deed_is_tried_in_each_state(seed):
    chooser = Chooser(random.Random(seed), hello_with(*ALL))
    parts = list(everything_everywhere(chooser))
    # A speaker has no shutter: neither that state nor that deed.
    assert len(parts) == (len(SITUATIONS) - 1) * (len(DEEDS) - 1)
    muted = [p for p in parts if p[0] == MUTE]
    assert any(p[1] == Kill(D) for p in muted)
    assert any(p[1] == Power(D, "cut") for p in muted)


def test_what_is_undone_is_as_it_was():
    assert undo_step(Power(D, "cut")) == (Power(D, "restore"),)
    assert undo_step(MUTE) == (MUTE,)
    assert undo_step(Kill(D)) == ()


def test_what_few_came_to_is_varied_more_often():
    search = Search(Chooser(random.Random(0), hello_with(*ALL)))
    often, seldom = (Wait(D, PIECE_TIME), Kill(D)), (MUTE, Kill(D))
    for _ in range(99):
        search.take(run_of(often, [["light"], ["power"]]))
    search.take(run_of(seldom, [["screen"], ["power"]]))
    taken = [search._rarely_reached() for _ in range(100)]
    assert taken.count(seldom) > taken.count(often)


def test_shortest_ways_of_the_model_come_first_and_again_with_the_tone_on():
    hello = hello_with(*ALL)
    paths = list(model_paths(vectors_of_pack(), hello, ()))
    half = len(paths) // 2
    assert len(paths) > 40 and set(paths[half:]) == {
        (Power(D, "restore"), SetTone(D, True), *path)
        for path in paths[:half]
    }
    joined = list(join_paths(paths, hello, 28))
    assert sum(map(len, joined)) < sum(map(len, paths)) + len(paths)
    assert len(joined) < len(paths) / 3


# Instants


@given(st.integers(2, 60), st.integers(1, 60))
def test_a_wait_is_halved_until_it_stands_where_what_follows_changes(
    longest, edge
):
    """A device that answers where it is pressed less than `edge` pieces after it was spoken to."""

    def came(scenario):
        pieces = scenario[1].microseconds // PIECE_TIME
        after = ["tts.audio"] if pieces < edge else ["light"]
        return run_of(scenario, [["speech"], [], after])

    instants, tried = Instants(), []
    instants.consider(
        came((Say(D, "weather"), Wait(D, longest * PIECE_TIME), MUTE))
    )
    while (scenario := instants.next_scenario()) is not None:
        tried.append(scenario[1].microseconds // PIECE_TIME)
        instants.take(came(scenario))
    assert len(tried) <= 8
    if 1 < edge <= longest and longest > 2:
        assert {edge - 1, edge} <= {*tried, longest, 1}


# Shortening


@given(
    st.lists(
        st.sampled_from([Say(D, "quiet"), Kill(D), MUTE, Network(D, "down")]),
        max_size=12,
    ),
    st.integers(0, 12),
)
def test_a_failure_shrinks_to_what_it_needs_pairs_included(others, place):
    """Muted an even number of times, and cut off in between: neither press can be left out alone."""
    needed = [MUTE, Network(D, "down"), MUTE]

    def breaks(scenario):
        presses = [n for n, s in enumerate(scenario) if s == MUTE]
        downs = [n for n, s in enumerate(scenario) if s == Network(D, "down")]
        even = len(presses) % 2 == 0 and len(presses) >= 2
        return even and any(presses[0] < n < presses[-1] for n in downs)

    scenario = tuple(others[:place] + needed + others[place:])
    runner = Imagined(breaks)
    first = runner.run(scenario)
    if not breaks(scenario):
        return
    found = shrink(runner, "A-1", first)
    assert runner.runs <= 61
    assert len(found.scenario) == 3, found.scenario


# Sound that repeats


def test_repeated_sound_is_the_same_but_for_its_lowest_bits_and_is_told_apart():
    one, other = (
        repeated_in_the_air(CLIPS["weather"], seed) for seed in (1, 2)
    )
    assert np.array_equal(one >> 2, other >> 2)
    assert not np.array_equal(one, other)
    heard = HeardSound()
    second = 1_000_000
    for number, sound in enumerate((one, other)):
        heard.play(D, Microseconds(number * 100 * second), sound)
    for number, sound in enumerate((one, other)):
        (find,) = heard.exact.locate(
            sound[16_000:32_000].astype("<i2").tobytes()
        )
        assert find.heard_from == number * 100 * second + second


# On the fast form of the reference


@pytest.fixture(scope="module")
def form(clauses):
    with FastForm("ref:fast", clauses, 0, Budget(600)) as made:
        yield made


def test_what_a_reset_does_to_the_lights_is_no_part_of_the_run(form):
    run = form.run((Power(D, "restore"), MUTE), controls=False)
    assert run.violated() == () and run.trace[-1].event in ("end", "power")


ONCE_BROKEN = {
    "denied-yet-told": (
        Power(D, "cut"),
        Say(D, "quiet"),
        Query(D, "theirs", "skill_developer", "settings"),
    ),
    "listens-unasked": (
        Power(D, "restore"),
        Network(D, "down"),
        Press(D, "action"),
    ),
}
"""What made time go backwards, and what had no end."""


@pytest.mark.parametrize("name", ONCE_BROKEN)
def test_a_fault_that_is_caught_does_not_break_the_run(name, clauses):
    with FastForm(f"ref:fast/{name}", clauses, 0, Budget(600)) as made:
        run = made.run(ONCE_BROKEN[name])
    assert run.dead == ""


def test_a_search_beside_finds_and_shortens(clauses):
    order = SearchOrder(
        "ref:fast/mute-lost-on-restart",
        clauses,
        (),  # No ways of the model: each deed in each state is enough.
        seed=0,
        budget=Budget(600),
        share=1.0,
        sequences=20,
    )
    with SearchBeside(order) as beside:
        found = beside.found()
    (failure,) = [f for f in found.failures if f.clause == "BASE-1"]
    assert len(failure.scenario) <= 3 and MUTE in failure.scenario
