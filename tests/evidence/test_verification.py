"""`verify`: whoever edits a bundle and puts every digest right is still caught, because the verdicts are
recomputed."""

from __future__ import annotations

import json

import pytest
from bundles import (
    HONEST,
    clause,
    observed,
    read,
    violated_bundle,
    write_bundle,
)
from forging import edit, in_json, set_field, set_verdict, without_line

from earwitness.conformance.evidence.bundle import SIGNATURE, BundleError
from earwitness.conformance.evidence.signature import (
    KeyFileError,
    generate_key,
    sign_bundle,
    verify_signature,
)
from earwitness.conformance.evidence.verification import (
    bundle_packs,
    find_contradictions,
    proof_faults,
)


def found(folder):
    bundle = read(folder)
    return find_contradictions(bundle, bundle_packs(bundle))


@pytest.fixture
def green(tmp_path):
    return write_bundle(tmp_path / "green")


@pytest.fixture
def red(tmp_path):
    return violated_bundle(tmp_path / "red")


def test_an_honest_bundle_has_no_contradiction(green, red):
    assert found(green) == []
    assert found(red) == []


@pytest.mark.parametrize(
    ("name", "change", "part"),
    [
        (
            "results.json",
            set_verdict(0, "satisfied"),
            "MIC-1 is called satisfied, but the observations violate it",
        ),
        (
            "results.json",
            set_verdict(0, "not exercised"),
            "MIC-1 is called not exercised",
        ),
        ("results.json", set_verdict(0, "not applicable"), "not applicable"),
        (
            "results.json",
            set_field(exit=0),
            "the exit code is 0, its verdicts come to 1",
        ),
        (
            "results.json",
            in_json(lambda e: e["clauses"].pop()),
            "LED-1 is in a pack and has no result",
        ),
        (
            "results.json",
            in_json(lambda e: e["clauses"].append(e["clauses"][0])),
            "MIC-1 has more than one result",
        ),
        (
            "results.json",
            in_json(lambda e: e["clauses"][0].update(id="MIC-9")),
            "MIC-9 has a result",
        ),
        (
            "results.json",
            in_json(lambda e: e["clauses"][0].update(severity="low")),
            "severity is not that",
        ),
        (
            "results.json",
            in_json(lambda e: e["clauses"][0].update(title="x")),
            "title is not that",
        ),
        (
            "results.json",
            in_json(lambda e: e["clauses"][0].update(revision="00000000")),
            "MIC-1: its revision is not that of the pack",
        ),
        (
            "results.json",
            in_json(lambda e: e["clauses"][0].pop("revision")),
            "MIC-1: its revision is not that of the pack",
        ),
        (
            "results.json",
            in_json(lambda e: e["clauses"][1].update(pack_version=4)),
            "LED-1: its pack version is not that of the pack",
        ),
        (
            "results.json",
            in_json(lambda e: e["clauses"][1].update(pack="other")),
            "LED-1: its pack is not that of the pack",
        ),
        (
            "observations.jsonl",
            without_line(4),
            "MIC-1 is called violated, but no observation violates it",
        ),
        (
            "observations.jsonl",
            without_line(3),
            "run 0 has 4 observations, results.json says 5",
        ),
        (
            "failures/MIC-1.json",
            set_field(at=1),
            "does not violate MIC-1 at event 2",
        ),
        ("failures/MIC-1.json", set_field(trace=[]), "does not violate"),
        (
            "failures/MIC-1.json",
            set_field(clause="LED-1"),
            "does not call LED-1 violated",
        ),
        (
            "packs/small.yaml",
            lambda t: t.replace("version: 3", "version: 4"),
            "version 4; the manifest says otherwise",
        ),
        (
            "packs/small.yaml",
            lambda t: t.replace("not microphone is off", "microphone is off"),
            "violate",
        ),
        (
            "packs/small.yaml",
            lambda t: t.replace("audio.captured implies", "tick implies"),
            "MIC-1",
        ),
    ],
)
def test_an_edit_with_all_digests_right_is_noticed_and_named(
    red, name, change, part
):
    edit(red, name, change)
    assert any(part in text for text in found(red)), found(red)


def test_a_satisfied_clause_that_nothing_exercised_is_noticed(green):
    edit(
        green,
        "observations.jsonl",
        lambda text: "".join(text.splitlines(keepends=True)[:1]),
    )
    assert any("no observation exercises it" in text for text in found(green))


def test_a_satisfied_clause_with_a_part_that_is_not_is_noticed(green):
    edit(
        green,
        "results.json",
        in_json(
            lambda e: e["clauses"][0]["conjuncts"][0].update(
                verdict="inconclusive"
            )
        ),
    )
    assert any("not its parts MIC-1.1" in text for text in found(green))


def test_a_lowered_need_is_noticed(tmp_path):
    folder = write_bundle(
        tmp_path / "out",
        clauses=(clause("MIC-1", severity="critical"), clause("LED-1")),
    )
    edit(
        folder,
        "packs/small.yaml",
        lambda t: t.replace(
            "severity: critical", "severity: critical\n    needs: witnessed"
        ),
    )
    assert any("what it needs" in text for text in found(folder))


def test_redaction_keeps_the_verdicts(tmp_path):
    """Words are replaced before they are kept; what is recomputed from what is kept must not depend on
    them."""
    spoken = observed(
        5, "speech", words="what is the weather", addressed=True, until=9
    )
    folder = write_bundle(
        tmp_path / "out", trace=(HONEST[0], spoken, *HONEST[1:])
    )
    assert found(folder) == []


# Proofs


def test_a_claimed_proof_without_a_certificate_or_with_a_false_one_is_noticed(
    tmp_path,
):
    folder = write_bundle(tmp_path / "out")
    claim = {"MIC-1": {"standing": "proved", "certificates": []}}
    edit(folder, "proofs.json", lambda _: json.dumps(claim))
    assert proof_faults(read(folder)) == [
        "proofs.json: MIC-1 is called proved and has no certificate"
    ]
    claim["MIC-1"]["certificates"] = ["proofs/MIC-1.1.vmt"]
    edit(folder, "proofs.json", lambda _: json.dumps(claim))
    assert any(
        "is not in the bundle" in fault
        for fault in proof_faults(read(folder))
    )


# Signatures


def test_a_signature_holds_and_fails_for_another_key_another_bundle_or_an_edit(
    tmp_path, green, red
):
    public = generate_key(tmp_path / "key")
    other = generate_key(tmp_path / "other")
    assert (tmp_path / "key").stat().st_mode & 0o077 == 0
    sign_bundle(read(green), tmp_path / "key")
    verify_signature(read(green), public)
    with pytest.raises(BundleError, match="not one by"):
        verify_signature(read(green), other)
    with pytest.raises(BundleError, match="there is no signature"):
        verify_signature(read(red), public)
    (red / SIGNATURE).write_bytes((green / SIGNATURE).read_bytes())
    with pytest.raises(BundleError, match="another bundle"):
        verify_signature(read(red), public)
    edit(green, "results.json", set_field(reason="edited"))
    with pytest.raises(BundleError, match="another bundle"):
        verify_signature(read(green), public)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{}",
        b"[1]",
        b'{"payload": "x", "payloadType": "y", "signatures": [{}]}',
        b"\xff",
    ],
)
def test_a_signature_file_that_is_none_is_invalid_evidence(
    tmp_path, green, content
):
    public = generate_key(tmp_path / "key")
    (green / SIGNATURE).write_bytes(content)
    with pytest.raises(BundleError):
        verify_signature(read(green), public)


def test_keys_are_never_overwritten_and_other_files_are_no_keys(
    tmp_path, green
):
    generate_key(tmp_path / "key")
    with pytest.raises(KeyFileError, match="is there already"):
        generate_key(tmp_path / "key")
    (tmp_path / "none").write_text("no key")
    with pytest.raises(KeyFileError, match="no private key"):
        sign_bundle(read(green), tmp_path / "none")
    with pytest.raises(KeyFileError, match="no public key"):
        verify_signature(read(green), tmp_path / "none")
