"""The main job: prove the pack on the model, judge an implementation, write the bundle."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from earwitness.conformance.evidence import records
from earwitness.conformance.evidence.redaction import Redactor
from earwitness.conformance.evidence.writer import BundleWriter
from earwitness.conformance.gate.verdict import ClauseResult, Exit, Verdict, gate
from earwitness.conformance.running.harness import Harness, Run
from earwitness.conformance.running.paired_runs import Comparison, Likeness, compare
from earwitness.conformance.running.search import Failure, search, shrink, tour
from earwitness.conformance.stimuli.clips import CLIPS
from earwitness.conformance.stimuli.stimulus import Scenario, to_json
from earwitness.conformance.targets.entry_points import open_target
from earwitness.conformance.targets.protocol import Hello, TargetError
from earwitness.conformance.vectors import counterexample
from earwitness.conformance.vectors.vector import device_of, on_device
from earwitness.model.assistant.assistant import ASSISTANT, assistant
from earwitness.model.expression import Const
from earwitness.model.logic.english import describe_formula
from earwitness.model.proof.proof import Standing
from earwitness.model.systems.state_machine import drawn_edges, drawn_states
from earwitness.model.trace import Observation
from earwitness.policies.pack import Clause, Kind, Pack
from earwitness.policies.proving.prove_packs import CheckedProof, prove_packs
from earwitness.policies.proving.strength import load_strength, strength_summary
from earwitness.policies.proving.strength import strength_facts as strength_facts
from earwitness.policies.proving.tasks import PROGRESS, clauses_to_prove

Tell = Callable[[str], None]
Keep = Callable[[int, list[Observation]], None]
"""Takes the observations of each run, with its number, as soon as the run is over."""


@dataclass
class Session:
    """What the runs of one check have come to."""

    hello: Hello
    runs: list[Run] = field(default_factory=list)
    failures: dict[str, Failure] = field(default_factory=dict)
    dead: str = ""
    twins: Comparison | None = None
    """Two runs that differ in words and voice alone."""

    def exercised(self, clause: str) -> int:
        return sum(
            1 for run in self.runs if clause in run.watch.records and run.watch.records[clause].exercised
        )


@dataclass(frozen=True, slots=True)
class Outcome:
    """The end of a check: results in pack order, the exit code and why it is not 0."""

    results: tuple[ClauseResult, ...]
    exit: Exit
    reason: str
    folder: Path
    """Of the bundle."""
    digest: str
    """Of the bundle's manifest, and so of all that is in it."""
    strength: tuple[str, ...] = ()
    """What is known of the pack itself, in a few lines."""


def judge(harness: Harness, examples: int, tell: Tell, keep: Keep) -> Session:
    """The tour, then the search; each newly violated clause is shrunk once."""
    session = Session(harness.hello)

    def take(run: Run) -> None:
        keep(len(session.runs), run.watch.trace)
        session.runs.append(run)
        fresh = [c for c in run.watch.violated if c not in session.failures]
        for number, clause in enumerate(fresh):
            tell(f"{clause} is violated; looking for a shorter way")
            session.failures[clause] = shrink(harness, clause, run, budget=16 if number == 0 else 4)
        session.dead = session.dead or run.dead

    take(harness.run(tour(tuple(harness.hello.devices))))
    tell(
        f"tour done: {len(session.runs[0].watch.trace)} observations, {session.runs[0].voice} uploads of voice witnessed"
    )
    if not session.failures and not session.dead and examples:
        search(harness, examples, 6, take)
        tell(f"search done: {len(session.runs) - 1} sequences")
    if not session.dead and harness.hello.capabilities.get("access", False):
        session.twins = compare(harness)
        tell(
            f"two runs in other words and another voice look {session.twins.likeness.value} to those who see metrics"
        )
    return session


def result_of(
    clause: Clause, session: Session, proven: CheckedProof | None, index: dict[str, int]
) -> ClauseResult:
    """The verdict on one clause from all that is known of it."""
    proved = proven is not None and proven.standing is Standing.PROVED
    base = ClauseResult(
        clause.id,
        clause.title,
        clause.severity,
        clause.source,
        describe_formula(clause.formula) if clause.formula is not None else clause.title,
        Verdict.SATISFIED,
        ("proved",) if proved else (),
        failure=index.get(clause.id),
    )
    if clause.capability is not None and not session.hello.capabilities.get(clause.capability, False):
        return replace(
            base,
            verdict=Verdict.NOT_APPLICABLE,
            known=(),
            reason=f"the target has no capability '{clause.capability}'",
        )
    if proven is not None and proven.standing is Standing.REFUTED:
        return replace(
            base, verdict=Verdict.VIOLATED, reason=f"the model refutes it in {len(proven.proof.trace)} events"
        )
    if clause.kind is Kind.TWO_RUN and session.twins is not None:
        match session.twins.likeness:
            case Likeness.APART:
                return replace(base, verdict=Verdict.VIOLATED, exercised=1, reason=session.twins.reason)
            case Likeness.ALIKE if proven is None or proved:
                return replace(base, known=(*base.known, "searched 1"), exercised=1)
            case Likeness.UNKNOWN:
                return replace(base, verdict=Verdict.INCONCLUSIVE, reason=session.twins.reason)
    if clause.kind is not Kind.ALWAYS:
        if proved:
            return base
        return replace(
            base,
            verdict=Verdict.INCONCLUSIVE,
            reason=proven.proof.reason if proven is not None else "proofs were left out",
        )
    records = [run.watch.records[clause.id] for run in session.runs if clause.id in run.watch.records]
    exercised = sum(r.exercised for r in records)
    if any(r.violated_at is not None for r in records):
        return replace(
            base,
            verdict=Verdict.VIOLATED,
            exercised=exercised,
            reason="violated by the implementation; the shortest run found stands below",
        )
    if session.dead:
        return replace(base, verdict=Verdict.INCONCLUSIVE, reason=session.dead)
    if not exercised:
        return replace(base, verdict=Verdict.NOT_EXERCISED, reason="its trigger did not happen in any run")
    if any(r.pending for r in records):
        return replace(
            base,
            verdict=Verdict.INCONCLUSIVE,
            exercised=exercised,
            reason="a deadline was still open when a run ended",
        )
    if proven is not None and not proved:
        return replace(
            base,
            verdict=Verdict.INCONCLUSIVE,
            exercised=exercised,
            reason=f"not proved: {proven.proof.reason}",
        )
    seen = "witnessed" if any(r.witnessed for r in records) else "declared"
    return replace(
        base, known=(*base.known, seen, f"searched {session.exercised(clause.id)}"), exercised=exercised
    )


def visited(traces: list[list[Observation]]) -> list[str]:
    """Names of the model's transitions whose event, with its fixed attributes, was observed."""
    seen = {
        (o.event, name, value)
        for trace in traces
        for o in trace
        for name, value in (("", ""), *o.attributes.items())
    }
    return [
        t.name
        for t in assistant().transitions
        if (t.emits, "", "") in seen
        and t.emits is not None
        and all(
            (t.emits, n, e.value) in seen
            for n, e in t.attributes.items()
            if isinstance(e, Const) and n not in ("bytes", "stream", "skill")
        )
    ]


def check(
    target: str,
    packs: tuple[Pack, ...],
    out: Path,
    examples: int,
    seconds: int,
    tell: Tell,
    proofs: bool = True,
    seed: int = 0,
    attachments: Mapping[str, bytes] = {},
) -> Outcome:
    """Run everything and write a bundle below `out`, with the attachments in it (a capability file, waivers ...).
    Raises TargetError where the target cannot be driven at all."""
    phrases = [clip.words for clip in CLIPS.values()]
    with BundleWriter(out, target, arguments=sys.argv[1:], seed=seed, phrases=phrases) as writer:
        for name, content in attachments.items():
            writer.keep_file(name, content)
        return _check(writer, target, packs, examples, seconds, tell, proofs)


def _check(
    writer: BundleWriter,
    target: str,
    packs: tuple[Pack, ...],
    examples: int,
    seconds: int,
    tell: Tell,
    proofs: bool,
) -> Outcome:
    began = time.perf_counter()
    clauses = tuple(c for pack in packs for c in pack.clauses)
    seed = writer.manifest.seed
    kept = [writer.keep_pack(p.name, p.version, p.source, p.file) for p in packs]

    def show_proof(p: CheckedProof) -> None:
        counterexample.write(writer.proofs, p.proof, p.other)
        tell(
            f"{p.proof.clause}: {p.standing.value} in {p.proof.seconds:.1f} s, {p.obligations} obligations re-checked by cvc5 {p.proof.reason}".rstrip()
        )

    proven = prove_packs(packs, writer.proofs, seconds, show_proof) if proofs else {}
    writer.store_proofs({name: _proof_record(p, writer.redactor) for name, p in proven.items()})
    proof_seconds = time.perf_counter() - began
    with Harness(open_target(target), clauses, seed) as harness:
        tell(f"driving {harness.hello.name}")
        session = judge(harness, examples, tell, writer.observe)
    index = {clause: number for number, clause in enumerate(session.failures)}
    for found in session.failures.values():
        names = tuple(p.file for p in kept)
        writer.store_failure(_failure_record(found, target, seed, names, writer.redactor))
    results = tuple(result_of(c, session, proven.get(c.id), index) for c in clauses)
    code = gate(results, frozenset(c.id for c in clauses))
    alive = proven.get(PROGRESS)
    reason = ""
    if session.dead and code is not Exit.VIOLATED:
        code, reason = Exit.NOT_DRIVABLE, session.dead
    elif code is Exit.SATISFIED and alive is not None and alive.standing is not Standing.PROVED:
        code, reason = (
            Exit.INCONCLUSIVE,
            "it is not proved that the model's time never stops, so its deadlines may be vacuous",
        )
    known = [load_strength(pack) for pack in packs if clauses_to_prove(pack.clauses)]
    strength = strength_facts(known[0]) if len(known) == 1 else None
    first = session.runs[0]
    facts = records.Results(
        exit=code.value,
        reason=reason,
        clauses=results,
        runs=tuple(
            records.RunRecord(
                number=number,
                purpose="tour" if number == 0 else "search",
                observations=len(run.watch.trace),
                skipped=run.skipped,
                dead=run.dead,
            )
            for number, run in enumerate(session.runs)
        ),
        uploads=sum(r.uploads for r in session.runs),
        voice=sum(r.voice for r in session.runs),
        stores=records.Stores(
            files=first.stores.files,
            unread=tuple(first.stores.unread),
            finds=tuple(f"{f.store}: {f.category}" for f in first.stores.finds),
        ),
        skipped=tuple(sorted({s for r in session.runs for s in r.skipped})),
        two_runs=session.twins.likeness.value if session.twins is not None else "",
        model=_model_record([r.watch.trace for r in session.runs]),
        strength=strength,
    )
    digest = writer.finish(
        facts,
        target=records.TargetRecord(
            given=target,
            name=session.hello.name,
            version=session.hello.version,
            clock=session.hello.clock,
            devices=dict(session.hello.devices),
            capabilities=dict(session.hello.capabilities),
        ),
        packs=kept,
        seconds=records.Seconds(proof=round(proof_seconds, 1), all=round(time.perf_counter() - began, 1)),
    )
    return Outcome(
        results,
        code,
        reason,
        writer.folder,
        digest,
        strength_summary(strength) if strength is not None else (),
    )


def _model_record(traces: list[list[Observation]]) -> records.ModelRecord:
    system = assistant()
    components = tuple(
        records.ComponentRecord(
            name=t.name,
            states=drawn_states(t),
            edges=tuple((e.source, e.target, e.name) for e in drawn_edges(t, system)),
        )
        for t in ASSISTANT.tables
    )
    return records.ModelRecord(components=components, visited=tuple(visited(traces)))


def _failure_record(
    found: Failure, target: str, seed: int, packs: tuple[str, ...], redactor: Redactor
) -> records.FailureRecord:
    return records.FailureRecord(
        clause=found.clause,
        scenario=tuple(to_json(step) for step in found.scenario),
        at=found.at,
        trace=tuple(redactor.observation(seen) for seen in found.trace),
        target=target,
        seed=seed,
        packs=packs,
    )


def _proof_record(proven: CheckedProof, redactor: Redactor) -> records.ProofRecord:
    return records.ProofRecord(
        standing=proven.standing.value,
        seconds=proven.proof.seconds,
        obligations=proven.obligations,
        recheck_seconds=proven.recheck_seconds,
        reason=proven.proof.reason,
        certificates=tuple(f"proofs/{entry['file']}" for entry in proven.entries),
        witness=tuple(redactor.observation(seen) for seen in proven.witness),
        counterexample=tuple(redactor.observation(seen) for seen in proven.proof.trace),
        other_run=tuple(redactor.observation(seen) for seen in proven.other),
    )


def replay(
    target: str, scenario: Scenario, clauses: tuple[Clause, ...], seed: int = 0, kind: str = "any"
) -> Run:
    """Run one stored scenario again, on a device of that kind where it leaves open which. Raises TargetError."""
    with Harness(open_target(target), clauses, seed) as harness:
        device = device_of(kind, harness.hello.devices)
        if device is None:
            raise TargetError(f"the target has no device of kind '{kind}'")
        return harness.run(on_device(scenario, device))
