"""Against an earlier run: each clause new, regressed, fixed or unchanged, and whether the baseline can
still speak."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from enum import Enum
from typing import TYPE_CHECKING

from earwitness.conformance.evidence.bundle import Bundle
from earwitness.conformance.evidence.verification import bundle_packs
from earwitness.conformance.gate.verdict import ClauseResult, Verdict
from earwitness.policies.pack import Pack

if TYPE_CHECKING:
    from earwitness.policies.diff import Difference

SECONDS_OF_A_COMPARISON = 10
"""Limit of one question whether a clause got weaker; clauses that did not change are not asked
about."""
LESS = {
    "weaker": "promises less than",
    "incomparable": "promises in part less than",
    "unknown": "could not be compared with",
}
"""By the relation of a clause to what it was; the others are no finding."""


class ClauseChange(Enum):
    """What became of a clause since the baseline. NEW: its pack has it since a later version than the one of
    the baseline. UNCOMPARED: the baseline says nothing of it, and no newer pack explains why. REVISED: it
    promises something else than it did, and is not satisfied; it counts, and nobody takes it for a change of
    the product."""

    NEW = "new"
    UNCOMPARED = "not in the baseline"
    REVISED = "revised since the baseline"
    REGRESSED = "regressed"
    FIXED = "fixed"
    UNCHANGED = "unchanged"


def compare_clauses(
    bundle: Bundle, packs: Iterable[Pack], baseline: Bundle
) -> Mapping[str, ClauseChange]:
    """The change of each clause of this run."""
    before = {clause.id: clause for clause in baseline.results.clauses}
    grown = _clauses_of_newer_packs(packs, baseline)
    return {
        clause.id: _change_between(
            before.get(clause.id), clause, clause.id in grown
        )
        for clause in bundle.results.clauses
    }


def _clauses_of_newer_packs(
    packs: Iterable[Pack], baseline: Bundle
) -> frozenset[str]:
    """Clauses of packs that the baseline was judged by in an earlier version. A pack that the baseline was
    not judged by is no reason to let anything through."""
    earlier = {pack.name: pack.version for pack in baseline.manifest.packs}
    return frozenset(
        clause.id
        for pack in packs
        if pack.version > earlier.get(pack.name, pack.version)
        for clause in pack.clauses
    )


def _change_between(
    before: ClauseResult | None, now: ClauseResult, is_of_newer_pack: bool
) -> ClauseChange:
    if before is None:
        return (
            ClauseChange.NEW if is_of_newer_pack else ClauseChange.UNCOMPARED
        )
    if before.verdict is now.verdict:
        return ClauseChange.UNCHANGED
    if now.verdict is Verdict.SATISFIED:
        return ClauseChange.FIXED
    if before.revision != now.revision:
        return ClauseChange.REVISED
    if before.verdict is Verdict.SATISFIED or now.verdict is Verdict.VIOLATED:
        return ClauseChange.REGRESSED
    return ClauseChange.UNCHANGED


def staleness(
    bundle: Bundle, packs: Iterable[Pack], baseline: Bundle
) -> list[str]:
    """Why the baseline cannot speak for this run: another product, promises that are gone, a pack that
    changed in silence."""
    found = []
    before, now = baseline.manifest, bundle.manifest
    if before.target.name != now.target.name:
        found.append(
            f"the baseline is of '{before.target.name}', this run of '{now.target.name}'"
        )
    kept = {clause.id for clause in bundle.results.clauses}
    gone = [
        clause.id
        for clause in baseline.results.clauses
        if clause.id not in kept
    ]
    if gone:
        found.append(
            f"the baseline has clauses that this run does not judge: {', '.join(gone)}"
        )
    written = {pack.name: pack for pack in now.packs}
    loaded = {pack.name: pack for pack in packs}
    for old in before.packs:
        new = written.get(old.name)
        if new is None:
            continue
        if new.version < old.version:
            found.append(
                f"pack {old.name} went back from version {old.version} to {new.version}"
            )
        elif new.version == old.version and new.sha256 != old.sha256:
            found.append(
                f"pack {old.name} changed and kept its version {old.version}; give it a new one"
            )
        elif new.version > old.version:
            found += _what_got_weaker(loaded[old.name], baseline)
    return found


def _what_got_weaker(new: Pack, baseline: Bundle) -> list[str]:
    """What a newer version of a pack promises less than the one of the baseline: it may be meant, and then
    the baseline is to be renewed."""
    (old,) = (
        pack for pack in bundle_packs(baseline) if pack.name == new.name
    )
    return [
        f"pack {new.name}: {difference.clause} {LESS[difference.relation.value]} the baseline's"
        f"{f' ({difference.note})' if difference.note else ''}; see 'earwitness policy diff'"
        for difference in _changed_clauses(old, new)
        if difference.relation.value in LESS
    ]


def _changed_clauses(old: Pack, new: Pack) -> Iterator[Difference]:
    """Clauses that are in both packs and not the same, compared."""
    from earwitness.policies.diff import differences

    before = {clause.id: clause for clause in old.clauses}
    changed = tuple(
        clause
        for clause in new.clauses
        if before.get(clause.id, clause) != clause
    )
    known = tuple(before[clause.id] for clause in changed)
    yield from differences(
        replace(old, clauses=known),
        replace(new, clauses=changed),
        SECONDS_OF_A_COMPARISON,
    )
