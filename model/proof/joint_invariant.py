"""The invariants of many promises over one system, taken together, and what is left of them where the
system changes: only what a changed row loses is looked at again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import z3

from earwitness.model.expression import TRUE
from earwitness.model.proof.encoding import (
    REGISTER,
    Encoding,
    Problem,
    Rule,
    Term,
    encode,
)
from earwitness.model.proof.named_terms import read_term
from earwitness.model.systems.state_property import Promise, StateProperty
from earwitness.model.systems.transition_system import System, Transition

NOTHING = StateProperty(TRUE, TRUE)


@dataclass(frozen=True, slots=True)
class JointRule:
    """A row beside all monitors: when it can happen, what it moves, and what each promise says of it
    where it says anything.

    >>> joint = JointInvariant(MICROPHONE_SYSTEM, {}, {})
    >>> joint.rules["press"].after(joint.before["pressed_at"])
    time
    """

    enabled: Term
    moved: tuple[tuple[Term, Term], ...]
    verdicts: Mapping[str, Term]

    def after(self, claim: Term) -> Term:
        """What the claim says of the state after the row."""
        return z3.substitute(claim, *self.moved)


@dataclass
class Remainder:
    """What holds of a changed system: the lemmas that every row still keeps, by number, and the names of
    the promises that follow from them.

    >>> Remainder(lemmas=[], kept=set(), rules={}).proved
    set()
    """

    lemmas: Sequence[Term]
    kept: set[int]
    rules: Mapping[str, JointRule]
    proved: set[str] = field(default_factory=set)


class JointInvariant:
    """The stored invariants of all promises over one system, beside all their monitors. Raises TermError
    for a stored text that names nothing of its problem.

    >>> stored = {"kept": decide(MICROPHONE_SYSTEM, KEPT_PROMISE).invariant}
    >>> joint = JointInvariant(MICROPHONE_SYSTEM, {"kept": KEPT_PROMISE}, stored)
    >>> joint.holds().proved
    {'kept'}
    >>> mutants = {m.name: m for m in mutants_of(MICROPHONE_SYSTEM)}
    >>> changed = mutants["capture: drop guard condition 1"].system
    >>> joint.holds_of(changed, joint.promises).proved
    set()
    >>> rules, differing = joint.rules_of(changed)
    >>> differing, joint.guard_says_as_much("capture", rules["capture"], "kept")
    (('capture',), False)
    """

    def __init__(
        self,
        system: System,
        promises: Mapping[str, Promise],
        stored: Mapping[str, Sequence[str]],
    ) -> None:
        self.system = system
        self.promises = dict(promises)
        self.encoding = Encoding()
        self.base = encode(system, NOTHING, self.encoding)
        self.before = dict(self.base.before)
        self.lemmas: list[Term] = []
        self.places: dict[int, int] = {}
        self.own: dict[str, set[int]] = {}
        self.monitors: dict[str, Problem] = {}
        begins = [self.base.initial]
        for name, promise in self.promises.items():
            problem = encode(
                system=system,
                promise=promise,
                encoding=self.encoding,
                prefix=f"{name}!",
            )
            self.before |= problem.before
            begins.append(problem.initial)
            texts = (t.replace(REGISTER, f"{name}!") for t in stored[name])
            terms = [read_term(problem, text) for text in texts]
            if isinstance(promise, StateProperty):
                terms.append(self._state_term(promise))
            else:
                self.monitors[name] = problem
            self.own[name] = {self._number_of(term) for term in terms}
        self.initial = z3.And(*begins)
        self.rules = {
            row.name: self._joint_rule(
                self.base.rules[number],
                {n: p.rules[number] for n, p in self.monitors.items()},
            )
            for number, row in enumerate(system.transitions)
        }

    def _state_term(self, promise: StateProperty) -> Term:
        return self.encoding.term(promise.verdict, self.base.before)

    def _number_of(self, lemma: Term) -> int:
        known = self.places.setdefault(lemma.get_id(), len(self.lemmas))
        if known == len(self.lemmas):
            self.lemmas.append(lemma)
        return known

    def _joint_rule(
        self, rule: Rule, beside: Mapping[str, Rule]
    ) -> JointRule:
        after = dict(rule.after)
        for monitored in beside.values():
            # What the row does to the state is said by `rule` alone.
            after |= {
                name: term
                for name, term in monitored.after.items()
                if name not in rule.after
            }
        moved = [
            (self.before[name], term)
            for name, term in after.items()
            if not term.eq(self.before[name])
        ]
        verdicts = {
            name: monitored.verdict
            for name, monitored in beside.items()
            if not z3.is_true(monitored.verdict)
        }
        return JointRule(rule.enabled, tuple(moved), verdicts)

    def holds(self) -> Remainder:
        """What holds of the system itself."""
        return self._remainder(
            rules=self.rules,
            changed=tuple(self.rules),
            lemmas=self.lemmas,
            states={},
        )

    def holds_of(
        self,
        changed: System,
        promises: Mapping[str, Promise],
        at_once: bool = False,
    ) -> Remainder:
        """What still holds of a changed form, whose promises have the same names. Everything must hold of the
        system itself. Properties of states may read otherwise. `at_once`: only what holds because its whole
        invariant does, which is quick."""
        rules, differing = self.rules_of(changed)
        lemmas = list(self.lemmas)
        states = {}
        for name, promise in promises.items():
            reads_alike = promise is self.promises[name]
            if isinstance(promise, StateProperty) and not reads_alike:
                states[name] = _place_in(lemmas, self._state_term(promise))
        return self._remainder(
            rules=rules,
            changed=differing,
            lemmas=lemmas,
            states=states,
            at_once=at_once,
        )

    def guard_says_as_much(
        self, row: str, weakened: JointRule, promise: str
    ) -> bool:
        """Whether the row's own guard is the promise: with it alone, in whatever state, the row keeps the
        promise, and with the weakened one it does not."""
        sound = self.rules[row]
        if promise in self.monitors:
            if promise not in weakened.verdicts:
                return False
            before, after = (
                sound.verdicts[promise],
                weakened.verdicts[promise],
            )
        else:
            wanted = self.encoding.term(
                self.promises[promise].verdict, self.base.before
            )
            before, after = sound.after(wanted), weakened.after(wanted)
        return not _can_fail(sound, before) and _can_fail(weakened, after)

    def rules_of(
        self, changed: System
    ) -> tuple[dict[str, JointRule], tuple[str, ...]]:
        """The rules of a changed form, and the names of those that differ."""
        rows = {t.name: t for t in self.system.transitions}
        is_timed_alike = changed.limits == self.system.limits
        differing = [
            t
            for t in changed.transitions
            if not is_timed_alike or rows[t.name] != t
        ]
        alone = replace(
            changed,
            transitions=tuple(differing),
            variables=self.system.variables,
        )
        base = encode(alone, NOTHING, self.encoding)
        rules = dict(self.rules)
        for row, rule in zip(differing, base.rules, strict=True):
            rules[row.name] = self._joint_rule(
                rule, self._rules_beside(row, rows[row.name], changed)
            )
        return rules, tuple(row.name for row in differing)

    def _rules_beside(
        self, row: Transition, sound: Transition, changed: System
    ) -> dict[str, Rule]:
        """What monitors make of a changed row: the same as before where it is observed alike."""
        if (row.emits, row.attributes) == (sound.emits, sound.attributes):
            number = self.system.transitions.index(sound)
            return {n: p.rules[number] for n, p in self.monitors.items()}
        alone = replace(
            changed, transitions=(row,), variables=self.system.variables
        )
        return {
            name: encode(
                system=alone,
                promise=self.promises[name],
                encoding=self.encoding,
                prefix=f"{name}!",
            ).rules[0]
            for name in self.monitors
        }

    def _remainder(
        self,
        rules: Mapping[str, JointRule],
        changed: Sequence[str],
        lemmas: Sequence[Term],
        states: Mapping[str, int],
        at_once: bool = False,
    ) -> Remainder:
        """The largest inductive part of the lemmas, given that the first of them (those of this invariant)
        are kept by the rows that did not change; and what follows from it. `states` are the lemmas that
        are promises about states themselves."""
        found = Remainder(lemmas, set(range(len(lemmas))), rules)
        new = set(range(len(self.lemmas), len(lemmas)))
        first = set(found.kept) if len(changed) == len(rules) else new
        found.kept -= self._lost_at_first(lemmas, first)
        lost = self._lost_by(found, changed, found.kept)
        lost |= self._lost_by(
            found, [r for r in rules if r not in changed], new
        )
        if at_once:
            found.kept -= self._at_risk(found)
            found.kept |= self._implied(found, new)
            lost = set()
        while lost:
            lost = self._lost_by(found, rules, self._at_risk(found))
        for name in self.promises.keys() - self.monitors.keys():
            wanted = {states[name]} if name in states else self.own[name]
            if wanted <= found.kept:
                found.proved.add(name)
        found.proved |= self._following(found, changed, at_once)
        return found

    def _at_risk(self, found: Remainder) -> set[int]:
        """The lemmas that may no longer be kept. Where nothing of an invariant is lost, it keeps itself."""
        intact = (own for own in self.own.values() if own <= found.kept)
        return found.kept.difference(*intact)

    def _implied(self, found: Remainder, wanted: Iterable[int]) -> set[int]:
        """The wanted lemmas that follow from the kept ones."""
        solver = z3.Solver()
        solver.add(*(found.lemmas[n] for n in found.kept))
        return never_false(solver, [(n, found.lemmas[n]) for n in wanted])

    def _lost_at_first(
        self, lemmas: Sequence[Term], wanted: Iterable[int]
    ) -> set[int]:
        solver = z3.Solver()
        solver.add(self.initial)
        pairs = [(number, lemmas[number]) for number in wanted]
        return {n for n, _ in pairs} - never_false(solver, pairs)

    def _lost_by(
        self, found: Remainder, rules: Iterable[str], wanted: Iterable[int]
    ) -> set[int]:
        """Drop the wanted lemmas that these rules do not keep where the kept ones hold; their numbers."""
        lost: set[int] = set()
        for name in rules:
            rule = found.rules[name]
            numbers = [n for n in sorted(wanted) if n in found.kept]
            claims = z3.And(*(found.lemmas[n] for n in numbers), True)
            after = rule.after(claims).children()
            pairs = [
                (n, term)
                for n, term in zip(numbers, after, strict=False)
                if not term.eq(found.lemmas[n])
            ]
            if pairs:
                solver = self._solver_of(found, rule)
                gone = {n for n, _ in pairs} - never_false(solver, pairs)
                found.kept -= gone
                lost |= gone
        return lost

    def _solver_of(self, found: Remainder, rule: JointRule) -> Any:
        solver = z3.Solver()
        solver.add(*(found.lemmas[n] for n in found.kept), rule.enabled)
        return solver

    def _following(
        self, found: Remainder, changed: Sequence[str], at_once: bool
    ) -> set[str]:
        """The monitored promises that no row violates where the lemmas hold that are left. Rows that did not
        change need not be asked where none of a promise's own lemmas is lost."""
        safe = list(self.monitors)
        if at_once:
            safe = [n for n in safe if self.own[n] <= found.kept]
        for name, rule in found.rules.items():
            asked = [
                n
                for n in safe
                if n in rule.verdicts
                and (name in changed or not self.own[n] <= found.kept)
            ]
            if asked:
                pairs = [
                    (n, rule.verdicts[promise])
                    for n, promise in enumerate(asked)
                ]
                kept = never_false(self._solver_of(found, rule), pairs)
                broken = {p for n, p in enumerate(asked) if n not in kept}
                safe = [n for n in safe if n not in broken]
        return set(safe)


def _place_in(lemmas: list[Term], wanted: Term) -> int:
    for number, lemma in enumerate(lemmas):
        if lemma.eq(wanted):
            return number
    lemmas.append(wanted)
    return len(lemmas) - 1


def _can_fail(rule: JointRule, verdict: Term) -> bool:
    solver = z3.Solver()
    return bool(solver.check(rule.enabled, z3.Not(verdict)) != z3.unsat)


def never_false(solver: Any, pairs: list[tuple[int, Term]]) -> set[int]:
    """The numbers of the terms that no model of the solver makes false.

    >>> never_false(z3.Solver(), [(1, z3.BoolVal(True)), (2, z3.Bool("muted"))])
    {1}
    """
    while pairs:
        solver.push()
        solver.add(z3.Or(*(z3.Not(term) for _, term in pairs)))
        answer = solver.check()
        model = solver.model() if answer == z3.sat else None
        # Also where it ends here: the solver may be asked more.
        solver.pop()
        if answer == z3.unsat:
            return {number for number, _ in pairs}
        if model is None:
            return set()
        pairs = [
            (number, term)
            for number, term in pairs
            if z3.is_true(model.eval(term, model_completion=True))
        ]
    return set()
