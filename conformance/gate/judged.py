"""A bundle with its packs, the gate's decision and the summary: all that a report needs."""

from __future__ import annotations

from dataclasses import dataclass, replace

import msgspec

from earwitness.conformance.evidence.bundle import Bundle
from earwitness.conformance.evidence.redaction import safe_text
from earwitness.conformance.evidence.verification import bundle_packs
from earwitness.conformance.gate.decision import (
    GateDecision,
    Policy,
    decide_bundle,
)
from earwitness.conformance.gate.summary import (
    Summary,
    summarise,
)
from earwitness.policies.pack import Pack


@dataclass(frozen=True, slots=True)
class JudgedBundle:
    """What every report format is made from."""

    bundle: Bundle
    packs: tuple[Pack, ...]
    policy: Policy
    decision: GateDecision
    summary: Summary


def judge_bundle(bundle: Bundle, policy: Policy) -> JudgedBundle:
    """Decide a bundle under a policy and summarise it. Raises BundleError."""
    packs = bundle_packs(bundle)
    decision = decide_bundle(bundle, packs, policy)
    shown = _made_printable(bundle)
    return JudgedBundle(
        shown,
        packs,
        policy,
        decision,
        summarise(shown, packs, decision),
    )


def _made_printable(bundle: Bundle) -> Bundle:
    """The bundle with every text that a target or an environment chose so that it shows and does not act."""
    manifest = bundle.manifest
    target = msgspec.structs.replace(
        manifest.target,
        given=safe_text(manifest.target.given),
        name=safe_text(manifest.target.name),
        version=safe_text(manifest.target.version),
        setup=safe_text(manifest.target.setup),
    )
    manifest = msgspec.structs.replace(
        manifest,
        target=target,
        arguments=tuple(map(safe_text, manifest.arguments)),
        environment={
            name: safe_text(value)
            for name, value in manifest.environment.items()
        },
    )
    results = msgspec.structs.replace(
        bundle.results,
        reason=safe_text(bundle.results.reason),
        skipped=tuple(map(safe_text, bundle.results.skipped)),
        kept_promises=tuple(map(safe_text, bundle.results.kept_promises)),
    )
    return replace(bundle, manifest=manifest, results=results)
