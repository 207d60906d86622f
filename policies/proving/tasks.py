"""What a pack asks of the prover, clause by clause."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from earwitness.model.expression import (
    Expression,
    Sort,
    Var,
    choice,
    conjunction,
    disjunction,
    equal,
    implication,
    negation,
)
from earwitness.model.logic.monitor import (
    Monitor,
    Register,
    attribute_input,
    presence_input,
)
from earwitness.model.proof.liveness import (
    enabled_property,
    progress_properties,
)
from earwitness.model.systems.model import Model
from earwitness.model.systems.state_property import Promise
from earwitness.model.systems.transition_system import StateVariable, System
from earwitness.policies.pack import Clause, Kind, Pack, Way

PROGRESS = "progress"
"""The name under which it is proved that the model's time never stops."""
SLICE = "slice."
"""Prefix of the constant that stands for any value of the attribute a clause is sliced by."""


@dataclass(frozen=True, slots=True)
class ProofTask:
    """One clause over a system: what must hold of every run, by the conjuncts' names, with the texts
    people read.

    A two-run clause has no promises; it names what is `observed` and the `secrets` that must not
    show."""

    identity: str
    system: System
    promises: Mapping[str, Promise] = field(default_factory=dict)
    texts: Mapping[str, str] = field(default_factory=dict)
    secrets: tuple[str, ...] = ()
    observed: tuple[str, ...] | None = None


def clauses_to_prove(clauses: Iterable[Clause]) -> tuple[Clause, ...]:
    """The clauses that their pack wants proved."""
    return tuple(c for c in clauses if Way.PROVED in c.ways)


def tasks_of(pack: Pack) -> tuple[ProofTask, ...]:
    """The pack's clauses over its model, and that the model's time never stops."""
    clauses = clauses_to_prove(pack.clauses)
    if not clauses:
        return ()
    return (
        *(proof_task(c, pack.model) for c in clauses),
        progress_task(pack.model.system),
    )


def progress_task(system: System) -> ProofTask:
    """That time never stops, limit by limit."""
    promises = progress_properties(system)
    texts = {
        name: f"time goes on: {name.removeprefix('progress.')}"
        for name in promises
    }
    return ProofTask(
        identity=PROGRESS, system=system, promises=promises, texts=texts
    )


def proof_task(
    clause: Clause, model: Model, system: System | None = None
) -> ProofTask:
    """The task of a clause over its model, or over a changed form of it."""
    system = system or model.system
    match clause.kind:
        case Kind.TWO_RUN:
            return ProofTask(
                clause.id,
                system,
                texts={clause.id: clause.title},
                secrets=model.secrets,
                observed=model.observers[str(clause.observer)],
            )
        case Kind.ENABLED:
            wishes = model.possible[str(clause.transition)]
            properties = [enabled_property(system, wish) for wish in wishes]
            promises = {
                f"{clause.id}.{n}": p
                for n, p in enumerate(properties, start=1)
            }
            return ProofTask(
                identity=clause.id,
                system=system,
                promises=promises,
                texts=dict.fromkeys(promises, clause.title),
            )
        case Kind.ALWAYS:
            return _task_of_formulas(clause, system)


def _task_of_formulas(clause: Clause, system: System) -> ProofTask:
    monitors: dict[str, Monitor] = {
        c.name: c.monitor for c in clause.conjuncts
    }
    for attribute in clause.each[1:]:
        system = with_slice(system, attribute)
        monitors = {
            name: sliced_monitor(m, attribute) for name, m in monitors.items()
        }
    return ProofTask(
        clause.id,
        system,
        promises=dict(monitors),
        texts={c.name: c.text for c in clause.conjuncts},
    )


def with_slice(system: System, attribute: str) -> System:
    """The system beside a constant that may be any value of the attribute: what is proved then holds of
    every slice."""
    constant = _slice_constant(attribute)
    variable = StateVariable(
        constant.name,
        constant.sort,
        initial=(),
        values=_values_of(system, attribute),
    )
    name = f"{system.name} by {attribute}"
    return replace(system, name=name, variables=(*system.variables, variable))


def _slice_constant(attribute: str) -> Var:
    return Var(SLICE + attribute, attribute_input(attribute).sort)


def _values_of(system: System, attribute: str) -> tuple[str, ...]:
    return system.free.get(f"any.{attribute}", ())


def sliced_monitor(monitor: Monitor, attribute: str) -> Monitor:
    """The monitor of one slice: it sees the events that name its value or lack the attribute, and
    speaks from the first that names it on (as `per_device` does)."""
    present = presence_input(attribute)
    is_ours = conjunction(
        present, equal(attribute_input(attribute), _slice_constant(attribute))
    )
    concerned = disjunction(negation(present), is_ours)
    begun = Var("begun", Sort.BOOL)
    has_begun = disjunction(begun, is_ours)
    updates: dict[str, Expression] = {
        r.name: choice(
            concerned, monitor.updates[r.name], Var(r.name, r.sort)
        )
        for r in monitor.registers
    }
    return Monitor(
        registers=(
            *monitor.registers,
            Register(begun.name, Sort.BOOL, False),
        ),
        updates={**updates, begun.name: has_begun},
        verdict=implication(
            conjunction(concerned, has_begun), monitor.verdict
        ),
        trigger=conjunction(concerned, has_begun, monitor.trigger),
        pending=monitor.pending,
    )
