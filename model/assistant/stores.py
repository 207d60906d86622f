"""What is kept: retention writes down what it is handed, metrics count, an auditor finds what was kept."""

from __future__ import annotations

from earwitness.model.assistant.calls import holds_call
from earwitness.model.assistant.cloud import (
    INTENTS,
    counted,
    holds_rest,
    holds_sound,
    intent,
    sample,
    stripped,
    turn,
    verified,
)
from earwitness.model.assistant.components import (
    ENVIRONMENT,
    METRICS,
    RETENTION,
)
from earwitness.model.expression import (
    Const,
    Expression,
    Sort,
    choice,
    implication,
    plus,
)
from earwitness.model.systems.transition_system import (
    StateVariable,
    Table,
    Transition,
    all_of,
    any_of,
    count,
    counts,
    equals,
    flag,
    flags,
    negation,
    one_of,
    values,
    word,
)

OF_REQUEST = ("recording", "transcript", "hypothesis", "metric")
"""Categories of what the cloud can hold of a request."""
OF_CALL = ("call_audio", "call_content")

ANY_CATEGORY = word("any.category")
ANY_ACTED_ON, ANY_ADDRESSED = flag("any.acted_on"), flag("any.addressed")
keeps = {
    kind: flag(f"keeps.{kind}")
    for kind in (
        "recordings",
        "words",
        "other_words",
        "overheard",
        "counts",
        "calls",
    )
}
"""What stands in the cloud's store: `words` were acted on, `other_words` were not, `overheard` are those of a
request that was not meant for the device."""
who = word("who")
"""Whom the stored counts name: nobody."""
dialogues, by_intent = (
    count("dialogues"),
    {name: count(f"dialogues.{name}") for name in INTENTS},
)

FREE = {"any.category": (*OF_REQUEST, *OF_CALL)}
_COUNTS = ("dialogues", *(v.name for v in by_intent.values()), "who")
OBSERVED = {"metrics": _COUNTS, "organisation": _COUNTS}
"""What a reader of the stored metrics, and the organisation, can see of the model's state."""

_HAS_NOT_ACTED = all_of(
    one_of(ANY_CATEGORY, "transcript", "hypothesis"), negation(ANY_ACTED_ON)
)


def stores(
    waiting: Expression, for_us: Expression, no_call: Expression
) -> Table:
    """`waiting`: a device waits for an answer; `for_us`: its request is meant for it; `no_call`: none on."""
    return Table(
        name="stores",
        control="who",
        variables=(
            *flags(*keeps.values(), stripped),
            *counts(dialogues, *by_intent.values()),
            StateVariable("sample", Sort.TEXT, ("",)),
            StateVariable("who", Sort.TEXT, ("",)),
        ),
        transitions=(
            *_rows_of_retention(waiting, for_us, no_call),
            _row_of_finding(),
            *_rows_of_metrics(waiting),
        ),
        hints=tuple(
            negation(keeps[kind])
            for kind in ("recordings", "other_words", "overheard", "calls")
        ),
    )


def _rows_of_retention(
    waiting: Expression, for_us: Expression, no_call: Expression
) -> tuple[Transition, ...]:
    return (
        Transition(
            "keep_record",
            RETENTION,
            guard=all_of(
                waiting,
                negation(
                    one_of(turn, "none", "recorded")
                ),  # RET-1, ASR-2: after recognition
                verified,  # WAKE-2: of a request that was meant for the device
                one_of(ANY_CATEGORY, *OF_REQUEST),
                implication(equals(ANY_CATEGORY, "recording"), holds_sound),
                implication(_HAS_NOT_ACTED, holds_rest),
                implication(equals(ANY_CATEGORY, "hypothesis"), holds_rest),
            ),
            updates=_now_kept(
                recordings=equals(ANY_CATEGORY, "recording"),
                words=all_of(
                    equals(ANY_CATEGORY, "transcript"), ANY_ACTED_ON, for_us
                ),
                other_words=_HAS_NOT_ACTED,
                overheard=all_of(
                    equals(ANY_CATEGORY, "transcript"), negation(for_us)
                ),
                counts=equals(ANY_CATEGORY, "metric"),
            ),
            emits="record.write",
            attributes=values(
                store="cloud",
                category=ANY_CATEGORY,
                acted_on=ANY_ACTED_ON,
                addressed=for_us,
            ),
            reason="RET-1, ASR-2; section Data Retention: whatever the cloud still holds may be written down",
        ),
        Transition(
            "note_call",
            RETENTION,
            guard=all_of(
                no_call,  # CALL-2: after the call
                one_of(ANY_CATEGORY, "metric", *OF_CALL),
                implication(one_of(ANY_CATEGORY, *OF_CALL), holds_call),
            ),
            updates=_now_kept(
                counts=equals(ANY_CATEGORY, "metric"),
                calls=one_of(ANY_CATEGORY, *OF_CALL),
            ),
            emits="record.write",
            attributes=values(store="cloud", category=ANY_CATEGORY),
            reason="CALL-2; FAQ 6: a call may be counted, and what is still held of it is at risk",
        ),
        Transition(
            "delete_words",
            RETENTION,
            guard=keeps["words"],
            updates={keeps["words"].name: Const(False)},
            emits="record.delete",
            attributes=values(store="cloud", category="transcript"),
            reason="assumption: words may be deleted at any time",
        ),
    )


def _now_kept(**written: Expression) -> dict[str, Expression]:
    return {
        keeps[kind].name: any_of(keeps[kind], is_written)
        for kind, is_written in written.items()
    }


def _row_of_finding() -> Transition:
    found = any_of(
        all_of(equals(ANY_CATEGORY, "recording"), keeps["recordings"]),
        all_of(
            equals(ANY_CATEGORY, "transcript"),
            ANY_ACTED_ON,
            ANY_ADDRESSED,
            keeps["words"],
        ),
        all_of(_HAS_NOT_ACTED, keeps["other_words"]),
        all_of(
            equals(ANY_CATEGORY, "transcript"),
            negation(ANY_ADDRESSED),
            keeps["overheard"],
        ),
        all_of(
            equals(ANY_CATEGORY, "metric"), ANY_ADDRESSED, keeps["counts"]
        ),
        all_of(one_of(ANY_CATEGORY, *OF_CALL), keeps["calls"]),
    )
    return Transition(
        "find_record",
        ENVIRONMENT,
        guard=found,
        emits="record.found",
        attributes=values(
            store="cloud",
            category=ANY_CATEGORY,
            acted_on=ANY_ACTED_ON,
            addressed=ANY_ADDRESSED,
        ),
        reason="assumption: an auditor may look into the stores at any time, and finds what is there",
    )


def _rows_of_metrics(waiting: Expression) -> tuple[Transition, ...]:
    return (
        Transition(
            "strip_sample",
            METRICS,
            guard=waiting,
            updates=values(sample="", stripped=True),
            emits=None,
            reason="RET-2; section Data Retention: who asked is taken out before anything is counted",
        ),
        Transition(
            "count_dialogue",
            METRICS,
            guard=all_of(
                waiting,
                one_of(turn, "requested", "answered"),
                negation(counted),  # once a request
                stripped,  # RET-2: only what names nobody
            ),
            updates=values(
                counted=True, dialogues=plus(dialogues, Const(1)), who=sample
            )
            | _counts_by_intent(),
            emits="metric",
            attributes=values(name=intent, level="property"),
            reason="RET-2; section Data Retention: counts by intent and property, nothing of a person",
        ),
    )


def _counts_by_intent() -> dict[str, Expression]:
    return {
        variable.name: plus(
            variable, choice(equals(intent, name), Const(1), Const(0))
        )
        for name, variable in by_intent.items()
    }
