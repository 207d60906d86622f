"""What to do after a decision: commands that work when they are pasted."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from earwitness.conformance.evidence.bundle import Bundle
from earwitness.conformance.gate.exits import Exit
from earwitness.conformance.gate.policy import GateDecision
from earwitness.conformance.gate.verdict import Verdict
from earwitness.policies.pack import Pack, shipped_packs


@dataclass(frozen=True, slots=True)
class NextStep:
    """Something to do next: why, and a command that works when it is pasted."""

    why: str
    command: str


def replay_command(bundle: Bundle, clause: str) -> str:
    """A command that plays a failure again."""
    return f"earwitness replay {shlex.quote(str(bundle.folder / 'failures' / f'{clause}.json'))}"


def show_command(packs: Iterable[Pack], clause: str) -> str:
    """A command that shows a clause; a pack that does not come with Earwitness is named by its copy in the
    bundle."""
    command = f"earwitness policy show {clause}"
    shipped = shipped_packs()
    for pack in packs:
        is_its_own = clause in {c.id for c in pack.clauses}
        if is_its_own and pack.name not in shipped:
            return f"{command} --pack {shlex.quote(str(pack.file))}"
    return command


def next_steps(
    bundle: Bundle, packs: Iterable[Pack], decision: GateDecision
) -> Iterator[NextStep]:
    """The steps after a decision, the most telling first."""
    for decided in decision.failing:
        if decided.result.id in bundle.failures:
            yield NextStep(
                f"play {decided.result.id} again",
                replay_command(bundle, decided.result.id),
            )
    if decision.exit is not Exit.SATISFIED and decision.failing:
        ordered = sorted(
            decision.failing,
            key=lambda c: c.result.verdict is not Verdict.VIOLATED,
        )
        first = ordered[0].result.id
        yield NextStep(
            f"see what {first} asks for", show_command(packs, first)
        )
