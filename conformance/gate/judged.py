"""A bundle with its packs, the gate's decision and the summary: all that a report needs."""

from __future__ import annotations

from dataclasses import dataclass, replace

import msgspec

from earwitness.conformance.evidence.bundle import Bundle
from earwitness.conformance.evidence.redaction import printable
from earwitness.conformance.evidence.verification import bundle_packs
from earwitness.conformance.gate.decision import (
    Decision,
    Policy,
    decide,
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
    decision: Decision
    summary: Summary


def judge_bundle(bundle: Bundle, policy: Policy) -> JudgedBundle:
    """Decide a bundle under a policy and summarise it. Raises BundleError."""
    packs = bundle_packs(bundle)
    decision = decide(bundle, packs, policy)
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
        given=printable(manifest.target.given),
        name=printable(manifest.target.name),
        version=printable(manifest.target.version),
    )
    manifest = msgspec.structs.replace(
        manifest,
        target=target,
        arguments=tuple(map(printable, manifest.arguments)),
        environment={name: printable(value) for name, value in manifest.environment.items()},
    )
    results = msgspec.structs.replace(
        bundle.results,
        reason=printable(bundle.results.reason),
        skipped=tuple(map(printable, bundle.results.skipped)),
        kept_promises=tuple(map(printable, bundle.results.kept_promises)),
    )
    return replace(bundle, manifest=manifest, results=results)
