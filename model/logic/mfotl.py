"""Clauses and traces in the language of MonPoly and VeriMon, whose core is verified in Isabelle: a second
opinion on what our monitors say. One event is one time point, and these hold there: the event's name,
`now(t)`, and `its_x(v)` for each attribute x that is given. Time stamps are microseconds.

monpoly -sig clause.sig -formula clause.mfotl -log slice.log -negate -verified -no_rw

prints the time points at which the clause is violated. Metric first-order temporal logic (MFOTL): Basin,
Klaedtke, Müller, Zălinescu, J. ACM 62(2), 2015. VeriMon: Schneider, Basin, Krstić, Traytel, RV 2019."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count

from earwitness.model.expression import Sort, Value
from earwitness.model.logic.formula import (
    And,
    Bound,
    Comparator,
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
from earwitness.model.trace import Observation
from earwitness.model.vocabulary import vocabulary

UNSAFE = re.compile(r"[^A-Za-z0-9_ .:-]")
"""MonPoly's strings know no escapes: what could end one is written as % and its code."""
FOREVER = "*"


class NotInMfotl(ValueError):
    """A formula that the export cannot say; the message names the operator."""


def mfotl_signature() -> str:
    """The predicates of a log, one a line. Truths are 1 and 0.

    >>> mfotl_signature().splitlines()[0]
    'now(int)'
    """
    attributes = vocabulary().attributes.values()
    return "\n".join(
        [
            "now(int)",
            *(f"{predicate_name(name)}()" for name in vocabulary().events),
            *(
                f"its_{a.name}({'string' if a.sort is Sort.TEXT else 'int'})"
                for a in attributes
            ),
            "",
        ]
    )


def mfotl_log(trace: Sequence[Observation]) -> str:
    """The log of one slice: a time point for each observation, in order.

    >>> mfotl_log([Observation(5, "d1", "light", {"color": "red", "on": True})])
    '@5 light() now(5) its_color("red") its_on(1)\\n'
    """
    return "".join(f"{_time_point(seen)}\n" for seen in trace)


def _time_point(seen: Observation) -> str:
    given = (
        f"its_{name}({constant(value)})"
        for name, value in seen.attributes.items()
    )
    return " ".join(
        [
            f"@{seen.time}",
            f"{predicate_name(seen.event)}()",
            f"now({seen.time})",
            *given,
        ]
    )


def mfotl_formula(formula: Formula) -> str:
    """The formula, closed, to be monitored at every time point. Raises NotInMfotl.

    >>> from earwitness.model.logic.parser import parse_formula
    >>> mfotl_formula(parse_formula("once within 2 s wake_word"))
    '(ONCE[0,2000000] wake_word())'
    """
    return _Writer(count(1)).text_of(formula)


def predicate_name(event: str) -> str:
    """The name of an event as a predicate.

    >>> predicate_name("stream.open")
    'stream_open'
    """
    return event.replace(".", "_")


def constant(value: Value) -> str:
    """A value as a constant of MonPoly.

    >>> constant("blue bar"), constant(True)
    ('"blue bar"', '1')
    """
    if isinstance(value, str):
        return (
            '"'
            + UNSAFE.sub(lambda found: f"%{ord(found[0]):x};", value)
            + '"'
        )
    return str(int(value))


@dataclass(frozen=True, slots=True)
class _BoundTerm:
    """A term over variables, and the formulas that bind them."""

    text: str
    variables: tuple[str, ...] = ()
    binders: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Writer:
    numbers: Iterator[int]

    def text_of(self, formula: Formula) -> str:
        match formula:
            case Truth(value):
                return "TRUE" if value else "FALSE"
            case Event(name, conditions):
                return self.all_of(
                    [
                        f"{predicate_name(name)}()",
                        *map(self.text_of, conditions),
                    ]
                )
            case Compare():
                return self.compare(formula)
            case Not(operand):
                return f"(NOT {self.text_of(operand)})"
            case And(left, right):
                return f"({self.text_of(left)} AND {self.text_of(right)})"
            case Or(left, right):
                return f"({self.text_of(left)} OR {self.text_of(right)})"
            case Implies(left, right):
                return (
                    f"((NOT {self.text_of(left)}) OR {self.text_of(right)})"
                )
            case Previously(bound, operand):
                return f"(PREVIOUS{_write_interval(bound)} {self.text_of(operand)})"
            case Once(bound, operand):
                return (
                    f"(ONCE{_write_interval(bound)} {self.text_of(operand)})"
                )
            case Historically(bound, operand):
                return f"(NOT (ONCE{_write_interval(bound)} (NOT {self.text_of(operand)})))"
            case Since(bound, left, right):
                return f"({self.text_of(left)} SINCE{_write_interval(bound)} {self.text_of(right)})"
            case Latch():
                return self.latch(formula)
            case Deadline(response, duration, trigger):
                answer = (
                    f"(EVENTUALLY[0,{duration}] {self.text_of(response)})"
                )
                unanswered = f"({self.text_of(trigger)} AND (NOT {answer}))"
                return f"(NOT (ONCE[{duration + 1},{FOREVER}] {unanswered}))"
            case Count():
                raise NotInMfotl(
                    "'count' needs the aggregations of MFOTL, which this export does not use"
                )

    def all_of(self, parts: Sequence[str]) -> str:
        return parts[0] if len(parts) == 1 else f"({' AND '.join(parts)})"

    def latch(self, formula: Latch) -> str:
        """No pattern since the one of this value; where several match at once the first counts."""
        patterns = [self.text_of(pattern) for _, pattern in formula.patterns]
        place = [value for value, _ in formula.patterns].index(formula.value)
        earlier = [f"(NOT {pattern})" for pattern in patterns[:place]]
        setting = self.all_of([patterns[place], *earlier])
        any_pattern = " OR ".join(patterns)
        return f"((NOT ({any_pattern})) SINCE {setting})"

    def compare(self, formula: Compare) -> str:
        """There are values of both sides, and they stand in the relation."""
        left = self.term(formula.left)
        right = self.term(formula.right)
        relation = f"{left.text} {formula.relation.value} {right.text}"
        if formula.relation is Comparator.NE:
            relation = f"(NOT {left.text} = {right.text})"
        variables = (*left.variables, *right.variables)
        compared = self.all_of([*left.binders, *right.binders, relation])
        return (
            f"(EXISTS {', '.join(variables)}. {compared})"
            if variables
            else compared
        )

    def term(self, term: Term) -> _BoundTerm:
        match term:
            case Literal(value):
                return _BoundTerm(constant(value))
            case Now():
                return self.fresh("now({})")
            case Its(attribute, _):
                return self.fresh(f"its_{attribute}({{}})")
            case Last(event, attribute, _):
                name = predicate_name(event)
                value = (
                    "now({})"
                    if attribute == "time"
                    else f"its_{attribute}({{}})"
                )
                return self.fresh(
                    f"((NOT {name}()) SINCE ({name}() AND {value}))"
                )
            case Sum(left, sign, right):
                a = self.term(left)
                b = self.term(right)
                text = f"({a.text} {'+' if sign > 0 else '-'} {b.text})"
                return _BoundTerm(
                    text,
                    (*a.variables, *b.variables),
                    (*a.binders, *b.binders),
                )

    def fresh(self, binder: str) -> _BoundTerm:
        variable = f"x{next(self.numbers)}"
        return _BoundTerm(variable, (variable,), (binder.format(variable),))


def _write_interval(bound: Bound | None) -> str:
    if bound is None:
        return ""
    if bound.side is Side.WITHIN:
        return f"[0,{bound.duration}]"
    return f"[{bound.duration},{FOREVER}]"
