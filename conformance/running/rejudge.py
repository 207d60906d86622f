"""From a bundle to the verdicts again: the same judge, fed from the bundle alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from earwitness.conformance.evidence.bundle import (
    Bundle,
    BundleError,
    read_bundle,
)
from earwitness.conformance.evidence.earlier import about_earlier
from earwitness.conformance.evidence.records import (
    CircumstancesRecord,
    NearMiss,
    TrialRecord,
)
from earwitness.conformance.evidence.verification import (
    bundle_packs,
    find_contradictions,
)
from earwitness.conformance.gate.verdict import ClauseResult
from earwitness.conformance.running.judgement import (
    Circumstances,
    Trial,
    judge,
)
from earwitness.conformance.running.near_misses import near_misses
from earwitness.conformance.running.tally import Tally, tally
from earwitness.policies.pack import Clause, Pack


def read_consistent_bundle(path: Path) -> Bundle:
    """A bundle that says of itself what its observations come to: the only kind that a decision or a report
    is made from. Raises BundleError, NoBundleError, PartialBundleError."""
    bundle = read_bundle(path)
    found = contradictions_of(bundle, bundle_packs(bundle))
    if found:
        raise BundleError(
            "\n".join(
                [f"{bundle.folder}: the bundle contradicts itself", *found]
            )
        )
    return bundle


def contradictions_of(bundle: Bundle, packs: Sequence[Pack]) -> list[str]:
    """Where a bundle contradicts itself, its verdicts and near misses recomputed. Raises BundleError."""
    clauses = tuple(clause for pack in packs for clause in pack.clauses)
    tallies = [tally(clauses, trace) for trace in bundle.runs().values()]
    return [
        *find_contradictions(
            bundle, packs, _judge_again(bundle, clauses, tallies)
        ),
        *_about_near_misses(
            bundle, near_misses(_applicable_clauses(bundle, clauses), tallies)
        ),
        *about_earlier(bundle),
    ]


def _applicable_clauses(
    bundle: Bundle, clauses: Iterable[Clause]
) -> tuple[Clause, ...]:
    """The clauses that were watched while the target ran."""
    has = bundle.manifest.target.capabilities
    return tuple(
        clause
        for clause in clauses
        if clause.capability is None or has.get(clause.capability, False)
    )


def _about_near_misses(
    bundle: Bundle, seen: tuple[NearMiss, ...]
) -> Iterator[str]:
    if bundle.results.near_misses != seen:
        named = {near.clause for near in bundle.results.near_misses}
        yield (
            f"results.json: near_misses tells of {len(named)} deadlines; the observations come to "
            f"{len(seen)} with other times"
        )


def circumstances_record(known: Circumstances) -> CircumstancesRecord:
    """What a bundle keeps of the circumstances; sight, capabilities, proofs and failures have places of their
    own."""
    return CircumstancesRecord(
        heard=known.heard,
        dead=known.dead,
        excuses=known.excuses,
        doubts=known.doubts,
        trials={
            name: _trial_record(trial) for name, trial in known.trials.items()
        },
    )


def _trial_record(trial: Trial) -> TrialRecord:
    return TrialRecord(
        verdict=trial.verdict,
        evidence=trial.evidence,
        exercised=trial.exercised,
        reason=trial.reason,
    )


def rejudge(
    bundle: Bundle, packs: Iterable[Pack]
) -> tuple[ClauseResult, ...]:
    """The results to which the judge comes from the observations of a bundle; none where it keeps no
    circumstances.

    Trials (the button in every state, an organisation's controls, two runs) and sight are taken as they are
    written: a signature protects them. Raises BundleError.
    """
    clauses = tuple(clause for pack in packs for clause in pack.clauses)
    tallies = [tally(clauses, trace) for trace in bundle.runs().values()]
    return _judge_again(bundle, clauses, tallies)


def _judge_again(
    bundle: Bundle, clauses: Sequence[Clause], tallies: Sequence[Tally]
) -> tuple[ClauseResult, ...]:
    record = bundle.results.circumstances
    if record is None:
        return ()
    circumstances = Circumstances(
        sight=bundle.results.sight,
        capabilities=bundle.manifest.target.capabilities,
        excuses=record.excuses,
        heard=record.heard,
        dead=record.dead,
        doubts=record.doubts,
        trials={
            name: _trial_from(trial) for name, trial in record.trials.items()
        },
        proved={
            name: proof.standing for name, proof in bundle.proofs.items()
        },
    )
    numbers = tuple(bundle.runs())
    return tuple(
        replace(result, runs=tuple(numbers[place] for place in result.runs))
        for result in judge(clauses, tallies, circumstances)
    )


def _trial_from(record: TrialRecord) -> Trial:
    return Trial(
        verdict=record.verdict,
        evidence=record.evidence,
        exercised=record.exercised,
        reason=record.reason,
    )
