"""Evidence: from whom we know what an outcome rests on. The weakest origin among it is the evidence of a
verdict."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from earwitness.model.logic.elsewhere import remembers_alike, truth_elsewhere
from earwitness.model.logic.formula import (
    And,
    Bound,
    Compare,
    Count,
    Deadline,
    Event,
    Formula,
    Historically,
    Implies,
    Latch,
    Not,
    Once,
    Or,
    Previously,
    Side,
    Since,
    Truth,
    direct_parts,
    event_names,
)
from earwitness.model.logic.grounds import (
    Grounds,
    Sight,
    Support,
    all_grounds,
    any_grounds,
    join_support,
    negate_grounds,
    support_of_absence,
    support_of_terms,
)
from earwitness.model.logic.semantics import holds, is_within
from earwitness.model.trace import Observation

NO_SUPPORT: Support = {}


def is_earliest(bound: Bound | None) -> bool:
    """Whether of several matches the earliest decides (a bound `for`) and not the latest.

    >>> is_earliest(Bound(Side.FOR, 5)), is_earliest(Bound(Side.WITHIN, 5)), is_earliest(None)
    (True, False, False)
    """
    return bound is not None and bound.side is Side.FOR


@dataclass(frozen=True, slots=True)
class Match:
    """When something held, on what that rests, and for a state its value.

    >>> match = Match(TONE.time, {"tone": TONE.origin})
    >>> match.support, match.value  # it is of no state
    ({'tone': <Origin.DEVICE: 'device'>}, '')
    """

    time: int
    support: Support
    value: str = ""


@dataclass
class Provenance:
    """The grounds of one formula on one slice, as events come. What it remembers is bounded by the formula:
    for each part the matches that still count (`matches`), of all matches what they rest on (`support`), the
    grounds at the event before (`before`), and of each event name the latest event (`latest`).

    >>> provenance = Provenance(PROMISE, IS_TONE, {"wake_word": Origin.WITNESSED})
    >>> provenance.feed(WAKE) is None  # it is no tone, so nothing is promised of it
    True
    >>> of_another_slice = provenance.copy()
    >>> provenance.feed(TONE)
    {'tone': <Origin.DEVICE: 'device'>, 'wake_word': <Origin.WITNESSED: 'witnessed'>}
    """

    formula: Formula
    trigger: Formula
    sight: Sight
    matches: dict[object, tuple[Match, ...]] = field(default_factory=dict)
    support: dict[object, Support] = field(default_factory=dict)
    before: dict[object, tuple[int, Grounds]] = field(default_factory=dict)
    latest: dict[str, Observation] = field(default_factory=dict)

    def __post_init__(self) -> None:
        both = (self.formula, self.trigger)
        self.names = event_names(both)
        self.remembering = tuple(dict.fromkeys(_remembering_parts(both)))
        # `previously` rests on nothing before the first event, whatever event that is.
        is_idle = not any(
            isinstance(part, Previously) for part in self.remembering
        )
        is_idle = is_idle and all(
            remembers_alike(formula, self.names) for formula in both
        )
        self.is_idle_elsewhere = (
            is_idle and truth_elsewhere(self.trigger, self.names) is False
        )
        self.now: dict[Formula, Grounds] = {}
        self.is_answered = False

    def copy(self) -> Provenance:
        """The same past, for a slice of its own."""
        return replace(
            self,
            matches=dict(self.matches),
            support=dict(self.support),
            before=dict(self.before),
            latest=dict(self.latest),
        )

    def feed(self, seen: Observation) -> Support | None:
        """What the outcome rests on, where this event exercises the formula or answers a deadline; else
        None."""
        if self.is_idle_elsewhere and seen.event not in self.names:
            return None
        if seen.event in self.names:
            self.latest[seen.event] = seen
        self.now = {}
        self.is_answered = False
        for part in self.remembering:
            self.now[part] = self._remember_event(part, seen)
        trigger = self._ground_of(self.trigger, seen)
        if not trigger.truth and not self.is_answered:
            return None
        asked = trigger.support if trigger.truth else NO_SUPPORT
        return join_support(
            asked, self._ground_of(self.formula, seen).support
        )

    def _ground_of(self, formula: Formula, seen: Observation) -> Grounds:
        if formula not in self.now:
            self.now[formula] = self._ground_present(formula, seen)
        return self.now[formula]

    def _ground_present(self, formula: Formula, seen: Observation) -> Grounds:
        """The grounds of what speaks of this event alone."""
        match formula:
            case Truth(value):
                return Grounds(value, NO_SUPPORT)
            case Compare():
                trace = [*self.latest.values(), seen]
                support = support_of_terms(
                    formula=formula,
                    latest=self.latest,
                    seen=seen,
                    sight=self.sight,
                )
                return Grounds(holds(formula, trace, len(trace) - 1), support)
            case Event(name, _) if seen.event != name:
                return Grounds(False, {name: self.sight.get(name)})
            case Event(name, conditions):
                came = Grounds(True, {name: seen.origin})
                return all_grounds(
                    came,
                    *(
                        self._ground_of(condition, seen)
                        for condition in conditions
                    ),
                )
            case Not(operand):
                return negate_grounds(self._ground_of(operand, seen))
            case And(left, right):
                return all_grounds(
                    self._ground_of(left, seen), self._ground_of(right, seen)
                )
            case Or(left, right):
                return any_grounds(
                    self._ground_of(left, seen), self._ground_of(right, seen)
                )
            case Implies(left, right):
                return any_grounds(
                    negate_grounds(self._ground_of(left, seen)),
                    self._ground_of(right, seen),
                )
        raise AssertionError(f"{formula} remembers, and was not stepped")

    def _remember_event(self, formula: Formula, seen: Observation) -> Grounds:
        """Take the event into what the formula remembers; its grounds now."""
        match formula:
            case Previously(bound, operand):
                return self._ground_previous(
                    formula=formula,
                    bound=bound,
                    now=self._ground_of(operand, seen),
                    time=seen.time,
                )
            case Once(bound, operand):
                absence = support_of_absence(operand, self.sight)
                return self._ground_kept(
                    formula=formula,
                    bound=bound,
                    now=self._ground_of(operand, seen),
                    absence=absence,
                    time=seen.time,
                )
            case Historically(bound, operand):
                absence = support_of_absence(operand, self.sight)
                contrary = negate_grounds(self._ground_of(operand, seen))
                return negate_grounds(
                    self._ground_kept(
                        formula=formula,
                        bound=bound,
                        now=contrary,
                        absence=absence,
                        time=seen.time,
                    )
                )
            case Since(bound, left, right):
                if not self._ground_of(left, seen).truth:
                    self.matches.pop(formula, None)
                absence = support_of_absence((left, right), self.sight)
                return self._ground_kept(
                    formula=formula,
                    bound=bound,
                    now=self._ground_of(right, seen),
                    absence=absence,
                    time=seen.time,
                )
            case Count():
                return self._ground_count(
                    formula, self._ground_of(formula.operand, seen), seen.time
                )
            case Latch():
                return self._ground_latch(formula, seen)
            case Deadline():
                return self._ground_wait(formula, seen)
        raise AssertionError(f"{formula} remembers nothing")

    def _ground_previous(
        self, formula: Formula, bound: Bound | None, now: Grounds, time: int
    ) -> Grounds:
        when, grounds = self.before.get(
            formula, (0, Grounds(False, NO_SUPPORT))
        )
        self.before[formula] = (time, now)
        return replace(
            grounds, truth=grounds.truth and is_within(bound, time - when)
        )

    def _ground_kept(
        self,
        formula: Formula,
        bound: Bound | None,
        now: Grounds,
        absence: Support,
        time: int,
    ) -> Grounds:
        """A match that counts rests on what it rested on when it came, and on our eyes for what ends it."""
        kept = self.matches.get(formula, ())
        is_first = not kept or not is_earliest(bound)
        if now.truth and is_first:
            kept = (Match(time, now.support),)
        self.matches[formula] = kept
        if not kept:
            return Grounds(False, absence)
        if not is_within(bound, time - kept[0].time):
            return Grounds(False, absence)
        ending = absence if isinstance(formula, Since) else NO_SUPPORT
        support = join_support(kept[0].support, ending)
        return Grounds(True, support)

    def _ground_count(
        self, formula: Count, now: Grounds, time: int
    ) -> Grounds:
        """A count rests on all matches there ever were, and on our eyes for others."""
        kept = self.matches.get(formula, ())
        if now.truth:
            kept = (Match(time, NO_SUPPORT), *kept)[: formula.most + 1]
            self.support[formula] = join_support(
                self.support.get(formula, NO_SUPPORT), now.support
            )
        self.matches[formula] = kept
        is_full = (
            len(kept) > formula.most
            and time - kept[-1].time <= formula.duration
        )
        absence = support_of_absence(formula.operand, self.sight)
        return Grounds(
            not is_full,
            join_support(self.support.get(formula, NO_SUPPORT), absence),
        )

    def _ground_latch(self, formula: Latch, seen: Observation) -> Grounds:
        """A state rests on the event that set it, and on our eyes for those that would have changed it."""
        key = (formula.state, formula.patterns)
        for value, pattern in formula.patterns:
            grounds = self._ground_of(pattern, seen)
            if grounds.truth:
                self.matches[key] = (
                    Match(seen.time, grounds.support, value),
                )
                break
        absence = support_of_absence(formula.patterns, self.sight)
        held = self.matches.get(key, ())
        is_value = bool(held) and held[0].value == formula.value
        return Grounds(
            is_value,
            join_support(absence, *(match.support for match in held)),
        )

    def _ground_wait(self, formula: Deadline, seen: Observation) -> Grounds:
        """A deadline rests on what opened it and, from then on, on what answered it or on our eyes for
        that."""
        asked = self._ground_of(formula.trigger, seen)
        answered = self._ground_of(formula.response, seen)
        absence = support_of_absence(formula.response, self.sight)
        waiting = self.matches.get(formula, ())
        if (
            waiting
            and seen.time - waiting[0].time > formula.duration
            and formula not in self.support
        ):
            self.support[formula] = join_support(waiting[0].support, absence)
        if not waiting and asked.truth:
            waiting = (Match(seen.time, asked.support),)
        self.matches[formula] = () if answered.truth else waiting
        self.is_answered |= answered.truth and bool(waiting)
        if formula in self.support:
            return Grounds(False, self.support[formula])
        if answered.truth and waiting:
            return Grounds(
                True, join_support(waiting[0].support, answered.support)
            )
        if not waiting:
            # That nothing is waited for rests on what kept this event from asking.
            return Grounds(True, asked.support)
        return Grounds(True, waiting[0].support)


def _remembering_parts(part: object) -> Iterator[Formula]:
    """The parts that need more than this event, the inner ones first."""
    for smaller in direct_parts(part):
        yield from _remembering_parts(smaller)
    if isinstance(
        part,
        Previously | Once | Historically | Since | Count | Latch | Deadline,
    ):
        yield part
