"""What a gate says of the files it was given: waivers, known failures, baseline and capabilities that are out
of date, unused, or contradict the target."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from earwitness.conformance.evidence.bundle import Bundle
from earwitness.conformance.evidence.verification import CAPABILITIES
from earwitness.conformance.gate.baseline import staleness
from earwitness.conformance.gate.capability_file import (
    capability_contradictions,
)
from earwitness.conformance.gate.exits import Exit
from earwitness.conformance.gate.fingerprint import violating_event
from earwitness.conformance.gate.policy import (
    ClauseDecision,
    Notice,
    Policy,
)
from earwitness.conformance.gate.verdict import Verdict
from earwitness.conformance.gate.waivers import unknown_clauses
from earwitness.policies.pack import Pack


def about_the_files(
    bundle: Bundle,
    packs: tuple[Pack, ...],
    policy: Policy,
    decided: tuple[ClauseDecision, ...],
) -> Iterator[Notice]:
    """Everything that is wrong with the files, and everything that a reader of the decision must know of
    them."""
    known_clauses = {c.id for pack in packs for c in pack.clauses}
    yield from _about_unsealed_files(policy, decided)
    yield from _about_waivers(policy, known_clauses, decided)
    yield from _about_known_failures(bundle, policy, decided)
    if policy.baseline is not None:
        for text in staleness(bundle, packs, policy.baseline):
            yield Notice(Exit.STALE, text)
    if policy.capabilities is not None:
        declared = bundle.manifest.target.capabilities
        for text in capability_contradictions(policy.capabilities, declared):
            yield Notice(Exit.USAGE, text)


def _about_unsealed_files(
    policy: Policy, decided: tuple[ClauseDecision, ...]
) -> Iterator[Notice]:
    """Whoever may write to a bundle may write a waiver into it, or a reason for what the target lacks."""
    lacking = any(c.result.verdict is Verdict.NOT_APPLICABLE for c in decided)
    for name in policy.unsealed:
        if name != CAPABILITIES or lacking:
            counts = (
                "counts" if name == CAPABILITIES else "counts for nothing"
            )
            yield Notice(
                Exit.SATISFIED,
                f"{name} is that of the bundle itself, nothing vouches for it since the check, and it "
                f"{counts}; hand in your own file, the digest that the check printed (--digest), or a key "
                "(--key)",
            )


def _about_waivers(
    policy: Policy,
    known_clauses: Collection[str],
    decided: tuple[ClauseDecision, ...],
) -> Iterator[Notice]:
    used = {c.waiver.id for c in decided if c.waiver is not None}
    careless = Exit.STALE if policy.strict_waivers else Exit.SATISFIED
    unknown = unknown_clauses(policy.waivers, known_clauses)
    for text in unknown:
        yield Notice(careless, text)
    for waiver in policy.waivers:
        if waiver.has_expired(policy.now):
            yield Notice(
                Exit.STALE,
                f"waiver {waiver.id} for {waiver.clause} expired on {waiver.expires}",
            )
        elif waiver.id not in used and waiver.clause in known_clauses:
            yield Notice(
                careless,
                f"waiver {waiver.id} for {waiver.clause} is not used; take it away",
            )


def _about_known_failures(
    bundle: Bundle,
    policy: Policy,
    decided: tuple[ClauseDecision, ...],
) -> Iterator[Notice]:
    failing = [c for c in decided if c.result.verdict is Verdict.VIOLATED]
    for known in policy.known_failures:
        events = (
            (
                c,
                violating_event(bundle.failures.get(c.result.id)),
            )
            for c in failing
        )
        if not any(
            known.covers(c.result.id, event, c.fingerprint)
            for c, event in events
        ):
            yield Notice(
                Exit.STALE,
                f"known failure {known.id}: {known.clause} does not fail in this way any more",
            )
