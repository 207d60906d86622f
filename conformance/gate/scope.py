"""What a run says nothing about, and who was believed for what: what an auditor asks before anything else."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from earwitness.conformance.evidence.bundle import Bundle
from earwitness.conformance.gate.policy import EVIDENCE_WORDS
from earwitness.conformance.gate.verdict import ClauseResult, Verdict
from earwitness.model.trace import Origin

MOST_NAMED = 4
"""Files that a limit names: more would hide the other limits."""


def limits_of(bundle: Bundle) -> Iterable[str]:
    """What was not tested, or not seen."""
    manifest, results = bundle.manifest, bundle.results
    if manifest.confinement != "sealed":
        way = f"confinement: {manifest.confinement}"
        yield f"The target was not sealed in ({way}): what left by another way was not seen."
    if results.stores.unread:
        yield f"Not read: {_some_of(results.stores.unread)}."
    if not results.stores.files:
        yield "No file of the target was searched."
    unexplained = sum(account.unexplained for account in results.accounts)
    if unexplained:
        yield f"{unexplained} bytes that crossed are not explained."
    if results.skipped:
        yield f"Could not be done on this target: {'; '.join(results.skipped)}."
    yield from _rests_on_words(results.clauses)
    if not bundle.proofs:
        yield "Proofs were left out; nothing is said about the model."
    made = f"{len(results.runs)} runs were made, from seed {manifest.seed}"
    yield f"{made}; what did not happen in them was not judged."
    yield "The memory of the target, and what it would do in hours or years that were not run, were not seen."


def _some_of(texts: Sequence[str]) -> str:
    """The first few; the bundle has all of them."""
    left_out = len(texts) - MOST_NAMED
    shown = ", ".join(texts[:MOST_NAMED])
    return f"{shown}, and {left_out} more" if left_out > 0 else shown


def _rests_on_words(clauses: Iterable[ClauseResult]) -> Iterable[str]:
    """How much of what is satisfied nobody saw but the target itself."""
    good = [c for c in clauses if c.verdict is Verdict.SATISFIED]
    told = [c.id for c in good if c.evidence is not Origin.WITNESSED]
    if told:
        yield (
            f"{len(told)} of {len(good)} satisfied clauses rest in part on what the target says of itself; "
            "their packs allow that, and the profile strict tells which could be witnessed"
        )


def believed_for(bundle: Bundle) -> Iterable[str]:
    """Who was believed for what."""
    told = origins_by_event(bundle)
    for origin in Origin:
        names = sorted(
            name for name, found in told.items() if origin in found
        )
        if names:
            yield f"{EVIDENCE_WORDS[origin]}: {', '.join(names)}"


def origins_by_event(bundle: Bundle) -> Mapping[str, frozenset[Origin]]:
    """From whom this run knew of each kind of event, or could have known."""
    found: dict[str, set[Origin]] = {}
    for name, origin in _known_origins(bundle):
        found.setdefault(name, set()).add(origin)
    return {name: frozenset(found[name]) for name in sorted(found)}


def _known_origins(bundle: Bundle) -> Iterator[tuple[str, Origin]]:
    for result in bundle.results.clauses:
        for part in result.conjuncts:
            yield from part.origins.items()
    for name, best in bundle.results.sight.items():
        if best is not None:
            yield name, best
