"""A clause's revision follows what it promises, and nothing else."""

from __future__ import annotations

import doctest

import pytest

from earwitness.policies import revision
from earwitness.policies.pack import find, load, shipped_packs

PACK = """pack: small
version: 1
source: A small paper
parameters:
  cut: {value: 100, unit: ms, origin: ours}
  other: {value: 7, unit: s, origin: ours}
states:
  microphone: {off: microphone.power(on = false), on: microphone.power(on = true)}
clauses:
  - id: MIC-1
    title: While muted nothing is captured
    source: [S]
    severity: high
    ways: [searched]
    formula: microphone.power(on = false) within $cut after (button.microphone and not microphone is off)
  - id: LED-1
    title: The light shows it
    source: [S]
    severity: low
    ways: [searched]
    formula: light within $other after microphone.power
"""


def revisions(tmp_path, text):
    file = tmp_path / "small.yaml"
    file.write_text(text)
    return {clause.id: clause.revision for clause in load(file).clauses}


def test_the_examples_run():
    assert doctest.testmod(revision).failed == 0


@pytest.mark.parametrize(
    ("old", "new", "changed"),
    [
        ("While muted nothing is captured", "Muted is muted", set()),
        (
            "ways: [searched]\n    formula: microphone",
            "ways: [audited]\n    formula: microphone",
            set(),
        ),
        (
            "and not microphone is off",
            "and  not\n      microphone is off",
            set(),
        ),
        ("version: 1", "version: 2", set()),
        ("value: 100", "value: 200", {"MIC-1"}),
        ("value: 7", "value: 8", {"LED-1"}),
        ("unit: ms", "unit: s", {"MIC-1"}),
        ("severity: high", "severity: low", {"MIC-1"}),
        ("severity: high", "severity: high\n    needs: witnessed", {"MIC-1"}),
        (
            "{off: microphone.power(on = false)",
            "{off: microphone.power(on = false) or power(on = false)",
            {"MIC-1"},
        ),
        ("light within", "light(on = true) within", {"LED-1"}),
    ],
)
def test_a_revision_changes_with_the_promise_and_not_with_its_wording(
    tmp_path, old, new, changed
):
    before = revisions(tmp_path, PACK)
    assert old in PACK
    after = revisions(tmp_path, PACK.replace(old, new, 1))
    assert {name for name in before if before[name] != after[name]} == changed


def test_every_shipped_clause_has_a_revision():
    for name in shipped_packs():
        assert all(len(clause.revision) == 8 for clause in find(name).clauses)
