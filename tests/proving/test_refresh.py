"""What is stale is said by name, and only that is remade."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from earwitness.conformance.cli.refresh import (
    Derived,
    refresh,
    refresh_kind,
)
from earwitness.policies.pack import find
from earwitness.policies.proving import refresh as proving
from earwitness.policies.proving.invariants import FILE
from earwitness.policies.proving.refresh import (
    refresh_invariants,
    stale_invariants,
    stale_strength,
)

PACK = """
pack: small
version: 1
source: ours
model: satellite
states:
  mute: {on: mute(on = true), off: mute(on = false) or power}
clauses:
  - {id: S-1, title: Nothing is heard while muted, source: [ours], severity: critical, ways: [proved],
     formula: audio.captured implies not mute is on, trigger: mute(on = true)}
"""


@pytest.fixture
def pack(tmp_path):
    (tmp_path / "pack.yaml").write_text(PACK, "utf-8")
    return find(str(tmp_path / "pack.yaml"))


def own(items):
    return [
        (s.name, s.reason)
        for s in items
        if not s.name.startswith("progress.")
    ]


def test_an_invariant_is_missing_then_found_and_stored_by_name(pack):
    assert own(stale_invariants(pack)) == [("S-1.1", "none is stored")]
    path = pack.file.with_name(FILE)
    told = []
    assert refresh_invariants(pack, 20, told.append)
    assert own(stale_invariants(pack)) == []
    stored = json.loads(path.read_text("utf-8"))["S-1.1"]
    assert any("muted" in text for text in stored)


def test_what_is_no_longer_inductive_and_what_has_no_conjunct_is_stale(pack):
    path = pack.file.with_name(FILE)
    path.write_text(
        json.dumps({"S-1.1": ["powered"], "S-9.1": ["muted"]}), "utf-8"
    )
    assert own(stale_invariants(pack)) == [
        ("S-1.1", "the stored one is no longer inductive"),
        ("S-9.1", "the pack has no such conjunct"),
    ]


def test_strength_that_was_not_measured_is_stale(pack):
    assert {s.kind for s in stale_strength(pack)} == {"strength"}


def test_the_command_only_looks_with_check(pack):
    ran = CliRunner().invoke(
        refresh, ["--check", "--only", "invariants", "--pack", str(pack.file)]
    )
    assert ran.exit_code == 1
    assert "S-1.1: none is stored" in ran.output
    assert not pack.file.with_name(FILE).exists()


def test_a_kind_that_does_not_exist_is_refused(pack):
    assert (
        CliRunner()
        .invoke(refresh, ["--only", "everything", "--pack", str(pack.file)])
        .exit_code
        == 2
    )


@pytest.fixture
def measured(monkeypatch):
    """The packs whose strength is measured, which is not done here: it takes long."""
    asked = []

    def measure(pack, tell, workers=2, beside=()):
        asked.append(pack.name)
        return True

    monkeypatch.setattr(proving, "refresh_strength", measure)
    return asked


def test_a_bare_refresh_remakes_what_is_quick_and_leaves_strength_with_a_word(
    pack, measured
):
    ran = CliRunner().invoke(refresh, ["--pack", str(pack.file)])
    assert ran.exit_code == 0, ran.output
    assert own(stale_invariants(pack)) == []
    assert measured == []
    left = ran.output[ran.output.index("strength:") :]
    assert "left as it is: to judge" in left and "minute" in left
    assert "earwitness refresh --only strength" in left
    assert len(left.splitlines()) < 10


def test_strength_is_measured_where_it_is_asked_for(pack, measured):
    ran = CliRunner().invoke(
        refresh, ["--only", "strength", "--pack", str(pack.file)]
    )
    assert ran.exit_code == 0, ran.output
    assert measured == ["small"]
    assert "left as it is" not in ran.output


def test_a_look_counts_what_is_slow_too(pack, measured):
    ran = CliRunner().invoke(
        refresh, ["--check", "--only", "strength", "--pack", str(pack.file)]
    )
    assert (ran.exit_code, measured) == (1, [])


def test_what_could_not_be_remade_is_no_success():
    def kind(remade):
        return Derived("tables", lambda: iter(["one"]), lambda: remade)

    assert refresh_kind(kind(True), asked_for=False)
    assert not refresh_kind(kind(False), asked_for=False)
