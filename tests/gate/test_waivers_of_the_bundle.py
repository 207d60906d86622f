"""A file of the gate that lies in the bundle alone: whoever may write to the bundle may have written it."""

from __future__ import annotations

import pytest
from bundles import PACK, clause, read, violated_bundle, write_bundle

from earwitness.conformance.cli.gate_options import load_policy
from earwitness.conformance.evidence.verification import bundle_packs
from earwitness.conformance.gate.decision import decide_bundle
from earwitness.conformance.gate.exits import Exit
from earwitness.conformance.gate.verdict import Verdict

OPTIONS = {
    "profile": "core",
    "fail_on": "low",
    "waivers": None,
    "strict_waivers": False,
    "known_failures": None,
    "baseline": None,
    "capabilities": None,
}
WAIVER = b"""waivers:
  - id: W-1
    clause: MIC-1
    reason: known to the owner
    risk: sound of the room may be taken up
    owner: Ada
    approved_by: Grace
    expires: 2999-12-31
"""


def decided_with(bundle, **options):
    policy = load_policy(**{**OPTIONS, **options}, bundle=bundle)
    return decide_bundle(bundle, bundle_packs(bundle), policy)


KNOWN = b"""known_failures:
  - id: K-1
    clause: MIC-1
    cause: the microphone stays on
    event: audio.captured
"""


@pytest.mark.parametrize(
    ("name", "content"),
    [("waivers.yaml", WAIVER), ("known-failures.yaml", KNOWN)],
)
def test_what_only_the_bundle_holds_lets_nothing_through_unless_it_is_vouched_for(
    tmp_path, name, content
):
    """Whoever may write to a bundle may write a waiver into it, and put every digest right."""
    bundle = read(violated_bundle(tmp_path / "out", files=[(name, content)]))
    forged = decided_with(bundle)
    assert forged.exit is Exit.VIOLATED
    (told,) = (n.text for n in forged.warnings if name in n.text)
    assert "counts for nothing" in told
    vouched = decided_with(bundle, digest=bundle.digest)
    assert vouched.exit is Exit.SATISFIED
    assert not any("that of the bundle" in n.text for n in vouched.warnings)


def test_a_reason_for_what_is_lacking_that_only_the_bundle_holds_is_told(
    tmp_path,
):
    pack = PACK.replace(
        "    formula: light", "    capability: camera\n    formula: light"
    )
    assert pack != PACK
    bundle = read(
        write_bundle(
            tmp_path / "out",
            pack=pack,
            clauses=(
                clause("MIC-1"),
                clause("LED-1", Verdict.NOT_APPLICABLE),
            ),
            files=[
                ("capabilities.yaml", b"refuses: {camera: it has none}\n")
            ],
        )
    )
    for options, is_told in (({}, True), ({"digest": bundle.digest}, False)):
        decided = decided_with(bundle, **options)
        told = any("capabilities.yaml" in n.text for n in decided.warnings)
        assert told is is_told


def test_a_waiver_that_was_handed_in_is_not_told(tmp_path):
    file = tmp_path / "own.yaml"
    file.write_bytes(WAIVER)
    bundle = read(violated_bundle(tmp_path / "out"))
    policy = load_policy(**{**OPTIONS, "waivers": file}, bundle=bundle)
    assert policy.waivers and policy.unsealed == ()
