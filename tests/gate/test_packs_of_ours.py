"""Who reads the name of a pack of ours must get its promises: a pack that was made weaker and kept the name is
no evidence."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from bundles import clause, read, write_bundle

from earwitness.conformance.evidence.verification import bundle_packs
from earwitness.conformance.gate.decision import decide_bundle
from earwitness.conformance.gate.exits import Exit
from earwitness.conformance.gate.policy import Policy
from earwitness.policies.pack import find, shipped_packs

OURS = "voice-baseline"
TEXT = shipped_packs()[OURS].read_text()
VERSION = find(OURS).version


def decided_with(text, folder):
    """The gate's decision where every clause of this pack is satisfied and witnessed."""
    file = folder / "pack.yaml"
    file.write_text(text)
    results = tuple(clause(c.id) for c in find(str(file)).clauses)
    written = write_bundle(folder / "out", pack=text, clauses=results)
    bundle = read(written)
    policy = Policy(datetime(2026, 11, 26, tzinfo=UTC))
    return decide_bundle(bundle, bundle_packs(bundle), policy)


def without_first_clause(text):
    head, *clauses = text.split("\n  - id: ")
    return "\n  - id: ".join([head, *clauses[1:]])


@pytest.mark.parametrize(
    "weaken",
    [
        lambda text: text.replace("severity: critical", "severity: low", 1),
        lambda text: text.replace("witnessed, ", "", 1),
        without_first_clause,
    ],
    ids=["severity", "ways", "fewer clauses"],
)
def test_a_weaker_pack_under_our_name_is_invalid_evidence(tmp_path, weaken):
    assert weaken(TEXT) != TEXT
    decided = decided_with(weaken(TEXT), tmp_path)
    assert decided.exit is Exit.EVIDENCE_INVALID
    assert any("under that name" in n.text for n in decided.notices)


def test_the_pack_itself_is_taken_also_with_another_comment(tmp_path):
    for number, text in enumerate((TEXT, f"# seen on a Friday\n{TEXT}")):
        folder = tmp_path / str(number)
        folder.mkdir()
        decided = decided_with(text, folder)
        assert decided.exit is Exit.SATISFIED
        assert not any(OURS in n.text for n in decided.notices)


def test_another_version_is_told_and_a_name_of_its_own_is_free(tmp_path):
    other = TEXT.replace(f"version: {VERSION}", f"version: {VERSION + 1}", 1)
    renamed = without_first_clause(TEXT).replace(OURS, "mine", 1)
    for name, text, told in (("a", other, True), ("b", renamed, False)):
        (tmp_path / name).mkdir()
        decided = decided_with(text, tmp_path / name)
        assert decided.exit is Exit.SATISFIED
        assert any(OURS in n.text for n in decided.warnings) is told
