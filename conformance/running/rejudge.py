"""From a bundle to the verdicts again: the same judge, fed from the bundle alone."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from earwitness.conformance.evidence.bundle import (
    Bundle,
    BundleError,
    read_bundle,
)
from earwitness.conformance.evidence.records import (
    CircumstancesRecord,
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
from earwitness.conformance.running.tally import tally
from earwitness.policies.pack import Pack


def read_consistent_bundle(path: Path) -> Bundle:
    """A bundle that says of itself what its observations come to: the only kind that a decision or a report
    is made from. Raises BundleError, NoBundleError, PartialBundleError."""
    bundle = read_bundle(path)
    packs = bundle_packs(bundle)
    found = find_contradictions(bundle, packs, rejudge(bundle, packs))
    if found:
        raise BundleError(
            "\n".join(
                [f"{bundle.folder}: the bundle contradicts itself", *found]
            )
        )
    return bundle


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
    written: a signature
    protects them. Raises BundleError.
    """
    record = bundle.results.circumstances
    if record is None:
        return ()
    clauses = tuple(clause for pack in packs for clause in pack.clauses)
    tallies = [tally(clauses, trace) for trace in bundle.runs().values()]
    circumstances = Circumstances(
        sight=bundle.results.sight,
        capabilities=bundle.manifest.target.capabilities,
        excuses=record.excuses,
        heard=record.heard,
        dead=record.dead,
        doubts=record.doubts,
        trials={name: _trial(trial) for name, trial in record.trials.items()},
        proved={
            name: proof.standing for name, proof in bundle.proofs.items()
        },
        failures={
            r.id: r.failure
            for r in bundle.results.clauses
            if r.failure is not None
        },
    )
    return judge(clauses, tallies, circumstances)


def _trial(record: TrialRecord) -> Trial:
    return Trial(
        record.verdict, record.evidence, record.exercised, record.reason
    )
