"""The one small typed expression language that monitors and the model share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum

Value = bool | int | str


class Sort(Enum):
    """Sorts of values. Text is opaque: it can only be compared for equality."""

    BOOL = "boolean"
    INT = "integer"
    TEXT = "text"


class Operator(Enum):
    """The closed set of operators, named as in SMT-LIB."""

    NOT = "not"
    AND = "and"
    OR = "or"
    EQ = "="
    LT = "<"
    LE = "<="
    ADD = "+"
    SUB = "-"
    ITE = "ite"


@dataclass(frozen=True, slots=True)
class Const:
    """A literal."""

    value: Value


@dataclass(frozen=True, slots=True)
class Var:
    """A named input, register or state variable."""

    name: str
    sort: Sort


@dataclass(frozen=True, slots=True)
class Apply:
    """An operator applied to arguments. Its hash and its variables are computed once: formulas are large,
    share their parts, and are asked all the time; what is computed each time costs the square of their
    size."""

    operator: Operator
    arguments: tuple[Expression, ...]
    kept_hash: int = field(init=False, repr=False, compare=False)
    kept_variables: frozenset[Var] | None = field(
        init=False, repr=False, compare=False, default=None
    )

    def __post_init__(self) -> None:
        object.__setattr__(
            self, "kept_hash", hash((self.operator, self.arguments))
        )

    def __hash__(self) -> int:
        return self.kept_hash

    def __reduce__(
        self,
    ) -> tuple[type[Apply], tuple[Operator, tuple[Expression, ...]]]:
        # Hashes of text differ from process to process, so a copy elsewhere computes its own.
        return Apply, (self.operator, self.arguments)


Expression = Const | Var | Apply

TRUE, FALSE = Const(True), Const(False)


def negation(operand: Expression) -> Expression:
    match operand:
        case Const(value):
            return Const(not value)
        case Apply(Operator.NOT, (inner,)):
            return inner
    return Apply(Operator.NOT, (operand,))


def conjunction(*operands: Expression) -> Expression:
    kept = tuple(o for o in operands if o != TRUE)
    if FALSE in kept:
        return FALSE
    if not kept:
        return TRUE
    return kept[0] if len(kept) == 1 else Apply(Operator.AND, kept)


def disjunction(*operands: Expression) -> Expression:
    kept = tuple(o for o in operands if o != FALSE)
    if TRUE in kept:
        return TRUE
    if not kept:
        return FALSE
    return kept[0] if len(kept) == 1 else Apply(Operator.OR, kept)


def implication(left: Expression, right: Expression) -> Expression:
    return disjunction(negation(left), right)


def equal(left: Expression, right: Expression) -> Expression:
    return Apply(Operator.EQ, (left, right))


def less(left: Expression, right: Expression) -> Expression:
    return Apply(Operator.LT, (left, right))


def at_most(left: Expression, right: Expression) -> Expression:
    return Apply(Operator.LE, (left, right))


def plus(left: Expression, right: Expression) -> Expression:
    return Apply(Operator.ADD, (left, right))


def minus(left: Expression, right: Expression) -> Expression:
    return Apply(Operator.SUB, (left, right))


def choice(
    condition: Expression, then: Expression, otherwise: Expression
) -> Expression:
    return Apply(Operator.ITE, (condition, then, otherwise))


def evaluate(expression: Expression, values: Mapping[str, Value]) -> Value:
    """The value of an expression; the definition that the generated engines are tested against."""
    match expression:
        case Const(value):
            return value
        case Var(name):
            return values[name]
        case Apply(operator, arguments):
            return _APPLY[operator](
                tuple(evaluate(a, values) for a in arguments)
            )


_APPLY: dict[Operator, Callable[[tuple[Value, ...]], Value]] = {
    Operator.NOT: lambda a: not a[0],
    Operator.AND: lambda a: all(a),
    Operator.OR: lambda a: any(a),
    Operator.EQ: lambda a: a[0] == a[1],
    Operator.LT: lambda a: int(a[0]) < int(a[1]),
    Operator.LE: lambda a: int(a[0]) <= int(a[1]),
    Operator.ADD: lambda a: int(a[0]) + int(a[1]),
    Operator.SUB: lambda a: int(a[0]) - int(a[1]),
    Operator.ITE: lambda a: a[1] if a[0] else a[2],
}


def python_source(
    expression: Expression, rename: Callable[[str], str]
) -> str:
    """A Python expression with the same value, variables renamed."""
    match expression:
        case Const(value):
            return repr(value)
        case Var(name):
            return rename(name)
        case Apply(operator, arguments):
            parts = [python_source(a, rename) for a in arguments]
            match operator:
                case Operator.NOT:
                    return f"(not {parts[0]})"
                case Operator.ITE:
                    return f"({parts[1]} if {parts[0]} else {parts[2]})"
                case Operator.EQ:
                    return f"({parts[0]} == {parts[1]})"
                case _:
                    return "(" + f" {operator.value} ".join(parts) + ")"


def variables(expression: Expression) -> frozenset[Var]:
    match expression:
        case Const():
            return frozenset()
        case Var():
            return frozenset({expression})
        case Apply(_, arguments):
            if expression.kept_variables is None:
                found = frozenset().union(*map(variables, arguments))
                object.__setattr__(expression, "kept_variables", found)
            return expression.kept_variables or frozenset()


def sort_of(expression: Expression) -> Sort:
    match expression:
        case Const(bool()):
            return Sort.BOOL
        case Const(int()):
            return Sort.INT
        case Const(_):
            return Sort.TEXT
        case Var(_, sort):
            return sort
        case Apply(Operator.ADD | Operator.SUB, _):
            return Sort.INT
        case Apply(Operator.ITE, arguments):
            return sort_of(arguments[1])
    return Sort.BOOL


def substitute(
    expression: Expression, bindings: Mapping[str, Expression]
) -> Expression:
    """The expression with variables replaced, and what became constant folded away."""
    match expression:
        case Const():
            return expression
        case Var(name):
            return bindings.get(name, expression)
        case Apply() if not any(
            v.name in bindings for v in variables(expression)
        ):
            return expression
        case Apply(Operator.ITE, (condition, yes, no)):
            decided = substitute(condition, bindings)
            if isinstance(decided, Const):
                return substitute(yes if decided.value else no, bindings)
            branches = substitute(yes, bindings), substitute(no, bindings)
            return _fold_constants(Operator.ITE, (decided, *branches))
        case Apply(operator, arguments):
            return _substitute_in(operator, arguments, bindings)


DECIDING: Mapping[Operator, Expression] = {
    Operator.AND: FALSE,
    Operator.OR: TRUE,
}
"""What one argument must be for all others not to matter."""


def _substitute_in(
    operator: Operator,
    arguments: tuple[Expression, ...],
    bindings: Mapping[str, Expression],
) -> Expression:
    """Arguments after one that decides are not looked at."""
    deciding = DECIDING.get(operator)
    parts: list[Expression] = []
    for argument in arguments:
        part = substitute(argument, bindings)
        if part is deciding or (deciding is not None and part == deciding):
            return part
        parts.append(part)
    return _fold_constants(operator, tuple(parts))


def _fold_constants(
    operator: Operator, a: tuple[Expression, ...]
) -> Expression:
    match operator:
        case Operator.NOT:
            return negation(a[0])
        case Operator.AND:
            return conjunction(*a)
        case Operator.OR:
            return disjunction(*a)
        case Operator.EQ if a[0] == a[1]:
            return TRUE
        case Operator.ITE if isinstance(a[0], Const):
            return a[1] if a[0].value else a[2]
        case Operator.ITE if a[1] == a[2]:
            return a[1]
    constants = [
        x.value
        for x in a
        if isinstance(
            x,
            Const,
        )
    ]
    if len(constants) == len(a) and operator is not Operator.ITE:
        return Const(_APPLY[operator](tuple(constants)))
    return Apply(operator, a)
