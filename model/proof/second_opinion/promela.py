"""A finite model beside a promise as Promela, for an opinion that shares no code with our solvers
(Spin: Holzmann 2004). Time is finite here: it runs to a horizon, in the unit the bounds are given
in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import product

from earwitness.model.expression import (
    FALSE,
    TRUE,
    Apply,
    Const,
    Expression,
    Operator,
    Sort,
    Value,
    Var,
    at_most,
    conjunction,
    implication,
    plus,
    substitute,
)
from earwitness.model.systems.cone import cone_of_influence, effect_on
from earwitness.model.systems.runs import free_variables
from earwitness.model.systems.state_property import Promise
from earwitness.model.systems.transition_system import (
    TIME,
    System,
    Transition,
)

HORIZON = 3
"""Units: how long the finite model runs. With 4, the larger cones no longer fit into 3 GB."""
_OPERATORS = {
    Operator.AND: "&&",
    Operator.OR: "||",
    Operator.EQ: "==",
    Operator.LT: "<",
    Operator.LE: "<=",
    Operator.ADD: "+",
    Operator.SUB: "-",
}
_TYPES = {Sort.BOOL: "bool", Sort.INT: "short", Sort.TEXT: "byte"}


def promela_program(
    system: System, promise: Promise, horizon: int = HORIZON
) -> str:
    """One process that does any step of the system that can matter to the promise, and asserts its
    verdict at each. Integers that are chosen freely go from -1 to the horizon.

    >>> print(promela_program(MICROPHONE_SYSTEM, KEPT_PROMISE).splitlines()[0])
    /* microphone; bounds and times in units; horizon 3 */
    """
    return _Program(
        cone_of_influence(system, promise), promise, horizon
    ).text()


class _Writer:
    """Names and constants of one program."""

    def __init__(self, names: list[str]) -> None:
        self.names = {
            name: f"v{number}" for number, name in enumerate(names)
        } | {"time": "time"}
        self.texts: dict[str, int] = {}

    def constant(self, value: Value) -> str:
        if isinstance(value, bool):
            return str(value).lower()
        if isinstance(value, int):
            return str(value)
        return str(self.texts.setdefault(value, len(self.texts)))

    def source(self, e: Expression) -> str:
        match e:
            case Const(value):
                return self.constant(value)
            case Var(name):
                return self.names[name]
            case Apply(Operator.NOT, (operand,)):
                return f"(!{self.source(operand)})"
            case Apply(Operator.ITE, (condition, then, otherwise)):
                return f"({self.source(condition)} -> {self.source(then)} : {self.source(otherwise)})"
            case Apply(operator, arguments):
                return (
                    "("
                    + f" {_OPERATORS[operator]} ".join(
                        map(self.source, arguments)
                    )
                    + ")"
                )


class _Program:
    def __init__(
        self, system: System, promise: Promise, horizon: int
    ) -> None:
        self.system, self.promise, self.horizon = system, promise, horizon
        self.sorts = {v.name: v.sort for v in system.variables}
        self.sorts |= {r.name: r.sort for r in promise.registers}
        self.first: dict[str, tuple[Value, ...]] = {
            v.name: v.first_values for v in system.variables
        }
        self.first |= {r.name: (r.initial,) for r in promise.registers}
        self.writer = _Writer(list(self.sorts))
        limits = [
            implication(
                x.condition, at_most(TIME, plus(x.since, Const(x.bound)))
            )
            for x in system.limits
        ]
        self.in_time = conjunction(*limits)

    def text(self) -> str:
        later = substitute(self.in_time, {"time": plus(TIME, Const(1))})
        lines = [
            f"/* {self.system.name}; bounds and times in units; horizon {self.horizon} */",
            "byte time = 0;",
            *self.declarations(),
            "active proctype system() {",
            *self.first_choices(),
            f"    {self.writer.source(self.system.initially)};",
            "    do",
            f"    :: time < {self.horizon} && {self.writer.source(later)} -> time++",
            *(
                f"    /* {name} */\n{row}"
                for row, name in self.rows().items()
            ),
            "    od",
            "}",
            "",
        ]
        return "\n".join(lines)

    def declarations(self) -> Iterator[str]:
        for name, sort in self.sorts.items():
            here = self.writer.names[name]
            first = self.writer.constant(self.first[name][0])
            yield f"{_TYPES[sort]} {here} = {first}; /* {name} */"
            yield f"hidden {_TYPES[Sort.INT]} t_{here} = 0;"

    def first_choices(self) -> Iterator[str]:
        for name, values in self.first.items():
            if len(values) > 1:
                here = self.writer.names[name]
                options = " ".join(
                    f":: {here} = {self.writer.constant(value)}"
                    for value in values
                )
                yield f"    if {options} fi;"

    def rows(self) -> dict[str, str]:
        """The name of a transition for each text of a step; steps that do the same stand once."""
        found: dict[str, str] = {}
        for transition in self.system.transitions:
            for chosen in self.choices(transition):
                row = self.row(transition, chosen)
                if row:
                    found.setdefault(row, transition.name)
        return found

    def choices(
        self, transition: Transition
    ) -> Iterator[Mapping[str, Expression]]:
        free = free_variables(transition)
        for values in product(*(self.values_of(v) for v in free)):
            yield {
                v.name: Const(value)
                for v, value in zip(free, values, strict=True)
            }

    def values_of(self, variable: Var) -> tuple[Value, ...]:
        match variable.sort:
            case Sort.BOOL:
                return (False, True)
            case Sort.INT:
                return tuple(range(-1, self.horizon + 1))
            case Sort.TEXT:
                return self.system.free[variable.name]

    def row(
        self, transition: Transition, chosen: Mapping[str, Expression]
    ) -> str:
        """One step with its choices; nothing where it cannot happen or changes nothing."""
        effect = effect_on(self.promise, transition)
        guard = substitute(
            conjunction(transition.guard, self.in_time), chosen
        )
        verdict = substitute(effect.verdict, chosen)
        together = {**transition.updates, **effect.updates}
        updates = {
            name: substitute(e, chosen) for name, e in together.items()
        }
        updates = {
            name: e
            for name, e in updates.items()
            if e != Var(name, self.sorts[name])
        }
        if guard == FALSE or (not updates and verdict == TRUE):
            return ""
        names, source = self.writer.names, self.writer.source
        lines = [f"    :: d_step {{ {source(guard)} ->"]
        lines += (
            [f"         assert({source(verdict)});"]
            if verdict != TRUE
            else []
        )
        # All expressions speak of the state before the step.
        lines += [
            f"         t_{names[name]} = {source(e)};"
            for name, e in updates.items()
        ]
        lines += [
            f"         {names[name]} = t_{names[name]};" for name in updates
        ]
        lines += [f"         t_{names[name]} = 0;" for name in updates]
        return "\n".join([*lines, "       }"])
