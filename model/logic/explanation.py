"""Why a formula holds, or does not, at an event: the few events that decide it, as a tree with one witness
for each operator. `verify_explanation` checks the tree by the events in it alone; what only the rest of the
trace can show, that something did not come, is listed as absences for whoever has the trace."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

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
    Last,
    Latch,
    Not,
    Once,
    Or,
    Previously,
    Side,
    Since,
    Truth,
    direct_parts,
)
from earwitness.model.logic.semantics import (
    Trace,
    age,
    holds,
    is_in_time,
    is_within,
    positions,
)
from earwitness.model.trace import Observation


class ExplanationError(ValueError):
    """An explanation that does not explain; the message names the step that fails."""


@dataclass(frozen=True, slots=True)
class Absence:
    """Nowhere from position `first` to `last`, both included, has the formula the given truth."""

    formula: Formula
    truth: bool
    first: int
    last: int

    def is_so(self, trace: Trace) -> bool:
        """Whether the whole trace bears it out."""
        return all(
            holds(
                self.formula,
                trace,
                i,
            )
            is not self.truth
            for i in range(self.first, self.last + 1)
        )


@dataclass(frozen=True, slots=True)
class Reason:
    """The formula has that truth at a position, because of the parts and of what did not come."""

    formula: Formula
    truth: bool
    position: int
    parts: tuple[Reason, ...] = ()
    absences: tuple[Absence, ...] = ()

    @property
    def size(self) -> int:
        """How many steps there are to read."""
        return 1 + len(self.absences) + sum(part.size for part in self.parts)


@dataclass(frozen=True, slots=True)
class Explanation:
    """A reason with the observations that it speaks of, by their positions in the trace."""

    reason: Reason
    facts: Mapping[int, Observation] = field(default_factory=dict)


def explain(formula: Formula, trace: Trace, i: int) -> Explanation:
    """Why the formula holds, or does not, at position i.

    >>> from earwitness.model.logic.parser import parse_formula
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
            for position in sorted(_positions_in(reason, trace))
        },
    )


def absences_in(reason: Reason) -> Iterator[Absence]:
    """All absences that a reason relies on."""
    yield from reason.absences
    for part in reason.parts:
        yield from absences_in(part)


def _positions_in(reason: Reason, trace: Trace) -> set[int]:
    """The positions of the reason, and the neighbours that show where a bound begins and ends."""
    found = {reason.position}
    for absence in reason.absences:
        edges = {
            absence.first - 1,
            absence.first,
            absence.last,
            absence.last + 1,
        }
        found |= {edge for edge in edges if 0 <= edge <= reason.position}
    if isinstance(reason.formula, Compare):
        found |= set(
            _latest_positions(
                reason.formula,
                trace,
                reason.position,
            ).values()
        )
    found |= _outside_positions(reason)
    return found.union(
        *(
            _positions_in(
                part,
                trace,
            )
            for part in reason.parts
        )
    )


def _outside_positions(reason: Reason) -> set[int]:
    """Further positions whose times show that nothing more was inside the bound."""
    match reason.formula:
        case Previously() if reason.position:
            return {reason.position - 1}
        case Count() if reason.parts:
            return {max(0, reason.parts[0].position - 1)}
        case Once() | Historically() | Since() if not reason.absences:
            return {0}
    return set()


def _latest_positions(
    formula: object, trace: Trace, i: int
) -> dict[str, int]:
    """Of each event that a comparison looks back to, the position of the latest."""
    names = _names_after_last(formula)
    return {
        seen.event: j
        for j, seen in enumerate(trace[: i + 1])
        if seen.event in names
    }


def _names_after_last(part: object) -> set[str]:
    own = (
        {part.event}
        if isinstance(
            part,
            Last,
        )
        else set()
    )
    return own.union(
        *(_names_after_last(smaller) for smaller in direct_parts(part))
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
                    formula,
                    truth,
                    i,
                    absences=self.nothing_later(formula, i),
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
                    bound,
                    age(self.trace, i - 1, i),
                )
                parts = (
                    (
                        self.reason_of(
                            operand,
                            i - 1,
                        ),
                    )
                    if is_near
                    else ()
                )
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
        latest = _latest_positions(formula, self.trace, i)
        names = sorted(_names_after_last(formula))
        return _absences(
            (
                Event(name),
                True,
                latest.get(name, -1) + 1,
                i,
            )
            for name in names
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
                formula=formula,
                truth=truth,
                position=i,
                parts=tuple(reasons),
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
            j
            for j in inside
            if holds(
                operand,
                self.trace,
                j,
            )
            is wanted
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
            k
            for k in range(i + 1)
            if not holds(
                formula.left,
                self.trace,
                k,
            )
        ]
        since = broken[-1] if broken else 0
        if truth:
            match = max(
                j
                for j in inside
                if j >= since
                and holds(
                    formula.right,
                    self.trace,
                    j,
                )
            )
            unbroken = _absences(
                [
                    (
                        formula.left,
                        False,
                        match + 1,
                        i,
                    )
                ]
            )
            return Reason(
                formula=formula,
                truth=True,
                position=i,
                parts=(self.reason_of(formula.right, match),),
                absences=unbroken,
            )
        parts = (
            (
                self.reason_of(
                    formula.left,
                    since,
                ),
            )
            if broken
            else ()
        )
        none = _absence_over(
            formula.right,
            True,
            [j for j in inside if j >= since],
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
            Bound(Side.WITHIN, formula.duration),
            self.trace,
            i,
        )
        matches = [
            j
            for j in inside
            if holds(
                formula.operand,
                self.trace,
                j,
            )
        ]
        if not truth:
            last = matches[-formula.most - 1 :]
            return Reason(
                formula=formula,
                truth=False,
                position=i,
                parts=tuple(self.reason_of(formula.operand, j) for j in last),
            )
        # What was not counted: the gaps between the matches.
        edges = [
            inside[0] - 1,
            *matches,
            i + 1,
        ]
        gaps = [
            (
                formula.operand,
                True,
                a + 1,
                b - 1,
            )
            for a, b in pairwise(edges)
        ]
        parts = tuple(
            self.reason_of(
                formula.operand,
                j,
            )
            for j in matches
        )
        return Reason(
            formula=formula,
            truth=True,
            position=i,
            parts=parts,
            absences=_absences(gaps),
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
                        self.reason_of(
                            part,
                            j,
                        )
                        for part in (*before, pattern)
                    )
                    return Reason(
                        formula=formula,
                        truth=truth,
                        position=i,
                        parts=parts,
                        absences=self.nothing_set(formula, j + 1, i),
                    )
        return Reason(
            formula,
            truth,
            i,
            absences=self.nothing_set(formula, 0, i),
        )

    def nothing_set(
        self, formula: Latch, first: int, last: int
    ) -> tuple[Absence, ...]:
        return _absences(
            (
                pattern,
                True,
                first,
                last,
            )
            for _, pattern in formula.patterns
        )

    def deadline(self, formula: Deadline, truth: bool, i: int) -> Reason:
        """Broken by a trigger and no answer in its time; kept because it was never broken."""
        if truth:
            return Reason(
                formula,
                True,
                i,
                absences=_absences([(formula, False, 0, i)]),
            )
        late = next(
            j
            for j in range(i + 1)
            if not is_in_time(
                formula=formula,
                trace=self.trace,
                j=j,
                i=i,
            )
        )
        in_time = [
            k
            for k in range(
                late,
                i + 1,
            )
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


def _absences(
    claims: Iterable[tuple[Formula, bool, int, int]],
) -> tuple[Absence, ...]:
    return tuple(Absence(*claim) for claim in claims if claim[2] <= claim[3])


def _absence_over(
    formula: Formula, truth: bool, inside: Sequence[int]
) -> tuple[Absence, ...]:
    return (
        _absences(
            [
                (
                    formula,
                    truth,
                    inside[0],
                    inside[-1],
                )
            ]
        )
        if inside
        else ()
    )


# The checker: it sees the reason and its facts, never the trace.


def verify_explanation(explanation: Explanation) -> tuple[Absence, ...]:
    """Check each step by the facts. Returns the absences that the explanation relies on and that only the
    trace can show. Raises ExplanationError at the first step that does not follow."""
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
                return (
                    holds(
                        event,
                        [self.facts[i]],
                        0,
                    )
                    is reason.truth
                )
            case Compare():
                return self.compares(reason)
            case Not(operand):
                return self.has_parts(
                    reason,
                    [(operand, not reason.truth, i)],
                )
            case And(left, right):
                return self.joins(
                    reason,
                    (left, right),
                    needs_all=reason.truth,
                )
            case Or(left, right):
                return self.joins(
                    reason,
                    (left, right),
                    needs_all=not reason.truth,
                )
            case Implies(left, right):
                return self.joins(
                    reason,
                    (Not(left), right),
                    needs_all=not reason.truth,
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
            (
                part.formula,
                part.truth,
                part.position,
            )
            for part in reason.parts
        ] == list(wanted)

    def joins(
        self, reason: Reason, operands: Sequence[Formula], *, needs_all: bool
    ) -> bool:
        wanted = [
            (
                operand,
                reason.truth,
                reason.position,
            )
            for operand in operands
        ]
        if needs_all:
            return self.has_parts(reason, wanted)
        return any(
            self.has_parts(
                reason,
                [one],
            )
            for one in wanted
        )

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
        names = _names_after_last(reason.formula)
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
            and holds(
                reason.formula,
                trace,
                len(trace) - 1,
            )
            is reason.truth
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
            reason,
            [(formula.operand, reason.truth, i - 1)],
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
                bound=bound,
                first=absence.first,
                last=i,
                i=i,
            )
            if (absence.formula, absence.truth) == (
                formula,
                truth,
            ) and is_begun:
                return absence.last >= i or self.covers(
                    bound=bound,
                    first=0,
                    last=absence.last,
                    i=i,
                )
        return self.is_empty(bound, begin, i)

    def is_empty(self, bound: Bound | None, begin: int, i: int) -> bool:
        """Whether no event from `begin` on is inside the bound: the oldest is too young, as this one always
        is young enough for `within`."""
        is_for = bound is not None and bound.side is Side.FOR
        return (
            is_for
            and begin in self.facts
            and not is_within(
                bound,
                self.elapsed(begin, i),
            )
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
                bound,
                self.elapsed(matches[0], i),
            )
        starts = [absence.first for absence in reason.absences] + matches
        if not starts:
            return False
        first = min(starts)
        edges = [
            first - 1,
            *matches,
            i + 1,
        ]
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
            (
                Not(other),
                True,
                since - 1,
            )
            for _, other in formula.patterns[: len(reason.parts) - 1]
        ]
        is_set = self.has_parts(
            reason,
            [*before, (pattern, True, since - 1)],
        )
        return is_kept and is_set and (value == formula.value) is reason.truth

    def was_waited(self, reason: Reason, formula: Deadline) -> bool:
        i = reason.position
        if reason.truth:
            return self.is_absent(
                reason=reason,
                formula=formula,
                truth=False,
                first=0,
                last=i,
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
                in_time,
                self.elapsed(asked, ends),
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
