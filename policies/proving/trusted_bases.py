"""The trusted base of each clause: all minimal sets of components that must behave for the promise to hold."""

from __future__ import annotations

import multiprocessing
import tempfile
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import z3

from earwitness.model.expression import TRUE
from earwitness.model.proof.havoc import WILD, havoc
from earwitness.model.proof.second_opinion.abc import AbcError, abc_is_installed, run_pdr
from earwitness.model.proof.second_opinion.verilog import verilog_circuit
from earwitness.model.proof.self_composition import self_compose
from earwitness.model.proof.spacer import state_monitor
from earwitness.model.systems.cone import cone_of_influence
from earwitness.model.systems.random_walk import free_variables
from earwitness.model.systems.transition_system import Component, Layer, System
from earwitness.policies.pack import Pack, small_pack
from earwitness.policies.proving.obligations import Inquiry, open_inquiry
from earwitness.policies.proving.prove_packs import clauses_to_prove

Trusted = frozenset[Component]
REACH = tuple(Layer)
HORIZON = 8
"""Units of time the finite model runs."""
MOST = 40
"""Sets asked about a clause before the enumeration stops."""


@dataclass(frozen=True, slots=True)
class TrustedBase:
    """The minimal sets that suffice for a clause. For those in `open` no answer was found in time, so a smaller set may exist;
    `complete` unless the enumeration stopped early."""

    clause: str
    sets: tuple[Trusted, ...]
    open: tuple[Trusted, ...] = ()
    complete: bool = True
    finite: bool = False
    """Whether that the sets suffice was decided on the finite model only."""

    @property
    def rests_on(self) -> Layer | None:
        """How far one must trust, at the least: hardware, then device software, then the cloud. None where nothing need be trusted."""
        furthest = [max((_reach(c) for c in s), default=-1) for s in self.sets]
        return REACH[min(furthest)] if furthest and min(furthest) >= 0 else None

    def __str__(self) -> str:
        return " or ".join(components_in_words(s) for s in self.sets) or "not found"


def components_in_words(trusted: Trusted) -> str:
    """A set in words."""
    return " + ".join(c.name for c in sorted(trusted, key=lambda c: (_reach(c), c.name))) or "nothing"


def _reach(component: Component) -> int:
    assert component.layer is not None, f"{component.name} is never trusted"
    return REACH.index(component.layer)


@dataclass
class Assessor:
    """Answers for one clause after another which sets suffice."""

    clauses: Inquiry
    small: Pack
    """The same clauses under bounds so small that ABC can search the finite model whole."""
    bounded: set[str] = field(default_factory=set)

    @cached_property
    def everybody(self) -> Trusted:
        return frozenset(self.clauses.system.components)

    def suffices(self, clause: str, trusted: Trusted) -> bool | None:
        """Whether the clause holds when only these components behave; None where no answer was found in time."""
        if not self.clauses.actors.get(clause, frozenset()) <= trusted:
            return False
        changed = havoc(self.clauses.system, self.everybody - trusted)
        for task in self.clauses.two_run:
            if task.identity == clause:
                known = self.suffices_small(clause, trusted)
                if known is not None:
                    self.bounded.add(clause)
                    return known
                return _negated(self.clauses.leaks(task, changed, _wild(changed)))
        concerned = [p for p in self.clauses.parts if p.clause == clause and not p.spared(changed)]
        if any(p.stumbles(changed) for p in concerned):
            return False
        answers = [p.falls(changed, self.clauses.pool) for p in concerned]
        if True in answers or (None in answers and self.suffices_small(clause, trusted) is False):
            return False
        return None if None in answers else True

    def suffices_small(self, clause: str, trusted: Trusted) -> bool | None:
        """What ABC says of the finite model with the same components gone wild; None where it is not installed or does not know."""
        promise = self.small.clause(clause)
        changed = havoc(self.small.model.small_system, self.everybody - trusted)
        if promise.observer is not None:
            seen = self.small.model.observers[promise.observer]
            part = cone_of_influence(changed, state_monitor(TRUE, TRUE), seen)
            changed, monitor = self_compose(part, (*self.small.model.secrets, *_wild(changed)), seen)
        elif promise.monitor is not None:
            monitor = promise.monitor
        else:
            return None
        if not abc_is_installed():
            return None
        with tempfile.TemporaryDirectory() as folder:
            try:
                return run_pdr(verilog_circuit(changed, monitor, HORIZON), Path(folder)).holds
            except AbcError:
                return None

    def __call__(self, clause: str) -> TrustedBase:
        """All minimal sufficient sets (MARCO: Liffiton and others 2016): a solver proposes sets about which nothing is known yet."""
        answers: dict[Trusted, bool | None] = {}

        def suffices(trusted: Trusted) -> bool:
            if trusted not in answers:
                answers[trusted] = self.suffices(clause, trusted)
            return answers[trusted] is True

        # Whoever can break the clause alone is in every set. Mostly that is all there is to it.
        needed = frozenset(c for c in self.everybody if not suffices(self.everybody - {c}))
        member = {c: z3.Bool(c.name) for c in self.everybody}
        unexplored = z3.Solver()
        unexplored.add(*(member[c] for c in needed))
        minimal: list[Trusted] = []
        seed = needed
        while len(answers) < MOST:
            if suffices(seed):
                for c in sorted(seed - needed, key=_reach, reverse=True):
                    if suffices(seed - {c}):
                        seed = seed - {c}
                minimal.append(seed)
                unexplored.add(z3.Not(z3.And(*(member[c] for c in seed))))
            else:
                unexplored.add(z3.Or(*(member[c] for c in self.everybody - seed)))
            if unexplored.check() != z3.sat:
                break
            model = unexplored.model()
            seed = frozenset(
                c for c in self.everybody if z3.is_true(model.eval(member[c], model_completion=True))
            )
        unanswered = tuple(s for s, answer in answers.items() if answer is None)
        return TrustedBase(
            clause, tuple(minimal), unanswered, unexplored.check() == z3.unsat, clause in self.bounded
        )


def _wild(system: System) -> frozenset[str]:
    """What wild components choose: it may hold anything, secrets too."""
    return frozenset(v.name for t in system.transitions for v in free_variables(t) if v.name.startswith(WILD))


def _negated(answer: bool | None) -> bool | None:
    return None if answer is None else not answer


_assessor: dict[str, Assessor] = {}


def _assess(clause: str) -> TrustedBase:
    return _assessor["sits"](clause)


def find_trusted_bases(
    pack: Pack,
    tell: Callable[[TrustedBase], None],
    wanted: Callable[[str], bool] = lambda _: True,
    workers: int = 2,
) -> tuple[TrustedBase, ...]:
    """The trusted base of every clause of the pack marked P. `tell` hears each in the pack's order."""
    _assessor["sits"] = Assessor(open_inquiry(pack, wanted), small_pack(pack))
    found = []
    with ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("fork")) as pool:
        for one in pool.map(_assess, [c.id for c in clauses_to_prove(pack.clauses) if wanted(c.id)]):
            tell(one)
            found.append(one)
    return tuple(found)
