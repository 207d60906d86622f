"""The judge: from what was observed, and by whom it could be seen, to a verdict on every clause. Nothing else
goes in, so that anybody can come to the same verdicts from a bundle."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from earwitness.conformance.gate.mute_levels import CLAIMS, is_open_claim
from earwitness.conformance.gate.verdict import (
    WORDS,
    WORST_FIRST,
    ClauseResult,
    ConjunctResult,
    Verdict,
    reaches,
    weakest,
)
from earwitness.conformance.running.grounds import (
    evidence_by_event,
    evidence_of_violation,
)
from earwitness.conformance.running.missing import describe_missing
from earwitness.conformance.running.tally import (
    ConjunctTally,
    Tally,
)
from earwitness.model.logic.english import describe_formula
from earwitness.model.logic.grounds import Sight
from earwitness.model.trace import Origin
from earwitness.policies.pack import Clause, Conjunct, Kind


@dataclass(frozen=True, slots=True)
class Trial:
    """What a clause that no single trace can decide came to when it was tried: the button in every state, an
    organisation's controls, two runs that differ in words and voice."""

    verdict: Verdict
    evidence: Origin | None = None
    exercised: int = 0
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What must be known of a check beside its traces. `heard` is on whose word it rests that requests were
    heard and answered (None:
    they were not), `dead` why the target cannot be judged, `excuses` reasons a capability file gives for what
    the target cannot do."""

    sight: Sight
    capabilities: Mapping[str, bool] = field(default_factory=dict)
    excuses: Mapping[str, str] = field(default_factory=dict)
    heard: Origin | None = Origin.WITNESSED
    dead: str = ""
    doubts: Mapping[str, str] = field(default_factory=dict)
    """Clause id -> why what was seen of it was not all there was to see."""
    trials: Mapping[str, Trial] = field(default_factory=dict)
    proved: Mapping[str, str] = field(default_factory=dict)
    """Clause id -> what its proof over the model came to; shown, never a reason."""


def judge(
    clauses: Iterable[Clause],
    tallies: Sequence[Tally],
    circumstances: Circumstances,
) -> tuple[ClauseResult, ...]:
    """The verdict on every clause, in the order of the clauses."""
    return tuple(
        _judge_clause(clause, tallies, circumstances) for clause in clauses
    )


def _judge_clause(
    clause: Clause, tallies: Sequence[Tally], known: Circumstances
) -> ClauseResult:
    lacking = clause.capability is not None and not known.capabilities.get(
        clause.capability, False
    )
    if lacking and is_open_claim(clause.capability):
        return _not_claimed(clause, tallies, known)
    if lacking:
        return _not_applicable(clause, known)
    conjuncts = tuple(
        _judge_conjunct(
            conjunct=c, clause=clause, tallies=tallies, known=known
        )
        for c in clause.conjuncts
        if _asks_for(c, known)
    )
    if clause.id in known.trials:
        conjuncts = (
            *conjuncts,
            _result_of_trial(clause, known.trials[clause.id], known),
        )
    elif clause.kind is not Kind.ALWAYS and not conjuncts:
        conjuncts = (
            _result_of_trial(
                clause,
                Trial(Verdict.NOT_EXERCISED, reason="it was not tried"),
                known,
            ),
        )
    worst = min(conjuncts, key=lambda c: WORST_FIRST.index(c.verdict))
    return _result_of(
        clause,
        known,
        verdict=worst.verdict,
        reason=_reason_of(worst, conjuncts),
        conjuncts=conjuncts,
        exercised=sum(c.exercised for c in conjuncts),
        runs=_runs_that_exercised(clause, tallies),
    )


def _asks_for(conjunct: Conjunct, known: Circumstances) -> bool:
    """Whether the target has what a conjunct speaks of, such as the action button in a clause about every
    activation."""
    return conjunct.capability is None or known.capabilities.get(
        conjunct.capability, False
    )


def _reason_of(
    worst: ConjunctResult, conjuncts: Sequence[ConjunctResult]
) -> str:
    if not worst.reason or len(conjuncts) == 1:
        return worst.reason
    return f"{worst.name}: {worst.reason}"


def _runs_that_exercised(
    clause: Clause, tallies: Sequence[Tally]
) -> tuple[int, ...]:
    """By their numbers, which are their places among the tallies."""
    names = [c.name for c in clause.conjuncts]
    return tuple(
        number
        for number, tallied in enumerate(tallies)
        if any(name in tallied and tallied[name].exercised for name in names)
    )


def _not_applicable(clause: Clause, known: Circumstances) -> ClauseResult:
    assert clause.capability is not None
    excuse = known.excuses.get(clause.capability, "")
    reason = f"the target has no capability '{clause.capability}'"
    reason += f": {excuse}" if excuse else ", and no capability file says why"
    return _result_of(
        clause,
        known,
        verdict=Verdict.NOT_APPLICABLE,
        reason=reason,
        required=not excuse,
    )


def _not_claimed(
    clause: Clause, tallies: Sequence[Tally], known: Circumstances
) -> ClauseResult:
    """A level of mute that the target does not claim: what was seen of it is shown, and is no verdict."""
    assert clause.capability is not None
    names = [conjunct.name for conjunct in clause.conjuncts]
    found = [t[name] for t in tallies for name in names if name in t]
    tried = sum(t.exercised for t in found)
    seen = f"it was kept {tried} times" if tried else "it was not tried"
    if any(t.violated_at is not None for t in found):
        seen = f"tried {tried} times, it is not so"
    return _result_of(
        clause,
        known,
        verdict=Verdict.NOT_APPLICABLE,
        reason=f"the target does not claim that {CLAIMS[clause.capability]}; {seen}",
        required=False,
    )


def _result_of(
    clause: Clause,
    known: Circumstances,
    *,
    verdict: Verdict,
    reason: str,
    required: bool = True,
    conjuncts: tuple[ConjunctResult, ...] = (),
    exercised: int = 0,
    runs: tuple[int, ...] = (),
) -> ClauseResult:
    result = ClauseResult(
        id=clause.id,
        title=clause.title,
        severity=clause.severity,
        source=clause.source,
        english=describe_formula(clause.formula)
        if clause.formula is not None
        else clause.title,
        verdict=verdict,
        known=(),
        reason=reason,
        exercised=exercised,
        required=required,
        proved=known.proved.get(clause.id, ""),
        conjuncts=conjuncts,
        pack=clause.pack,
        pack_version=clause.pack_version,
        revision=clause.revision,
        runs=runs,
    )
    words = [WORDS[result.evidence]] if result.evidence is not None else []
    return replace(result, known=(*words, *_count_of_runs(runs)))


def _count_of_runs(runs: tuple[int, ...]) -> list[str]:
    """In how many runs a clause was exercised, whatever they were made for; nothing where in none."""
    if not runs:
        return []
    return ["in 1 run" if len(runs) == 1 else f"in {len(runs)} runs"]


def _judge_conjunct(
    conjunct: Conjunct,
    clause: Clause,
    tallies: Sequence[Tally],
    known: Circumstances,
) -> ConjunctResult:
    found = [t[conjunct.name] for t in tallies if conjunct.name in t]
    violating = [t for t in found if t.violated_at is not None]
    origins = (
        evidence_of_violation(conjunct, violating, known.sight)
        if violating
        else evidence_by_event(conjunct, found, known.sight)
    )
    evidence = weakest(o for o in origins.values() if o is not None)
    verdict, reason = _decide_verdict(
        conjunct=conjunct,
        clause=clause,
        found=found,
        origins=origins,
        known=known,
    )
    return ConjunctResult(
        name=conjunct.name,
        english=describe_formula(conjunct.formula),
        verdict=verdict,
        needs=conjunct.needs,
        evidence=evidence if any(t.exercised for t in found) else None,
        exercised=sum(t.exercised for t in found),
        origins={
            name: origin
            for name, origin in origins.items()
            if origin is not None
        },
        reason=reason,
    )


def _decide_verdict(
    conjunct: Conjunct,
    clause: Clause,
    found: Sequence[ConjunctTally],
    origins: Mapping[str, Origin | None],
    known: Circumstances,
) -> tuple[Verdict, str]:
    if any(t.violated_at is not None for t in found):
        return (
            Verdict.VIOLATED,
            "violated by the implementation; the shortest run found is below",
        )
    if known.dead:
        return Verdict.INCONCLUSIVE, known.dead
    if clause.id in known.doubts:
        return Verdict.INCONCLUSIVE, known.doubts[clause.id]
    unseen = [name for name, origin in origins.items() if origin is None]
    if unseen:
        return (
            Verdict.NOT_OBSERVABLE,
            f"nobody in this run could see {', '.join(sorted(unseen))}",
        )
    unknown = sorted({t.unknown for t in found if t.unknown})
    if unknown:
        return (
            Verdict.NOT_OBSERVABLE,
            f"nobody said what decides: {unknown[0]}",
        )
    if not any(t.exercised for t in found):
        lacking = sorted(
            (t.missing for t in found), key=lambda each: len(each)
        )
        fewest = lacking[0] if lacking else ()
        return (
            Verdict.NOT_EXERCISED,
            describe_missing(conjunct.trigger, fewest),
        )
    if any(t.pending for t in found):
        return (
            Verdict.INCONCLUSIVE,
            "a deadline was still open when a run ended",
        )
    return _weigh_evidence(conjunct.needs, origins, known)


def _weigh_evidence(
    needs: Origin, origins: Mapping[str, Origin | None], known: Circumstances
) -> tuple[Verdict, str]:
    """Kept, as far as anybody can tell: satisfied if the evidence is what the pack asks for, else on the
    implementation's word."""
    if known.heard is not Origin.WITNESSED:
        return (
            Verdict.ON_ITS_WORD,
            "nobody saw that this implementation hears and answers anything",
        )
    short = {
        name: o
        for name, o in origins.items()
        if o is not None and not reaches(o, needs)
    }
    if not short:
        return Verdict.SATISFIED, ""
    rest = ", ".join(
        f"{name}: {WORDS[origin]}" for name, origin in sorted(short.items())
    )
    return (
        Verdict.ON_ITS_WORD,
        f"it must be {WORDS[needs]}, and rests on less ({rest})",
    )


def _result_of_trial(
    clause: Clause, trial: Trial, known: Circumstances
) -> ConjunctResult:
    """The result of a trial in the form of a conjunct."""
    verdict, reason = trial.verdict, trial.reason
    if verdict is Verdict.SATISFIED and known.dead:
        verdict, reason = Verdict.INCONCLUSIVE, known.dead
    if verdict is Verdict.SATISFIED and trial.evidence is not None:
        verdict, why = _weigh_evidence(
            clause.needs, {"what was tried": trial.evidence}, known
        )
        reason = why or reason
    return ConjunctResult(
        name=f"{clause.id}.tried",
        english=clause.title,
        verdict=verdict,
        needs=clause.needs,
        evidence=trial.evidence,
        exercised=trial.exercised,
        reason=reason,
    )
