"""Finds the explanation of a verdict in a trace; of several the shortest."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from earwitness.model.logic.explanation import (
    Absence,
    Explanation,
    Reason,
    latest_positions,
    names_looked_back_to,
    positions_in,
)
from earwitness.model.logic.formula import (
    And,
    Bound,
    Compare,
    Count,
    Deadline,
    Event,
    Formula,
    Historically,
    Implies,
    Latch,
    Not,
    Once,
    Or,
    Previously,
    Side,
    Since,
    Truth,
)
from earwitness.model.logic.semantics import (
    Trace,
    age,
    holds,
    is_in_time,
    is_within,
    positions,
)


def explain(formula: Formula, trace: Trace, i: int) -> Explanation:
    """Why the formula holds, or does not, at position i.

    >>> from earwitness.model.logic.parser import parse_formula
    >>> from earwitness.model.trace import Observation
    >>> names = ["wake_word", "tick", "tone"]
    >>> trace = [Observation(time, "d1", name) for time, name in enumerate(names)]
    >>> sorted(explain(parse_formula("tone implies once wake_word"), trace, 2).facts)
    [0, 2]
    """
    reason = _Explainer(trace).reason_of(formula, i)
    return Explanation(
        reason,
        {
            position: trace[position]
            for position in sorted(positions_in(reason, trace))
        },
    )


@dataclass(frozen=True, slots=True)
class _Explainer:
    """Finds reasons in a trace; of several the shortest."""

    trace: Trace

    def reason_of(self, formula: Formula, i: int) -> Reason:
        truth = holds(formula, self.trace, i)
        match formula:
            case Truth() | Event():
                return Reason(formula, truth, i)
            case Compare():
                return Reason(
                    formula, truth, i, absences=self.nothing_later(formula, i)
                )
            case Not(operand):
                return Reason(
                    formula=formula,
                    truth=truth,
                    position=i,
                    parts=(self.reason_of(operand, i),),
                )
            case And(left, right):
                return self.joined(
                    formula=formula,
                    truth=truth,
                    i=i,
                    operands=(left, right),
                    needs_all=truth,
                )
            case Or(left, right):
                return self.joined(
                    formula=formula,
                    truth=truth,
                    i=i,
                    operands=(left, right),
                    needs_all=not truth,
                )
            case Implies(left, right):
                return self.joined(
                    formula=formula,
                    truth=truth,
                    i=i,
                    operands=(Not(left), right),
                    needs_all=not truth,
                )
            case Previously(bound, operand):
                is_near = i > 0 and is_within(
                    bound, age(self.trace, i - 1, i)
                )
                parts = (self.reason_of(operand, i - 1),) if is_near else ()
                return Reason(
                    formula=formula, truth=truth, position=i, parts=parts
                )
            case Once(bound, operand):
                return self.somewhere(
                    formula=formula,
                    bound=bound,
                    operand=operand,
                    wanted=True,
                    i=i,
                )
            case Historically(bound, operand):
                return self.somewhere(
                    formula=formula,
                    bound=bound,
                    operand=operand,
                    wanted=False,
                    i=i,
                )
            case Since():
                return self.since(formula, truth, i)
            case Count():
                return self.count(formula, truth, i)
            case Latch():
                return self.latch(formula, truth, i)
            case Deadline():
                return self.deadline(formula, truth, i)

    def nothing_later(self, formula: Compare, i: int) -> tuple[Absence, ...]:
        """Of each event that `last` names: none after the latest."""
        latest = latest_positions(formula, self.trace, i)
        names = sorted(names_looked_back_to(formula))
        return _absences_of(
            (Event(name), True, latest.get(name, -1) + 1, i) for name in names
        )

    def joined(
        self,
        formula: Formula,
        truth: bool,
        i: int,
        operands: Sequence[Formula],
        *,
        needs_all: bool,
    ) -> Reason:
        """All operands where each is needed, else the one that is enough and shortest."""
        reasons = [self.reason_of(operand, i) for operand in operands]
        if needs_all:
            return Reason(
                formula=formula, truth=truth, position=i, parts=tuple(reasons)
            )
        enough = [reason for reason in reasons if reason.truth is truth]
        return Reason(
            formula=formula,
            truth=truth,
            position=i,
            parts=(min(enough, key=lambda reason: reason.size),),
        )

    def somewhere(
        self,
        formula: Formula,
        bound: Bound | None,
        operand: Formula,
        wanted: bool,
        i: int,
    ) -> Reason:
        """`once` by the latest event that fulfils it, or by none inside the bound; `historically` the other
        way round."""
        inside = positions(bound, self.trace, i)
        matches = [
            j for j in inside if holds(operand, self.trace, j) is wanted
        ]
        if matches:
            return Reason(
                formula=formula,
                truth=wanted,
                position=i,
                parts=(self.reason_of(operand, matches[-1]),),
            )
        return Reason(
            formula,
            not wanted,
            i,
            absences=_absence_over(operand, wanted, inside),
        )

    def since(self, formula: Since, truth: bool, i: int) -> Reason:
        inside = positions(formula.bound, self.trace, i)
        broken = [
            k for k in range(i + 1) if not holds(formula.left, self.trace, k)
        ]
        since = broken[-1] if broken else 0
        if truth:
            match = max(
                j
                for j in inside
                if j >= since and holds(formula.right, self.trace, j)
            )
            unbroken = _absences_of([(formula.left, False, match + 1, i)])
            return Reason(
                formula=formula,
                truth=True,
                position=i,
                parts=(self.reason_of(formula.right, match),),
                absences=unbroken,
            )
        parts = (self.reason_of(formula.left, since),) if broken else ()
        none = _absence_over(
            formula.right, True, [j for j in inside if j >= since]
        )
        return Reason(
            formula=formula,
            truth=False,
            position=i,
            parts=parts,
            absences=none,
        )

    def count(self, formula: Count, truth: bool, i: int) -> Reason:
        inside = positions(
            Bound(Side.WITHIN, formula.duration), self.trace, i
        )
        matches = [j for j in inside if holds(formula.operand, self.trace, j)]
        if not truth:
            last = matches[-formula.most - 1 :]
            return Reason(
                formula=formula,
                truth=False,
                position=i,
                parts=tuple(self.reason_of(formula.operand, j) for j in last),
            )
        # What was not counted: the gaps between the matches.
        edges = [inside[0] - 1, *matches, i + 1]
        gaps = [
            (formula.operand, True, a + 1, b - 1) for a, b in pairwise(edges)
        ]
        parts = tuple(self.reason_of(formula.operand, j) for j in matches)
        return Reason(
            formula=formula,
            truth=True,
            position=i,
            parts=parts,
            absences=_absences_of(gaps),
        )

    def latch(self, formula: Latch, truth: bool, i: int) -> Reason:
        """The event that set the state, the patterns before its own that it did not match, and none after
        it."""
        for j in reversed(range(i + 1)):
            for number, (_, pattern) in enumerate(formula.patterns):
                if holds(pattern, self.trace, j):
                    before = [
                        Not(other) for _, other in formula.patterns[:number]
                    ]
                    parts = tuple(
                        self.reason_of(part, j) for part in (*before, pattern)
                    )
                    return Reason(
                        formula=formula,
                        truth=truth,
                        position=i,
                        parts=parts,
                        absences=self.nothing_set(formula, j + 1, i),
                    )
        return Reason(
            formula, truth, i, absences=self.nothing_set(formula, 0, i)
        )

    def nothing_set(
        self, formula: Latch, first: int, last: int
    ) -> tuple[Absence, ...]:
        return _absences_of(
            (pattern, True, first, last) for _, pattern in formula.patterns
        )

    def deadline(self, formula: Deadline, truth: bool, i: int) -> Reason:
        """Broken by a trigger and no answer in its time; kept because it was never broken."""
        if truth:
            return Reason(
                formula,
                True,
                i,
                absences=_absences_of([(formula, False, 0, i)]),
            )
        late = next(
            j
            for j in range(i + 1)
            if not is_in_time(formula=formula, trace=self.trace, j=j, i=i)
        )
        in_time = [
            k
            for k in range(late, i + 1)
            if age(self.trace, late, k) <= formula.duration
        ]
        absences = _absence_over(formula.response, True, in_time)
        return Reason(
            formula=formula,
            truth=False,
            position=i,
            parts=(self.reason_of(formula.trigger, late),),
            absences=absences,
        )


def _absences_of(
    claims: Iterable[tuple[Formula, bool, int, int]],
) -> tuple[Absence, ...]:
    return tuple(Absence(*claim) for claim in claims if claim[2] <= claim[3])


def _absence_over(
    formula: Formula, truth: bool, inside: Sequence[int]
) -> tuple[Absence, ...]:
    return (
        _absences_of([(formula, truth, inside[0], inside[-1])])
        if inside
        else ()
    )
