"""Checks of one target that follow each other: what the next one is told of a bundle, and whether what it
was told is so."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from earwitness.conformance.evidence.bundle import (
    Bundle,
    BundleError,
    NoBundleError,
    PartialBundleError,
    read_bundle,
)
from earwitness.conformance.evidence.records import EarlierCheck
from earwitness.conformance.evidence.verification import step_clause
from earwitness.conformance.evidence.writer import EARLIER
from earwitness.conformance.gate.verdict import Exit, Verdict
from earwitness.model.trace import partial_observation_from
from earwitness.policies.pack import Clause, Pack


def record_check(bundle: Bundle, packs: Iterable[Pack]) -> EarlierCheck:
    """What the checks that follow are told of this one."""
    results = bundle.results
    return EarlierCheck(
        id=bundle.manifest.id,
        digest=bundle.digest,
        seed=bundle.manifest.seed,
        exit=Exit(results.exit),
        reason=results.reason,
        verdicts={result.id: result.verdict for result in results.clauses},
        violations=count_violations(bundle, packs),
        findings=tuple(
            f"{found.kind}: {found.text}"
            for found in results.findings
            if found.blocking
        ),
    )


def count_violations(
    bundle: Bundle, packs: Iterable[Pack]
) -> Mapping[str, int]:
    """How many runs violated each clause that is violated. The shortest scenario found is one more, where it
    is none of them. A clause that no run decides alone was seen once."""
    clauses = {clause.id: clause for pack in packs for clause in pack.clauses}
    return {
        result.id: _count_runs(bundle, clauses[result.id])
        for result in bundle.results.clauses
        if result.verdict is Verdict.VIOLATED and result.id in clauses
    }


def _count_runs(bundle: Bundle, clause: Clause) -> int:
    if clause.monitor is None:
        return 1
    runs = bundle.runs().values()
    violating = sum(step_clause(clause, trace).violated for trace in runs)
    failure = bundle.failures.get(clause.id)
    if failure is None:
        return max(1, violating)
    shortest = tuple(
        partial_observation_from(dict(entry)) for entry in failure.trace
    )
    return max(1, violating + (shortest not in runs))


def about_earlier(bundle: Bundle) -> Iterator[str]:
    """Where a bundle contradicts the earlier ones that lie beside it."""
    for told in bundle.earlier:
        try:
            read = read_bundle(_place_beside(bundle, told))
        except NoBundleError:
            continue
        except (BundleError, PartialBundleError) as error:
            yield f"{EARLIER}: {error}"
            continue
        found = {result.id: result.verdict for result in read.results.clauses}
        if read.digest != told.digest or found != told.verdicts:
            yield f"{EARLIER}: {told.id} lies beside it and is not what is told of it"


def missing_bundles(bundle: Bundle) -> tuple[str, ...]:
    """Names of earlier bundles that do not lie beside it: of those it is believed what it says."""
    return tuple(
        told.id
        for told in bundle.earlier
        if not _place_beside(bundle, told).is_dir()
    )


def _place_beside(bundle: Bundle, told: EarlierCheck) -> Path:
    """Whatever a name says, it lies in the same folder."""
    return bundle.folder.parent / Path(told.id).name
