"""A bundle with its packs, the gate's decision and the summary: all that a report needs."""

from __future__ import annotations

from dataclasses import dataclass

from earwitness.conformance.evidence.bundle import Bundle
from earwitness.conformance.evidence.verification import bundle_packs
from earwitness.conformance.gate.decision import Decision, Policy, decide
from earwitness.conformance.gate.summary import Summary, summarise
from earwitness.policies.pack import Pack


@dataclass(frozen=True, slots=True)
class JudgedBundle:
    """What every report format is made from."""

    bundle: Bundle
    packs: tuple[Pack, ...]
    policy: Policy
    decision: Decision
    summary: Summary


def judge_bundle(bundle: Bundle, policy: Policy) -> JudgedBundle:
    """Decide a bundle under a policy and summarise it. Raises BundleError."""
    packs = bundle_packs(bundle)
    decision = decide(bundle, packs, policy)
    return JudgedBundle(bundle, packs, policy, decision, summarise(bundle, packs, decision))
