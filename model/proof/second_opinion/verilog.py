"""A finite model beside a promise as a circuit, for an opinion that shares no code with our solvers:
property-directed reachability in ABC (Een, Mishchenko, Brayton 2011), through yosys. Time is finite
here: it runs to a horizon, in the unit the bounds are given in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

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
from earwitness.model.systems.cone import (
    Effect,
    cone_of_influence,
    effect_on,
    timed_variables,
)
from earwitness.model.systems.runs import free_variables
from earwitness.model.systems.state_property import NOW, Promise
from earwitness.model.systems.transition_system import TIME, System

HORIZON = 20
"""Units: how long the finite model runs: five times its longest bound and more."""
TEXT_BITS = 7
"""Bits of a text's code; chosen: 128 texts are more than a problem has."""
_OPERATORS = {
    Operator.AND: "&&",
    Operator.OR: "||",
    Operator.EQ: "==",
    Operator.LT: "<",
    Operator.LE: "<=",
    Operator.ADD: "+",
    Operator.SUB: "-",
}


def verilog_circuit(
    system: System, promise: Promise, horizon: int = HORIZON
) -> str:
    """One module: each clock does the step its inputs choose, where that is enabled; the output says
    that the step violates the promise. All first states and free choices are inputs, so nothing is
    left out of what the model allows before the horizon.

    >>> print(verilog_circuit(MICROPHONE_SYSTEM, KEPT_PROMISE).splitlines()[0])
    // microphone; bounds and times in units; horizon 20
    """
    return _Circuit(
        cone_of_influence(system, promise, timed_variables(system)),
        promise,
        horizon,
    ).text()


class _Writer:
    """Names and constants of one circuit; numbers have `bits` bits with a sign, which hold the horizon
    and every bound past it."""

    def __init__(self, names: Iterable[str], bits: int) -> None:
        self.names = {name: f"v{number}" for number, name in enumerate(names)}
        self.texts: dict[str, int] = {}
        self.bits = bits

    def declared(self, sort: Sort) -> str:
        match sort:
            case Sort.BOOL:
                return ""
            case Sort.INT:
                return f"signed [{self.bits - 1}:0] "
            case Sort.TEXT:
                return f"[{TEXT_BITS - 1}:0] "

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
                return (
                    "("
                    + f" {_OPERATORS[operator]} ".join(
                        map(self.source, arguments)
                    )
                    + ")"
                )


class _Circuit:
    def __init__(
        self, system: System, promise: Promise, horizon: int
    ) -> None:
        self.system = system
        self.promise = promise
        self.horizon = horizon
        self.sorts = {v.name: v.sort for v in system.variables}
        self.sorts |= {r.name: r.sort for r in promise.registers}
        self.sorts[NOW] = Sort.INT
        self.first: dict[str, tuple[Value, ...]] = {
            v.name: v.first_values for v in system.variables
        }
        self.first |= {r.name: (r.initial,) for r in promise.registers}
        self.first[NOW] = (0,)
        self.open_at_first = [
            name for name, values in self.first.items() if len(values) > 1
        ]
        self.inputs = _input_sorts(system)
        self.inputs |= {
            f"first.{name}": self.sorts[name] for name in self.open_at_first
        }
        longest = max((x.bound for x in system.limits), default=0)
        bits = (2 * (horizon + longest)).bit_length() + 2
        self.writer = _Writer([*self.sorts, *self.inputs], bits)
        self.effects = {
            t.name: effect_on(promise, t) for t in system.transitions
        }

    def text(self) -> str:
        lines = [
            f"// {self.system.name}; bounds and times in units; horizon {self.horizon}",
            f"module model({', '.join(self.ports())});",
            "  reg started = 0;",
            "  reg began = 0;",
            "  reg related = 1;",
            *self.registers(),
            f"  wire in_time = {self.writer.source(self.in_time())};",
            *self.wires(),
            "  always @(posedge clock) begin",
            "    started <= 1;",
            "    began <= started;",
            f"    related <= {self.related()};",
            *self.moves(),
            "  end",
            f"  assign bad = {self.related()} && ({' || '.join(self.violations()) or '0'});",
            "endmodule",
            "",
        ]
        return "\n".join(lines)

    def ports(self) -> list[str]:
        inputs = [
            f"input {self.writer.declared(s)}{self.writer.names[n]}"
            for n, s in self.inputs.items()
        ]
        return ["input clock", "input [7:0] rule", *inputs, "output bad"]

    def registers(self) -> Iterator[str]:
        for name, sort in self.sorts.items():
            first = self.writer.constant(self.first[name][0])
            yield f"  reg {self.writer.declared(sort)}{self.writer.names[name]} = {first}; // {name}"

    def in_time(self) -> Expression:
        limits = [
            implication(
                x.condition, at_most(TIME, plus(x.since, Const(x.bound)))
            )
            for x in self.system.limits
        ]
        return conjunction(
            at_most(Var(NOW, Sort.INT), TIME),
            at_most(TIME, Const(self.horizon)),
            *limits,
        )

    def related(self) -> str:
        """Whether the first values, which are chosen apart, go together. They are there for one clock
        after the start."""
        return f"(related && (!started || began || {self.writer.source(self.system.initially)}))"

    def wires(self) -> Iterator[str]:
        for number, transition in enumerate(self.system.transitions):
            condition = f"started && rule == {number} && in_time && {self.writer.source(transition.guard)}"
            yield f"  wire does{number} = {condition}; // {transition.name}"

    def violations(self) -> Iterator[str]:
        for number, transition in enumerate(self.system.transitions):
            verdict = self.effects[transition.name].verdict
            if verdict != TRUE:
                yield f"(does{number} && {self.writer.source(negation(verdict))})"

    def moves(self) -> Iterator[str]:
        for name in self.sorts:
            begun = (
                f"!started ? {self.chosen_at_first(name)} : "
                if name in self.open_at_first
                else ""
            )
            moved = "".join(self.moved(name))
            if moved or begun:
                here = self.writer.names[name]
                yield f"    {here} <= {begun}{moved}{here};"

    def moved(self, name: str) -> Iterator[str]:
        for number, transition in enumerate(self.system.transitions):
            effect: Effect = self.effects[transition.name]
            update = {**transition.updates, **effect.updates, NOW: TIME}.get(
                name
            )
            if update is not None and update != Var(name, self.sorts[name]):
                yield f"does{number} ? {self.writer.source(update)} : "

    def chosen_at_first(self, name: str) -> str:
        """The first value that the environment picks: an admissible one, whatever its input says."""
        picked = self.writer.names[f"first.{name}"]
        values = [self.writer.constant(value) for value in self.first[name]]
        return (
            "("
            + " : ".join(
                [*(f"{picked} == {v} ? {v}" for v in values[1:]), values[0]]
            )
            + ")"
        )


def _input_sorts(system: System) -> dict[str, Sort]:
    """What is open at every step: the variables that transitions leave free, and the time."""
    free = {v for row in system.transitions for v in free_variables(row)}
    by_name = {variable.name: variable.sort for variable in free}
    return {**dict(sorted(by_name.items())), "time": Sort.INT}
