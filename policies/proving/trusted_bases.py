"""The trusted base of each clause: all minimal sets of components that must behave for the promise to
hold."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path

import z3

from earwitness.model.expression import TRUE
from earwitness.model.proof.havoc import WILD, havoc
from earwitness.model.proof.self_composition import self_compose
from earwitness.model.systems.cone import cone_of_influence
from earwitness.model.systems.runs import free_variables
from earwitness.model.systems.state_property import StateProperty
from earwitness.model.systems.transition_system import (
    Component,
    Layer,
    System,
)
from earwitness.policies.pack import Pack, load, small_pack
from earwitness.policies.proving.changed_model import Inquiry, open_inquiry
from earwitness.policies.proving.finite_opinion import holds_in_finite_model
from earwitness.policies.proving.tasks import clauses_to_prove

Trusted = frozenset[Component]
LAYERS = tuple(Layer)
MOST_QUESTIONS = 40
"""Sets asked about a clause before the enumeration stops; the shipped clauses need at most 31."""


@dataclass(frozen=True, slots=True)
class TrustedBase:
    """The minimal sets that suffice for a clause. For those in `open` no answer was found in time, so a
    smaller set may exist; `complete` unless the enumeration stopped early; `finite` where only the
    finite model was decided."""

    clause: str
    sets: tuple[Trusted, ...]
    open: tuple[Trusted, ...] = ()
    complete: bool = True
    finite: bool = False

    @property
    def rests_on(self) -> Layer | None:
        """How far one must trust, at the least: hardware, then device software, then the cloud. None
        where nothing need be trusted."""
        furthest = [
            max((_distance_of(c) for c in s), default=-1) for s in self.sets
        ]
        if not furthest or min(furthest) < 0:
            return None
        return LAYERS[min(furthest)]

    def __str__(self) -> str:
        return (
            " or ".join(components_in_words(s) for s in self.sets)
            or "not found"
        )


def components_in_words(trusted: Trusted) -> str:
    ordered = sorted(trusted, key=lambda c: (_distance_of(c), c.name))
    return " + ".join(c.name for c in ordered) or "nothing"


def _distance_of(component: Component) -> int:
    """How far from the hardware the component runs."""
    assert component.layer is not None, f"{component.name} is never trusted"
    return LAYERS.index(component.layer)


@dataclass
class BaseAssessor:
    """Answers for one clause after another which sets suffice. `small` are the same clauses under
    bounds so small that ABC can search the finite model whole; `bounded` the clauses it decided."""

    inquiry: Inquiry
    small: Pack
    bounded: set[str] = field(default_factory=set)

    @cached_property
    def everybody(self) -> Trusted:
        return frozenset(self.inquiry.system.components)

    def suffices(self, clause: str, trusted: Trusted) -> bool | None:
        """Whether the clause holds when only these components behave; None where no answer was found in
        time."""
        if not self.inquiry.actors.get(clause, frozenset()) <= trusted:
            return False
        changed = havoc(self.inquiry.system, self.everybody - trusted)
        if any(task.identity == clause for task in self.inquiry.two_run):
            return self.two_runs_suffice(clause, trusted, changed)
        parts = [
            p
            for p in self.inquiry.parts
            if p.clause == clause and not p.is_spared(changed)
        ]
        if any(p.is_broken_by_walks(changed) for p in parts):
            return False
        answers = [p.is_broken(changed, self.inquiry.pool) for p in parts]
        if True in answers:
            return False
        if None not in answers:
            return True
        return (
            False
            if self.suffices_in_finite_model(clause, trusted) is False
            else None
        )

    def two_runs_suffice(
        self, clause: str, trusted: Trusted, changed: System
    ) -> bool | None:
        """ABC first: two copies beside wild components are much for the other engines."""
        decided = self.suffices_in_finite_model(clause, trusted)
        if decided is not None:
            self.bounded.add(clause)
            return decided
        task = next(t for t in self.inquiry.two_run if t.identity == clause)
        leaks = self.inquiry.leaks(task, changed, _wild_choices(changed))
        return None if leaks is None else not leaks

    def suffices_in_finite_model(
        self, clause: str, trusted: Trusted
    ) -> bool | None:
        """What ABC says of the finite model with the same components gone wild."""
        promise = self.small.clause(clause)
        changed = havoc(
            self.small.model.small_system, self.everybody - trusted
        )
        if promise.observer is not None:
            seen = self.small.model.observers[promise.observer]
            cone = cone_of_influence(changed, StateProperty(TRUE, TRUE), seen)
            secrets = (*self.small.model.secrets, *_wild_choices(changed))
            return holds_in_finite_model(*self_compose(cone, secrets, seen))
        return (
            holds_in_finite_model(changed, promise.monitor)
            if promise.monitor is not None
            else None
        )

    def assess(self, clause: str) -> TrustedBase:
        search = _MinimalSets(
            self.everybody, lambda trusted: self.suffices(clause, trusted)
        )
        minimal = search.enumerate()
        return TrustedBase(
            clause=clause,
            sets=tuple(minimal),
            open=tuple(
                s for s, answer in search.answers.items() if answer is None
            ),
            complete=search.is_complete(),
            finite=clause in self.bounded,
        )


class _MinimalSets:
    """All minimal sets that suffice (MARCO: Liffiton and others 2016): a solver proposes sets about
    which nothing is known yet."""

    def __init__(
        self, everybody: Trusted, ask: Callable[[Trusted], bool | None]
    ) -> None:
        self.everybody, self.ask = everybody, ask
        self.answers: dict[Trusted, bool | None] = {}
        self.member = {c: z3.Bool(c.name) for c in everybody}
        self.unexplored = z3.Solver()

    def suffices(self, trusted: Trusted) -> bool:
        if trusted not in self.answers:
            self.answers[trusted] = self.ask(trusted)
        return self.answers[trusted] is True

    def enumerate(self) -> list[Trusted]:
        # Whoever can break the clause alone is in every set. Mostly that is all there is to it.
        needed = frozenset(
            c
            for c in self.everybody
            if not self.suffices(self.everybody - {c})
        )
        self.unexplored.add(*(self.member[c] for c in needed))
        minimal: list[Trusted] = []
        proposal: Trusted | None = needed
        while proposal is not None and len(self.answers) < MOST_QUESTIONS:
            if self.suffices(proposal):
                minimal.append(self.shrunk(proposal, needed))
                self.exclude_supersets(minimal[-1])
            else:
                self.exclude_subsets(proposal)
            proposal = self.next_proposal()
        return minimal

    def shrunk(self, trusted: Trusted, needed: Trusted) -> Trusted:
        for component in sorted(
            trusted - needed, key=_distance_of, reverse=True
        ):
            if self.suffices(trusted - {component}):
                trusted = trusted - {component}
        return trusted

    def exclude_supersets(self, trusted: Trusted) -> None:
        self.unexplored.add(
            z3.Not(z3.And(*(self.member[c] for c in trusted)))
        )

    def exclude_subsets(self, trusted: Trusted) -> None:
        self.unexplored.add(
            z3.Or(*(self.member[c] for c in self.everybody - trusted))
        )

    def next_proposal(self) -> Trusted | None:
        if self.unexplored.check() != z3.sat:
            return None
        model = self.unexplored.model()
        chosen = [
            c
            for c, v in self.member.items()
            if z3.is_true(model.eval(v, model_completion=True))
        ]
        return frozenset(chosen)

    def is_complete(self) -> bool:
        return bool(self.unexplored.check() == z3.unsat)


def _wild_choices(system: System) -> frozenset[str]:
    """What wild components choose: it may hold anything, secrets too."""
    names = (v.name for t in system.transitions for v in free_variables(t))
    return frozenset(name for name in names if name.startswith(WILD))


@cache
def _assessor_of(file: Path, clauses: tuple[str, ...]) -> BaseAssessor:
    """A worker's own assessor: z3's terms cannot be sent from process to process."""
    pack = load(file)
    return BaseAssessor(
        open_inquiry(pack, lambda identity: identity in clauses),
        small_pack(pack),
    )


def _assess_in_worker(
    file: Path, clauses: tuple[str, ...], clause: str
) -> TrustedBase:
    return _assessor_of(file, clauses).assess(clause)


def find_trusted_bases(
    pack: Pack,
    tell: Callable[[TrustedBase], None],
    wanted: Callable[[str], bool] = lambda _: True,
    workers: int = 2,
) -> tuple[TrustedBase, ...]:
    """The trusted base of every clause that the pack wants proved. `tell` hears each in the pack's
    order."""
    clauses = tuple(
        c.id for c in clauses_to_prove(pack.clauses) if wanted(c.id)
    )
    found = []
    with ProcessPoolExecutor(
        workers, mp_context=multiprocessing.get_context("spawn")
    ) as pool:
        tasks = [
            pool.submit(_assess_in_worker, pack.file, clauses, clause)
            for clause in clauses
        ]
        for task in tasks:
            found.append(task.result())
            tell(found[-1])
    return tuple(found)
