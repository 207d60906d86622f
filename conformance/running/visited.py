"""Which transitions of a model were seen in traces."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cache

from earwitness.model.assistant.assistant import ASSISTANT
from earwitness.model.expression import Const, Value
from earwitness.model.systems.model import Model
from earwitness.model.systems.transition_system import Transition
from earwitness.model.trace import Observation

Fact = tuple[str, str, Value]
"""An event, the name of an attribute and its value; with an empty name, that the event was seen."""
UNTOLD = ("bytes", "stream", "skill")
"""Attributes whose values the model fixes and an implementation does not."""


def visited(traces: Iterable[Sequence[Observation]]) -> list[str]:
    """Names of the assistant's transitions whose event, with its fixed attributes, was observed."""
    return visited_by(frozenset().union(*map(facts_of, traces)))


def visited_by(facts: frozenset[Fact], model: Model = ASSISTANT) -> list[str]:
    """The same, from facts alone."""
    return [
        transition.name
        for transition, fixed in _fixed_facts(model)
        if fixed <= facts
    ]


def unvisited_by(facts: frozenset[Fact], model: Model) -> list[str]:
    """Names of the model's transitions that would have been seen from outside, and were not."""
    known = frozenset(visited_by(facts, model))
    return [t.name for t, _ in _fixed_facts(model) if t.name not in known]


def facts_of(
    trace: Iterable[Observation], model: Model = ASSISTANT
) -> frozenset[Fact]:
    """What a trace shows of what transitions fix; few, whatever its length."""
    return frozenset(
        fact
        for seen in trace
        for fact in _facts_of(seen)
        if fact in _telling_facts(model)
    )


def _facts_of(seen: Observation) -> Iterator[Fact]:
    yield seen.event, "", ""
    for name, value in seen.attributes.items():
        yield seen.event, name, value


@cache
def _telling_facts(model: Model) -> frozenset[Fact]:
    return frozenset().union(*(fixed for _, fixed in _fixed_facts(model)))


@cache
def _fixed_facts(
    model: Model,
) -> tuple[tuple[Transition, frozenset[Fact]], ...]:
    """The transitions that emit something, each with what is seen of it whenever it is taken."""
    return tuple(
        (transition, frozenset(_facts_given(transition.emits, transition)))
        for transition in model.system.transitions
        if transition.emits is not None
    )


def _facts_given(event: str, transition: Transition) -> Iterator[Fact]:
    yield event, "", ""
    for name, expression in transition.attributes.items():
        if isinstance(expression, Const) and name not in UNTOLD:
            yield event, name, expression.value
