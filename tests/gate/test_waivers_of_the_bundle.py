"""A waiver that lies in the bundle alone: whoever may write to the bundle may have written it."""

from __future__ import annotations

import pytest
from bundles import read, violated_bundle

from earwitness.conformance.cli.gate_options import load_policy
from earwitness.conformance.evidence.verification import bundle_packs
from earwitness.conformance.gate.decision import decide_bundle
from earwitness.conformance.gate.exits import Exit

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


@pytest.mark.parametrize(
    ("vouched", "is_told"), [(False, True), (True, False)]
)
def test_a_waiver_that_only_the_bundle_holds_is_told_unless_it_is_vouched_for(
    tmp_path, vouched, is_told
):
    """Whoever may write to a bundle may write a waiver into it, and put every digest right."""
    bundle = read(
        violated_bundle(tmp_path / "out", files=[("waivers.yaml", WAIVER)])
    )
    policy = load_policy(
        **OPTIONS, bundle=bundle, digest=bundle.digest if vouched else ""
    )
    decided = decide_bundle(bundle, bundle_packs(bundle), policy)
    assert decided.exit is Exit.SATISFIED
    told = any("waivers.yaml is that of" in n.text for n in decided.warnings)
    assert told is is_told


def test_a_waiver_that_was_handed_in_is_not_told(tmp_path):
    file = tmp_path / "own.yaml"
    file.write_bytes(WAIVER)
    bundle = read(violated_bundle(tmp_path / "out"))
    policy = load_policy(**{**OPTIONS, "waivers": file}, bundle=bundle)
    assert policy.waivers and policy.unsealed == ()
