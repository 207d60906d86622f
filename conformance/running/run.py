"""What one run of a scenario came to."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from earwitness.conformance.running.moment import Finding
from earwitness.conformance.running.tally import Tally
from earwitness.conformance.stimuli.stimulus import Scenario, Stimulus
from earwitness.conformance.witnesses.files import StoreSearch
from earwitness.conformance.witnesses.twins import Footprint
from earwitness.model.trace import Observation, Origin


@dataclass(frozen=True, slots=True)
class Run:
    """What one scenario brought. `dead` says why the target cannot be judged: a request was not heard,
    streamed and answered, or it broke the protocol. Prohibitions that such a target keeps mean nothing, while
    a violation it committed counts."""

    scenario: Scenario
    trace: tuple[Observation, ...]
    tally: Tally
    stores: StoreSearch
    skipped: tuple[str, ...] = ()
    uploads: int = 0
    voice: int = 0
    span: tuple[int, int] = (0, 0)
    """Where in the trace what came of the scenario begins and ends."""
    marks: tuple[int, ...] = ()
    """How long the trace was after each step of the scenario."""
    dead: str = ""
    heard: Origin | None = None
    """On whose word it rests that the positive controls were heard, streamed and answered; None where they
    were not."""
    journal: tuple[tuple[Stimulus, Any], ...] = ()
    """What was carried out, in order; of questions to the property's side with the data that was answered."""
    findings: tuple[Finding, ...] = ()
    footprint: Footprint = field(default_factory=lambda: Footprint({}))
    """What somebody outside could see of the scenario."""
    unexplained: tuple[str, ...] = ()
    """Sentences: who sent more than it may of what nobody could read."""
    unclaimed: frozenset[str] = frozenset()
    """Clauses about a level of mute that the target does not claim: shown, never violated."""

    def violated(self) -> tuple[str, ...]:
        """Names of the conjuncts that the trace violates."""
        return tuple(
            name
            for name, found in self.tally.items()
            if found.violated_at is not None
            and clause_of(name) not in self.unclaimed
        )

    def exercised(self, clause: str) -> int:
        """How often the conjuncts of a clause were exercised."""
        return sum(
            found.exercised
            for name, found in self.tally.items()
            if clause_of(name) == clause
        )


def clause_of(conjunct: str) -> str:
    """The id of the clause that a conjunct belongs to."""
    return conjunct.rpartition(".")[0]
