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
from earwitness.model.logic.elsewhere import all_hold, any_holds, is_unmoved, negated, truth_elsewhere
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
from earwitness.model.logic.semantics import Trace, age, is_within, positions, values_compare
from earwitness.model.trace import Observation
from earwitness.model.vocabulary import vocabulary

EVERYTHING = frozenset(vocabulary().events)
NO_NAME: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class View:
    """What a log shows: which events (`sees`), and whether it begins with the device's first event."""

    sees: Set[str] = EVERYTHING
    is_from_start: bool = False

    def truth_of_unseen(self, formula: Formula) -> bool | None:
        """The formula's truth at an event that the log does not show; False where there is no such event."""
        return False if self.sees >= EVERYTHING else truth_elsewhere(formula, self.sees)

    def may_be_hidden(self, formula: Formula) -> bool:
        """Whether an event that the log does not show could fulfil the formula."""
        return self.truth_of_unseen(formula) is not False

    def may_be_earlier(self, formula: Formula) -> bool:
        """Whether an event before the log began could have fulfilled the formula."""
        return not self.is_from_start and truth_elsewhere(formula, NO_NAME) is not False

    def outlives_the_unseen(self, formula: Formula) -> bool:
        """Whether the formula, once it holds, is held by all events that the log does not show."""
        return self.sees >= EVERYTHING or truth_elsewhere(formula, self.sees) is True


class Lack(Enum):
    """Why a term has no value: there is none, or nobody told us."""

    UNDEFINED = "undefined"
    UNKNOWN = "unknown"


def known_truth(formula: Formula, trace: Trace, i: int, view: View) -> bool | None:
    """What is known of the formula at position i.

    >>> from earwitness.model.logic.parser import parse_formula
    >>> log = [Observation(0, "d1", "tone"), Observation(3_000_000, "d1", "tone")]
    >>> formula = parse_formula("tone implies once within 2 s wake_word")
    >>> known_truth(formula, log, 0, View()), known_truth(formula, log, 1, View())
    (None, False)
    """

    def at(part: Formula, j: int = i) -> bool | None:
        return known_truth(part, trace, j, view)

    match formula:
        case Truth(value):
            return value
        case Compare(relation, left, right):
            a = known_value(left, trace, i, view)
            b = known_value(right, trace, i, view)
            if Lack.UNDEFINED in (a, b):
                return False
            if isinstance(a, Lack) or isinstance(b, Lack):
                return None
            return values_compare(relation, a, b)
        case Event(name, conditions):
            return all_hold((trace[i].event == name, *map(at, conditions)))
        case Not(operand):
            return negated(at(operand))
        case And(left, right):
            return all_hold((at(left), at(right)))
        case Or(left, right):
            return any_holds((at(left), at(right)))
        case Implies(left, right):
            return any_holds((negated(at(left)), at(right)))
        case Once(bound, operand):
            return at(Since(bound, Truth(True), operand))
        case Historically(bound, operand):
            return negated(at(Since(bound, Truth(True), Not(operand))))
        case Since():
            return _known_since(formula, trace, i, view)
        case Previously():
            return _known_previously(formula, trace, i, view)
        case Count():
            return _known_count(formula, trace, i, view)
        case Latch():
            return _known_latch(formula, trace, i, view)
        case Deadline():
            return _known_deadline(formula, trace, i, view)


def _known_since(formula: Since, trace: Trace, i: int, view: View) -> bool | None:
    left = [known_truth(formula.left, trace, k, view) for k in range(i + 1)]
    # Between two events that the log shows there may be one that it does not show and that breaks `left`.
    unbroken = True if view.outlives_the_unseen(formula.left) else None
    alternatives = [
        all_hold(
            (
                known_truth(formula.right, trace, j, view),
                *left[j + 1 :],
                True if j == i else unbroken,
            )
        )
        for j in positions(formula.bound, trace, i)
    ]
    if view.may_be_hidden(formula.right):
        alternatives.append(all_hold((None, left[i])))
    if view.may_be_earlier(formula.right) and _reaches_back(formula.bound, trace, i):
        alternatives.append(all_hold((None, *left)))
    return any_holds(alternatives)


def _reaches_back(bound: Bound | None, trace: Trace, i: int) -> bool:
    """Whether the bound admits events from before the log began."""
    return bound is None or bound.side is Side.FOR or age(trace, 0, i) <= bound.duration


def _known_previously(formula: Previously, trace: Trace, i: int, view: View) -> bool | None:
    """The event before this one may be one that the log does not show, with any age up to that of the one it
    shows."""
    operand, bound = formula.operand, formula.bound
    if i == 0:
        is_possible = view.may_be_hidden(operand) or view.may_be_earlier(operand)
        return None if is_possible else False
    elapsed = age(trace, i - 1, i)
    before = known_truth(operand, trace, i - 1, view)
    shown = all_hold((is_within(bound, elapsed), before))
    if view.sees >= EVERYTHING:
        return shown
    unseen = before if is_unmoved(operand, view.sees) else view.truth_of_unseen(operand)
    hidden = all_hold((_is_younger_within(bound, elapsed), unseen))
    return shown if shown == hidden else None


def _is_younger_within(bound: Bound | None, elapsed: int) -> bool | None:
    """Whether something not older than that is inside the bound."""
    if bound is None:
        return True
    if bound.side is Side.WITHIN:
        return True if elapsed <= bound.duration else None
    return None if elapsed >= bound.duration else False


def _known_count(formula: Count, trace: Trace, i: int, view: View) -> bool | None:
    recent = Bound(Side.WITHIN, formula.duration)
    matches = [known_truth(formula.operand, trace, j, view) for j in positions(recent, trace, i)]
    if matches.count(True) > formula.most:
        return False
    is_earlier = view.may_be_earlier(formula.operand) and _reaches_back(recent, trace, i)
    if is_earlier or view.may_be_hidden(formula.operand):
        return None
    return True if len(matches) - matches.count(False) <= formula.most else None


def _known_latch(formula: Latch, trace: Trace, i: int, view: View) -> bool | None:
    hidden = [value == formula.value for value, pattern in formula.patterns if view.may_be_hidden(pattern)]
    current: bool | None = False if view.is_from_start else None
    for j in range(i + 1):
        for is_value in hidden:
            current = current if current is is_value else None
        for value, pattern in reversed(formula.patterns):
            matched = known_truth(pattern, trace, j, view)
            current = _choose(matched, value == formula.value, current)
    return current


def _choose(condition: bool | None, then: bool, otherwise: bool | None) -> bool | None:
    if condition is None:
        return then if then is otherwise else None
    return then if condition else otherwise


def _known_deadline(formula: Deadline, trace: Trace, i: int, view: View) -> bool | None:
    late = [j for j in range(i + 1) if age(trace, j, i) > formula.duration]
    answered = [_known_answer(formula, trace, j, i, view) for j in late]
    if view.may_be_hidden(formula.trigger):
        answered.append(None)
    return all_hold(answered)


def _known_answer(formula: Deadline, trace: Trace, j: int, i: int, view: View) -> bool | None:
    """What is known of a trigger at j having been answered in time, if it was one."""
    in_time = [k for k in range(j, i + 1) if age(trace, j, k) <= formula.duration]
    answers = [known_truth(formula.response, trace, k, view) for k in in_time]
    if view.may_be_hidden(formula.response):
        answers.append(None)
    return any_holds((negated(known_truth(formula.trigger, trace, j, view)), *answers))


def known_value(term: Term, trace: Trace, i: int, view: View) -> Value | Lack:
    """The value of a term at position i, or why it has none."""
    match term:
        case Literal(constant):
            return constant
        case Now():
            return trace[i].time
        case Its(attribute, _):
            return value_or_lack(trace[i], attribute)
        case Last(event, attribute, _):
            return _known_latest(event, attribute, trace, i, view)
        case Sum(left, sign, right):
            a = known_value(left, trace, i, view)
            b = known_value(right, trace, i, view)
            if Lack.UNDEFINED in (a, b):
                return Lack.UNDEFINED
            if isinstance(a, Lack) or isinstance(b, Lack):
                return Lack.UNKNOWN
            return int(a) + sign * int(b)


def _known_latest(event: str, attribute: str, trace: Trace, i: int, view: View) -> Value | Lack:
    if event not in view.sees:
        return Lack.UNKNOWN
    for seen in reversed(trace[: i + 1]):
        if seen.event == event:
            return seen.time if attribute == "time" else value_or_lack(seen, attribute)
    return Lack.UNDEFINED if view.is_from_start else Lack.UNKNOWN


def value_or_lack(seen: Observation, attribute: str) -> Value | Lack:
    """An attribute of an observation. One that such events have and that is not given is unknown."""
    value = seen.attributes.get(attribute)
    if value is not None:
        return value
    has_it = attribute in vocabulary().events[seen.event].attributes
    return Lack.UNKNOWN if has_it else Lack.UNDEFINED
