"""From the text of a clause to its syntax tree; every name is checked against the vocabulary."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

from lark import (
    Lark,
    Token,
    Transformer,
    Tree,
    UnexpectedCharacters,
    UnexpectedEOF,
    UnexpectedInput,
    v_args,
)
from lark.exceptions import VisitError

from earwitness.model.expression import Sort
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
from earwitness.model.logic.grammar_tables import load_parser
from earwitness.model.vocabulary import EventType, nearest, vocabulary

UNITS = {
    "us": 1,
    "ms": 1_000,
    "s": 1_000_000,
    "min": 60_000_000,
    "h": 3_600_000_000,
    "d": 86_400_000_000,
}
"""Microseconds in each unit of time."""
DEEPEST_NESTING = 200
"""Nesting beyond this is refused: no clause a person wrote comes near."""
LONGEST_TEXT = 100_000
"""Characters of a formula: no clause a person wrote comes near."""
LARGEST_COUNT = 100
"""`count ... <= n` needs n + 1 registers in every slice; a promise about more events is another kind of
promise."""


class FormulaError(ValueError):
    """A text that is no formula; `line` and `column` count from 1 within the text."""

    def __init__(self, message: str, line: int, column: int) -> None:
        super().__init__(message)
        self.message, self.line, self.column = message, line, column


@dataclass(frozen=True, slots=True)
class Scope:
    """What a pack gives its clauses: parameters in microseconds (or counts), and named states as
    value -> formula text.

    >>> parse_formula("once within $preroll tone", Scope({"preroll": 500_000}, {})).bound.duration
    500000
    """

    parameters: Mapping[str, int]
    states: Mapping[str, Mapping[str, str]]


EMPTY_SCOPE = Scope({}, {})


def parse_formula(text: str, scope: Scope = EMPTY_SCOPE) -> Formula:
    """The formula a text stands for. Raises FormulaError with line and column.

    >>> parse_formula("not tone")
    Not(operand=Event(name='tone', conditions=()))
    """
    if text.count("(") > DEEPEST_NESTING or len(text) > LONGEST_TEXT:
        raise FormulaError(
            f"the formula is too large (more than {DEEPEST_NESTING} brackets); split the clause",
            1,
            1,
        )
    try:
        built: Formula = _Builder(scope).transform(
            _load_grammar().parse(text)
        )
    except VisitError as error:
        if isinstance(error.orig_exc, FormulaError):
            raise error.orig_exc from None
        raise
    except UnexpectedInput as error:
        raise _syntax_error(text, error) from None
    except RecursionError:
        raise FormulaError(
            "the formula is nested too deeply; split the clause", 1, 1
        ) from None
    return built


def _syntax_error(text: str, error: UnexpectedInput) -> FormulaError:
    if isinstance(error, UnexpectedCharacters):
        return FormulaError(
            f"character {error.char!r} has no meaning here",
            error.line,
            error.column,
        )
    token = getattr(error, "token", None)
    if (
        isinstance(error, UnexpectedEOF)
        or token is None
        or token.type == "$END"
    ):
        lines = text.rstrip().split("\n")
        return FormulaError(
            "the formula ends too early", len(lines), len(lines[-1]) + 1
        )
    return FormulaError(
        f"'{token}' is not expected here", token.line, token.column
    )


@cache
def _load_grammar() -> Lark:
    return load_parser()


@lru_cache(maxsize=1_000)
def _parse_pattern(
    text: str, parameters: tuple[tuple[str, int], ...]
) -> Formula:
    """The pattern of a state, read once for all formulas that name the state. States do not speak of states:
    their patterns see the parameters alone."""
    return parse_formula(text, Scope(dict(parameters), {}))


def _error_at(token: Token, message: str) -> FormulaError:
    return FormulaError(message, token.line or 1, token.column or 1)


def _refuse_unknown(
    token: Token, name: str, choices: Iterable[str], message: str
) -> None:
    """A FormulaError at the token where the name is no choice, with the nearest one."""
    if name not in choices:
        raise _error_at(token, f"{message}.{nearest(name, choices)}")


def _sort_of(term: Term) -> Sort:
    match term:
        case Literal(bool()):
            return Sort.BOOL
        case Literal(str()):
            return Sort.TEXT
        case Its(_, sort) | Last(_, _, sort):
            return sort
    return Sort.INT


@v_args(inline=True)
class _Builder(Transformer[Token, Any]):
    """One method for each rule of the grammar, with the name that the rule has there."""

    def __init__(self, scope: Scope) -> None:
        super().__init__()
        self.scope = scope

    # Terms

    def true_value(self) -> Term:
        return Literal(True)

    def false_value(self) -> Term:
        return Literal(False)

    def name(self, token: Token) -> Term:
        return Literal(str(token))

    def string(self, token: Token) -> Term:
        return Literal(str(token)[1:-1])

    def now(self) -> Term:
        return Now()

    def duration(self, amount: Token, unit: Token | None = None) -> Literal:
        if amount.type == "PARAMETER":
            return Literal(self._parameter(amount))
        return Literal(int(amount) * UNITS[str(unit or "us")])

    def number(self, amount: Token) -> tuple[Token, int]:
        return amount, self._parameter(
            amount
        ) if amount.type == "PARAMETER" else int(amount)

    def _parameter(self, token: Token) -> int:
        name = str(token)[1:]
        _refuse_unknown(
            token=token,
            name=name,
            choices=self.scope.parameters,
            message=f"parameter '{name}' is not in the pack",
        )
        return self.scope.parameters[name]

    def its(self, token: Token) -> Term:
        attributes = vocabulary().attributes
        _refuse_unknown(
            token=token,
            name=token,
            choices=attributes,
            message=f"attribute '{token}' is not in the vocabulary",
        )
        return Its(str(token), attributes[token].sort)

    def last(self, token: Token) -> Term:
        event, _, attribute = str(token).rpartition(".")
        events = vocabulary().events
        _refuse_unknown(
            token=token,
            name=event,
            choices=events,
            message=f"'last' needs EVENT.attribute; '{event}' is no event",
        )
        choices = [*events[event].attributes, "time"]
        _refuse_unknown(
            token=token,
            name=attribute,
            choices=choices,
            message=f"event '{event}' has no attribute '{attribute}'",
        )
        sort = (
            Sort.INT
            if attribute == "time"
            else vocabulary().attributes[attribute].sort
        )
        return Last(event, attribute, sort)

    def sum(self, left: Term, sign: Token, right: Term) -> Term:
        if _sort_of(left) is not Sort.INT or _sort_of(right) is not Sort.INT:
            raise _error_at(sign, f"'{sign}' needs integers on both sides")
        return Sum(left, -1 if sign == "-" else 1, right)

    # Bounds

    def within(self, duration: Literal) -> Bound:
        return Bound(Side.WITHIN, int(duration.value))

    def lasting(self, duration: Literal) -> Bound:
        return Bound(Side.FOR, int(duration.value))

    @v_args(tree=True)
    def window(self, tree: Tree[Any]) -> None:
        raise FormulaError(
            "a two-sided window [a,b] would need memory that grows with the trace; "
            "use 'within b', 'for a', or both joined by 'and'",
            tree.meta.line,
            tree.meta.column,
        )

    # Atoms

    def true(self) -> Formula:
        return Truth(True)

    def false(self) -> Formula:
        return Truth(False)

    def compare(self, left: Term, relation: Token, right: Term) -> Compare:
        left_sort, right_sort = _sort_of(left), _sort_of(right)
        if left_sort is not right_sort:
            raise _error_at(
                relation,
                f"cannot compare {left_sort.value} with {right_sort.value}",
            )
        if relation not in ("=", "!=") and left_sort is not Sort.INT:
            raise _error_at(
                relation,
                f"'{relation}' compares integers, not {left_sort.value}",
            )
        _refuse_impossible_value(relation, left, right)
        _refuse_impossible_value(relation, right, left)
        return Compare(Comparator(str(relation)), left, right)

    def condition(
        self, attribute: Token, relation: Token, value: Term
    ) -> tuple[Token, Token, Term]:
        return attribute, relation, value

    def event(
        self, token: Token, *conditions: tuple[Token, Token, Term] | None
    ) -> Formula:
        events = vocabulary().events
        _refuse_unknown(
            token=token,
            name=token,
            choices=events,
            message=f"event '{token}' is not in the vocabulary",
        )
        given = filter(None, conditions)
        return Event(
            str(token),
            tuple(self._condition_of(events[token], *one) for one in given),
        )

    def _condition_of(
        self, kind: EventType, attribute: Token, relation: Token, value: Term
    ) -> Compare:
        message = f"event '{kind.name}' has no attribute '{attribute}'"
        _refuse_unknown(
            token=attribute,
            name=attribute,
            choices=kind.attributes,
            message=message,
        )
        return self.compare(self.its(attribute), relation, value)

    def latch(self, state: Token, value: Token) -> Formula:
        states = self.scope.states
        _refuse_unknown(
            token=state,
            name=state,
            choices=states,
            message=f"state '{state}' is not declared in the pack",
        )
        _refuse_unknown(
            token=value,
            name=value,
            choices=states[state],
            message=f"state '{state}' is never '{value}'",
        )
        parameters = tuple(self.scope.parameters.items())
        patterns = tuple(
            (name, _parse_pattern(text, parameters))
            for name, text in states[state].items()
        )
        return Latch(str(state), str(value), patterns)

    # Operators

    def start(self, formula: Formula) -> Formula:
        return formula

    def negation(self, operand: Formula) -> Formula:
        return Not(operand)

    def all_of(self, left: Formula, right: Formula) -> Formula:
        return And(left, right)

    def any_of(self, left: Formula, right: Formula) -> Formula:
        return Or(left, right)

    def implication(self, left: Formula, right: Formula) -> Formula:
        return Implies(left, right) if right is not None else left

    def previously(self, bound: Bound | None, operand: Formula) -> Formula:
        return Previously(bound, operand)

    def once(self, bound: Bound | None, operand: Formula) -> Formula:
        return Once(bound, operand)

    def historically(self, bound: Bound | None, operand: Formula) -> Formula:
        return Historically(bound, operand)

    def since(
        self, left: Formula, bound: Bound | None, right: Formula
    ) -> Formula:
        return Since(bound, left, right)

    def count(
        self,
        operand: Formula,
        duration: Literal,
        relation: Token,
        number: tuple[Token, int],
    ) -> Formula:
        token, most = number
        if relation != "<=":
            raise _error_at(
                relation,
                f"'count' says 'at most': write '<=', not '{relation}'",
            )
        if most > LARGEST_COUNT:
            raise _error_at(
                token,
                f"'count' goes to {LARGEST_COUNT}, not {most}: each event needs a register",
            )
        return Count(most, int(duration.value), operand)

    def deadline(
        self,
        response: Formula,
        duration: Literal,
        trigger: Formula,
        unless: Formula | None,
    ) -> Formula:
        answer = response if unless is None else Or(response, unless)
        return Deadline(answer, int(duration.value), trigger)


def _refuse_impossible_value(
    relation: Token, term: Term, other: Term
) -> None:
    """A comparison of an attribute with a value that it never has is a slip of the pen."""
    if not isinstance(term, Its | Last) or not isinstance(other, Literal):
        return
    attribute = vocabulary().attributes.get(term.attribute)
    if attribute is not None and not attribute.has_name(other.value):
        hint = nearest(str(other.value), attribute.choices)
        message = f"'{attribute.name}' is {attribute.described}, never '{other.value}'.{hint}"
        raise _error_at(relation, message)
