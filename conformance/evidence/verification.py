"""Checking a bundle against itself, with no network: every verdict is recomputed from the observations,
every proof is re-checked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from importlib.metadata import version

from earwitness.conformance.evidence.bundle import (
    Bundle,
    BundleError,
)
from earwitness.conformance.evidence.declared import about_capabilities
from earwitness.conformance.evidence.model_runs import about_model_runs
from earwitness.conformance.evidence.records import (
    FailureRecord,
    PackRecord,
    ProofRecord,
)
from earwitness.conformance.gate.exits import Exit
from earwitness.conformance.gate.verdict import (
    ClauseResult,
    Verdict,
    gate,
)
from earwitness.model.logic.per_device import SlicedMonitor
from earwitness.model.trace import (
    Observation,
    TraceError,
    partial_observation_from,
)
from earwitness.policies.pack import (
    Clause,
    Kind,
    Pack,
    PackError,
    find,
)

CAPABILITIES = "capabilities.yaml"
"""The capability file by which a check was made, where its bundle keeps one."""

TAKEN_FROM_PACK = (
    "title",
    "severity",
    "source",
    "pack",
    "pack_version",
    "revision",
)
"""What a result repeats of its clause."""
NEEDS_EXERCISE = frozenset({Verdict.SATISFIED, Verdict.ON_ITS_WORD})
"""Verdicts that say: what the clause speaks of happened, and it was kept."""


@dataclass
class Recomputed:
    """What the observations of a bundle say of one clause."""

    exercised: int = 0
    violated: bool = False


def bundle_packs(bundle: Bundle) -> tuple[Pack, ...]:
    """The packs of a bundle, from its own copies. Raises BundleError."""
    return tuple(_pack_of(bundle, record) for record in bundle.manifest.packs)


def _pack_of(bundle: Bundle, record: PackRecord) -> Pack:
    try:
        return find(str(bundle.folder / record.file))
    except PackError as error:
        first = str(error).splitlines()[0]
        raise BundleError(
            f"{record.file}: this version of Earwitness cannot read it: {first}"
        ) from None


def find_contradictions(
    bundle: Bundle,
    packs: Iterable[Pack],
    rejudged: Iterable[ClauseResult] = (),
) -> list[str]:
    """Where the bundle contradicts itself, one sentence each, beginning with the file. None: it is what it
    says it is. `rejudged` are the results to which the judge comes from the bundle's own observations. Raises
    BundleError."""
    loaded = tuple(packs)
    clauses = {
        clause.id: clause for pack in loaded for clause in pack.clauses
    }
    again = tuple(rejudged)
    verdicts = (
        _about_judgement(bundle, again)
        if again
        else _about_verdicts(bundle, clauses)
    )
    return [
        *_about_packs(bundle, loaded),
        *about_capabilities(bundle),
        *_about_circumstances(bundle),
        *_about_results(bundle, clauses),
        *verdicts,
        *_about_failures(bundle, clauses),
        *_about_runs(bundle),
        *about_model_runs(bundle, loaded),
    ]


def _about_circumstances(bundle: Bundle) -> Iterator[str]:
    """Without circumstances no evidence could be recomputed; what they excuse must be what a person
    signed for."""
    known = bundle.results.circumstances
    if known is None:
        yield "results.json: it keeps no circumstances, so its verdicts cannot be recomputed"
    elif known.excuses and CAPABILITIES not in bundle.manifest.files:
        names = ", ".join(known.excuses)
        yield f"results.json: it excuses {names}, and the bundle holds no {CAPABILITIES}"


def _about_packs(bundle: Bundle, packs: Iterable[Pack]) -> Iterator[str]:
    for record, pack in zip(bundle.manifest.packs, packs, strict=True):
        if bundle.manifest.files.get(record.file) != record.sha256:
            yield f"manifest.json: pack {record.name} is not the file {record.file} of this bundle"
        if (pack.name, pack.version, pack.source) != (
            record.name,
            record.version,
            record.source,
        ):
            found = (
                f"{record.file} is pack {pack.name}, version {pack.version}"
            )
            yield f"manifest.json: {found}; the manifest says otherwise"


def _about_results(
    bundle: Bundle, clauses: Mapping[str, Clause]
) -> Iterator[str]:
    results = bundle.results.clauses
    judged = [result.id for result in results]
    for identity in sorted(set(clauses) - set(judged)):
        yield f"results.json: {identity} is in a pack and has no result"
    for identity in sorted(set(judged) - set(clauses)):
        yield f"results.json: {identity} has a result and is in no pack"
    for identity in sorted(
        {identity for identity in judged if judged.count(identity) > 1}
    ):
        yield f"results.json: {identity} has more than one result"
    expected = gate(results, frozenset(clauses))
    if not _agrees_with(
        Exit(bundle.results.exit),
        expected,
        bundle.results.reason,
    ):
        yield f"results.json: the exit code is {bundle.results.exit}, its verdicts come to {expected.value}"
    for result in results:
        yield from _about_result(result, clauses.get(result.id))


def _agrees_with(written: Exit, expected: Exit, reason: str) -> bool:
    """A run may end worse than its verdicts, if it says why; never better."""
    return written is expected or (
        written in (Exit.INCONCLUSIVE, Exit.NOT_DRIVABLE) and bool(reason)
    )


def _about_result(
    result: ClauseResult, clause: Clause | None
) -> Iterator[str]:
    if clause is None:
        return
    for name in TAKEN_FROM_PACK:
        if getattr(result, name) != getattr(clause, name):
            word = name.replace("_", " ")
            yield f"results.json: {result.id}: its {word} is not that of the pack"
    parts = {conjunct.name: conjunct.needs for conjunct in clause.conjuncts}
    for part in result.conjuncts:
        if part.name in parts and part.needs is not parts[part.name]:
            yield f"results.json: {part.name}: what it needs is not what the pack asks for"
    if result.verdict is Verdict.SATISFIED:
        bad = [
            part.name
            for part in result.conjuncts
            if part.verdict is not Verdict.SATISFIED
        ]
        if bad:
            yield f"results.json: {result.id} is called satisfied, but not its parts {', '.join(bad)}"


def recompute(
    bundle: Bundle, clauses: Iterable[Clause]
) -> Mapping[str, Recomputed]:
    """Step every clause that has a formula over the observations of every run. Raises BundleError."""
    judged = tuple(clause for clause in clauses if clause.monitor is not None)
    found = {clause.id: Recomputed() for clause in judged}
    for trace in bundle.runs().values():
        for clause in judged:
            one = step_clause(clause, trace)
            found[clause.id].exercised += one.exercised
            found[clause.id].violated |= one.violated
    return found


def step_clause(clause: Clause, trace: Iterable[Observation]) -> Recomputed:
    """What one trace says of one clause."""
    assert clause.monitor is not None
    found = Recomputed()
    monitor = SlicedMonitor(clause.monitor, clause.each)
    for seen in trace:
        for _, outcome in monitor.feed(seen):
            found.exercised += outcome.exercised
            found.violated |= not outcome.holds
    return found


def _about_verdicts(
    bundle: Bundle, clauses: Mapping[str, Clause]
) -> Iterator[str]:
    capabilities = bundle.manifest.target.capabilities
    applicable = {
        identity: clause
        for identity, clause in clauses.items()
        if clause.capability is None
        or capabilities.get(clause.capability, False)
    }
    recomputed = recompute(bundle, applicable.values())
    for result in bundle.results.clauses:
        applies = result.id in applicable
        if result.id in clauses and applies is (
            result.verdict is Verdict.NOT_APPLICABLE
        ):
            word = "has" if applies else "lacks"
            yield (
                f"results.json: {result.id} is called {result.verdict.value}, and the target {word} "
                "what it needs"
            )
        elif result.id in recomputed:
            yield from _about_verdict(result, recomputed[result.id])


def _about_verdict(result: ClauseResult, seen: Recomputed) -> Iterator[str]:
    if seen.violated and result.verdict is not Verdict.VIOLATED:
        yield f"results.json: {result.id} is called {result.verdict.value}, but the observations violate it"
    if result.verdict in NEEDS_EXERCISE and not seen.exercised:
        yield f"results.json: {result.id} is called {result.verdict.value}, but no observation exercises it"
    if result.verdict is Verdict.VIOLATED and not seen.violated:
        yield f"results.json: {result.id} is called violated, but no observation violates it"


def _about_failures(
    bundle: Bundle, clauses: Mapping[str, Clause]
) -> Iterator[str]:
    violated = {
        result.id
        for result in bundle.results.clauses
        if result.verdict is Verdict.VIOLATED
    }
    for name, failure in bundle.failures.items():
        file = f"failures/{name}.json"
        clause = clauses.get(failure.clause)
        if failure.clause != name or clause is None or name not in violated:
            yield f"{file}: results.json does not call {failure.clause} violated"
        elif clause.kind is Kind.ALWAYS and not _violates_clause(
            clause, failure
        ):
            yield f"{file}: its trace does not violate {name} at event {failure.at + 1}"


def _violates_clause(clause: Clause, failure: FailureRecord) -> bool:
    try:
        trace = [
            partial_observation_from(dict(entry)) for entry in failure.trace
        ]
    except TraceError:
        return False
    before = step_clause(clause, trace[: failure.at])
    return (
        step_clause(clause, trace[: failure.at + 1]).violated
        and not before.violated
    )


def _about_runs(bundle: Bundle) -> Iterator[str]:
    counted = {number: len(trace) for number, trace in bundle.runs().items()}
    written = {
        run.number: run.observations
        for run in bundle.results.runs
        if run.observations
    }
    for number in sorted(set(counted) | set(written)):
        if counted.get(number, 0) != written.get(number, 0):
            yield (
                f"observations.jsonl: run {number} has {counted.get(number, 0)} observations, "
                f"results.json says {written.get(number, 0)}"
            )


def _about_judgement(
    bundle: Bundle, rejudged: Iterable[ClauseResult]
) -> Iterator[str]:
    written = {result.id: result for result in bundle.results.clauses}
    same_words = bundle.manifest.earwitness == version("earwitness")
    for again in rejudged:
        result = written.get(again.id)
        if result is None or result == again:
            continue
        if same_words or _without_words(result) != _without_words(again):
            told, found = _say_result(result), _say_result(again)
            if told == found:
                told, found = _say_difference(result, again)
            yield f"results.json: {again.id} is {told}; its observations come to {found}"


def _without_words(result: ClauseResult) -> ClauseResult:
    """What another version of Earwitness must come to as well, however it says so."""
    return replace(
        result,
        english="",
        reason="",
        known=(),
        conjuncts=tuple(
            replace(part, english="", reason="") for part in result.conjuncts
        ),
    )


def _say_difference(
    one: ClauseResult, other: ClauseResult
) -> tuple[str, str]:
    """The values in which two results of a clause differ, of each."""
    names = [
        field.name
        for field in fields(one)
        if getattr(one, field.name) != getattr(other, field.name)
    ]
    told, found = (
        ", ".join(f"{name} {getattr(result, name)}" for name in names)
        for result in (one, other)
    )
    return told, found


def _say_result(result: ClauseResult) -> str:
    parts = ", ".join(
        f"{part.name} {part.verdict.value} on "
        f"{part.evidence.value if part.evidence is not None else 'nothing'}"
        for part in result.conjuncts
    )
    return (
        f"{result.verdict.value} (exercised {result.exercised}; {parts or 'no parts'}; "
        f"{result.reason or 'no reason'})"
    )


def proof_faults(bundle: Bundle) -> list[str]:
    """What is wrong with the proofs: each that is called proved has parts, and the checker accepts them
    and no fewer."""
    from earwitness.proof_checker.checker import check_folder
    from earwitness.proof_checker.s_expressions import ProofError

    found = []
    held: dict[str, int] = {}
    if any(proof.certificates for proof in bundle.proofs.values()):
        try:
            for part in check_folder(bundle.folder / "proofs"):
                held[f"proofs/{part.file}"] = part.obligations
                if part.failed:
                    found.append(
                        f"proofs/{part.file}: not a proof: {part.failed}"
                    )
        except ProofError as error:
            found.append(f"not a proof: {error}")
    for name, proof in bundle.proofs.items():
        found += _about_proof(
            name=name, proof=proof, held=held, bundle=bundle
        )
    return found


def _about_proof(
    name: str,
    proof: ProofRecord,
    held: Mapping[str, int],
    bundle: Bundle,
) -> Iterator[str]:
    files = proof.certificates
    if proof.standing == "proved" and not files:
        yield f"proofs.json: {name} is called proved and has no certificate"
    for file in files:
        if file not in bundle.manifest.files or file not in held:
            yield f"proofs.json: {name}: {file} is not in the bundle, or the checker was not shown it"
    obligations = sum(held.get(file, 0) for file in files)
    if files and obligations != proof.obligations:
        claimed = f"{proof.obligations} are claimed"
        yield f"proofs.json: {name}: {obligations} obligations, {claimed}"
