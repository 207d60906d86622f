"""A system as one table: state variables, transitions and limits on how long time may pass."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from itertools import product

from earwitness.model.expression import (
    TRUE,
    Const,
    Expression,
    Sort,
    Value,
    Var,
    conjunction,
    disjunction,
    equal,
    evaluate,
)
from earwitness.model.expression import (
    negation as negation,  # the fourth of the table's constructors
)


class Layer(Enum):
    """Where a component runs, the one that is hardest to change first: how far trust must reach."""

    HARDWARE = "hardware"
    DEVICE = "device software"
    CLOUD = "cloud"


@dataclass(frozen=True, slots=True)
class Component:
    """Who carries a transition out. The environment runs nowhere: it is hostile and owes nothing.

    >>> RAIL.layer.value, ENVIRONMENT.layer
    ('hardware', None)
    """

    name: str
    layer: Layer | None


ENVIRONMENT = Component("environment", None)

SAMPLES: Mapping[Sort, tuple[Value, ...]] = {
    Sort.BOOL: (False, True),
    Sort.INT: (0, 1),
    Sort.TEXT: ("", "any"),
}
"""First values that searches try where any value may be the first; solvers leave it open."""


@dataclass(frozen=True, slots=True)
class StateVariable:
    """`initial` holds every possible first value (empty: any); `values`, where given, every value there
    is.

    >>> variable = StateVariable("muted", Sort.BOOL, (False,))
    >>> variable.var == muted, variable.first_values
    (True, (False,))
    """

    name: str
    sort: Sort
    initial: tuple[Value, ...]
    values: tuple[str, ...] = ()

    @property
    def var(self) -> Var:
        return Var(self.name, self.sort)

    @property
    def first_values(self) -> tuple[Value, ...]:
        """First values that a search tries: all of them, or samples where any value may be the first."""
        return self.initial or SAMPLES[self.sort]


@dataclass(frozen=True, slots=True)
class Transition:
    """A step: enabled under `guard`, it sets `updates` at once and emits one event, or none (then it is
    silent). Variables named `any.x` are chosen freely within the guard; `time` is the instant of the
    step.

    >>> Transition("ring", ENVIRONMENT, guard=TRUE, updates={"rang": TRUE}, emits="tone").emits
    'tone'
    """

    name: str
    component: Component
    guard: Expression = field(kw_only=True)
    updates: Mapping[str, Expression] = field(
        default_factory=dict, kw_only=True
    )
    emits: str | None = field(default=None, kw_only=True)
    attributes: Mapping[str, Expression] = field(
        default_factory=dict, kw_only=True
    )
    reason: str = field(default="", kw_only=True, compare=False, repr=False)
    """Why the row is as it is: a clause, a sentence of the white paper, an assumption."""

    @property
    def is_idle(self) -> bool:
        """Whether nothing happens but that time passes.

        >>> PASS_TIME.is_idle, PRESS.is_idle
        (True, False)
        """
        return self.guard == TRUE and not self.updates and self.emits is None


PASS_TIME = Transition("pass_time", ENVIRONMENT, guard=TRUE)


@dataclass(frozen=True, slots=True)
class Limit:
    """While `condition` holds, no step happens later than `since` + `bound` microseconds. One of
    `discharge` must be enabled meanwhile, or time would stop.

    >>> (limit,) = MICROPHONE_TABLE.limits
    >>> limit.bound, limit.discharge, limit.reason
    (100000, ('switch',), 'the rail switches within 100 ms')
    """

    name: str
    component: Component
    condition: Expression = field(kw_only=True)
    since: Expression = field(kw_only=True)
    bound: int = field(kw_only=True)
    discharge: tuple[str, ...] = field(kw_only=True)
    reason: str = field(default="", kw_only=True, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Table:
    """One component's rows. `control` names the variable whose values are the states people draw.

    >>> MICROPHONE_TABLE.control, [transition.name for transition in MICROPHONE_TABLE.transitions]
    ('rail', ['press', 'switch', 'capture'])
    """

    name: str
    control: str
    variables: tuple[StateVariable, ...]
    transitions: tuple[Transition, ...]
    limits: tuple[Limit, ...] = ()
    hints: tuple[Expression, ...] = ()


@dataclass(frozen=True, slots=True)
class Enabled:
    """What must be possible: the transition, with the given free choices, wherever the condition holds;
    if `exactly`, then nowhere else.

    >>> wanted = Enabled("press", wherever=negation(UNSETTLED))
    >>> wanted.transition, wanted.exactly  # a press is possible while nothing switches, and perhaps else
    ('press', False)
    """

    transition: str
    wherever: Expression
    chosen: Mapping[str, Expression] = field(default_factory=dict)
    exactly: bool = False


@dataclass(frozen=True, slots=True)
class System:
    """Composed tables. `control` is that of the first. `free` gives the texts a free choice may take
    where a search samples them. `hints` are candidate lemmas for the prover: checked, never trusted.
    `initially` relates first values.

    >>> MICROPHONE_SYSTEM.transition("press").emits
    'button.microphone'
    >>> list(MICROPHONE_SYSTEM.first_states())
    [{'muted': False, 'rail': 'off', 'pressed_at': 0}]
    >>> [component.name for component in MICROPHONE_SYSTEM.components]
    ['rail']
    """

    name: str
    control: str
    variables: tuple[StateVariable, ...]
    transitions: tuple[Transition, ...]
    limits: tuple[Limit, ...]
    hints: tuple[Expression, ...] = ()
    free: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    initially: Expression = TRUE

    def transition(self, name: str) -> Transition:
        """The transition of that name. Raises KeyError."""
        for transition in self.transitions:
            if transition.name == name:
                return transition
        raise KeyError(f"{self.name} has no transition '{name}'")

    def first_states(self) -> Iterator[dict[str, Value]]:
        """Every first state; of a variable that may begin anyhow, samples."""
        names = [v.name for v in self.variables]
        for values in product(*(v.first_values for v in self.variables)):
            state = dict(zip(names, values, strict=True))
            if evaluate(self.initially, state):
                yield state

    @property
    def components(self) -> tuple[Component, ...]:
        """All that can be trusted or not, from hardware to cloud; the environment never is."""
        there = dict.fromkeys(t.component for t in self.transitions)
        layers = list(Layer)
        known = [
            (layers.index(c.layer), c) for c in there if c.layer is not None
        ]
        return tuple(c for _, c in sorted(known, key=lambda pair: pair[0]))


def compose(
    name: str,
    *tables: Table,
    free: Mapping[str, tuple[str, ...]] | None = None,
) -> System:
    """One system of the rows of all tables, in which time may pass; they share variables by name.
    Raises ValueError for a variable or a transition that is declared twice.

    >>> [t.name for t in compose("microphone", MICROPHONE_TABLE).transitions]
    ['press', 'switch', 'capture', 'pass_time']
    """
    variables = tuple(v for table in tables for v in table.variables)
    transitions = (
        *(t for table in tables for t in table.transitions),
        PASS_TIME,
    )
    _refuse_doubles(name, [v.name for v in variables])
    _refuse_doubles(name, [t.name for t in transitions])
    return System(
        name=name,
        control=tables[0].control,
        variables=variables,
        transitions=transitions,
        limits=tuple(x for table in tables for x in table.limits),
        hints=tuple(h for table in tables for h in table.hints),
        free=free or {},
    )


def _refuse_doubles(system: str, names: Collection[str]) -> None:
    doubled = sorted(
        name for name, number in _count_names(names).items() if number > 1
    )
    if doubled:
        raise ValueError(
            f"{', '.join(doubled)}: declared twice in the tables of {system}"
        )


def _count_names(names: Iterable[str]) -> Mapping[str, int]:
    numbers: dict[str, int] = {}
    for name in names:
        numbers[name] = numbers.get(name, 0) + 1
    return numbers


TIME = Var("time", Sort.INT)


def flag(name: str) -> Var:
    """A boolean of the state, or a free choice of one.

    >>> flag("muted").sort.value
    'boolean'
    """
    return Var(name, Sort.BOOL)


def count(name: str) -> Var:
    """An integer of the state, or a free choice of one.

    >>> count("pressed_at").sort.value
    'integer'
    """
    return Var(name, Sort.INT)


def word(name: str) -> Var:
    """A text of the state, or a free choice of one.

    >>> word("rail").sort.value
    'text'
    """
    return Var(name, Sort.TEXT)


def flags(*names: Var) -> tuple[StateVariable, ...]:
    """Booleans that are false at first.

    >>> [(v.name, v.initial) for v in flags(flag("muted"))]
    [('muted', (False,))]
    """
    return tuple(StateVariable(v.name, Sort.BOOL, (False,)) for v in names)


def counts(*names: Var) -> tuple[StateVariable, ...]:
    """Integers that are 0 at first.

    >>> [(v.name, v.initial) for v in counts(count("pressed_at"))]
    [('pressed_at', (0,))]
    """
    return tuple(StateVariable(v.name, Sort.INT, (0,)) for v in names)


def all_of(*conditions: Expression) -> Expression:
    """Every condition holds.

    >>> all_of(flag("muted")) == flag("muted"), all_of() == TRUE
    (True, True)
    """
    return conjunction(*conditions)


def any_of(*conditions: Expression) -> Expression:
    """At least one condition holds.

    >>> any_of(flag("muted"), TRUE) == TRUE
    True
    """
    return disjunction(*conditions)


def equals(left: Expression, right: Expression | Value) -> Expression:
    """Both have the same value: `equals(control, "streaming")`, `equals(actor, owner)`.

    >>> equals(word("rail"), "on").operator.value
    '='
    """
    return equal(
        left, Const(right) if isinstance(right, bool | int | str) else right
    )


def one_of(variable: Expression, *values: Value) -> Expression:
    """The variable has one of these values.

    >>> one_of(word("rail"), "on") == equals(word("rail"), "on")
    True
    """
    return any_of(*(equals(variable, value) for value in values))


def values(**entries: Expression | Value) -> dict[str, Expression]:
    """Each name with its value; a literal is written as it is.

    >>> values(control="streaming", since=TIME)["control"]
    Const(value='streaming')
    """
    return {
        name: Const(value) if isinstance(value, bool | int | str) else value
        for name, value in entries.items()
    }


def same_for(
    value: Expression | Value, *variables: Var
) -> dict[str, Expression]:
    """The same value for several variables.

    >>> sorted(same_for(False, flag("muted"), flag("fed")))
    ['fed', 'muted']
    """
    return values(**{variable.name: value for variable in variables})
