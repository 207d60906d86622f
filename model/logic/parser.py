"""From the text of a clause to its syntax tree; every name is checked against the vocabulary."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from lark import Lark, Token, Transformer, Tree, UnexpectedCharacters, UnexpectedEOF, UnexpectedInput, v_args
from lark.exceptions import VisitError

from earwitness.model.expression import Sort
from earwitness.model.logic.formula import (
    And,
    Bound,
    Compare,
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
    Relation,
    Side,
    Since,
    Sum,
    Term,
    Truth,
)
from earwitness.model.vocabulary import nearest, vocabulary

UNITS = {"us": 1, "ms": 1_000, "s": 1_000_000, "min": 60_000_000}
DEEPEST = 200
"""Nesting beyond this is refused: no clause a person wrote comes near."""


class FormulaError(ValueError):
    """A text that is no formula; `line` and `column` count from 1 within the text."""

    def __init__(self, message: str, line: int, column: int) -> None:
        super().__init__(message)
        self.message, self.line, self.column = message, line, column


@dataclass(frozen=True, slots=True)
class Scope:
    """What a pack gives its clauses: parameters in microseconds (or counts), and named states as value -> formula text."""

    parameters: Mapping[str, int]
    states: Mapping[str, Mapping[str, str]]


EMPTY_SCOPE = Scope({}, {})


@cache
def _lark() -> Lark:
    grammar = files("earwitness.model.logic").joinpath("grammar.lark").read_text("utf-8")
    return Lark(grammar, parser="lalr", maybe_placeholders=True, propagate_positions=True)


def _wrong(token: Token, message: str) -> FormulaError:
    return FormulaError(message, token.line or 1, token.column or 1)


def _sort(term: Term) -> Sort:
    match term:
        case Literal(value):
            return Sort.BOOL if isinstance(value, bool) else Sort.INT if isinstance(value, int) else Sort.TEXT
        case Its(_, sort) | Last(_, _, sort):
            return sort
    return Sort.INT


@v_args(inline=True)
class _Builder(Transformer[Token, Any]):
    def __init__(self, scope: Scope) -> None:
        super().__init__()
        self.scope = scope

    def start(self, formula: Formula) -> Formula:
        return formula

    def true(self) -> Formula:
        return Truth(True)

    def false(self) -> Formula:
        return Truth(False)

    def yes(self) -> Term:
        return Literal(True)

    def no(self) -> Term:
        return Literal(False)

    def name(self, token: Token) -> Term:
        return Literal(str(token))

    def string(self, token: Token) -> Term:
        return Literal(str(token)[1:-1])

    def now(self) -> Term:
        return Now()

    def duration(self, amount: Token, unit: Token | None = None) -> Literal:
        if amount.type == "PARAMETER":
            name = str(amount)[1:]
            if name not in self.scope.parameters:
                raise _wrong(
                    amount, f"parameter '{name}' is not in the pack.{nearest(name, self.scope.parameters)}"
                )
            return Literal(self.scope.parameters[name])
        return Literal(int(amount) * UNITS[str(unit or "us")])

    def within(self, duration: Literal) -> Bound:
        return Bound(Side.WITHIN, int(duration.value))

    def lasting(self, duration: Literal) -> Bound:
        return Bound(Side.FOR, int(duration.value))

    @v_args(tree=True)
    def window(self, tree: Tree[Any]) -> None:
        raise FormulaError(
            "a two-sided window [a,b] would need memory that grows with the trace; use 'within b', 'for a', or both joined by 'and'",
            tree.meta.line,
            tree.meta.column,
        )

    def its(self, token: Token) -> Term:
        known = vocabulary().attributes
        if token not in known:
            raise _wrong(token, f"attribute '{token}' is not in the vocabulary.{nearest(token, known)}")
        return Its(str(token), known[token].sort)

    def last(self, token: Token) -> Term:
        event, _, attribute = str(token).rpartition(".")
        kind = vocabulary().events.get(event)
        if kind is None:
            raise _wrong(
                token,
                f"'last' needs EVENT.attribute; '{event}' is no event.{nearest(event, vocabulary().events)}",
            )
        if attribute == "time":
            return Last(event, "time", Sort.INT)
        if attribute not in kind.attributes:
            raise _wrong(
                token,
                f"event '{event}' has no attribute '{attribute}'.{nearest(attribute, [*kind.attributes, 'time'])}",
            )
        return Last(event, attribute, vocabulary().attributes[attribute].sort)

    def sum(self, left: Term, sign: Token, right: Term) -> Term:
        if _sort(left) is not Sort.INT or _sort(right) is not Sort.INT:
            raise _wrong(sign, f"'{sign}' needs integers on both sides")
        return Sum(left, -1 if sign == "-" else 1, right)

    def compare(self, left: Term, relation: Token, right: Term) -> Compare:
        if _sort(left) is not _sort(right):
            raise _wrong(relation, f"cannot compare {_sort(left).value} with {_sort(right).value}")
        if relation not in ("=", "!=") and _sort(left) is not Sort.INT:
            raise _wrong(relation, f"'{relation}' compares integers, not {_sort(left).value}")
        for one, other in ((left, right), (right, left)):
            if (
                isinstance(one, Its | Last)
                and isinstance(other, Literal)
                and one.attribute in vocabulary().attributes
            ):
                attribute = vocabulary().attributes[one.attribute]
                if not attribute.admits(other.value):
                    hint = nearest(str(other.value), attribute.choices)
                    raise _wrong(
                        relation, f"'{attribute.name}' is {attribute.described}, never '{other.value}'.{hint}"
                    )
        return Compare(Relation(str(relation)), left, right)

    def condition(self, attribute: Token, relation: Token, value: Term) -> tuple[Token, Token, Term]:
        return attribute, relation, value

    def event(self, token: Token, *conditions: tuple[Token, Token, Term] | None) -> Formula:
        events = vocabulary().events
        if token not in events:
            raise _wrong(token, f"event '{token}' is not in the vocabulary.{nearest(token, events)}")
        carried = events[token].attributes
        made = []
        for attribute, relation, value in filter(None, conditions):
            if attribute not in carried:
                raise _wrong(
                    attribute, f"event '{token}' has no attribute '{attribute}'.{nearest(attribute, carried)}"
                )
            made.append(self.compare(self.its(attribute), relation, value))
        return Event(str(token), tuple(made))

    def latch(self, state: Token, value: Token) -> Formula:
        states = self.scope.states
        if state not in states:
            raise _wrong(state, f"state '{state}' is not declared in the pack.{nearest(state, states)}")
        if value not in states[state]:
            raise _wrong(value, f"state '{state}' is never '{value}'.{nearest(value, states[state])}")
        outside = Scope(self.scope.parameters, {})
        return Latch(
            str(state),
            str(value),
            tuple((name, parse_formula(text, outside)) for name, text in states[state].items()),
        )

    def negation(self, operand: Formula) -> Formula:
        return Not(operand)

    def both(self, left: Formula, right: Formula) -> Formula:
        return And(left, right)

    def either(self, left: Formula, right: Formula) -> Formula:
        return Or(left, right)

    def implication(self, left: Formula, right: Formula) -> Formula:
        return Implies(left, right) if right is not None else left

    def previously(self, bound: Bound | None, operand: Formula) -> Formula:
        return Previously(bound, operand)

    def once(self, bound: Bound | None, operand: Formula) -> Formula:
        return Once(bound, operand)

    def historically(self, bound: Bound | None, operand: Formula) -> Formula:
        return Historically(bound, operand)

    def since(self, left: Formula, bound: Bound | None, right: Formula) -> Formula:
        return Since(bound, left, right)

    def deadline(
        self, response: Formula, duration: Literal, trigger: Formula, unless: Formula | None
    ) -> Formula:
        return Deadline(response if unless is None else Or(response, unless), int(duration.value), trigger)


def parse_formula(text: str, scope: Scope = EMPTY_SCOPE) -> Formula:
    """The formula a text stands for. Raises FormulaError with line and column."""
    if text.count("(") > DEEPEST or len(text) > 100_000:
        raise FormulaError(f"the formula is too large (more than {DEEPEST} brackets); split the clause", 1, 1)
    try:
        built: Formula = _Builder(scope).transform(_lark().parse(text))
        return built
    except VisitError as error:
        if isinstance(error.orig_exc, FormulaError):
            raise error.orig_exc from None
        raise
    except UnexpectedEOF:
        raise _ended(text) from None
    except UnexpectedCharacters as error:
        raise FormulaError(
            f"character {error.char!r} has no meaning here", error.line, error.column
        ) from None
    except UnexpectedInput as error:
        token = getattr(error, "token", None)
        if token is None or token.type == "$END":
            raise _ended(text) from None
        raise FormulaError(f"'{token}' is not expected here", token.line, token.column) from None
    except RecursionError:
        raise FormulaError("the formula is nested too deeply; split the clause", 1, 1) from None


def _ended(text: str) -> FormulaError:
    lines = text.rstrip().split("\n")
    return FormulaError("the formula ends too early", len(lines), len(lines[-1]) + 1)
