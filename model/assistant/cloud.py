"""The cloud: a request passes gateway, recognition, understanding, skill and speech; beside them stand retention and metrics."""

from __future__ import annotations

from collections.abc import Mapping

from earwitness.model.assistant import components
from earwitness.model.assistant.hardware import online, powered
from earwitness.model.assistant.management import certified, enabled, skill_kind
from earwitness.model.expression import (
    FALSE,
    TRUE,
    Const,
    Expression,
    Sort,
    at_most,
    choice,
    equal,
    implication,
    plus,
)
from earwitness.model.systems.datasheet import Datasheet
from earwitness.model.systems.transition_system import (
    TIME,
    Limit,
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
    word,
)

TURN = ("none", "recorded", "recognised", "understood", "requested", "answered")
"""How far the cloud is with a request."""
KEPT = ("transcript", "metric")
"""Categories of records the cloud may write."""
INTENTS = ("one", "two")
"""Two intents stand for all: counts of one must not move with another."""

turn, reply_to = word("turn"), word("reply_to")
stop, asked, processed = flag("stop"), flag("asked"), flag("processed")
asked_at, processed_at, reply_at = count("asked_at"), count("processed_at"), count("reply_at")
words, speaker, intent = word("words"), word("speaker"), word("intent")
keeps_words, keeps_counts, counted = flag("keeps_words"), flag("keeps_counts"), flag("counted")
dialogues, by_intent = count("dialogues"), {name: count(f"dialogues.{name}") for name in INTENTS}

ANY_FOLLOW_UP, ANY_RESOLVED, ANY_ACTED_ON = flag("any.follow_up"), flag("any.resolved"), flag("any.acted_on")
ANY_CONFIDENCE, ANY_BEST, ANY_HYPOTHESES = count("any.confidence"), count("any.best"), count("any.hypotheses")
ANY_WORDS, ANY_SPEAKER, ANY_INTENT, ANY_CATEGORY = (
    word("any.words"),
    word("any.speaker"),
    word("any.intent"),
    word("any.category"),
)

NEW_TURN: Mapping[str, Expression] = {v.name: FALSE for v in (stop, asked, processed, counted)} | {
    "turn": Const("none")
}
"""What the cloud knows when a stream opens, and after it was lost."""

FREE = {
    "any.category": ("recording", "transcript", "hypothesis", "metric", "call_audio"),
    "any.words": ("hello", "goodbye"),
    "any.speaker": ("anna", "ben"),
    "any.intent": INTENTS,
}
OBSERVED = {
    "metrics": ("dialogues", *(v.name for v in by_intent.values())),
    "organisation": ("dialogues", *(v.name for v in by_intent.values())),
}
"""What a reader of the stored metrics, and the organisation, can see of the model's state."""
SECRET = ("any.words", "any.speaker")
"""Who spoke, and what was said."""


def _steps(waiting: Expression, streaming: Expression) -> tuple[Transition, ...]:
    permitted = all_of(enabled, certified, equals(skill_kind, "general"))
    return (
        Transition(
            "end_of_speech",
            components.GATEWAY,
            guard=all_of(streaming, negation(stop)),
            updates={"stop": TRUE, "turn": Const("recorded")},
            emits=None,
        ),
        Transition(
            "recognise",
            components.ASR,
            guard=all_of(
                waiting,
                equals(turn, "recorded"),
                at_most(Const(1), ANY_HYPOTHESES),
                at_most(ANY_BEST, ANY_CONFIDENCE),
            ),
            updates={"turn": Const("recognised"), "words": ANY_WORDS, "speaker": ANY_SPEAKER},
            emits="asr.result",
            attributes={
                "text": ANY_WORDS,
                "confidence": ANY_CONFIDENCE,
                "best": ANY_BEST,
                "hypotheses": ANY_HYPOTHESES,
            },
        ),
        Transition(
            "understand",
            components.NLU,
            guard=all_of(waiting, equals(turn, "recognised"), one_of(ANY_INTENT, *INTENTS)),
            updates={"turn": Const("understood"), "intent": ANY_INTENT},
            emits="nlu.intent",
            attributes={"intent": ANY_INTENT, "resolved": ANY_RESOLVED, "handler": Const("any")},
        ),
        Transition(
            "reject",
            components.NLU,
            guard=all_of(waiting, one_of(turn, "recorded", "recognised")),
            updates={"turn": Const("answered"), "asked": FALSE},
            emits=None,
        ),
        Transition(
            "ask_skill",
            components.SKILLS,
            guard=all_of(waiting, equals(turn, "understood"), permitted),
            updates={"turn": Const("requested")},
            emits="skill.request",
            attributes={
                "skill": Const("any"),
                "skill_kind": skill_kind,
                "certified": certified,
                "recording": FALSE,
            },
        ),
        Transition(
            "refuse_skill",
            components.SKILLS,
            guard=all_of(waiting, equals(turn, "understood")),
            updates={"turn": Const("answered"), "asked": FALSE},
            emits=None,
        ),
        Transition(
            "answer",
            components.SKILLS,
            guard=all_of(waiting, equals(turn, "requested")),
            updates={"turn": Const("answered"), "asked": ANY_FOLLOW_UP, "asked_at": TIME},
            emits="skill.response",
            attributes={"skill": Const("any"), "markup": TRUE, "follow_up": ANY_FOLLOW_UP},
        ),
        Transition(
            "finish_request",
            components.GATEWAY,
            guard=all_of(waiting, equals(turn, "answered"), negation(processed), equals(reply_to, "nobody")),
            updates={"processed": TRUE, "processed_at": TIME, "reply_to": Const("self"), "reply_at": TIME},
            emits="request.processed",
            attributes={"stream": Const(0)},
        ),
        Transition(
            "finish_elsewhere",
            components.GATEWAY,
            guard=equals(reply_to, "nobody"),
            updates={"reply_to": Const("other"), "reply_at": TIME},
            emits=None,
        ),
        Transition(
            "speak",
            components.SPEECH,
            guard=all_of(powered, online, equals(reply_to, "self")),
            updates={"reply_to": Const("nobody")},
            emits="tts.audio",
            attributes={"bytes": Const(3200), "asked_by": reply_to},
        ),
        Transition(
            "let_reply_go",
            components.SPEECH,
            guard=any_of(
                equals(reply_to, "other"),
                all_of(equals(reply_to, "self"), any_of(negation(powered), negation(online))),
            ),
            updates={"reply_to": Const("nobody")},
            emits=None,
        ),
    )


def _stores(waiting: Expression) -> tuple[Transition, ...]:
    cloud: dict[str, Expression] = {"store": Const("cloud")}
    return (
        Transition(
            "keep_record",
            components.RETENTION,
            guard=all_of(
                waiting,
                negation(one_of(turn, "none", "recorded")),
                one_of(ANY_CATEGORY, *KEPT),
                implication(equal(ANY_CATEGORY, Const("transcript")), ANY_ACTED_ON),
            ),
            updates={
                "keeps_words": any_of(keeps_words, equal(ANY_CATEGORY, Const("transcript"))),
                "keeps_counts": any_of(keeps_counts, equal(ANY_CATEGORY, Const("metric"))),
            },
            emits="record.write",
            attributes=cloud | {"category": ANY_CATEGORY, "acted_on": ANY_ACTED_ON},
        ),
        Transition(
            "delete_words",
            components.RETENTION,
            guard=keeps_words,
            updates={"keeps_words": FALSE},
            emits="record.delete",
            attributes=cloud | {"category": Const("transcript")},
        ),
        Transition(
            "find_words",
            components.ENVIRONMENT,
            guard=keeps_words,
            updates={},
            emits="record.found",
            attributes=cloud | {"category": Const("transcript"), "acted_on": TRUE},
        ),
        Transition(
            "find_counts",
            components.ENVIRONMENT,
            guard=keeps_counts,
            updates={},
            emits="record.found",
            attributes=cloud | {"category": Const("metric"), "acted_on": FALSE},
        ),
        Transition(
            "count_dialogue",
            components.METRICS,
            guard=all_of(waiting, one_of(turn, "requested", "answered"), negation(counted)),
            updates={"counted": TRUE, "dialogues": plus(dialogues, Const(1))}
            | {
                v.name: plus(v, choice(equal(intent, Const(name)), Const(1), Const(0)))
                for name, v in by_intent.items()
            },
            emits="metric",
            attributes={"name": intent, "level": Const("property")},
        ),
    )


def cloud(sheet: Datasheet, streaming: Expression, waiting: Expression) -> Table:
    """`streaming`: sound of a request arrives; `waiting`: its device waits for the answer."""
    replying = one_of(reply_to, "self", "other")
    return Table(
        "cloud",
        "turn",
        (
            StateVariable("turn", Sort.TEXT, ("none",), TURN),
            StateVariable("reply_to", Sort.TEXT, ("nobody",), ("nobody", "self", "other")),
            *flags(stop, asked, processed, counted, keeps_words, keeps_counts),
            *counts(asked_at, processed_at, reply_at, dialogues, *by_intent.values()),
            StateVariable("words", Sort.TEXT, ("",)),
            StateVariable("speaker", Sort.TEXT, ("",)),
            StateVariable("intent", Sort.TEXT, ("one",), INTENTS),
        ),
        (*_steps(waiting, streaming), *_stores(waiting)),
        (
            Limit(
                "speech",
                components.SPEECH,
                condition=replying,
                since=reply_at,
                bound=sheet["speech"],
                discharge=("speak", "let_reply_go"),
            ),
        ),
    )
