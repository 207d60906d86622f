"""Does the harness catch what it should, and spare what it should? Every fault, liar and honest variation of
the zoo is judged by what `check` itself does."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import Enum

from earwitness.conformance.gate.verdict import Exit, Verdict
from earwitness.conformance.running.examination import (
    Examination,
    Plan,
    examine,
)
from earwitness.conformance.running.run import clause_of
from earwitness.conformance.running.second_instance import (
    LONG_QUIET,
    STORM,
    TWO_RUNS,
)
from earwitness.conformance.targets.protocol import TargetError
from earwitness.model.trace import Observation
from earwitness.policies.pack import Pack

PARTS = (
    "tour",
    "certificate",
    "twins",
    TWO_RUNS,
    LONG_QUIET,
    STORM,
    "search",
    "end",
)
"""What runs are for, in the order in which a check makes them."""


class Half(Enum):
    """The parts of the zoo, by the word that names them in a target."""

    FAULT = "faulty"
    LIAR = "liar"
    HONEST = "honest"


@dataclass(frozen=True, slots=True)
class Case:
    """One of the zoo. One of the clauses in `owes` must be violated; where there is none, a liar must not be
    green, and an honest variation must be judged as the reference is."""

    name: str
    half: Half
    owes: tuple[str, ...] = ()

    @property
    def target(self) -> str:
        """How a check names it."""
        return f"ref:{self.half.value}/{self.name}"


@dataclass(frozen=True, slots=True)
class Caught:
    """What a case came to, whether that is what it owed, and by which observation it was noticed."""

    case: Case
    exit: Exit
    violated: tuple[str, ...]
    right: bool
    by: str = ""
    reason: str = ""


def calibration_cases() -> tuple[Case, ...]:
    """The whole zoo."""
    from earwitness.reference_impl.faults.fault_table import FAULTS, INVENTED
    from earwitness.reference_impl.faults.liar_table import LIARS
    from earwitness.reference_impl.faults.variants import HONEST

    faults = [
        Case(name, Half.FAULT, (fault.clause,))
        for name, fault in {**FAULTS, **INVENTED}.items()
    ]
    liars = [Case(name, Half.LIAR, liar.owes) for name, liar in LIARS.items()]
    return (*faults, *liars, *(Case(name, Half.HONEST) for name in HONEST))


def judge_case(case: Case, packs: Sequence[Pack], plan: Plan) -> Caught:
    """Judge one of the zoo; what it owes is enough to see once."""
    plan = replace(plan, enough=frozenset(case.owes))
    try:
        found = examine(case.target, packs, plan)
    except TargetError as error:
        return Caught(
            case,
            Exit.NOT_DRIVABLE,
            (),
            right=is_right(case, Exit.NOT_DRIVABLE, ()),
            reason=str(error),
        )
    violated = tuple(
        r.id for r in found.results if r.verdict is Verdict.VIOLATED
    )
    return Caught(
        case=case,
        exit=found.exit,
        violated=violated,
        right=is_right(
            case, found.exit, violated, confined=found.session.confined
        ),
        by=_noticed_by(found, case),
        reason=found.reason or _describe_first_doubt(found),
    )


def is_right(
    case: Case, code: Exit, violated: Sequence[str], *, confined: bool = True
) -> bool:
    """Whether a case came to what it owes. An honest one must be satisfied, as the reference is; where the
    machine cannot confine it, neither is more than inconclusive."""
    if case.half is Half.HONEST:
        best = Exit.SATISFIED if confined else Exit.INCONCLUSIVE
        return not violated and code in (Exit.SATISFIED, best)
    if case.owes:
        return bool(set(case.owes) & set(violated))
    return code is not Exit.SATISFIED


def _describe_first_doubt(found: Examination) -> str:
    """Why it is not green, where a clause says so."""
    return next(
        (
            f"{result.id} {result.verdict.value}: {result.reason}"
            for result in found.results
            if result.required
            and result.verdict
            not in (Verdict.SATISFIED, Verdict.NOT_APPLICABLE)
        ),
        "",
    )


def _noticed_by(found: Examination, case: Case) -> str:
    """The part of the check in which what it owes was first violated, the observation at which it was in the
    shortest run, and from whom that is known."""
    session = found.session
    for clause in (*case.owes, *session.failures):
        if clause in session.failures:
            failure = session.failures[clause]
            return (
                f"{_part_that_noticed(found, clause)}: "
                + _describe_case(failure.trace[failure.at])
                + f" after {len(failure.scenario)} steps"
            )
    for result in found.results:
        if result.verdict is Verdict.VIOLATED and result.id in case.owes:
            # No single run shows it.
            return f"{TWO_RUNS}: {result.reason}"
    return found.reason


def _part_that_noticed(found: Examination, clause: str) -> str:
    """What the first run was for in which a clause was violated."""
    session = found.session
    return next(
        purpose
        for purpose, run in zip(session.purposes, session.runs, strict=True)
        if clause in {clause_of(part) for part in run.violated()}
    )


def _describe_case(seen: Observation) -> str:
    return f"{seen.event}, {seen.origin.value}"


def list_cases(found: Iterable[Caught], earlier: str = "") -> str:
    """A page that lists them. Of a page from before the rows of other cases stay; a case that was never
    judged has none."""
    rows = {
        line.split("`")[1]: line
        for line in earlier.splitlines()
        if line.startswith("| `") and "/" in line.split("`")[1]
    }
    rows |= {_name_of(caught.case): _row_of(caught) for caught in found}
    known = [_name_of(case) for case in calibration_cases()]
    judged = sum(name in rows for name in known)
    lines = [
        "# The zoo, and how each of it is judged",
        "",
        "Written by `earwitness calibrate --write docs/faults.md`. Each case is judged by what",
        "`earwitness check` itself does. Faults break a clause openly, liars break it and hide it,",
        "honest variations keep every promise in another way. *Noticed by* is the part of the check",
        "that noticed it, which all parts before it did not (they come in the order of the table at",
        "the end), the observation at which the clause is violated in the shortest run found, and",
        "from whom it is known.",
        f"{judged} of {len(known)} cases were judged, some perhaps by an earlier state;",
        "what came out otherwise than it is owed stands in bold.",
        "",
        "| case | what it does | owes | came to | noticed by |",
        "|---|---|---|---|---|",
    ]
    lines += [rows[name] for name in known if name in rows]
    lines += ["", *_count_by_part(rows.values())]
    return "\n".join(lines) + "\n"


def _count_by_part(rows: Iterable[str]) -> list[str]:
    """A table of how many cases each part of the check was the first to notice."""
    last = [row.rsplit("|", 2)[1].strip() for row in rows]
    counts = {
        part: sum(text.startswith((f"{part}:", f"{part} (")) for text in last)
        for part in PARTS
    }
    return [
        "| part of the check | cases that it was the first to notice |",
        "|---|---|",
        *(f"| {part} | {count} |" for part, count in counts.items()),
    ]


def _name_of(case: Case) -> str:
    return f"{case.half.value}/{case.name}"


def _row_of(caught: Caught) -> str:
    case = caught.case
    came = ", ".join(caught.violated) or f"exit {caught.exit.value}"
    cells = (
        f"`{_name_of(case)}`",
        purpose_of(case.name),
        _what_is_owed(case),
        came if caught.right else f"**{came}**",
        _in_a_cell(caught.by or caught.reason),
    )
    return f"| {' | '.join(cells)} |"


def _in_a_cell(text: str) -> str:
    """On one line and within its column, whatever a target said."""
    return " ".join(text.split()).replace("|", "\\|")


def _what_is_owed(case: Case) -> str:
    if case.owes:
        return " or ".join(case.owes)
    return "as the reference" if case.half is Half.HONEST else "not green"


def purpose_of(name: str) -> str:
    """What one of the zoo does, in its own words."""
    from earwitness.reference_impl.faults.variants import VARIANTS

    return " ".join(str(VARIANTS[name].load().__doc__).split())
