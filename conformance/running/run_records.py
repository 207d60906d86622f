"""What a check writes down of itself for the bundle: target, model, search, failures, proofs."""

from __future__ import annotations

import hashlib
import shlex
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec

from earwitness.conformance.evidence import records
from earwitness.conformance.evidence.redaction import Redactor
from earwitness.conformance.evidence.writer import (
    digest_file,
)
from earwitness.conformance.running.check_session import CheckSession
from earwitness.conformance.running.run import Run
from earwitness.conformance.running.shrink import Failure
from earwitness.conformance.running.visited import (
    Fact,
    facts_of,
    unvisited_by,
)
from earwitness.conformance.stimuli.stimulus import to_json
from earwitness.conformance.targets.protocol import Hello
from earwitness.model.assistant.assistant import ASSISTANT
from earwitness.model.systems.model import Model
from earwitness.policies.proving.prove_packs import CheckedProof


def search_records(
    session: CheckSession, model: Model | None
) -> Iterator[records.SearchRecord]:
    """What was searched, and what of the packs' model nobody saw; nothing of it where they ask for none."""
    facts = frozenset[Fact]().union(
        *(facts_of(run.trace, model or ASSISTANT) for run in session.runs)
    )
    for searched in session.searched:
        facts |= searched.facts
        yield records.SearchRecord(
            where=searched.where,
            sequences=searched.sequences,
            steps=searched.steps,
            items=len(searched.items),
            unvisited=tuple(unvisited_by(facts, model)) if model else (),
        )


def steps_lines(runs: Iterable[Run]) -> bytes:
    """What was done in each run, as lines of `steps.jsonl`."""
    records_of_runs = (
        records.StepsRecord(
            run=number,
            steps=tuple(to_json(step) for step in run.scenario),
            marks=(run.span[0], *run.marks),
        )
        for number, run in enumerate(runs)
    )
    return b"".join(
        msgspec.json.encode(record) + b"\n" for record in records_of_runs
    )


def comparison_text(session: CheckSession) -> str:
    found = session.comparison
    return (
        f"{found.likeness.value} {found.reason}".strip()
        if found is not None
        else ""
    )


def target_record(target: str, hello: Hello) -> records.TargetRecord:
    return records.TargetRecord(
        given=target,
        name=hello.name,
        version=hello.version,
        setup=hello.setup,
        clock=hello.clock,
        digest=program_digest(target),
        devices=dict(hello.devices),
        capabilities=dict(hello.capabilities),
    )


def program_digest(target: str) -> str:
    """SHA-256 over the files that an `exec:` command names, program and scripts alike; empty where it names
    none."""
    kind, _, command = target.partition(":")
    if kind != "exec":
        return ""
    words = shlex.split(command)
    found = [Path(shutil.which(word) or word) for word in words[:1]] + [
        Path(word) for word in words[1:]
    ]
    digests = [digest_file(path) for path in found if path.is_file()]
    return (
        hashlib.sha256("".join(digests).encode()).hexdigest()
        if digests
        else ""
    )


def failure_record(
    found: Failure,
    target: str,
    seed: int,
    packs: tuple[str, ...],
    redactor: Redactor,
) -> records.FailureRecord:
    return records.FailureRecord(
        clause=found.clause,
        conjunct=found.conjunct,
        scenario=tuple(to_json(step) for step in found.scenario),
        at=found.at,
        trace=tuple(redactor.observation(seen) for seen in found.trace),
        target=target,
        seed=seed,
        packs=packs,
    )


def proof_record(
    proven: CheckedProof, redactor: Redactor
) -> records.ProofRecord:
    return records.ProofRecord(
        standing=proven.standing.value,
        seconds=proven.proof.seconds,
        obligations=proven.obligations,
        recheck_seconds=proven.recheck_seconds,
        reason=proven.proof.reason,
        certificates=tuple(
            f"proofs/{entry['file']}" for entry in proven.entries
        ),
        witness=tuple(redactor.observation(seen) for seen in proven.witness),
        counterexample=tuple(
            redactor.observation(seen) for seen in proven.proof.trace
        ),
        other_run=tuple(redactor.observation(seen) for seen in proven.other),
    )
