"""What a bundle and its gate come to, once: terminal, Markdown, HTML and every other format read this."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from earwitness.conformance.evidence.bundle import Bundle
from earwitness.conformance.evidence.redaction import safe_text
from earwitness.conformance.gate.baseline import ClauseChange
from earwitness.conformance.gate.deadlines import (
    DeadlineLine,
    deadline_lines,
)
from earwitness.conformance.gate.exits import Exit
from earwitness.conformance.gate.next_steps import (
    NextStep,
    next_steps,
    replay_command,
)
from earwitness.conformance.gate.policy import (
    ClauseDecision,
    GateDecision,
    Treatment,
)
from earwitness.conformance.gate.reasons import deciding_events
from earwitness.conformance.gate.repeats import RepeatLine, repeat_lines
from earwitness.conformance.gate.scope import believed_for, limits_of
from earwitness.conformance.gate.story import (
    Story,
    tell_story,
)
from earwitness.conformance.gate.verdict import (
    STRONGEST_FIRST,
    WORDS,
    WORST_FIRST,
    ClauseResult,
    ConjunctResult,
    Verdict,
    weakest,
)
from earwitness.model.logic.formula import event_names
from earwitness.model.trace import Origin
from earwitness.policies.pack import SEVERITIES, Clause, Pack

HEADLINES = {
    Exit.SATISFIED: "Satisfied",
    Exit.VIOLATED: "Violated",
    Exit.USAGE: "Not decided: a file or an option is wrong",
    Exit.INCONCLUSIVE: "Inconclusive",
    Exit.NOT_DRIVABLE: "The target could not be driven",
    Exit.EVIDENCE_INVALID: "The evidence is invalid",
    Exit.STALE: "Out of date: a waiver, a known failure or the baseline",
    Exit.BUG: "Our own bug",
    Exit.INTERRUPTED: "Interrupted",
}

VERDICT_ORDER = tuple(verdict.value for verdict in WORST_FIRST)
EVIDENCE_ORDER = tuple(WORDS[origin] for origin in reversed(STRONGEST_FIRST))
"""The weakest first: what deserves a second look stands before what does not."""


@dataclass(frozen=True, slots=True)
class PartLine:
    """One part (conjunct) of a clause."""

    name: str
    english: str
    verdict: Verdict
    needs: str
    evidence: str
    detail: str
    exercised: int
    reason: str


@dataclass(frozen=True, slots=True)
class ClauseLine:
    """One clause, as every report shows it."""

    id: str
    title: str
    english: str
    severity: str
    source: tuple[str, ...]
    verdict: Verdict
    treatment: Treatment
    evidence: str
    parts: tuple[PartLine, ...]
    proof: str
    exercised: int
    problem: str
    note: str
    change: str
    fingerprint: str
    pack: str
    pack_version: int
    revision: str
    """Of the clause: another one promises something else."""
    runs: tuple[int, ...]
    """Numbers of the runs that exercised it."""
    exit: Exit


@dataclass(frozen=True, slots=True)
class Summary:
    """Everything a reader is told, in the order in which he needs it."""

    headline: str
    subject: str
    """Which build was judged, by which packs and profile, when, confined or not."""
    sentence: str
    """The same, with how many clauses came to what."""
    exit: Exit
    counts: str
    clauses: tuple[ClauseLine, ...]
    by_verdict: Mapping[str, int]
    by_evidence: Mapping[str, int]
    matrix: Mapping[str, Mapping[str, int]]
    stories: tuple[Story, ...]
    problems: tuple[str, ...]
    warnings: tuple[str, ...]
    limits: tuple[str, ...]
    believed: tuple[str, ...]
    next_steps: tuple[NextStep, ...]
    deadlines: tuple[DeadlineLine, ...]
    """How close each came to its bound, the closest first."""
    since_baseline: str
    """What became of the clauses since the baseline; empty without one, or where nothing changed."""
    repeats: tuple[RepeatLine, ...]
    """Each clause over all checks of the target that follow each other; nothing where there was one."""

    @property
    def differing(self) -> tuple[RepeatLine, ...]:
        """Clauses on which the checks do not agree."""
        return tuple(line for line in self.repeats if line.differs)

    @property
    def losses(self) -> Mapping[str, tuple[Story, ...]]:
        """What people lose, each with the violations that cost them that."""
        found: dict[str, tuple[Story, ...]] = {}
        for story in self.stories:
            found[story.loses] = (*found.get(story.loses, ()), story)
        return found

    @property
    def failing(self) -> tuple[ClauseLine, ...]:
        return tuple(
            line for line in self.clauses if line.treatment is Treatment.FAILS
        )

    @property
    def excused(self) -> tuple[ClauseLine, ...]:
        """What is not as it should be and was let through."""
        return tuple(
            line
            for line in self.clauses
            if line.treatment not in (Treatment.FAILS, Treatment.PASSES)
        )


def summarise(
    bundle: Bundle,
    packs: Iterable[Pack],
    decision: GateDecision,
) -> Summary:
    """The summary of a bundle under a decision."""
    owned_packs = tuple(packs)
    owned = [
        (pack, clause) for pack in owned_packs for clause in pack.clauses
    ]
    origin_of = {clause.id: (pack, clause) for pack, clause in owned}
    speaks_of = {
        clause.id: frozenset(event_names(clause.formula))
        for _, clause in owned
        if clause.formula is not None
    }
    lines = tuple(
        _clause_line(c, *origin_of.get(c.result.id, (None, None)))
        for c in decision.clauses
    )
    prints = {c.result.id: c.fingerprint for c in decision.clauses}
    decided_by = {
        clause.id: deciding_events(clause, bundle.failures[clause.id])
        for _, clause in owned
        if clause.id in bundle.failures
    }
    stories = tuple(
        _stories_of(
            bundle=bundle,
            decision=decision,
            prints=prints,
            speaks_of=speaks_of,
            decided_by=decided_by,
            clauses={clause.id: clause for _, clause in owned},
        )
    )
    subject = _subject_sentence(bundle, decision)
    counts = count_words(decision.clauses)
    return Summary(
        headline=HEADLINES[decision.exit],
        subject=subject,
        sentence=f"{subject} Of {len(decision.clauses)} clauses: {counts}.",
        exit=decision.exit,
        counts=counts,
        clauses=lines,
        by_verdict=_tally_names(
            (line.verdict.value for line in lines), order=VERDICT_ORDER
        ),
        by_evidence=_tally_names(
            (
                line.evidence
                for line in lines
                if line.verdict is Verdict.SATISFIED
            ),
            order=EVIDENCE_ORDER,
        ),
        matrix=_count_by_severity(lines),
        stories=stories,
        problems=tuple(
            safe_text(n.text)
            for n in decision.notices
            if n.exit is not Exit.SATISFIED
        ),
        warnings=tuple(safe_text(n.text) for n in decision.warnings),
        limits=tuple(limits_of(bundle)),
        believed=tuple(believed_for(bundle)),
        next_steps=tuple(next_steps(bundle, owned_packs, decision)),
        deadlines=tuple(deadline_lines(bundle.results.near_misses)),
        since_baseline=describe_changes(decision.clauses),
        repeats=tuple(
            repeat_lines(
                bundle,
                {c.result.id: c.result.verdict for c in decision.clauses},
            )
        ),
    )


def describe_changes(clauses: Iterable[ClauseDecision]) -> str:
    """The clauses of which a baseline says something else, by what became of them."""
    changed: dict[ClauseChange, list[str]] = {}
    for decided in clauses:
        if decided.change not in (None, ClauseChange.UNCHANGED):
            changed.setdefault(decided.change, []).append(decided.result.id)
    told = (
        f"{change.value}: {', '.join(changed[change])}"
        for change in ClauseChange
        if change in changed
    )
    return "; ".join(told)


def count_words(clauses: Iterable[ClauseDecision]) -> str:
    """How many of each kind, strongest first.

    The parts are for example: "19 satisfied and witnessed, 12 on its word, 6 not applicable".
    """
    counted = Counter(_kind_of(c.result) for c in clauses)
    order = [
        "violated",
        "witnessed",
        *list(WORDS.values())[1:],
        *(v.value for v in Verdict),
    ]
    names = dict.fromkeys([*order, *counted])
    return ", ".join(
        f"{counted[name]} {_satisfied_by(name)}"
        for name in names
        if counted[name]
    )


def _satisfied_by(name: str) -> str:
    if name == WORDS[Origin.WITNESSED]:
        return f"satisfied and {name}"
    return (
        f"satisfied on {name}"
        if name.endswith("word") and name.startswith(("the", "a "))
        else name
    )


def _kind_of(result: ClauseResult) -> str:
    evidence = (
        evidence_of(result) if result.verdict is Verdict.SATISFIED else ""
    )
    return evidence or str(result.verdict.value)


def evidence_of(result: ClauseResult) -> str:
    """The weakest evidence of the parts of a clause, in words; empty where there is none."""
    known = [
        part.evidence
        for part in result.conjuncts
        if part.evidence is not None
    ]
    worst = weakest(known)
    return WORDS[worst] if worst is not None else ""


def describe_origins(conjunct: ConjunctResult) -> str:
    """Who says what, strongest first: "witnessed: stream.audio, power; the device's word: light"."""
    by_word: dict[str, list[str]] = {}
    for word in WORDS.values():
        by_word[word] = [
            name
            for name, origin in conjunct.origins.items()
            if WORDS[origin] == word
        ]
    return "; ".join(
        f"{word}: {', '.join(sorted(names))}"
        for word, names in by_word.items()
        if names
    )


def _clause_line(
    decided: ClauseDecision, pack: Pack | None, clause: Clause | None
) -> ClauseLine:
    result = decided.result
    return ClauseLine(
        id=result.id,
        title=safe_text(result.title),
        english=safe_text(result.english),
        severity=result.severity,
        source=result.source,
        verdict=result.verdict,
        treatment=decided.treatment,
        evidence=evidence_of(result) if result.exercised else "",
        parts=tuple(_part_line(part) for part in result.conjuncts),
        proof=result.proved,
        exercised=result.exercised,
        problem=safe_text(decided.problem),
        note=safe_text(decided.note),
        change=decided.change.value if decided.change is not None else "",
        fingerprint=decided.fingerprint,
        pack=pack.name if pack is not None else "",
        pack_version=pack.version if pack is not None else 0,
        revision=clause.revision if clause is not None else "",
        runs=result.runs,
        exit=decided.exit,
    )


def _part_line(part: ConjunctResult) -> PartLine:
    return PartLine(
        name=part.name,
        english=safe_text(part.english),
        verdict=part.verdict,
        needs=WORDS[part.needs],
        evidence=WORDS[part.evidence]
        if part.evidence is not None
        else "none",
        detail=describe_origins(part),
        exercised=part.exercised,
        reason=safe_text(part.reason),
    )


def _tally_names(
    names: Iterable[str], order: Sequence[str]
) -> Mapping[str, int]:
    counted = Counter(name for name in names if name)
    return {name: counted[name] for name in order if counted[name]}


def _count_by_severity(
    lines: Iterable[ClauseLine],
) -> Mapping[str, Mapping[str, int]]:
    """How many clauses of each severity came to what."""
    table: dict[str, Counter[str]] = {
        severity: Counter() for severity in reversed(SEVERITIES)
    }
    for line in lines:
        is_good = line.verdict is Verdict.SATISFIED
        table[line.severity][
            line.evidence or "satisfied" if is_good else line.verdict.value
        ] += 1
    order = (*VERDICT_ORDER, *EVIDENCE_ORDER)
    return {
        severity: {name: counted[name] for name in order if counted[name]}
        for severity, counted in table.items()
        if counted
    }


def _subject_sentence(bundle: Bundle, decision: GateDecision) -> str:
    """What the verdict is about: which build, by which packs and profile, when, confined or not."""
    manifest, target = (
        bundle.manifest,
        bundle.manifest.target,
    )
    build = f"{target.name} {target.version}".strip() or target.given
    digest = f" (program {target.digest[:12]})" if target.digest else ""
    packs = " and ".join(
        f"{pack.name} version {pack.version}" for pack in manifest.packs
    )
    day, _, clock = manifest.started.partition("T")
    when = f"{day} {clock[:5]} UTC"
    confined = (
        "sealed in"
        if manifest.confinement == "sealed"
        else f"not sealed in ({manifest.confinement})"
    )
    return safe_text(
        f"{build}{digest}, judged by {packs} under the profile {decision.profile.value} on {when}, "
        f"{confined}."
    )


def _stories_of(
    bundle: Bundle,
    decision: GateDecision,
    prints: Mapping[str, str],
    speaks_of: Mapping[str, frozenset[str]],
    decided_by: Mapping[str, frozenset[int]],
    clauses: Mapping[str, Clause],
) -> Iterable[Story]:
    heaviest_first = sorted(
        decision.clauses,
        key=lambda c: -SEVERITIES.index(c.result.severity),
    )
    for decided in heaviest_first:
        failure = bundle.failures.get(decided.result.id)
        if failure is None or decided.result.verdict is not Verdict.VIOLATED:
            continue
        result = decided.result
        parts = [
            part
            for part in result.conjuncts
            if part.verdict is Verdict.VIOLATED
        ]
        yield tell_story(
            failure,
            title=safe_text(result.title),
            expected=safe_text(
                _titles_of(clauses.get(result.id), parts) or result.title
            ),
            exactly=safe_text(
                "; ".join(part.english for part in parts) or result.english
            ),
            command=replay_command(bundle, result.id),
            speaks_of=speaks_of.get(result.id, frozenset()),
            decided_by=decided_by.get(result.id, frozenset()),
            fingerprint=prints[result.id],
            clause=clauses.get(result.id),
        )


def _titles_of(clause: Clause | None, parts: Iterable[ConjunctResult]) -> str:
    """What the parts promise, as their pack puts it for people."""
    known = (
        {conjunct.name: conjunct.title for conjunct in clause.conjuncts}
        if clause is not None
        else {}
    )
    titles = (known[part.name] for part in parts if part.name in known)
    return "; ".join(dict.fromkeys(titles))
