"""What would make a failed clause pass, made from the pack: each way out that its formula leaves open."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from earwitness.conformance.gate.verdict import WORDS
from earwitness.model.expression import Value
from earwitness.model.logic.english import (
    describe_duration,
    describe_formula,
)
from earwitness.model.logic.formula import (
    And,
    Deadline,
    Formula,
    Implies,
    Not,
)
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
                "or do not let the first happen where the second is not so"
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
) -> str:
    """What a person loses by this event: by what is wrong with it, or by its name."""
    if clause is not None:
        for attribute, value, loss in LOSSES_OF_ATTRIBUTES:
            is_so = entry.get(attribute) == value
            if is_so and is_about(clause, attribute):
                return loss
    return losses.get(str(entry.get("event", "")), other)
