"""Vectors carried out on a target: what was expected came, or did not, or cannot be tried there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from enum import Enum

from earwitness.conformance.running.harness import Harness
from earwitness.conformance.running.run import Run
from earwitness.conformance.stimuli.stimulus import Power, Skill, needs
from earwitness.conformance.targets.protocol import Hello
from earwitness.conformance.vectors.vector import Vector, device_of


class ReplayOutcome(Enum):
    """What a vector came to. Only MET speaks for the target; a vector with nothing to see is not replayed."""

    MET = "as expected"
    MISSED = "not as expected"
    IMPOSSIBLE = "not possible on this target"
    UNSEEN = "nothing to see from outside"


@dataclass(frozen=True, slots=True)
class Replayed:
    """A vector, what it came to and why; `run` is None where it was not carried out."""

    vector: Vector
    outcome: ReplayOutcome
    reason: str = ""
    run: Run | None = None


def replay_vectors(
    harness: Harness, vectors: Iterable[Vector]
) -> Iterator[Replayed]:
    """Carry out one vector after another, each from a device without power in its first state. Raises
    TargetError."""
    known: dict[tuple[object, ...], Run] = {}
    for vector in vectors:
        if not vector.steps:
            yield Replayed(vector, ReplayOutcome.UNSEEN)
            continue
        fitted = _fit_vector(vector, harness.hello)
        lacking = [
            n
            for n in fitted.needs
            if not harness.hello.capabilities.get(n, False)
        ]
        device = device_of(vector.kind, harness.hello.devices)
        if lacking or device is None:
            reason = (
                f"the target has no capability '{lacking[0]}'"
                if lacking
                else f"the target has no device of kind '{vector.kind}'"
            )
            yield Replayed(vector, ReplayOutcome.IMPOSSIBLE, reason)
            continue
        scenario = (Power(device, "cut"), *fitted.scenario(device))
        run = known.get(scenario) or harness.run(scenario)
        known[scenario] = run
        yield _judge_vector(
            vector=vector, fitted=fitted, run=run, device=device
        )


def _judge_vector(
    vector: Vector, fitted: Vector, run: Run, device: str
) -> Replayed:
    began, ended = run.span
    trace = [
        o
        for number, o in enumerate(run.trace)
        if o.device == device
        and began <= number
        and (number < ended or o.event == "record.found")
    ]
    missing = fitted.missing(trace)
    if run.dead:
        return Replayed(
            vector=vector,
            outcome=ReplayOutcome.MISSED,
            reason=run.dead,
            run=run,
        )
    if run.skipped:
        return Replayed(
            vector=vector,
            outcome=ReplayOutcome.IMPOSSIBLE,
            reason=run.skipped[0],
            run=run,
        )
    if missing is not None:
        return Replayed(
            vector=vector,
            outcome=ReplayOutcome.MISSED,
            reason=f"{missing} did not come where it should",
            run=run,
        )
    return Replayed(
        vector=vector, outcome=ReplayOutcome.MET, reason="", run=run
    )


def _fit_vector(vector: Vector, hello: Hello) -> Vector:
    """Where a target knows no enabling of skills, those it has are taken to be enabled."""
    if hello.capabilities.get("skills", False) or all(
        isinstance(s.stimulus, Skill) for s in vector.steps
    ):
        return vector
    return replace(
        vector,
        steps=tuple(s for s in vector.steps if needs(s.stimulus) != "skills"),
    )
