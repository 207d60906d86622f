"""What would make a failed clause pass, made from the pack: each way out that its formula leaves open."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from earwitness.conformance.gate.verdict import WORDS
from earwitness.model.expression import Value
from earwitness.model.logic.english import describe_formula
from earwitness.model.logic.formula import (
    And,
    Deadline,
    Event,
    Formula,
    Implies,
    Not,
    direct_parts,
    event_names,
)
from earwitness.model.logic.wording import describe_duration
from earwitness.policies.pack import Clause, Conjunct

LOSSES_OF_ATTRIBUTES = (
    (
        "encrypted",
        False,
        "Whoever is on the way can listen to what is said: it is sent for everybody to read.",
    ),
)
"""Where an attribute of the violating event is what the clause forbids."""


def ways_to_pass(clause: Clause, violated: frozenset[str]) -> tuple[str, ...]:
    """One sentence for each way; of the conjuncts that were violated, or of all where none is named."""
    chosen = [
        conjunct
        for conjunct in clause.conjuncts
        if not violated or conjunct.name in violated
    ]
    found = [
        text
        for conjunct in chosen
        for text in _ways_to_exercise(conjunct.formula)
    ]
    return (*dict.fromkeys(found), *_evidence_asked(chosen))


def _ways_to_exercise(formula: Formula) -> Iterator[str]:
    match formula:
        case And(left, right):
            yield from _ways_to_exercise(left)
            yield from _ways_to_exercise(right)
        case Implies(left, right):
            yield (
                f"whenever {describe_formula(left)}, see to it that {describe_formula(right)}; "
                "where that cannot be, see to it that what stands after “whenever” does not happen"
            )
        case Deadline(response, duration, trigger):
            yield (
                f"after {describe_formula(trigger)}, see to it within {describe_duration(duration)} that "
                f"{describe_formula(response)}"
            )
        case Not(operand):
            yield f"it must never happen that {describe_formula(operand)}"
        case _:
            yield f"at every event: {describe_formula(formula)}"


def _evidence_asked(conjuncts: list[Conjunct]) -> Iterator[str]:
    words = sorted({WORDS[conjunct.needs] for conjunct in conjuncts})
    if words:
        yield (
            "the run must put it to the test, and what is seen of it must be at least "
            f"{' or '.join(words)}"
        )


def is_about(clause: Clause, attribute: str) -> bool:
    """Whether a formula of the clause compares an attribute, such as `encrypted`."""
    return any(attribute in conjunct.text for conjunct in clause.conjuncts)


def loss_of(
    entry: Mapping[str, Value],
    clause: Clause | None,
    losses: Mapping[str, str],
    other: str,
    broken: frozenset[str] = frozenset(),
) -> str:
    """What a person loses by this event: by what is wrong with it; by its name, where the clause speaks of
    it; or, where it is only the moment at which something was missing, by what was missing. `broken` names
    the parts that are violated (none: all)."""
    event = str(entry.get("event", ""))
    if clause is None:
        return losses.get(event, other)
    for attribute, value, loss in LOSSES_OF_ATTRIBUTES:
        is_so = entry.get(attribute) == value
        if is_so and is_about(clause, attribute):
            return loss
    parts = [
        part for part in clause.conjuncts if not broken or part.name in broken
    ]
    spoken = {name for part in parts for name in event_names(part.formula)}
    if event in losses and event in spoken:
        return losses[event]
    due = (name for part in parts for name in _due_events(part.formula))
    return next((losses[name] for name in due if name in losses), other)


def _due_events(formula: Formula) -> Iterator[str]:
    """The events by which a promise is kept, in the order in which it names them."""
    match formula:
        case And(left, right):
            yield from _due_events(left)
            yield from _due_events(right)
        case Implies(_, right):
            yield from _events_in_order(right)
        case Deadline(response, _, _):
            yield from _events_in_order(response)
        case _:
            yield from _events_in_order(formula)


def _events_in_order(formula: object) -> Iterator[str]:
    if isinstance(formula, Event):
        yield formula.name
    for part in direct_parts(formula):
        yield from _events_in_order(part)
