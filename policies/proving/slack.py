"""How much tighter a pack's bounds could be: what is promised beside what the model's datasheet needs."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations

from earwitness.model.logic.monitor import compile_formula
from earwitness.model.logic.parser import Scope, parse_formula
from earwitness.model.proof.encoding import encode
from earwitness.model.proof.invariant import recall_invariant
from earwitness.model.systems.datasheet import Datasheet
from earwitness.policies.pack import Conjunct, Pack
from earwitness.policies.proving.invariants import load_invariants
from earwitness.policies.proving.tasks import (
    clauses_to_prove,
    proof_task,
    sliced_monitor,
)

MOST_RATINGS = 3
"""A bound is a sum of at most so many ratings: no path of the models through a promise passes more
components in turn."""


@dataclass(frozen=True, slots=True)
class Slack:
    """A parameter of one conjunct: `promised`, and the least for which the stored invariant proves it,
    in its unit (microseconds or a count). `is_tightest` where one less is not proved; a run that
    breaks it was then not looked for."""

    conjunct: str
    parameter: str
    promised: int
    needed: int
    is_tightest: bool

    def __str__(self) -> str:
        most = "needed" if self.is_tightest else "proved, perhaps less"
        promised, needed = (
            slack_in_words(self.promised),
            slack_in_words(self.needed),
        )
        return f"{self.conjunct}: {self.parameter} {promised} promised, {needed} {most}"


def slack_in_words(microseconds: int) -> str:
    if microseconds % 1_000_000 == 0:
        return f"{microseconds // 1_000_000} s"
    return f"{microseconds / 1000:g} ms"


def find_slack(pack: Pack) -> Iterator[Slack]:
    """The slack of every parameter in every conjunct whose stored invariant holds."""
    stored = load_invariants(pack)
    for clause in clauses_to_prove(pack.clauses):
        for conjunct in clause.conjuncts:
            if conjunct.name in stored:
                for parameter in sorted(parameters_of(conjunct, pack)):
                    yield from _Question(
                        pack=pack,
                        clause=clause.id,
                        conjunct=conjunct,
                        parameter=parameter,
                        invariant=stored[conjunct.name],
                    ).answers()


def parameters_of(conjunct: Conjunct, pack: Pack) -> set[str]:
    return (
        set(re.findall(r"\$([a-z_]+)", conjunct.text))
        & pack.parameters.keys()
    )


def candidates(datasheet: Datasheet, promised: int) -> list[int]:
    """Sums of ratings up to what is promised."""
    figures = [rating.at_most for rating in datasheet.ratings]
    sums = {
        sum(some)
        for n in range(1, MOST_RATINGS + 1)
        for some in combinations(figures, n)
    }
    return sorted({value for value in sums if value < promised} | {promised})


@dataclass(frozen=True, slots=True)
class _Question:
    pack: Pack
    clause: str
    conjunct: Conjunct
    parameter: str
    invariant: tuple[str, ...]

    def answers(self) -> Iterator[Slack]:
        """The least candidate for which the invariant is one, by halving: a wider bound is a weaker
        promise. Nothing where not even what is promised is proved."""
        promised = self.pack.parameters[self.parameter]
        values = candidates(self.pack.model.datasheet, promised)
        if not self.is_proved(promised):
            return
        low, high = 0, len(values) - 1
        while low < high:
            middle = (low + high) // 2
            if self.is_proved(values[middle]):
                high = middle
            else:
                low = middle + 1
        needed = values[high]
        is_tightest = needed == 0 or not self.is_proved(needed - 1)
        yield Slack(
            conjunct=self.conjunct.name,
            parameter=self.parameter,
            promised=promised,
            needed=needed,
            is_tightest=is_tightest,
        )

    def is_proved(self, value: int) -> bool:
        clause = self.pack.clause(self.clause)
        parameters: Mapping[str, int] = {
            **self.pack.parameters,
            self.parameter: value,
        }
        formula = parse_formula(
            self.conjunct.text, Scope(parameters, self.pack.states)
        )
        promise = compile_formula(formula, self.conjunct.trigger)
        for attribute in clause.each[1:]:
            promise = sliced_monitor(promise, attribute)
        system = proof_task(clause, self.pack.model).system
        return (
            recall_invariant(encode(system, promise), self.invariant)
            is not None
        )
