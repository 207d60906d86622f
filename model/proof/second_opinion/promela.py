"""A finite model beside a monitor as Promela, for an opinion that shares no code with our solvers (Spin: Holzmann 2004).
Time is finite here: it runs to a horizon, in the unit the bounds are given in."""

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
from earwitness.model.logic.monitor import Monitor
from earwitness.model.systems.cone import cone_of_influence, monitor_effect
from earwitness.model.systems.random_walk import free_variables
from earwitness.model.systems.transition_system import TIME, System, Transition

HORIZON = 3
"""Units: how long the finite model runs."""
_C = {
    Operator.AND: "&&",
    Operator.OR: "||",
    Operator.EQ: "==",
    Operator.LT: "<",
    Operator.LE: "<=",
    Operator.ADD: "+",
    Operator.SUB: "-",
}
_TYPE = {Sort.BOOL: "bool", Sort.INT: "short", Sort.TEXT: "byte"}


class _Writer:
    """Names and constants of one program."""

    def __init__(self, names: list[str]) -> None:
        self.names = {name: f"v{number}" for number, name in enumerate(names)} | {"time": "time"}
        self.texts: dict[str, int] = {}

    def constant(self, value: Value) -> str:
        if isinstance(value, bool):
            return str(value).lower()
        return str(value if isinstance(value, int) else self.texts.setdefault(value, len(self.texts)))

    def source(self, e: Expression) -> str:
        match e:
            case Const(value):
                return self.constant(value)
            case Var(name):
                return self.names[name]
            case Apply(operator, arguments):
                a = [self.source(x) for x in arguments]
                match operator:
                    case Operator.NOT:
                        return f"(!{a[0]})"
                    case Operator.ITE:
                        return f"({a[0]} -> {a[1]} : {a[2]})"
                    case _:
                        return "(" + f" {_C[operator]} ".join(a) + ")"


def _choices(system: System, t: Transition, horizon: int) -> Iterator[Mapping[str, Expression]]:
    free = free_variables(t)

    def values(v: Var) -> tuple[Value, ...]:
        if v.sort is Sort.BOOL:
            return (False, True)
        return tuple(range(-1, horizon + 1)) if v.sort is Sort.INT else system.free[v.name]

    for chosen in product(*map(values, free)):
        yield {v.name: Const(value) for v, value in zip(free, chosen, strict=True)}


def promela_program(system: System, monitor: Monitor, horizon: int = HORIZON) -> str:
    """One process that does any step of the system that can matter to the monitor, and asserts its verdict after each. Integers that are chosen freely go from -1 to the horizon."""
    system = cone_of_influence(system, monitor)
    sorts = {v.name: v.sort for v in system.variables} | {r.name: r.sort for r in monitor.registers}
    first = {v.name: v.initial for v in system.variables} | {r.name: (r.initial,) for r in monitor.registers}
    writer = _Writer(list(sorts))
    in_time = conjunction(
        *(implication(x.condition, at_most(TIME, plus(x.since, Const(x.bound)))) for x in system.limits)
    )
    rows: dict[str, str] = {}
    for t in system.transitions:
        seen = monitor_effect(t, monitor)
        for chosen in _choices(system, t, horizon):
            guard = substitute(conjunction(t.guard, in_time), chosen)
            if guard == FALSE:
                continue
            updates = {n: substitute(e, chosen) for n, e in {**t.updates, **seen.updates}.items()}
            updates = {n: e for n, e in updates.items() if e != Var(n, sorts[n])}
            verdict = substitute(seen.verdict, chosen)
            lines = [f"    :: d_step {{ {writer.source(guard)} ->"]
            # All expressions speak of the state before the step.
            lines += [f"         assert({writer.source(verdict)});"] if verdict != TRUE else []
            lines += [f"         t_{writer.names[n]} = {writer.source(e)};" for n, e in updates.items()]
            lines += [f"         {writer.names[n]} = t_{writer.names[n]};" for n in updates]
            lines += [f"         t_{writer.names[n]} = 0;" for n in updates]
            if updates or verdict != TRUE:
                rows.setdefault("\n".join([*lines, "       }"]), t.name)
    later = substitute(in_time, {"time": plus(TIME, Const(1))})
    text = [f"/* {system.name}; bounds and times in units; horizon {horizon} */", "byte time = 0;"]
    for name, sort in sorts.items():
        text.append(f"{_TYPE[sort]} {writer.names[name]} = {writer.constant(first[name][0])}; /* {name} */")
        text.append(f"hidden {_TYPE[Sort.INT]} t_{writer.names[name]} = 0;")
    text.append("active proctype system() {")
    for name, values in first.items():
        if len(values) > 1:
            text.append(
                "    if "
                + " ".join(f":: {writer.names[name]} = {writer.constant(v)}" for v in values)
                + " fi;"
            )
    text += ["    do", f"    :: time < {horizon} && {writer.source(later)} -> time++"]
    text += [f"    /* {name} */\n{row}" for row, name in rows.items()]
    return "\n".join([*text, "    od", "}", ""])
