"""Against an earlier run: each clause new, regressed, fixed or unchanged, and whether the baseline can
still speak."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum

from earwitness.conformance.evidence.bundle import Bundle
from earwitness.conformance.gate.verdict import Verdict


class ClauseChange(Enum):
    """What became of a clause since the baseline."""

    NEW = "new"
    REGRESSED = "regressed"
    FIXED = "fixed"
    UNCHANGED = "unchanged"


def compare_clauses(
    bundle: Bundle, baseline: Bundle
) -> Mapping[str, ClauseChange]:
    """The change of each clause of this run."""
    before = {
        clause.id: clause.verdict for clause in baseline.results.clauses
    }
    return {
        clause.id: _change(before.get(clause.id), clause.verdict)
        for clause in bundle.results.clauses
    }


def _change(before: Verdict | None, now: Verdict) -> ClauseChange:
    if before is None:
        return ClauseChange.NEW
    if before is now:
        return ClauseChange.UNCHANGED
    if now is Verdict.SATISFIED:
        return ClauseChange.FIXED
    if before is Verdict.SATISFIED or now is Verdict.VIOLATED:
        return ClauseChange.REGRESSED
    return ClauseChange.UNCHANGED


def staleness(bundle: Bundle, baseline: Bundle) -> list[str]:
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
    packs = {pack.name: pack for pack in now.packs}
    for old in before.packs:
        new = packs.get(old.name)
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
    return found
