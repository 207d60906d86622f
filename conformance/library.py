"""Earwitness as a library: load packs, judge observations, check an implementation. Nothing here prints."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from earwitness.conformance.evidence.bundle import read_bundle
from earwitness.conformance.gate.judged import (
    JudgedBundle,
    judge_bundle,
)
from earwitness.conformance.gate.policy import Policy, today
from earwitness.conformance.running.log_judgement import (
    LogJudgement,
    judge_log,
)
from earwitness.conformance.running.log_reading import log_of
from earwitness.model.trace import Observation
from earwitness.policies.pack import PACKS, Pack, find


def load_pack(name: str | Path) -> Pack:
    """A shipped pack by its name, or a pack file by its path. Raises PackError with file, line and column.

    >>> load_pack("voice-baseline").name
    'voice-baseline'
    """
    return find(str(name))


def judge(
    observations: Iterable[Observation],
    packs: Sequence[Pack] | None = None,
) -> LogJudgement:
    """Judge a log by whole packs (the shipped ones unless given). What it cannot show is *not observable*.

    >>> from earwitness.model.trace import Observation
    >>> log = [
    ...     Observation(0, "d1", "power", {"on": True, "kind": "speaker"}),
    ...     Observation(1_000, "d1", "microphone.power", {"on": False}),
    ...     Observation(2_000, "d1", "audio.captured", {"bytes": 2_560, "buffered": 0}),
    ... ]
    >>> [clause.id for clause in judge(log).clauses if clause.verdict.value == "violated"]
    ['MIC-2']
    """
    chosen = (
        tuple(load_pack(name) for name in PACKS)
        if packs is None
        else tuple(packs)
    )
    return judge_log(log_of(observations), chosen)


def check(
    target: str,
    packs: Sequence[Pack] | None = None,
    *,
    out: Path = Path("earwitness-run"),
    examples: int = 200,
    # This limit and the one above are those of the command `check`.
    budget: float = 50.0,
    proofs: bool = True,
    # As in the command `check`.
    seconds: int = 60,
    seed: int = 0,
    policy: Policy | None = None,
    tell: Callable[[str], None] = lambda text: None,
) -> JudgedBundle:
    """Judge an implementation and give the decided bundle: `.decision.exit`, `.summary.clauses`,
    `.bundle.folder`.

    At most `examples` sequences are searched beyond the tour, within a `budget` of seconds for trying the
    target; `seconds` is the limit of one proof. Raises TargetError, PackError, OSError.
    """
    from earwitness.conformance.running.check import check as run_check
    from earwitness.conformance.running.examination import Plan

    chosen = (
        tuple(load_pack(name) for name in PACKS)
        if packs is None
        else tuple(packs)
    )
    outcome = run_check(
        target=target,
        packs=chosen,
        out=out,
        tell=tell,
        plan=Plan(
            examples=examples,
            seconds=seconds,
            proofs=proofs,
            seed=seed,
            budget=budget,
        ),
    )
    return judge_bundle(
        read_bundle(outcome.folder),
        policy or Policy(today()),
    )
