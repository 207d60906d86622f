"""What is known of a formula's truth where not all is seen: a log that begins in mid-life, that cannot show
some events, or that lacks some attributes. The definition, over the whole trace; `partial_monitor` says the
same in constant memory.

True and False are said only of what no unseen event could change; all else is None, not known. Deadlines are
the one exception: triggers before the log began are not the log's to judge."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass
from enum import Enum

from earwitness.model.expression import Value
from earwitness.model.logic.elsewhere import (
    all_hold,
    any_holds,
    is_unmoved,
    negated,
    truth_elsewhere,
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
    Its,
    Last,
    Latch,
    Literal,
    Not,
    Now,
    Once,
    Or,
    Previously,
    Side,
    Since,
    Sum,
    Term,
    Truth,
)
from earwitness.model.logic.semantics import (
    Trace,
    age,
    is_within,
    positions,
    values_compare,
)
from earwitness.model.trace import Observation
from earwitness.model.vocabulary import vocabulary

EVERYTHING = frozenset(vocabulary().events)
NO_NAME: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class LogView:
    """What a log shows: which events (`sees`), and whether it begins with the device's first event.

    >>> view = LogView(sees={"tone"}, is_from_start=True)
    >>> view.truth_of_unseen(Event("tone")), view.truth_of_unseen(Event("light"))
    (False, None)
    >>> view.may_be_hidden(Event("light")), view.may_be_earlier(Event("tone"))
    (True, False)
    >>> view.outlives_the_unseen(Not(Event("tone")))
    True
    """

    sees: Set[str] = EVERYTHING
    is_from_start: bool = False

    def truth_of_unseen(self, formula: Formula) -> bool | None:
        """The formula's truth at an event that the log does not show; False where there is no such event."""
        return (
            False
            if self.sees >= EVERYTHING
            else truth_elsewhere(formula, self.sees)
        )

    def may_be_hidden(self, formula: Formula) -> bool:
        """Whether an event that the log does not show could fulfil the formula."""
        return self.truth_of_unseen(formula) is not False

    def may_be_earlier(self, formula: Formula) -> bool:
        """Whether an event before the log began could have fulfilled the formula."""
        return (
            not self.is_from_start
            and truth_elsewhere(formula, NO_NAME) is not False
        )

    def outlives_the_unseen(self, formula: Formula) -> bool:
        """Whether the formula, once it holds, is held by all events that the log does not show."""
        return (
            self.sees >= EVERYTHING
            or truth_elsewhere(formula, self.sees) is True
        )


class Lack(Enum):
    """Why a term has no value: there is none, or nobody told us."""

    UNDEFINED = "undefined"
    UNKNOWN = "unknown"


def known_truth(
    formula: Formula, trace: Trace, i: int, view: LogView
) -> bool | None:
    """What is known of the formula at position i.

    >>> from earwitness.model.logic.parser import parse_formula
    >>> log = [Observation(0, "d1", "tone"), Observation(3_000_000, "d1", "tone")]
    >>> formula = parse_formula("tone implies once within 2 s wake_word")
    >>> known_truth(formula, log, 0, LogView()), known_truth(formula, log, 1, LogView())
    (None, False)
    """
    return _Log(trace, view).truth_of(formula, i)


@dataclass(frozen=True, slots=True)
class _Log:
    """A trace as a log with some view shows it."""

    trace: Trace
    view: LogView

    def truth_of(self, formula: Formula, i: int) -> bool | None:
        match formula:
            case Truth(value):
                return value
            case Compare(relation, left, right):
                a = self.value_of(left, i)
                b = self.value_of(right, i)
                if Lack.UNDEFINED in (a, b):
                    return False
                if isinstance(a, Lack) or isinstance(b, Lack):
                    return None
                return values_compare(relation, a, b)
            case Event(name, conditions):
                return all_hold(
                    (
                        self.trace[i].event == name,
                        *(self.truth_of(c, i) for c in conditions),
                    )
                )
            case Not(operand):
                return negated(self.truth_of(operand, i))
            case And(left, right):
                return all_hold(
                    (self.truth_of(left, i), self.truth_of(right, i))
                )
            case Or(left, right):
                return any_holds(
                    (self.truth_of(left, i), self.truth_of(right, i))
                )
            case Implies(left, right):
                return any_holds(
                    (negated(self.truth_of(left, i)), self.truth_of(right, i))
                )
            case Once(bound, operand):
                return self.truth_of(Since(bound, Truth(True), operand), i)
            case Historically(bound, operand):
                return negated(
                    self.truth_of(Since(bound, Truth(True), Not(operand)), i)
                )
            case Since():
                return self.since(formula, i)
            case Previously():
                return self.previously(formula, i)
            case Count():
                return self.count(formula, i)
            case Latch():
                return self.latch(formula, i)
            case Deadline():
                return self.deadline(formula, i)

    def since(self, formula: Since, i: int) -> bool | None:
        left = [self.truth_of(formula.left, k) for k in range(i + 1)]
        # Between two events that the log shows there may be one that it does not show and that breaks `left`.
        unbroken = (
            True if self.view.outlives_the_unseen(formula.left) else None
        )
        alternatives = [
            all_hold(
                (
                    self.truth_of(formula.right, j),
                    *left[j + 1 :],
                    True if j == i else unbroken,
                )
            )
            for j in positions(formula.bound, self.trace, i)
        ]
        if self.view.may_be_hidden(formula.right):
            alternatives.append(all_hold((None, left[i])))
        if self.view.may_be_earlier(formula.right) and self.reaches_back(
            formula.bound, i
        ):
            alternatives.append(all_hold((None, *left)))
        return any_holds(alternatives)

    def reaches_back(self, bound: Bound | None, i: int) -> bool:
        """Whether the bound admits events from before the log began."""
        return (
            bound is None
            or bound.side is Side.FOR
            or age(self.trace, 0, i) <= bound.duration
        )

    def previously(self, formula: Previously, i: int) -> bool | None:
        """The event before this one may be one that the log does not show, with any age up to that of the one
        it shows."""
        operand, bound = formula.operand, formula.bound
        if i == 0:
            is_possible = self.view.may_be_hidden(
                operand
            ) or self.view.may_be_earlier(operand)
            return None if is_possible else False
        elapsed = age(self.trace, i - 1, i)
        before = self.truth_of(operand, i - 1)
        shown = all_hold((is_within(bound, elapsed), before))
        if self.view.sees >= EVERYTHING:
            return shown
        unseen = (
            before
            if is_unmoved(operand, self.view.sees)
            else self.view.truth_of_unseen(operand)
        )
        hidden = all_hold((_is_younger_within(bound, elapsed), unseen))
        return shown if shown == hidden else None

    def count(self, formula: Count, i: int) -> bool | None:
        recent = Bound(Side.WITHIN, formula.duration)
        matches = [
            self.truth_of(formula.operand, j)
            for j in positions(recent, self.trace, i)
        ]
        if matches.count(True) > formula.most:
            return False
        is_earlier = self.view.may_be_earlier(
            formula.operand
        ) and self.reaches_back(recent, i)
        if is_earlier or self.view.may_be_hidden(formula.operand):
            return None
        return (
            True
            if len(matches) - matches.count(False) <= formula.most
            else None
        )

    def latch(self, formula: Latch, i: int) -> bool | None:
        hidden = [
            value == formula.value
            for value, pattern in formula.patterns
            if self.view.may_be_hidden(pattern)
        ]
        current: bool | None = False if self.view.is_from_start else None
        for j in range(i + 1):
            for is_value in hidden:
                current = current if current is is_value else None
            for value, pattern in reversed(formula.patterns):
                matched = self.truth_of(pattern, j)
                current = _choose_truth(
                    matched, value == formula.value, current
                )
        return current

    def deadline(self, formula: Deadline, i: int) -> bool | None:
        late = [
            j
            for j in range(i + 1)
            if age(self.trace, j, i) > formula.duration
        ]
        answered = [self.answer(formula, j, i) for j in late]
        if self.view.may_be_hidden(formula.trigger):
            answered.append(None)
        return all_hold(answered)

    def answer(self, formula: Deadline, j: int, i: int) -> bool | None:
        """What is known of a trigger at j having been answered in time, if it was one."""
        in_time = [
            k
            for k in range(j, i + 1)
            if age(self.trace, j, k) <= formula.duration
        ]
        answers = [self.truth_of(formula.response, k) for k in in_time]
        if self.view.may_be_hidden(formula.response):
            answers.append(None)
        return any_holds(
            (negated(self.truth_of(formula.trigger, j)), *answers)
        )

    def value_of(self, term: Term, i: int) -> Value | Lack:
        """The value of a term at position i, or why it has none."""
        match term:
            case Literal(constant):
                return constant
            case Now():
                return self.trace[i].time
            case Its(attribute, _):
                return value_or_lack(self.trace[i], attribute)
            case Last(event, attribute, _):
                return self.latest(event, attribute, i)
            case Sum(left, sign, right):
                a = self.value_of(left, i)
                b = self.value_of(right, i)
                if Lack.UNDEFINED in (a, b):
                    return Lack.UNDEFINED
                if isinstance(a, Lack) or isinstance(b, Lack):
                    return Lack.UNKNOWN
                return int(a) + sign * int(b)

    def latest(self, event: str, attribute: str, i: int) -> Value | Lack:
        if event not in self.view.sees:
            return Lack.UNKNOWN
        for seen in reversed(self.trace[: i + 1]):
            if seen.event == event:
                return (
                    seen.time
                    if attribute == "time"
                    else value_or_lack(seen, attribute)
                )
        return Lack.UNDEFINED if self.view.is_from_start else Lack.UNKNOWN


def _is_younger_within(bound: Bound | None, elapsed: int) -> bool | None:
    """Whether something not older than that is inside the bound."""
    if bound is None:
        return True
    if bound.side is Side.WITHIN:
        return True if elapsed <= bound.duration else None
    return None if elapsed >= bound.duration else False


def _choose_truth(
    condition: bool | None, then: bool, otherwise: bool | None
) -> bool | None:
    if condition is None:
        return then if then is otherwise else None
    return then if condition else otherwise


def value_or_lack(seen: Observation, attribute: str) -> Value | Lack:
    """An attribute of an observation. One that such events have and that is not given is unknown.

    >>> value_or_lack(WAKE, "word"), value_or_lack(WAKE, "bytes")
    ('alexa', <Lack.UNDEFINED: 'undefined'>)
    >>> value_or_lack(Observation(0, "d1", "wake_word"), "word")
    <Lack.UNKNOWN: 'unknown'>
    """
    value = seen.attributes.get(attribute)
    if value is not None:
        return value
    has_it = attribute in vocabulary().events[seen.event].attributes
    return Lack.UNKNOWN if has_it else Lack.UNDEFINED
