"""Checks an explanation by the events in it alone: this sees the reason and its facts, never the trace."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from earwitness.model.logic.explanation import (
    Absence,
    Explanation,
    ExplanationError,
    Reason,
    absences_in,
    names_looked_back_to,
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
from earwitness.model.logic.semantics import holds, is_within
from earwitness.model.trace import Observation


def verify_explanation(explanation: Explanation) -> tuple[Absence, ...]:
    """Check each step by the facts. Returns the absences that the explanation relies on and that only the
    trace can show. Raises ExplanationError at the first step that does not follow.

    >>> right = Explanation(Reason(IS_TONE, True, 1), facts={1: TONE})
    >>> verify_explanation(right)  # it relies on no absence
    ()
    >>> wrong = Explanation(Reason(IS_TONE, True, 0), facts={0: WAKE})
    >>> verify_explanation(wrong)
    Traceback (most recent call last):
        ...
    earwitness.model.logic.explanation.ExplanationError: Event at event 0: it does not follow from its parts
    """
    _Checker(explanation.facts).check(explanation.reason)
    return tuple(absences_in(explanation.reason))


@dataclass(frozen=True, slots=True)
class _Checker:
    facts: Mapping[int, Observation]

    def check(self, reason: Reason) -> None:
        for part in reason.parts:
            self.require(
                part.position <= reason.position,
                part,
                "it comes later than what it explains",
            )
            self.check(part)
        self.require(
            self.follows(reason), reason, "it does not follow from its parts"
        )

    def require(self, condition: bool, reason: Reason, message: str) -> None:
        if not condition:
            raise ExplanationError(
                f"{type(reason.formula).__name__} at event {reason.position}: {message}"
            )

    def follows(self, reason: Reason) -> bool:
        """Whether the truth of a reason follows from its parts, its absences and the facts."""
        i = reason.position
        if i not in self.facts:
            return False
        match reason.formula:
            case Truth(value):
                return value is reason.truth
            case Event() as event:
                return holds(event, [self.facts[i]], 0) is reason.truth
            case Compare():
                return self.compares(reason)
            case Not(operand):
                return self.has_parts(
                    reason, [(operand, not reason.truth, i)]
                )
            case And(left, right):
                return self.joins(
                    reason, (left, right), needs_all=reason.truth
                )
            case Or(left, right):
                return self.joins(
                    reason, (left, right), needs_all=not reason.truth
                )
            case Implies(left, right):
                return self.joins(
                    reason, (Not(left), right), needs_all=not reason.truth
                )
            case Previously():
                return self.was_before(reason, reason.formula)
            case Once(bound, operand):
                return self.was_somewhere(reason, bound, operand, wanted=True)
            case Historically(bound, operand):
                return self.was_somewhere(
                    reason, bound, operand, wanted=False
                )
            case Since():
                return self.was_since(reason, reason.formula)
            case Count():
                return self.was_counted(reason, reason.formula)
            case Latch():
                return self.was_set(reason, reason.formula)
            case Deadline():
                return self.was_waited(reason, reason.formula)

    def has_parts(
        self, reason: Reason, wanted: Sequence[tuple[Formula, bool, int]]
    ) -> bool:
        return [
            (part.formula, part.truth, part.position) for part in reason.parts
        ] == list(wanted)

    def joins(
        self, reason: Reason, operands: Sequence[Formula], *, needs_all: bool
    ) -> bool:
        wanted = [
            (operand, reason.truth, reason.position) for operand in operands
        ]
        if needs_all:
            return self.has_parts(reason, wanted)
        return any(self.has_parts(reason, [one]) for one in wanted)

    def elapsed(self, j: int, i: int) -> int:
        for position in (j, i):
            if position not in self.facts:
                raise ExplanationError(
                    f"event {position} is spoken of and not shown"
                )
        return self.facts[i].time - self.facts[j].time

    def is_absent(
        self,
        reason: Reason,
        formula: Formula,
        truth: bool,
        first: int,
        last: int,
    ) -> bool:
        """Whether the reason says that the formula has that truth nowhere in the stretch."""
        return first > last or any(
            (a.formula, a.truth) == (formula, truth)
            and a.first <= first
            and last <= a.last
            for a in reason.absences
        )

    def compares(self, reason: Reason) -> bool:
        i = reason.position
        names = names_looked_back_to(reason.formula)
        shown = [j for j in sorted(self.facts) if j <= i]
        latest = {
            self.facts[j].event: j
            for j in shown
            if self.facts[j].event in names
        }
        is_latest = all(
            self.is_absent(
                reason=reason,
                formula=Event(name),
                truth=True,
                first=latest.get(name, -1) + 1,
                last=i,
            )
            for name in names
        )
        trace = [self.facts[j] for j in shown]
        return (
            is_latest
            and holds(reason.formula, trace, len(trace) - 1) is reason.truth
        )

    def was_before(self, reason: Reason, formula: Previously) -> bool:
        i = reason.position
        if i == 0:
            return not reason.truth
        if i - 1 not in self.facts:
            return False
        if not is_within(formula.bound, self.elapsed(i - 1, i)):
            return not reason.truth
        return self.has_parts(
            reason, [(formula.operand, reason.truth, i - 1)]
        )

    def covers(
        self, bound: Bound | None, first: int, last: int, i: int
    ) -> bool:
        """Whether the events just outside the stretch are outside the bound too."""
        is_whole_before = first == 0 or (
            first - 1 in self.facts
            and not is_within(bound, self.elapsed(first - 1, i))
        )
        is_whole_after = last == i or (
            last + 1 in self.facts
            and not is_within(bound, self.elapsed(last + 1, i))
        )
        return is_whole_before and is_whole_after

    def is_nowhere(
        self,
        reason: Reason,
        bound: Bound | None,
        formula: Formula,
        truth: bool,
        begin: int,
    ) -> bool:
        """Whether the reason says that from `begin` on the formula has that truth nowhere inside the
        bound."""
        i = reason.position
        for absence in reason.absences:
            is_begun = absence.first <= begin or self.covers(
                bound=bound, first=absence.first, last=i, i=i
            )
            if (absence.formula, absence.truth) == (
                formula,
                truth,
            ) and is_begun:
                return absence.last >= i or self.covers(
                    bound=bound, first=0, last=absence.last, i=i
                )
        return self.is_empty(bound, begin, i)

    def is_empty(self, bound: Bound | None, begin: int, i: int) -> bool:
        """Whether no event from `begin` on is inside the bound: the oldest is too young, as this one always
        is young enough for `within`."""
        is_for = bound is not None and bound.side is Side.FOR
        return (
            is_for
            and begin in self.facts
            and not is_within(bound, self.elapsed(begin, i))
        )

    def was_somewhere(
        self,
        reason: Reason,
        bound: Bound | None,
        operand: Formula,
        *,
        wanted: bool,
    ) -> bool:
        if reason.truth is not wanted:
            return self.is_nowhere(
                reason=reason,
                bound=bound,
                formula=operand,
                truth=wanted,
                begin=0,
            )
        (part,) = reason.parts or (None,)
        if part is None or not is_within(
            bound, self.elapsed(part.position, reason.position)
        ):
            return False
        return (part.formula, part.truth) == (operand, wanted)

    def was_since(self, reason: Reason, formula: Since) -> bool:
        i = reason.position
        if reason.truth:
            if not self.was_somewhere(
                reason, formula.bound, formula.right, wanted=True
            ):
                return False
            return self.is_absent(
                reason=reason,
                formula=formula.left,
                truth=False,
                first=reason.parts[0].position + 1,
                last=i,
            )
        begin = 0
        for part in reason.parts:
            if (part.formula, part.truth) == (formula.left, False):
                begin = part.position
        return self.is_nowhere(
            reason=reason,
            bound=formula.bound,
            formula=formula.right,
            truth=True,
            begin=begin,
        )

    def was_counted(self, reason: Reason, formula: Count) -> bool:
        i = reason.position
        bound = Bound(Side.WITHIN, formula.duration)
        matches = sorted({part.position for part in reason.parts})
        if any(
            (part.formula, part.truth) != (formula.operand, True)
            for part in reason.parts
        ):
            return False
        if not reason.truth:
            return len(matches) > formula.most and is_within(
                bound, self.elapsed(matches[0], i)
            )
        starts = [absence.first for absence in reason.absences] + matches
        if not starts:
            return False
        first = min(starts)
        edges = [first - 1, *matches, i + 1]
        gaps = pairwise(edges)
        is_whole = all(
            self.is_absent(
                reason=reason,
                formula=formula.operand,
                truth=True,
                first=a + 1,
                last=b - 1,
            )
            for a, b in gaps
        )
        return (
            is_whole
            and self.covers(bound=bound, first=first, last=i, i=i)
            and len(matches) <= formula.most
        )

    def was_set(self, reason: Reason, formula: Latch) -> bool:
        i = reason.position
        since = reason.parts[-1].position + 1 if reason.parts else 0
        is_kept = all(
            self.is_absent(
                reason=reason, formula=p, truth=True, first=since, last=i
            )
            for _, p in formula.patterns
        )
        if not reason.parts:
            return is_kept and not reason.truth
        value, pattern = formula.patterns[len(reason.parts) - 1]
        before = [
            (Not(other), True, since - 1)
            for _, other in formula.patterns[: len(reason.parts) - 1]
        ]
        is_set = self.has_parts(reason, [*before, (pattern, True, since - 1)])
        return is_kept and is_set and (value == formula.value) is reason.truth

    def was_waited(self, reason: Reason, formula: Deadline) -> bool:
        i = reason.position
        if reason.truth:
            return self.is_absent(
                reason=reason, formula=formula, truth=False, first=0, last=i
            )
        (part,) = reason.parts or (None,)
        if part is None or (part.formula, part.truth) != (
            formula.trigger,
            True,
        ):
            return False
        asked = part.position
        in_time = Bound(Side.WITHIN, formula.duration)
        for absence in reason.absences:
            ends = absence.last + 1
            is_late = ends in self.facts and not is_within(
                in_time, self.elapsed(asked, ends)
            )
            if is_late and self.is_absent(
                reason=reason,
                formula=formula.response,
                truth=True,
                first=asked,
                last=absence.last,
            ):
                return ends <= i
        return False
