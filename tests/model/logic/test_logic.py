"""The clause language: every engine means what the reference semantics means."""

from __future__ import annotations

import random

import pytest
from engines import ENGINES, columns, disagreeing, reelay_verdicts, reference
from generators import EVENTS, formula, plain_formula, trace
from hypothesis import given, settings
from hypothesis import strategies as st

from earwitness.model.expression import evaluate
from earwitness.model.logic.english import describe_formula
from earwitness.model.logic.formula import (
    Bound,
    Historically,
    Not,
    Once,
    Side,
    Since,
    Truth,
)
from earwitness.model.logic.monitor import compile_formula, input_values
from earwitness.model.logic.parser import FormulaError, Scope, parse_formula
from earwitness.model.logic.per_device import SlicedMonitor, key_of, project
from earwitness.model.logic.semantics import holds
from earwitness.model.logic.step import (
    generated_step,
    initial_state,
    interpreted_step,
)
from earwitness.model.logic.trigger import default_trigger
from earwitness.model.logic.wording import put_in_past
from earwitness.model.trace import Observation
from earwitness.model.vocabulary import Microseconds, vocabulary
from earwitness.policies.pack import find

SCOPE = Scope(
    {"cut": 100_000},
    {
        "microphone": {
            "off": "microphone.power(on = false)",
            "on": "microphone.power(on = true)",
        }
    },
)


@pytest.mark.parametrize("part", range(10))
def test_every_engine_agrees_with_the_reference_semantics_on_random_pairs(
    part,
):
    for number in range(400):
        dice = random.Random(part * 1_000_003 + number)
        made, seen = formula(dice), trace(dice)
        assert disagreeing(made, seen) == [], (made, seen)


def test_an_engine_that_errs_is_named():
    made, seen = formula(random.Random(1)), trace(random.Random(1))
    assert disagreeing(
        made,
        seen,
        {
            "contrary": lambda monitor, seen: [
                not v for v in reference(made, seen)
            ]
        },
    ) == ["contrary"]


@pytest.mark.parametrize("part", range(4))
def test_reelay_agrees_where_it_can_say_the_formula(part):
    pytest.importorskip("reelay")
    for number in range(100):
        dice = random.Random(part * 1_000_003 + number)
        made, names = (
            plain_formula(dice),
            [dice.choice(EVENTS) for _ in range(dice.randint(1, 16))],
        )
        seen = [
            Observation(Microseconds(time), "d1", name, {})
            for time, name in enumerate(names)
        ]
        assert reelay_verdicts(made, names) == reference(made, seen), (
            made,
            names,
        )


@pytest.mark.parametrize("name", ["alexa-smart-properties", "voice-baseline"])
def test_the_columns_kernel_says_of_every_shipped_clause_what_the_step_function_says(
    name,
):
    for clause in find(name).clauses:
        if clause.formula is not None:
            for seed in range(40):
                seen = trace(random.Random(seed), 40)
                assert columns(clause.monitor, seen) == ENGINES[
                    "generated step"
                ](clause.monitor, seen), clause.id


@given(st.integers(0, 1 << 40))
@settings(max_examples=300, deadline=None)
def test_a_sliced_monitor_says_of_each_slice_what_the_projection_says(seed):
    dice = random.Random(seed)
    made, seen = formula(dice, 2), trace(dice)
    monitor = SlicedMonitor(compile_formula(made), ("device", "stream"))
    for i, o in enumerate(seen):
        for key, outcome in monitor.feed(o):
            part = project(seen[: i + 1], ("device", "stream"), key)
            assert outcome.holds == holds(made, part, len(part) - 1)
        if (key := key_of(o, ("device", "stream"))) is not None:
            assert key in monitor.live[o.device]


@given(st.integers(0, 1 << 40))
@settings(max_examples=200, deadline=None)
def test_laws_of_the_operators(seed):
    dice = random.Random(seed)
    made, seen = formula(dice, 2), trace(dice)
    limit = Bound(Side.WITHIN, dice.randint(0, 6))
    for i in range(len(seen)):
        assert holds(Once(None, Once(None, made)), seen, i) == holds(
            Once(None, made), seen, i
        )
        assert holds(Historically(limit, made), seen, i) == (
            not holds(Once(limit, Not(made)), seen, i)
        )
        assert holds(Since(limit, Truth(True), made), seen, i) == holds(
            Once(limit, made), seen, i
        )


def at(milliseconds: int, event: str, **attributes) -> Observation:
    return Observation(
        Microseconds(milliseconds * 1000), "d1", event, attributes
    )


CASES = [
    (
        "microphone.power(on = false) within 100 ms after button.action",
        [
            (at(0, "button.action"), True),
            (at(100, "tick"), True),
            (at(101, "microphone.power", on=False), False),
            (at(102, "tick"), False),
        ],
    ),
    (
        "stream.open implies microphone is on",
        [
            (
                at(
                    0,
                    "stream.open",
                    stream=1,
                    cause="wake_word",
                    **{"from": 0},
                ),
                False,
            )
        ],
    ),
    ("not tick", [(at(0, "tick"), False)]),
    ("previously tick", [(at(0, "tick"), False), (at(1, "tick"), True)]),
    (
        "historically not tick",
        [(at(0, "tick"), False), (at(1, "button.action"), False)],
    ),
    (
        "once for 2 ms tick",
        [
            (at(0, "tick"), False),
            (at(1, "tick"), False),
            (at(2, "tick"), True),
        ],
    ),
    (
        "count tone within 1 h <= 2",
        [
            (at(0, "tone"), True),
            (at(1_000, "tone"), True),
            (at(3_600_000, "tone"), False),
            (at(3_700_000, "tone"), True),
        ],
    ),
    (
        "not once within 2 d tone",
        [(at(0, "tone"), False), (at(172_800_001, "tick"), True)],
    ),
    (
        "count tone within 0 us <= 0",
        [(at(0, "tone"), False), (at(1, "tick"), True)],
    ),
    (
        "not tick since within 2 ms button.action",
        [
            (at(0, "tick"), False),
            (at(1, "button.action"), True),
            (at(3, "end"), True),
            (at(4, "end"), False),
        ],
    ),
]


@pytest.mark.parametrize(
    ("text", "rows"), CASES, ids=[text for text, _ in CASES]
)
def test_verdict_beside_each_event(text, rows):
    seen = [o for o, _ in rows]
    expected = [verdict for _, verdict in rows]
    made = parse_formula(text, SCOPE)
    assert [holds(made, seen, i) for i in range(len(seen))] == expected
    assert disagreeing(made, seen) == []


def test_an_unanswered_deadline_is_pending_and_not_yet_violated():
    monitor = compile_formula(
        parse_formula("tick within 1 s after button.action")
    )
    _, outcome = generated_step(monitor)(
        initial_state(monitor), input_values(at(0, "button.action"))
    )
    assert outcome.holds and outcome.pending and outcome.exercised


@pytest.mark.parametrize(
    ("text", "line", "column", "part"),
    [
        ("stream.audoi", 1, 1, "Did you mean 'stream.audio'?"),
        ("once within [1 s, 2 s] tick", 1, 13, "two-sided"),
        (
            "tick and\n  stream.open(caus = wake_word)",
            2,
            15,
            "Did you mean 'cause'?",
        ),
        ("stream.open(cause = wakeword)", 1, 19, "Did you mean 'wake_word'?"),
        ("(tick", 1, 6, "ends too early"),
        ("microfone is on", 1, 1, "Did you mean 'microphone'?"),
        ("tick within $cutt after tick", 1, 13, "Did you mean 'cut'?"),
        ("its from < its on", 1, 10, "cannot compare integer with boolean"),
        ("tick § tick", 1, 6, "no meaning"),
        ("count tick within 1 s < 3", 1, 23, "write '<='"),
        ("count tick within 1 s <= 101", 1, 26, "goes to 100"),
        (
            "count tick within 1 s <= $most",
            1,
            26,
            "parameter 'most' is not in the pack",
        ),
        ("((" * 150 + "tick" + "))" * 150, 1, 1, "too large"),
    ],
)
def test_a_wrong_formula_is_refused_with_its_place(text, line, column, part):
    with pytest.raises(FormulaError) as caught:
        parse_formula(text, SCOPE)
    assert (caught.value.line, caught.value.column) == (line, column)
    assert part in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        "true",
        "1 = 1",
        "not false",
        "last tone.time = 1",
        "true implies 1 = 1",
    ],
)
def test_no_event_exercises_a_formula_that_speaks_of_no_event(text):
    monitor = compile_formula(parse_formula(text))
    _, outcome = generated_step(monitor)(
        initial_state(monitor), input_values(at(0, "tone"))
    )
    assert not outcome.exercised


@pytest.mark.parametrize(
    ("text", "trigger"),
    [
        ("not tone", "tone"),
        ("not record.found(category = recording)", "record.found"),
        ("true implies not tone", "tone"),
        ("microphone is off implies not tone", "microphone is off and tone"),
        ("tone implies microphone is on", "tone"),
        (
            "tone within 1 s after microphone is off",
            "microphone is off and tone",
        ),
        ("not tone and (tick implies false)", "tone or tick"),
        ('its asked_by = "self"', "tts.audio"),
    ],
)
def test_a_formula_without_a_trigger_is_exercised_by_what_it_speaks_of(
    text, trigger
):
    assert default_trigger(parse_formula(text, SCOPE)) == parse_formula(
        trigger, SCOPE
    )


def test_an_answer_says_how_long_it_took():
    monitor = compile_formula(
        parse_formula("tone within 1 s after button.action")
    )
    (wait,) = monitor.waits
    trace = [
        at(0, "button.action"),
        at(400, "button.action"),
        at(700, "tone"),
        at(800, "tone"),
    ]
    trace.append(Observation(Microseconds(900_000), "d1", "button.action"))
    elapsed, state, step = (
        [],
        initial_state(monitor),
        interpreted_step(monitor),
    )
    for seen in trace:
        values = input_values(seen) | {
            r.name: content
            for r, content in zip(monitor.registers, state, strict=True)
        }
        elapsed.append(evaluate(wait.elapsed, values))
        state, _ = step(state, input_values(seen))
    assert (
        elapsed == [-1, -1, 700_000, -1, -1]
        and wait.deadline.duration == 1_000_000
    )


@given(st.text(max_size=40))
@settings(max_examples=300, deadline=None)
def test_no_text_breaks_the_parser(text):
    try:
        parse_formula(text, SCOPE)
    except FormulaError as error:
        assert error.line >= 1 and error.column >= 1


ENGLISH = [
    (
        "microphone.power(on = false) within $cut after (button.microphone and microphone is on)",
        "within 100 ms after the microphone button is pressed while the microphones are on, "
        "the microphones lose power",
    ),
    (
        "stream.open(cause = wake_word) implies its from >= last wake_word.time - 500 ms - 1 s",
        "whenever a stream opens for the wake word, the first sample was heard no earlier than 1500 ms before "
        "the last time that the device heard a wake word",
    ),
    (
        'access(role = organisation) implies its resource = "unit" or its resource = "top_skills"',
        "whenever the organisation asks for something stored, what is asked for is one of unit, top skills",
    ),
    (
        "call.media(encrypted = false) implies its leg != device",
        "whenever sound of a call is sent (the bytes were not encrypted in transit), the other end is not device",
    ),
    (
        "asr.result implies its hypotheses >= 1",
        "whenever the recogniser chooses a hypothesis, the number of hypotheses is at least 1",
    ),
    (
        "wake_word implies its word = last setting.wake_word.word",
        "whenever the device hears a wake word, the wake word is the same as the last time that a wake word was "
        "chosen",
    ),
    (
        "not record.write(category = recording)",
        "no recording is stored",
    ),
    (
        "count tone within 1 h <= 2",
        "in any 1 hour, at most twice the short audible tone is played",
    ),
    (
        "tone or tick or button.action or wake_word",
        "one of these: (1) the short audible tone is played; (2) time passes; (3) the action button is pressed; "
        "(4) the device hears a wake word",
    ),
    (
        "tick implies (not tone since within 2 d button.action) and historically for 1 s not tone",
        "whenever time passes, the short audible tone was never played since the action button was pressed, at "
        "most 2 days ago and at no time 1 s ago or longer, the short audible tone is played",
    ),
]


ENGLISH += [
    (
        "record.write and (its category = transcript or its category = hypothesis) implies "
        'not (its store = "log" or its store = "journal")',
        "whenever something is stored and the content is one of transcript, hypothesis, then the store is none of "
        "log, journal",
    ),
    (
        "stream.open implies previously (not stream.open since wake_word)",
        "whenever a stream to the cloud opens, before this, no stream to the cloud opened since the device heard "
        "a wake word",
    ),
    (
        "stream.audio implies not (its stream != last stream.open.stream)",
        "whenever something goes through a stream, the number of the stream is the same as the last time that a "
        "stream to the cloud opened, where both are known",
    ),
    (
        "tone implies not power since wake_word and not (tone or tick) since button.action",
        "whenever the short audible tone is played, the device never gained or lost power since the device heard "
        "a wake word and since the action button was pressed none of these happened: (1) the short audible tone "
        "was played; (2) time passed",
    ),
    (
        "tone or (tick and button.action)",
        "one of these: (1) the short audible tone is played; (2) time passes and the action button is pressed",
    ),
]


def test_every_verb_of_the_vocabulary_has_a_past():
    known = vocabulary()
    sentences = [
        sentence
        for event in known.events.values()
        for sentence in (event.meaning, *event.phrases.values())
    ]
    sentences += known.states.values()
    for sentence in sentences:
        assert put_in_past(sentence) != sentence or " was " in sentence, (
            sentence
        )


@pytest.mark.parametrize(("text", "sentence"), ENGLISH)
def test_english_reads_as_a_person_would_write_it(text, sentence):
    assert describe_formula(parse_formula(text, SCOPE)) == sentence


@given(st.integers(0, 1 << 40))
@settings(max_examples=300, deadline=None)
def test_every_formula_can_be_said_and_no_name_of_the_language_is_left_in_it(
    seed,
):
    sentence = describe_formula(formula(random.Random(seed)))
    assert sentence and "_" not in sentence and "stream." not in sentence


def test_the_shipped_promises_read_without_stumbling(clauses):
    for clause in clauses:
        for conjunct in clause.conjuncts:
            sentence = describe_formula(conjunct.formula)
            assert (
                "either" not in sentence
                and "µs" not in sentence
                and "_" not in sentence
            ), sentence
