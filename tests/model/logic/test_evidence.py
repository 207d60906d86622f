"""Evidence: an outcome is known no better than the weakest thing it rests on."""

from __future__ import annotations

import random

import pytest
from generators import formula, trace
from hypothesis import given, settings
from hypothesis import strategies as st

from earwitness.model.logic import evidence
from earwitness.model.logic.elsewhere import (
    is_unmoved,
    remembers_alike,
    truth_elsewhere,
)
from earwitness.model.logic.evidence import (
    NO_SUPPORT,
    Provenance,
    is_earliest,
)
from earwitness.model.logic.formula import (
    And,
    Compare,
    Count,
    Deadline,
    Event,
    Historically,
    Implies,
    Latch,
    Not,
    Once,
    Or,
    Previously,
    Since,
    Truth,
    event_names,
)
from earwitness.model.logic.grounds import (
    Grounds,
    all_grounds,
    any_grounds,
    join_support,
    negate_grounds,
    support_of_absence,
    support_of_terms,
    weakest_origin,
)
from earwitness.model.logic.parser import Scope, parse_formula
from earwitness.model.logic.per_device import project
from earwitness.model.logic.semantics import age, holds
from earwitness.model.logic.sliced_evidence import SlicedProvenance
from earwitness.model.logic.trigger import default_trigger
from earwitness.model.trace import Observation, Origin

W, D, S = Origin.WITNESSED, Origin.DEVICE, Origin.DRIVER
SCOPE = Scope(
    {},
    {
        "blue": {
            "lit": "light(color = blue, on = true)",
            "dark": "light(color = blue, on = false)",
        },
        "microphone": {
            "off": "microphone.power(on = false) or power(on = false)",
            "on": "microphone.power(on = true)",
        },
    },
)


def grounds_of(made, seen, i, sight):
    """The definition, over the whole trace, position by position."""

    def at(part, j=i):
        return grounds_of(part, seen, j, sight)

    truth = holds(made, seen, i)
    match made:
        case Truth():
            return Grounds(truth, NO_SUPPORT)
        case Compare():
            latest = {o.event: o for o in seen[: i + 1]}
            return Grounds(
                truth, support_of_terms(made, latest, seen[i], sight)
            )
        case Event(name, conditions):
            if seen[i].event != name:
                return Grounds(False, {name: sight.get(name)})
            return all_grounds(
                Grounds(True, {name: seen[i].origin}), *map(at, conditions)
            )
        case Not(operand):
            return negate_grounds(at(operand))
        case And(left, right):
            return all_grounds(at(left), at(right))
        case Or(left, right):
            return any_grounds(at(left), at(right))
        case Implies(left, right):
            return any_grounds(negate_grounds(at(left)), at(right))
        case Previously(_, operand):
            return Grounds(
                truth, at(operand, i - 1).support if i else NO_SUPPORT
            )
        case Historically(bound, operand):
            return negate_grounds(at(Once(bound, Not(operand))))
        case Once(bound, operand):
            matches = [j for j in range(i + 1) if holds(operand, seen, j)]
            if not truth:
                return Grounds(False, support_of_absence(operand, sight))
            return Grounds(
                True,
                at(operand, matches[0 if is_earliest(bound) else -1]).support,
            )
        case Since(bound, left, right):
            absence = support_of_absence((left, right), sight)
            if not truth:
                return Grounds(False, absence)
            began = max(
                (j for j in range(i + 1) if not holds(left, seen, j)),
                default=0,
            )
            matches = [
                j for j in range(began, i + 1) if holds(right, seen, j)
            ]
            return Grounds(
                True,
                join_support(
                    at(
                        right, matches[0 if is_earliest(bound) else -1]
                    ).support,
                    absence,
                ),
            )
        case Count(_, _, operand):
            matches = [
                at(operand, j).support
                for j in range(i + 1)
                if holds(operand, seen, j)
            ]
            return Grounds(
                truth,
                join_support(support_of_absence(operand, sight), *matches),
            )
        case Latch(_, _, patterns):
            absence = support_of_absence(patterns, sight)
            for j in reversed(range(i + 1)):
                for _, pattern in patterns:
                    if holds(pattern, seen, j):
                        return Grounds(
                            truth,
                            join_support(absence, at(pattern, j).support),
                        )
            return Grounds(truth, absence)
        case Deadline():
            return Grounds(truth, deadline_support(made, seen, i, sight)[0])
    raise AssertionError(made)


def deadline_support(made, seen, i, sight):
    """The support of a deadline at i, and whether it was answered there."""
    opened = [j for j in range(i + 1) if holds(made.trigger, seen, j)]
    answers = [j for j in range(i + 1) if holds(made.response, seen, j)]
    waiting = None
    for j in range(i + 1):
        before = waiting
        if waiting is None and j in opened:
            waiting = j
        if j in answers:
            answered, waiting = waiting, None
        else:
            answered = None
        if before is not None and age(seen, before, j) > made.duration:
            asked = grounds_of(made.trigger, seen, before, sight).support
            found = (
                join_support(asked, support_of_absence(made.response, sight)),
                answered is not None,
            )
            return (
                found
                if j == i
                else (found[0], deadline_answered(made, seen, i))
            )
    if answered is not None:
        asked = grounds_of(made.trigger, seen, answered, sight).support
        return join_support(
            asked, grounds_of(made.response, seen, i, sight).support
        ), True
    at = waiting if waiting is not None else i
    return grounds_of(made.trigger, seen, at, sight).support, False


def deadline_answered(made, seen, i):
    """Whether an open wait is answered at i."""
    if not holds(made.response, seen, i):
        return False
    closed = max(
        (j for j in range(i) if holds(made.response, seen, j)), default=-1
    )
    return any(holds(made.trigger, seen, j) for j in range(closed + 1, i + 1))


def answered_anywhere(part, seen, i):
    if isinstance(part, Deadline) and deadline_answered(part, seen, i):
        return True
    return any(
        answered_anywhere(smaller, seen, i)
        for smaller in evidence.direct_parts(part)
    )


def origins(dice, seen):
    return [
        Observation(
            o.time, o.device, o.event, o.attributes, dice.choice(list(Origin))
        )
        for o in seen
    ]


def some_sight(dice):
    names = [
        "stream.open",
        "stream.audio",
        "microphone.power",
        "button.action",
        "tick",
    ]
    return {name: dice.choice([*Origin, None]) for name in names}


@given(st.integers(0, 1 << 40))
@settings(max_examples=600, deadline=None)
def test_provenance_is_what_the_definition_says(seed):
    dice = random.Random(seed)
    made, seen, sight = (
        formula(dice),
        origins(dice, trace(dice)),
        some_sight(dice),
    )
    trigger = dice.choice([default_trigger(made), formula(dice, 1)])
    provenance = Provenance(made, trigger, sight)
    for i, o in enumerate(seen):
        asked = grounds_of(trigger, seen, i, sight)
        expected = None
        if asked.truth or answered_anywhere((made, trigger), seen, i):
            support = asked.support if asked.truth else NO_SUPPORT
            expected = join_support(
                support, grounds_of(made, seen, i, sight).support
            )
        assert provenance.feed(o) == expected, (made, i)


@given(st.integers(0, 1 << 40))
@settings(max_examples=200, deadline=None)
def test_a_slice_has_the_provenance_of_its_projection(seed):
    dice = random.Random(seed)
    made, seen, sight = (
        formula(dice, 2),
        origins(dice, trace(dice)),
        some_sight(dice),
    )
    trigger, each = default_trigger(made), ("device", "stream")
    sliced = SlicedProvenance(made, trigger, each, sight)
    for i, o in enumerate(seen):
        for key, support in sliced.feed(o):
            alone = Provenance(made, trigger, sight)
            assert [alone.feed(p) for p in project(seen[: i + 1], each, key)][
                -1
            ] == support


@given(st.integers(0, 1 << 40))
@settings(max_examples=300, deadline=None)
def test_an_event_that_a_formula_does_not_name_moves_it_only_where_that_is_said(
    seed,
):
    dice = random.Random(seed)
    made, seen = formula(dice, 2), trace(dice)
    names = event_names(made)
    stranger = Observation(seen[-1].time, seen[-1].device, "call.end")
    longer = [*seen, stranger]
    elsewhere_truth = truth_elsewhere(made, names)
    if elsewhere_truth is not None:
        assert holds(made, longer, len(seen)) is elsewhere_truth
    if is_unmoved(made, names):
        assert holds(made, longer, len(seen)) is holds(
            made, seen, len(seen) - 1
        )
    if remembers_alike(made, names):
        cut = dice.randrange(len(seen) + 1)
        between = seen[min(cut, len(seen) - 1)]
        stranger = Observation(between.time, between.device, "call.end")
        wider = [*seen[:cut], stranger, *seen[cut:]]
        if cut < len(seen):
            assert holds(made, wider, len(seen)) is holds(
                made, seen, len(seen) - 1
            )


def observation(time, event, origin, **attributes):
    return Observation(time, "d1", event, attributes, origin)


LIGHT = "stream.audio implies blue is lit"
CASES = [
    (LIGHT, [("light", D, {"color": "blue", "on": True}), ("stream.audio", W, {})], D),
    (LIGHT, [("light", W, {"color": "blue", "on": True}), ("stream.audio", W, {})], W),
    (LIGHT, [("light", W, {"color": "blue", "on": True}), ("stream.audio", S, {})], S),
    ("tone or button.action implies false", [("tone", D, {})], D),
    ("tone implies once wake_word or once button.action", [("wake_word", D, {}), ("button.action", W, {}), ("tone", W, {})], W),
    ("tone within 1 s after button.action", [("button.action", W, {}), ("tone", D, {})], D),
    ("tone implies not once record.found", [("tone", W, {})], None),
]  # fmt: skip


@pytest.mark.parametrize(("text", "rows", "weakest"), CASES)
def test_the_evidence_is_the_weakest_origin_that_the_outcome_rests_on(
    text, rows, weakest
):
    made = parse_formula(text, SCOPE)
    sight = dict.fromkeys(
        ["light", "stream.audio", "tone", "wake_word", "button.action"], W
    )
    provenance = Provenance(made, default_trigger(made), sight)
    found = [
        provenance.feed(observation(i, name, origin, **a))
        for i, (name, origin, a) in enumerate(rows)
    ]
    assert weakest_origin(found[-1]) is weakest


def test_that_nothing_was_due_is_worth_no_more_than_what_kept_it_from_being_due():
    made = parse_formula(
        "light(color = blue, on = true) within 1 s after (stream.open and not blue is lit)",
        SCOPE,
    )
    sight = dict.fromkeys(["light", "stream.open"], W)
    provenance = Provenance(made, parse_formula("stream.open", SCOPE), sight)
    provenance.feed(observation(0, "light", D, color="blue", on=True))
    found = provenance.feed(observation(1, "stream.open", W))
    assert found == {"light": D, "stream.open": W}


def test_what_a_provenance_remembers_does_not_grow():
    made = parse_formula(
        "(tone implies once within 1 s wake_word) and tone within 1 s after button.action",
        SCOPE,
    )
    provenance = Provenance(made, default_trigger(made), {})
    sizes = []
    for i in range(3_000):
        provenance.feed(
            observation(
                i * 1_000, ["tone", "wake_word", "button.action"][i % 3], W
            )
        )
        sizes.append(
            sum(
                map(
                    len,
                    (
                        provenance.matches,
                        provenance.support,
                        provenance.before,
                        provenance.latest,
                    ),
                )
            )
        )
    assert max(sizes[1_000:]) == max(sizes[:1_000])
