"""The cloud: a request passes gateway, recognition, understanding, skill and speech."""

from __future__ import annotations

from earwitness.model.assistant.components import (
    ASR,
    GATEWAY,
    NLU,
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
    implication,
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
INTENTS = ("one", "two")
"""Two intents stand for all: counts of one must not move with another."""

turn, reply_to = word("turn"), word("reply_to")
stop, asked, processed = flag("stop"), flag("asked"), flag("processed")
spoken, holds_sound = flag("spoken"), flag("holds_sound")
"""Whether the answer of this turn was spoken; whether the cloud still holds the sound of the request."""
holds_rest = flag("holds_rest")
"""Whether the cloud still holds the hypotheses that are not acted on."""
in_order, ranked = flag("in_order"), flag("ranked")
"""Whether the hypotheses are in the order of their confidence, and whether the recogniser thinks so."""
verified, counted = flag("verified"), flag("counted")
"""Whether the cloud heard for itself that the request is for the device; whether it was counted."""
sample, stripped = word("sample"), flag("stripped")
"""Whom the record names that metrics are handed, and whether that name was taken out."""
route = word("route")
"""To whom the channel of spoken answers leads."""
number = count("number")
"""How many streams the device opened: each has a number of its own."""
asked_at, processed_at, reply_at = (
    count("asked_at"),
    count("processed_at"),
    count("reply_at"),
)
words, speaker, intent = word("words"), word("speaker"), word("intent")

ANY_FOLLOW_UP, ANY_RESOLVED = flag("any.follow_up"), flag("any.resolved")
ANY_CONFIDENCE, ANY_BEST, ANY_HYPOTHESES = (
    count("any.confidence"),
    count("any.best"),
    count("any.hypotheses"),
)
ANY_WORDS, ANY_SPEAKER, ANY_INTENT = (
    word("any.words"),
    word("any.speaker"),
    word("any.intent"),
)

NEW_TURN = same_for(False, stop, asked, processed, counted, spoken) | values(
    turn="none"
)
"""What the cloud knows when a stream opens, and after it was lost."""

FREE = {
    "any.words": ("hello", "goodbye"),
    "any.speaker": ("anna", "ben"),
    "any.intent": INTENTS,
}
SECRET = ("any.words", "any.speaker")
"""Who spoke, and what was said."""


def cloud(
    sheet: Datasheet,
    streaming: Expression,
    waiting: Expression,
    for_us: Expression,
) -> Table:
    """`streaming`: sound of a request arrives; `waiting`: its device waits for the answer; `for_us`: the
    request is meant for the device."""
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
            StateVariable(
                name="route",
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
                verified,
                holds_sound,
                holds_rest,
                in_order,
                ranked,
            ),
            *counts(asked_at, processed_at, reply_at),
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
            *_rows_of_recognition(waiting, streaming, for_us),
            *_skill_host(waiting),
            *_rows_of_answers(waiting),
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
        hints=(
            any_of(equals(reply_to, "nobody"), equals(reply_to, route)),
            any_of(one_of(turn, "none", "recorded"), negation(holds_rest)),
            any_of(one_of(turn, "none", "recorded"), negation(holds_sound)),
            implication(ranked, in_order),
        ),
    )


def _rows_of_recognition(
    waiting: Expression, streaming: Expression, for_us: Expression
) -> tuple[Transition, ...]:
    return (
        Transition(
            "end_of_speech",
            GATEWAY,
            guard=all_of(
                streaming,
                negation(stop),
            ),
            updates=values(
                stop=True,
                turn="recorded",
                holds_sound=True,
                in_order=False,
                ranked=False,
                verified=for_us,  # WAKE-2: the cloud listens for the wake word again
            ),
            emits=None,
            reason="STR-1: the cloud decides when it has heard enough",
        ),
        Transition(
            "rank_hypotheses",
            ASR,
            guard=all_of(
                waiting,
                equals(turn, "recorded"),
            ),
            updates=values(holds_rest=True, in_order=True, ranked=True),
            emits=None,
            reason="ASR-1; section ASR: several strings, each with a score",
        ),
        Transition(
            "recognise",
            ASR,
            guard=all_of(
                waiting,
                equals(turn, "recorded"),
                ranked,  # ASR-1: the first of the list is acted on when it is ranked
                at_most(
                    Const(1), ANY_HYPOTHESES
                ),  # ASR-1: one hypothesis at least
                implication(
                    in_order, at_most(ANY_BEST, ANY_CONFIDENCE)
                ),  # ASR-1: in that order the first is the most confident
            ),
            updates=values(
                turn="recognised",
                words=ANY_WORDS,
                speaker=ANY_SPEAKER,
                holds_sound=False,  # SKL-1, RET-1: the sound goes when its words are there
                holds_rest=False,  # ASR-2: and so do the hypotheses not acted on
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
            updates=values(
                turn="understood",
                intent=ANY_INTENT,
                sample=speaker,
                stripped=False,  # RET-2: what metrics are handed names its speaker at first
            ),
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
            updates=values(
                turn="answered",
                asked=False,
                holds_sound=False,  # RET-1: also where no words come of it
                holds_rest=False,  # ASR-2
            ),
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
                route="self",
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
            updates=values(reply_to="other", route="other", reply_at=TIME),
            emits=None,
            reason="assumption: the same cloud answers other devices at any time",
        ),
        Transition(
            "speak",
            SPEECH,
            guard=all_of(
                powered,
                online,
                one_of(reply_to, "self", "other"),
                equals(
                    route, "self"
                ),  # TTS-1: the channel leads to this device
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
