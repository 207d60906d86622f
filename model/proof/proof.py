"""What a prover answers."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from earwitness.model.systems.runs import ModelRun
from earwitness.model.systems.state_property import Promise
from earwitness.model.trace import Observation


class Standing(Enum):
    PROVED = "proved"
    REFUTED = "refuted"
    INCONCLUSIVE = "inconclusive"


@dataclass(frozen=True, slots=True)
class ProvedConjunct:
    """One part of a clause with its inductive invariant, a text a conjunct; `was_searched` unless a
    stored one still held.

    >>> part = ProvedConjunct("PROMISE", KEPT_PROMISE, ("(<= 0 pressed_at)",), was_searched=True)
    >>> Proof("PROMISE", Standing.PROVED, seconds=0.5, conjuncts=(part,)).searched
    1
    """

    name: str
    promise: Promise
    invariant: tuple[str, ...]
    was_searched: bool


@dataclass(frozen=True, slots=True)
class Proof:
    """The outcome for one clause: its proved conjuncts, or the name of the first that is not. `run` is
    a shortest violating run where it is refuted, `reason` says why there is no answer.

    >>> proof = Proof("PROMISE", Standing.INCONCLUSIVE, seconds=0.5, reason="no time left")
    >>> proof.trace, proof.searched
    ((), 0)
    """

    clause: str
    standing: Standing
    seconds: float
    conjuncts: tuple[ProvedConjunct, ...] = ()
    failed: str = ""
    run: ModelRun | None = None
    reason: str = ""

    @property
    def trace(self) -> tuple[Observation, ...]:
        """What is seen of the violating run."""
        return self.run.observations() if self.run is not None else ()

    @property
    def searched(self) -> int:
        """For how many conjuncts an invariant had to be searched."""
        return sum(conjunct.was_searched for conjunct in self.conjuncts)
