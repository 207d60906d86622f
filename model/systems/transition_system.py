"""A system as one table: state variables, transitions and limits on how long time may pass."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from earwitness.model.expression import (
    Const,
    Expression,
    Sort,
    Value,
    Var,
    conjunction,
    disjunction,
    equal,
    negation,
)


class Component(Enum):
    """Who carries a transition out; `ENVIRONMENT` is hostile and owes nothing."""

    ENVIRONMENT = "environment"
    MICROPHONE = "microphone hardware"
    CAMERA = "camera hardware"
    LIGHT = "light hardware"
    FIRMWARE = "firmware"
    GATEWAY = "gateway"
    ASR = "speech recognition"
    NLU = "language understanding"
    SKILLS = "skill host"
    SPEECH = "speech synthesis"
    RETENTION = "retention"
    METRICS = "metrics"
    MANAGEMENT = "management"
    CALLS = "calls"


class Base(Enum):
    """What a component's good behaviour rests on."""

    HARDWARE = "hardware"
    DEVICE = "device software"
    CLOUD = "cloud"


def base(component: Component) -> Base:
    """Where a component runs."""
    if component in (Component.MICROPHONE, Component.CAMERA, Component.LIGHT):
        return Base.HARDWARE
    return Base.DEVICE if component in (Component.FIRMWARE, Component.CALLS) else Base.CLOUD


@dataclass(frozen=True, slots=True)
class StateVariable:
    """`initial` holds every possible first value; `rigid` variables never change."""

    name: str
    sort: Sort
    initial: tuple[Value, ...]
    values: tuple[str, ...] = ()

    @property
    def var(self) -> Var:
        return Var(self.name, self.sort)


@dataclass(frozen=True, slots=True)
class Transition:
    """A step: enabled under `guard`, it sets `updates` at once and emits one event. Variables named `any.x` are chosen freely within the guard;
    `time` is the instant of the step."""

    name: str
    component: Component
    guard: Expression
    updates: Mapping[str, Expression]
    event: str
    attributes: Mapping[str, Expression] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Limit:
    """While `condition` holds, no step happens later than `since` + `bound`. One of `discharge` must be enabled meanwhile, or time would stop."""

    name: str
    component: Component
    condition: Expression
    since: Expression
    bound: int
    discharge: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """One component's rows. `control` names the variable whose values are the states people draw."""

    name: str
    control: str
    variables: tuple[StateVariable, ...]
    transitions: tuple[Transition, ...]
    limits: tuple[Limit, ...] = ()
    hints: tuple[Expression, ...] = ()


@dataclass(frozen=True, slots=True)
class Enabled:
    """What must be possible: the transition, with the given free choices, wherever the condition holds; if `exactly`, then nowhere else."""

    transition: str
    wherever: Expression
    chosen: Mapping[str, Expression] = field(default_factory=dict)
    exactly: bool = False


@dataclass(frozen=True, slots=True)
class System:
    """Composed tables. `control` is that of the first. `free` gives the texts a free choice may take where a search samples them.
    `hints` are candidate lemmas for the prover: checked, never trusted."""

    name: str
    control: str
    variables: tuple[StateVariable, ...]
    transitions: tuple[Transition, ...]
    limits: tuple[Limit, ...]
    hints: tuple[Expression, ...] = ()
    free: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def transition(self, name: str) -> Transition:
        return next(t for t in self.transitions if t.name == name)


TIME = Var("time", Sort.INT)


def flag(name: str) -> Var:
    return Var(name, Sort.BOOL)


def count(name: str) -> Var:
    return Var(name, Sort.INT)


def word(name: str) -> Var:
    return Var(name, Sort.TEXT)


def among(variable: Expression, *values: str) -> Expression:
    """The variable has one of these values."""
    return disjunction(*(equal(variable, Const(v)) for v in values))


def flags(*names: Var) -> tuple[StateVariable, ...]:
    """Booleans that are false at first."""
    return tuple(StateVariable(v.name, Sort.BOOL, (False,)) for v in names)


def counts(*names: Var) -> tuple[StateVariable, ...]:
    """Integers that are 0 at first."""
    return tuple(StateVariable(v.name, Sort.INT, (0,)) for v in names)


def both(*conditions: Expression) -> Expression:
    return conjunction(*conditions)


def either(*conditions: Expression) -> Expression:
    return disjunction(*conditions)


def no(condition: Expression) -> Expression:
    return negation(condition)
