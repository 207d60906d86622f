"""A refuted clause for people and for targets: the model's shortest run as a table and a sequence diagram,
and as stimuli that can be replayed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path as File

from earwitness.conformance.evidence.records import FailureRecord
from earwitness.conformance.evidence.writer import encode_record
from earwitness.conformance.stimuli.stimulus import to_json
from earwitness.conformance.vectors.script import script_of_run
from earwitness.model.proof.proof import Proof
from earwitness.model.systems.mermaid import event_in_words, sequence_diagram
from earwitness.model.trace import Observation, observation_to_json

SUFFIXES = (".counterexample.json", ".counterexample.md")


def counterexample_record(proof: Proof) -> FailureRecord:
    """The run in the form of a stored failure: what to do to an implementation to see whether it behaves like
    the broken model."""
    assert proof.run is not None
    trace = proof.trace
    return FailureRecord(
        clause=proof.clause,
        kind="show" if proof.run.initial.get("show") is True else "any",
        scenario=tuple(to_json(s.stimulus) for s in script_of_run(proof.run)),
        at=len(trace) - 1,
        trace=tuple(map(observation_to_json, trace)),
    )


def counterexample_page(
    clause: str, runs: Sequence[Sequence[Observation]]
) -> str:
    """Markdown: a table and a sequence diagram of each run."""
    parts = [f"# {clause}: a shortest violation in the model\n"]
    for number, run in enumerate(runs, start=1):
        parts += [f"## Run {number}\n"] if len(runs) > 1 else []
        rows = "".join(
            f"| {seen.time / 1_000_000:.6f} s | {event_in_words(seen)} |\n"
            for seen in run
        )
        parts.append(
            f"| time | event |\n|---|---|\n{rows}\n```mermaid\n{sequence_diagram(run)}```\n"
        )
    return "\n".join(parts)


def write_counterexample(
    folder: File, proof: Proof, other: Sequence[Observation] = ()
) -> None:
    """Both files of a refuted clause, beside the certificates."""
    if proof.run is not None:
        (folder / f"{proof.clause}{SUFFIXES[0]}").write_bytes(
            encode_record(counterexample_record(proof))
        )
        (folder / f"{proof.clause}{SUFFIXES[1]}").write_text(
            counterexample_page(
                proof.clause, [run for run in (proof.trace, other) if run]
            ),
            "utf-8",
        )
