"""The judge comes to the same verdicts from a bundle alone; an evidence, a count or a reason that was
edited is noticed."""

from __future__ import annotations

import msgspec
import pytest
from bundles import PACK, SIGHT, read, violated_bundle, write_bundle
from forging import edit, edit_manifest, in_json

from earwitness.conformance.evidence.records import NearMiss
from earwitness.conformance.evidence.verification import bundle_packs
from earwitness.conformance.gate.verdict import Verdict
from earwitness.conformance.running.judgement import Circumstances
from earwitness.conformance.running.rejudge import (
    circumstances_record,
    contradictions_of,
    rejudge,
)


def contradictions(folder):
    bundle = read(folder)
    packs = bundle_packs(bundle)
    return contradictions_of(bundle, packs)


def test_the_judge_comes_to_the_same_verdicts_from_the_bundle(tmp_path):
    green = write_bundle(tmp_path / "a" / "out")
    red = violated_bundle(tmp_path / "b" / "out")
    assert contradictions(green) == []
    assert contradictions(red) == []
    verdicts = [
        result.verdict
        for result in rejudge(read(red), bundle_packs(read(red)))
    ]
    assert verdicts == [Verdict.VIOLATED, Verdict.SATISFIED]


@pytest.mark.parametrize(
    "change",
    [
        lambda e: e["clauses"][1].update(exercised=7),
        lambda e: e["clauses"][1].update(runs=[]),
        lambda e: e["clauses"][1].update(runs=[0, 1]),
        lambda e: e["clauses"][1]["conjuncts"][0].update(
            evidence="witnessed"
        ),
        lambda e: e["clauses"][1]["conjuncts"][0].update(exercised=9),
        lambda e: e["clauses"][1].update(english="something kinder"),
        lambda e: e["clauses"][1].update(proved="proved"),
        lambda e: (
            e["sight"].update(light="witnessed")
            or e["clauses"][1].update(reason="x")
        ),
        lambda e: e["circumstances"].update(dead="it died"),
        lambda e: e["circumstances"].update(heard=None),
        lambda e: e.update(circumstances=None),
        lambda e: e["circumstances"].update(excuses={"camera": "none"}),
        lambda e: e["near_misses"].append(
            {"clause": "LED-1.1", "bound": 9, "closest": 8}
        ),
    ],
)
def test_an_edit_that_touches_no_verdict_is_noticed_too(tmp_path, change):
    folder = write_bundle(tmp_path / "out")
    edit(folder, "results.json", in_json(change))
    assert contradictions(folder) != []


def test_what_differs_is_named_also_where_no_verdict_does(tmp_path):
    folder = write_bundle(tmp_path / "out")
    forged = in_json(lambda e: e["clauses"][1].update(runs=[0, 7]))
    edit(folder, "results.json", forged)
    (told,) = contradictions(folder)
    assert "LED-1 is runs (0, 7); its observations come to runs (0,)" in told


def test_circumstances_come_back_as_they_were():
    known = Circumstances(
        sight={}, excuses={"camera": "none"}, dead="x", doubts={"STR-2": "y"}
    )
    record = circumstances_record(known)
    assert (
        msgspec.json.decode(msgspec.json.encode(record), type=type(record))
        == record
    )


def test_a_bundle_of_another_version_may_say_it_in_other_words_and_no_more(
    tmp_path,
):
    folder = write_bundle(tmp_path / "out")
    edit(
        folder,
        "results.json",
        in_json(lambda e: e["clauses"][1].update(english="in other words")),
    )
    assert contradictions(folder) != []
    edit_manifest(folder, lambda m: m.update(earwitness="0.0.1"))
    assert contradictions(folder) == []
    edit(
        folder,
        "results.json",
        in_json(lambda e: e["clauses"][1].update(exercised=7)),
    )
    assert contradictions(folder) != []


CLAIMED = PACK.replace(
    "formula: light(color = red, on = true) implies microphone is off",
    "capability: mute_cuts_power\n"
    "    formula: microphone.power within 1 s after microphone.power",
)


def test_a_deadline_of_what_is_not_claimed_is_no_contradiction(tmp_path):
    """It is watched while the target runs, to say what was seen, and by no reader of the bundle."""
    known = Circumstances(
        sight=SIGHT, capabilities={"mute_cuts_power": False}
    )
    near = NearMiss(clause="LED-1.1", bound=1_000_000, closest=10)
    folder = write_bundle(
        tmp_path / "out",
        pack=CLAIMED,
        known=known,
        near_misses=(near,),
        capabilities={"mute_cuts_power": False},
    )
    bundle = read(folder)
    assert bundle.results.clauses[1].verdict is Verdict.NOT_APPLICABLE
    assert bundle.results.near_misses == ()
    assert contradictions(folder) == []
