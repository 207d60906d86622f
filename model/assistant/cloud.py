"""The cloud: a request passes gateway, recognition, understanding, skill and speech; beside them stand retention and metrics."""

from __future__ import annotations

from collections.abc import Mapping

from earwitness.model.assistant.datasheet import Bounds
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
from earwitness.model.systems.transition_system import (
    TIME,
    Component,
    Limit,
    StateVariable,
    Table,
    Transition,
    among,
    both,
    count,
    counts,
    either,
    flag,
    flags,
    no,
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
    permitted = both(enabled, certified, among(skill_kind, "general"))
    return (
        Transition(
            "end_of_speech",
            Component.GATEWAY,
            both(streaming, no(stop)),
            {"stop": TRUE, "turn": Const("recorded")},
            "tick",
        ),
        Transition(
            "recognise",
            Component.ASR,
            both(
                waiting,
                among(turn, "recorded"),
                at_most(Const(1), ANY_HYPOTHESES),
                at_most(ANY_BEST, ANY_CONFIDENCE),
            ),
            {"turn": Const("recognised"), "words": ANY_WORDS, "speaker": ANY_SPEAKER},
            "asr.result",
            {"text": ANY_WORDS, "confidence": ANY_CONFIDENCE, "best": ANY_BEST, "hypotheses": ANY_HYPOTHESES},
        ),
        Transition(
            "understand",
            Component.NLU,
            both(waiting, among(turn, "recognised"), among(ANY_INTENT, *INTENTS)),
            {"turn": Const("understood"), "intent": ANY_INTENT},
            "nlu.intent",
            {"intent": ANY_INTENT, "resolved": ANY_RESOLVED, "handler": Const("any")},
        ),
        Transition(
            "reject",
            Component.NLU,
            both(waiting, among(turn, "recorded", "recognised")),
            {"turn": Const("answered"), "asked": FALSE},
            "tick",
        ),
        Transition(
            "ask_skill",
            Component.SKILLS,
            both(waiting, among(turn, "understood"), permitted),
            {"turn": Const("requested")},
            "skill.request",
            {"skill": Const("any"), "skill_kind": skill_kind, "certified": certified, "recording": FALSE},
        ),
        Transition(
            "refuse_skill",
            Component.SKILLS,
            both(waiting, among(turn, "understood")),
            {"turn": Const("answered"), "asked": FALSE},
            "tick",
        ),
        Transition(
            "answer",
            Component.SKILLS,
            both(waiting, among(turn, "requested")),
            {"turn": Const("answered"), "asked": ANY_FOLLOW_UP, "asked_at": TIME},
            "skill.response",
            {"skill": Const("any"), "markup": TRUE, "follow_up": ANY_FOLLOW_UP},
        ),
        Transition(
            "finish_request",
            Component.GATEWAY,
            both(waiting, among(turn, "answered"), no(processed), among(reply_to, "nobody")),
            {"processed": TRUE, "processed_at": TIME, "reply_to": Const("self"), "reply_at": TIME},
            "request.processed",
            {"stream": Const(0)},
        ),
        Transition(
            "finish_elsewhere",
            Component.GATEWAY,
            among(reply_to, "nobody"),
            {"reply_to": Const("other"), "reply_at": TIME},
            "tick",
        ),
        Transition(
            "speak",
            Component.SPEECH,
            both(powered, online, among(reply_to, "self")),
            {"reply_to": Const("nobody")},
            "tts.audio",
            {"bytes": Const(3200), "asked_by": reply_to},
        ),
        Transition(
            "let_reply_go",
            Component.SPEECH,
            either(among(reply_to, "other"), both(among(reply_to, "self"), either(no(powered), no(online)))),
            {"reply_to": Const("nobody")},
            "tick",
        ),
    )


def _stores(waiting: Expression) -> tuple[Transition, ...]:
    cloud: dict[str, Expression] = {"store": Const("cloud")}
    return (
        Transition(
            "keep_record",
            Component.RETENTION,
            both(
                waiting,
                no(among(turn, "none", "recorded")),
                among(ANY_CATEGORY, *KEPT),
                implication(equal(ANY_CATEGORY, Const("transcript")), ANY_ACTED_ON),
            ),
            {
                "keeps_words": either(keeps_words, equal(ANY_CATEGORY, Const("transcript"))),
                "keeps_counts": either(keeps_counts, equal(ANY_CATEGORY, Const("metric"))),
            },
            "record.write",
            cloud | {"category": ANY_CATEGORY, "acted_on": ANY_ACTED_ON},
        ),
        Transition(
            "delete_words",
            Component.RETENTION,
            keeps_words,
            {"keeps_words": FALSE},
            "record.delete",
            cloud | {"category": Const("transcript")},
        ),
        Transition(
            "find_words",
            Component.ENVIRONMENT,
            keeps_words,
            {},
            "record.found",
            cloud | {"category": Const("transcript"), "acted_on": TRUE},
        ),
        Transition(
            "find_counts",
            Component.ENVIRONMENT,
            keeps_counts,
            {},
            "record.found",
            cloud | {"category": Const("metric"), "acted_on": FALSE},
        ),
        Transition(
            "count_dialogue",
            Component.METRICS,
            both(waiting, among(turn, "requested", "answered"), no(counted)),
            {"counted": TRUE, "dialogues": plus(dialogues, Const(1))}
            | {
                v.name: plus(v, choice(equal(intent, Const(name)), Const(1), Const(0)))
                for name, v in by_intent.items()
            },
            "metric",
            {"name": intent, "level": Const("property")},
        ),
    )


def cloud(bounds: Bounds, streaming: Expression, waiting: Expression) -> Table:
    """`streaming`: sound of a request arrives; `waiting`: its device waits for the answer."""
    replying = among(reply_to, "self", "other")
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
        (Limit("speech", Component.SPEECH, replying, reply_at, bounds.close, ("speak", "let_reply_go")),),
    )
