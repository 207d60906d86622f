"""A finite model beside a monitor as a circuit, for an opinion that shares no code with our solvers: property-directed reachability in ABC (Een,
Mishchenko, Brayton 2011), through yosys. Time is finite here: it runs to a horizon, in the unit the bounds are given in."""

from __future__ import annotations

from collections.abc import Iterable

from earwitness.model.expression import (
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
    negation,
    plus,
)
from earwitness.model.logic.monitor import Monitor
from earwitness.model.systems.cone import cone_of_influence, monitor_effect, timed_variables
from earwitness.model.systems.random_walk import free_variables
from earwitness.model.systems.transition_system import TIME, System

HORIZON = 20
"""Units: how long the finite model runs."""
_V = {
    Operator.AND: "&&",
    Operator.OR: "||",
    Operator.EQ: "==",
    Operator.LT: "<",
    Operator.LE: "<=",
    Operator.ADD: "+",
    Operator.SUB: "-",
}
TEXT_BITS = 7


class _Writer:
    """Names and constants of one circuit; numbers have `bits` bits with a sign, which hold the horizon and every bound past it."""

    def __init__(self, names: Iterable[str], bits: int) -> None:
        self.names = {name: f"v{number}" for number, name in enumerate(names)}
        self.texts: dict[str, int] = {}
        self.bits = bits

    def declared(self, sort: Sort) -> str:
        return {Sort.BOOL: "", Sort.INT: f"signed [{self.bits - 1}:0] ", Sort.TEXT: f"[{TEXT_BITS - 1}:0] "}[
            sort
        ]

    def constant(self, value: Value) -> str:
        if isinstance(value, bool):
            return "1'b1" if value else "1'b0"
        if isinstance(value, str):
            return f"{TEXT_BITS}'d{self.texts.setdefault(value, len(self.texts))}"
        return f"{'-' if value < 0 else ''}{self.bits}'sd{abs(value)}"

    def source(self, e: Expression) -> str:
        match e:
            case Const(value):
                return self.constant(value)
            case Var(name):
                return self.names[name]
            case Apply(Operator.NOT, (operand,)):
                return f"(!{self.source(operand)})"
            case Apply(Operator.ITE, (condition, then, otherwise)):
                return f"({self.source(condition)} ? {self.source(then)} : {self.source(otherwise)})"
            case Apply(operator, arguments):
                return "(" + f" {_V[operator]} ".join(self.source(a) for a in arguments) + ")"


def verilog_circuit(system: System, monitor: Monitor, horizon: int = HORIZON) -> str:
    """One module: each clock does the step its inputs choose, where that is enabled; the output says that the step violates the monitor. All first
    states and free choices are inputs, so nothing is left out of what the model allows before the horizon."""
    system = cone_of_influence(system, monitor, timed_variables(system))
    longest = max((x.bound for x in system.limits), default=0)
    sorts = (
        {v.name: v.sort for v in system.variables}
        | {r.name: r.sort for r in monitor.registers}
        | {"now": Sort.INT}
    )
    first: dict[str, tuple[Value, ...]] = (
        {v.name: v.initial for v in system.variables}
        | {r.name: (r.initial,) for r in monitor.registers}
        | {"now": (0,)}
    )
    free = sorted({v for t in system.transitions for v in free_variables(t)}, key=lambda v: v.name)
    several = [n for n, values in first.items() if len(values) > 1]
    names = [*sorts, *(v.name for v in free), "time", *(f"first.{n}" for n in several)]
    writer = _Writer(names, (2 * (horizon + longest)).bit_length() + 2)
    now = Var("now", Sort.INT)
    limits = conjunction(
        *(implication(x.condition, at_most(TIME, plus(x.since, Const(x.bound)))) for x in system.limits)
    )
    in_time = writer.source(conjunction(at_most(now, TIME), at_most(TIME, Const(horizon)), limits))
    inputs = (
        [(writer.names[v.name], v.sort) for v in free]
        + [(writer.names["time"], Sort.INT)]
        + [(writer.names[f"first.{n}"], sorts[n]) for n in several]
    )
    ports = [
        "input clock",
        "input [7:0] rule",
        *(f"input {writer.declared(sort)}{name}" for name, sort in inputs),
        "output bad",
    ]
    lines = [
        f"// {system.name}; bounds and times in units; horizon {horizon}",
        "module model(" + ", ".join(ports) + ");",
        "  reg started = 0;",
    ]
    lines += [
        f"  reg {writer.declared(sort)}{writer.names[n]} = {writer.constant(first[n][0])}; // {n}"
        for n, sort in sorts.items()
    ]
    lines.append(f"  wire in_time = {in_time};")
    moves: dict[str, list[str]] = {n: [] for n in sorts}
    violated = []
    for number, t in enumerate(system.transitions):
        seen = monitor_effect(t, monitor)
        lines.append(
            f"  wire does{number} = started && rule == {number} && in_time && {writer.source(t.guard)}; // {t.name}"
        )
        for name, e in {**t.updates, **seen.updates, "now": TIME}.items():
            if e != Var(name, sorts[name]):
                moves[name].append(f"does{number} ? {writer.source(e)} : ")
        if seen.verdict != TRUE:
            violated.append(f"(does{number} && {writer.source(negation(seen.verdict))})")
    lines += ["  always @(posedge clock) begin", "    started <= 1;"]
    for name, moved in moves.items():
        begun = f"!started ? {_chosen(writer, name, first[name])} : " if name in several else ""
        if moved or begun:
            lines.append(f"    {writer.names[name]} <= {begun}{''.join(moved)}{writer.names[name]};")
    return "\n".join([*lines, "  end", f"  assign bad = {' || '.join(violated) or '0'};", "endmodule", ""])


def _chosen(writer: _Writer, name: str, values: tuple[Value, ...]) -> str:
    """The first value that the environment picks: an admissible one, whatever its input says."""
    asked, known = writer.names[f"first.{name}"], [writer.constant(v) for v in values]
    return "(" + " : ".join([*(f"{asked} == {v} ? {v}" for v in known[1:]), known[0]]) + ")"
