"""Every engine that runs a monitor, behind one shape: a formula and a trace in, a verdict for each event
out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import z3

from earwitness.model.expression import Sort, Value, variables
from earwitness.model.logic.columns import Texts, assemble, run, table
from earwitness.model.logic.formula import (
    And,
    Bound,
    Event,
    Formula,
    Historically,
    Implies,
    Not,
    Once,
    Or,
    Previously,
    Side,
    Since,
    Truth,
)
from earwitness.model.logic.joint_monitor import join_monitors
from earwitness.model.logic.joint_program import JointProgram
from earwitness.model.logic.monitor import (
    Monitor,
    compile_formula,
    input_values,
)
from earwitness.model.logic.semantics import holds
from earwitness.model.logic.step import (
    Step,
    generated_step,
    initial_state,
    interpreted_step,
)
from earwitness.model.proof.encoding import Encoding
from earwitness.model.trace import Observation
from earwitness.model.vocabulary import vocabulary

Trace = Sequence[Observation]
Engine = Callable[[Monitor, Trace], list[bool]]


def reference(formula: Formula, trace: Trace) -> list[bool]:
    """The definition."""
    return [holds(formula, trace, i) for i in range(len(trace))]


def stepped(make: Callable[[Monitor], Step]) -> Engine:
    def engine(monitor: Monitor, trace: Trace) -> list[bool]:
        step, state, found = make(monitor), initial_state(monitor), []
        for seen in trace:
            state, outcome = step(state, input_values(seen))
            found.append(outcome.holds)
        return found

    return engine


def columns(monitor: Monitor, trace: Trace) -> list[bool]:
    texts = Texts()
    program = assemble(monitor, texts)
    return [
        bool(v)
        for v in run(program, table(trace, program.columns, texts)).holds
    ]


def joined(monitor: Monitor, trace: Trace) -> list[bool]:
    program = JointProgram(join_monitors({"X": monitor}))
    slots = program.first_slots()
    steps = (program.step(slots, seen) for seen in trace)
    return [not broken for _, broken in steps]


class Solved:
    """The z3 terms that proofs speak of, with each event's values put in."""

    def __init__(self) -> None:
        self.encoding = Encoding()
        self.constants: dict[Any, Any] = {}
        self.sorts = {"time": Sort.INT, "event": Sort.TEXT}
        for name, attribute in vocabulary().attributes.items():
            self.sorts |= {
                f"its.{name}": attribute.sort,
                f"has.{name}": Sort.BOOL,
            }
        self.variables = {
            name: self.encoding.variable(name, sort)
            for name, sort in self.sorts.items()
        }

    def __call__(self, monitor: Monitor, trace: Trace) -> list[bool]:
        registers = {
            r.name: self.encoding.variable(r.name, r.sort)
            for r in monitor.registers
        }
        known = self.variables | registers
        updates = [
            self.encoding.term(monitor.updates[r.name], known)
            for r in monitor.registers
        ]
        verdict = self.encoding.term(monitor.verdict, known)
        # One term around all: the calls are slower than the work.
        around = z3.Function(
            f"all{len(updates)}",
            *(t.sort() for t in (*updates, verdict)),
            z3.BoolSort(),
        )
        together = around(*updates, verdict)
        held = list(registers.values())
        asked = {
            v.name
            for e in (*monitor.updates.values(), monitor.verdict)
            for v in variables(e)
        } - registers.keys()
        contents, found = (
            [self.constant(r.initial) for r in monitor.registers],
            [],
        )
        for seen in trace:
            values = input_values(seen)
            pairs = [
                *zip(held, contents, strict=True),
                *(
                    (known[name], self.constant(values[name]))
                    for name in asked
                ),
            ]
            *contents, now = z3.simplify(
                z3.substitute(together, *pairs)
            ).children()
            assert z3.is_true(now) or z3.is_false(now), now
            found.append(z3.is_true(now))
        return found

    def constant(self, value: Value) -> Any:
        key = (type(value), value)
        if key not in self.constants:
            self.constants[key] = self.encoding.constant(value)
        return self.constants[key]


ENGINES: dict[str, Engine] = {
    "generated step": stepped(generated_step),
    "interpreted step": stepped(interpreted_step),
    "joint program": joined,
    "columns kernel": columns,
    "z3 encoding": Solved(),
}


def disagreeing(
    formula: Formula, trace: Trace, engines: dict[str, Engine] = ENGINES
) -> list[str]:
    """The engines that do not say what the definition says."""
    expected, monitor = reference(formula, trace), compile_formula(formula)
    return [
        name
        for name, engine in engines.items()
        if engine(monitor, trace) != expected
    ]


def reelay_text(formula: Formula) -> str:
    """The formula in reelay's language, over propositions named like the events. Its time is the number
    of the event."""

    def bound(limit: Bound | None) -> str:
        return (
            ""
            if limit is None
            else f"[:{limit.duration}]"
            if limit.side is Side.WITHIN
            else f"[{limit.duration}:]"
        )

    match formula:
        case Truth(value):
            return "({tick} || !{tick})" if value else "({tick} && !{tick})"
        case Event(name, ()):
            return "{" + name.replace(".", "_") + "}"
        case Not(operand):
            return f"(!{reelay_text(operand)})"
        case And(left, right):
            return f"({reelay_text(left)} && {reelay_text(right)})"
        case Or(left, right):
            return f"({reelay_text(left)} || {reelay_text(right)})"
        case Implies(left, right):
            return f"({reelay_text(left)} -> {reelay_text(right)})"
        case Previously(None, operand):
            return f"(pre {reelay_text(operand)})"
        case Once(limit, operand):
            return f"(once{bound(limit)} {reelay_text(operand)})"
        case Historically(limit, operand):
            return f"(historically{bound(limit)} {reelay_text(operand)})"
        case Since(limit, left, right):
            return f"({reelay_text(left)} since{bound(limit)} {reelay_text(right)})"
    raise ValueError(f"reelay cannot say {formula}")


def reelay_verdicts(formula: Formula, events: Sequence[str]) -> list[bool]:
    """What reelay says of one event an instant."""
    from reelay import discrete_timed_monitor

    monitor = discrete_timed_monitor(
        pattern=reelay_text(formula), condense=False
    )
    names = (
        {e.replace(".", "_") for e in events}
        | {"tick"}
        | {e.name.replace(".", "_") for e in _events(formula)}
    )
    return [
        bool(
            monitor.update({n: n == e.replace(".", "_") for n in names})[
                "value"
            ]
        )
        for e in events
    ]


def _events(formula: Any) -> list[Event]:
    if isinstance(formula, Event):
        return [formula]
    return [
        e
        for name in getattr(formula, "__dataclass_fields__", ())
        for e in _events(getattr(formula, name))
    ]
