"""The cloud: a request passes gateway, recognition, understanding, skill and speech; beside them are
retention and metrics."""

from __future__ import annotations

from earwitness.model.assistant.components import (
    ASR,
    ENVIRONMENT,
    GATEWAY,
    METRICS,
    NLU,
    RETENTION,
    SKILLS,
    SPEECH,
)
from earwitness.model.assistant.hardware import online, powered
from earwitness.model.assistant.management import (
    certified,
    enabled,
    skill_kind,
)
from earwitness.model.expression import (
    Const,
    Expression,
    Sort,
    at_most,
    choice,
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
    same_for,
    values,
    word,
)

TURN = (
    "none",
    "recorded",
    "recognised",
    "understood",
    "requested",
    "answered",
)
"""How far the cloud is with a request."""
KEPT = ("transcript", "metric")
"""Categories of records the cloud may write."""
INTENTS = ("one", "two")
"""Two intents stand for all: counts of one must not move with another."""

turn, reply_to = word("turn"), word("reply_to")
stop, asked, processed = flag("stop"), flag("asked"), flag("processed")
spoken, holds_sound = flag("spoken"), flag("holds_sound")
"""Whether the answer of this turn was spoken; whether the cloud still holds the sound of the request."""
number = count("number")
"""How many streams the device opened: each has a number of its own."""
asked_at, processed_at, reply_at = (
    count("asked_at"),
    count("processed_at"),
    count("reply_at"),
)
words, speaker, intent = word("words"), word("speaker"), word("intent")
keeps_words, keeps_counts, counted = (
    flag("keeps_words"),
    flag("keeps_counts"),
    flag("counted"),
)
dialogues, by_intent = (
    count("dialogues"),
    {name: count(f"dialogues.{name}") for name in INTENTS},
)

ANY_FOLLOW_UP, ANY_RESOLVED, ANY_ACTED_ON = (
    flag("any.follow_up"),
    flag("any.resolved"),
    flag("any.acted_on"),
)
ANY_CONFIDENCE, ANY_BEST, ANY_HYPOTHESES = (
    count("any.confidence"),
    count("any.best"),
    count("any.hypotheses"),
)
ANY_WORDS, ANY_SPEAKER, ANY_INTENT, ANY_CATEGORY = (
    word("any.words"),
    word("any.speaker"),
    word("any.intent"),
    word("any.category"),
)

NEW_TURN = same_for(
    False, stop, asked, processed, counted, spoken, holds_sound
) | values(turn="none")
"""What the cloud knows when a stream opens, and after it was lost."""

FREE = {
    "any.category": (
        "recording",
        "transcript",
        "hypothesis",
        "metric",
        "call_audio",
    ),
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


def cloud(
    sheet: Datasheet, streaming: Expression, waiting: Expression
) -> Table:
    """`streaming`: sound of a request arrives; `waiting`: its device waits for the answer."""
    return Table(
        name="cloud",
        control="turn",
        variables=(
            StateVariable(
                name="turn", sort=Sort.TEXT, initial=("none",), values=TURN
            ),
            StateVariable(
                name="reply_to",
                sort=Sort.TEXT,
                initial=("nobody",),
                values=("nobody", "self", "other"),
            ),
            *flags(
                stop,
                asked,
                processed,
                counted,
                spoken,
                holds_sound,
                keeps_words,
                keeps_counts,
            ),
            *counts(
                asked_at,
                processed_at,
                reply_at,
                dialogues,
                *by_intent.values(),
            ),
            StateVariable("words", Sort.TEXT, ("",)),
            StateVariable("speaker", Sort.TEXT, ("",)),
            StateVariable(
                name="intent",
                sort=Sort.TEXT,
                initial=("one",),
                values=INTENTS,
            ),
        ),
        transitions=(
            *_rows_of_recognition(waiting, streaming),
            *_skill_host(waiting),
            *_rows_of_answers(waiting),
            *_rows_of_stores(waiting),
        ),
        limits=(
            Limit(
                "speech",
                SPEECH,
                condition=one_of(reply_to, "self", "other"),
                since=reply_at,
                bound=sheet["speech"],
                discharge=("speak", "let_reply_go"),
                reason="TTS-1: an answer is spoken in time, or not at all",
            ),
        ),
    )


def _rows_of_recognition(
    waiting: Expression, streaming: Expression
) -> tuple[Transition, ...]:
    return (
        Transition(
            "end_of_speech",
            GATEWAY,
            guard=all_of(
                streaming,
                negation(stop),
            ),
            updates=values(stop=True, turn="recorded", holds_sound=True),
            emits=None,
            reason="STR-1: the cloud decides when it has heard enough",
        ),
        Transition(
            "recognise",
            ASR,
            guard=all_of(
                waiting,
                equals(turn, "recorded"),
                at_most(
                    Const(1), ANY_HYPOTHESES
                ),  # ASR-1: one hypothesis at least
                at_most(
                    ANY_BEST, ANY_CONFIDENCE
                ),  # ASR-1: the most confident is acted on
            ),
            updates=values(
                turn="recognised",
                words=ANY_WORDS,
                speaker=ANY_SPEAKER,
                holds_sound=False,  # SKL-1, RET-1: the sound goes when its words are there
            ),
            emits="asr.result",
            attributes=values(
                text=ANY_WORDS,
                confidence=ANY_CONFIDENCE,
                best=ANY_BEST,
                hypotheses=ANY_HYPOTHESES,
            ),
            reason="ASR-1; section ASR: several strings with scores, the highest is acted on",
        ),
        Transition(
            "understand",
            NLU,
            guard=all_of(
                waiting,
                equals(turn, "recognised"),
                one_of(ANY_INTENT, *INTENTS),
            ),
            updates=values(turn="understood", intent=ANY_INTENT),
            emits="nlu.intent",
            attributes=values(
                intent=ANY_INTENT, resolved=ANY_RESOLVED, handler="any"
            ),
            reason="NLU-1; section NLU: an intent with slots",
        ),
        Transition(
            "reject",
            NLU,
            guard=all_of(
                waiting,
                one_of(turn, "recorded", "recognised"),
            ),
            updates=values(turn="answered", asked=False),
            emits=None,
            reason="assumption: what is not recognised or not understood ends without a question",
        ),
    )


def _skill_host(waiting: Expression) -> tuple[Transition, ...]:
    return (
        Transition(
            "ask_skill",
            SKILLS,
            guard=all_of(
                waiting,
                equals(turn, "understood"),
                all_of(
                    enabled,  # SKL-2; FAQ 7: the organisation enabled it
                    certified,  # SKL-2: public, or certified for the property
                    equals(
                        skill_kind, "general"
                    ),  # SKL-2: none of the refused kinds
                ),
            ),
            updates=values(turn="requested"),
            emits="skill.request",
            attributes=values(
                skill="any",
                skill_kind=skill_kind,
                certified=certified,
                recording=holds_sound,
            ),
            reason="SKL-1; section Skills: the host hands over all that it holds of the request",
        ),
        Transition(
            "refuse_skill",
            SKILLS,
            guard=all_of(
                waiting,
                equals(turn, "understood"),
            ),
            updates=values(turn="answered", asked=False),
            emits=None,
            reason="SKL-2: a request for a skill that must not run ends without it",
        ),
        Transition(
            "answer",
            SKILLS,
            guard=all_of(
                waiting,
                equals(turn, "requested"),
            ),
            updates=values(
                turn="answered", asked=ANY_FOLLOW_UP, asked_at=TIME
            ),
            emits="skill.response",
            attributes=values(
                skill="any", markup=True, follow_up=ANY_FOLLOW_UP
            ),
            reason="SKL-3; section Skills: an answer in speech markup, which may be a question",
        ),
    )


def _rows_of_answers(waiting: Expression) -> tuple[Transition, ...]:
    return (
        Transition(
            "finish_request",
            GATEWAY,
            guard=all_of(
                waiting,
                equals(turn, "answered"),
                negation(processed),
                equals(
                    reply_to, "nobody"
                ),  # assumption: one answer at a time
            ),
            updates=values(
                processed=True,
                processed_at=TIME,
                reply_to="self",
                reply_at=TIME,
                spoken=False,  # TTS-2: what was spoken before is another answer
            ),
            emits="request.processed",
            attributes=values(stream=number),
            reason="STR-1; FAQ 3: the stream closes once the request is processed",
        ),
        Transition(
            "finish_elsewhere",
            GATEWAY,
            guard=equals(reply_to, "nobody"),
            updates=values(reply_to="other", reply_at=TIME),
            emits=None,
            reason="assumption: the same cloud answers other devices at any time",
        ),
        Transition(
            "speak",
            SPEECH,
            guard=all_of(
                powered,
                online,
                equals(
                    reply_to, "self"
                ),  # TTS-1: the device that asked, no other
            ),
            updates=values(reply_to="nobody", spoken=True),
            emits="tts.audio",
            # 3,200 bytes: 100 ms of speech in 16-bit samples at 16 kHz; chosen as an example of a piece.
            attributes=values(bytes=3200, asked_by=reply_to),
            reason="TTS-1; section TTS: the answer goes to the device that asked",
        ),
        Transition(
            "let_reply_go",
            SPEECH,
            guard=one_of(reply_to, "self", "other"),
            updates=values(reply_to="nobody"),
            emits=None,
            reason="TTS-1: what belongs elsewhere, is empty, or cannot arrive is not played here",
        ),
    )


def _rows_of_stores(waiting: Expression) -> tuple[Transition, ...]:
    return (
        Transition(
            "keep_record",
            RETENTION,
            guard=all_of(
                waiting,
                negation(
                    one_of(turn, "none", "recorded")
                ),  # assumption: after recognition
                one_of(
                    ANY_CATEGORY, *KEPT
                ),  # RET-1, ASR-2, CALL-2: words acted on and counts alone
                implication(
                    equals(ANY_CATEGORY, "transcript"), ANY_ACTED_ON
                ),  # ASR-2
            ),
            updates=values(
                keeps_words=any_of(
                    keeps_words, equals(ANY_CATEGORY, "transcript")
                ),
                keeps_counts=any_of(
                    keeps_counts, equals(ANY_CATEGORY, "metric")
                ),
            ),
            emits="record.write",
            attributes=values(
                store="cloud", category=ANY_CATEGORY, acted_on=ANY_ACTED_ON
            ),
            reason="RET-1, ASR-2; section Data Retention: no recording; section ASR: the string acted on",
        ),
        Transition(
            "delete_words",
            RETENTION,
            guard=keeps_words,
            updates=values(keeps_words=False),
            emits="record.delete",
            attributes=values(store="cloud", category="transcript"),
            reason="assumption: words may be deleted at any time",
        ),
        Transition(
            "find_words",
            ENVIRONMENT,
            guard=keeps_words,
            emits="record.found",
            attributes=values(
                store="cloud", category="transcript", acted_on=True
            ),
            reason="assumption: an auditor may look into the stores at any time",
        ),
        Transition(
            "find_counts",
            ENVIRONMENT,
            guard=keeps_counts,
            emits="record.found",
            attributes=values(
                store="cloud", category="metric", acted_on=False
            ),
            reason="assumption: an auditor may look into the stores at any time",
        ),
        Transition(
            "count_dialogue",
            METRICS,
            guard=all_of(
                waiting,
                one_of(turn, "requested", "answered"),
                negation(counted),  # once a request
            ),
            updates=values(counted=True, dialogues=plus(dialogues, Const(1)))
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
