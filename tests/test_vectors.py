"""Vectors: the solver's shortest stimuli reach every transition and clause, and the reference answers
them as the model says."""

from __future__ import annotations

import json

import pytest
from jsonschema import Draft202012Validator

from earwitness.conformance.evidence.schemas import (
    schema_folder,
    schema_text,
)
from earwitness.conformance.running.harness import Harness
from earwitness.conformance.stimuli.stimulus import Press, Say, SetTone
from earwitness.conformance.targets.entry_points import open_target
from earwitness.conformance.vectors.derive import (
    derive_vectors,
    script_of_run,
    source_digest,
)
from earwitness.conformance.vectors.replay import (
    ReplayOutcome,
    replay_vectors,
)
from earwitness.conformance.vectors.vector_file import (
    VectorError,
    read_vectors,
    render_vectors,
    source_of,
    vectors_of_pack,
    vectors_schema,
)
from earwitness.model.assistant.assistant import assistant
from earwitness.model.systems.explicit_search import find_run_taking
from earwitness.model.systems.runs import is_run_of, with_first_value
from earwitness.policies.pack import Kind, find
from earwitness.policies.proving.tasks import clauses_to_prove

PACK = find("alexa-smart-properties")
OPTIONAL = {
    "transition keep_setting": "firmware may write a setting at any time; the reference writes its mute, at the button",
    "transition delete_words": "the cloud may forget what was said; the reference does so when it is reset, not by itself",
    "transition take_call": "no step of the harness calls a device from elsewhere",
    "clause MIC-6": "in the model the microphones may lose power after the call began; the reference is faster",
}
"""Steps that the model allows and the reference does not take."""

SAMPLE = {
    "transition press_microphone",
    "transition hear_wake_word",
    "transition open_stream",
    "transition hang_up",
    "clause WAKE-1",
    "clause MIC-1",
    "clause SKL-2",
}
"""Derived again by the test; all of them take a minute, and `earwitness refresh --only vectors` does it."""


def test_the_shipped_vectors_were_derived_from_this_model_and_these_clauses():
    """Otherwise: earwitness refresh --only vectors"""
    path = PACK.file.with_name("vectors.json")
    assert source_of(path) == source_digest(PACK)


def test_some_shipped_vectors_derived_again_are_the_same():
    again = derive_vectors(PACK, SAMPLE.__contains__)
    assert {name for v in again for name in v.reaches} == SAMPLE
    for vector in again:
        (stored,) = (
            v for v in vectors_of_pack() if vector.reaches[0] in v.reaches
        )
        assert (stored.kind, stored.steps) == (vector.kind, vector.steps)


def test_every_transition_and_every_provable_clause_is_reached():
    reached_by_vectors = {
        name for v in vectors_of_pack() for name in v.reaches
    }
    assert {
        f"transition {t.name}" for t in assistant().transitions
    } <= reached_by_vectors
    assert {
        f"clause {c.id}"
        for c in clauses_to_prove(PACK.clauses)
        if c.kind is not Kind.TWO_RUN
    } <= reached_by_vectors


@pytest.mark.parametrize(
    "name", ["show_bar", "switch_camera", "speak", "drop_call", "pass_time"]
)
def test_a_run_to_a_transition_is_a_run_of_the_whole_model(name):
    transition = assistant().transition(name)
    path = find_run_taking(
        with_first_value(assistant(), "show", True), transition
    )
    assert is_run_of(assistant(), path)
    assert path.steps[-1].transition is transition


def test_what_is_set_in_the_middle_of_a_request_is_set_before_it():
    stimuli = [
        s.stimulus
        for s in script_of_run(
            find_run_taking(
                with_first_value(assistant(), "show", False),
                assistant().transition("play_tone"),
            )
        )
    ]
    assert [type(s) for s in stimuli[-2:]] == [SetTone, Say]


def test_a_request_that_is_interrupted_is_cut_short():
    path = find_run_taking(
        with_first_value(assistant(), "show", False),
        assistant().transition("drop_call"),
    )
    assert script_of_run(path)[-1].expected[-1].event == "call.end"
    muted = next(v for v in vectors_of_pack() if "clause MIC-3" in v.reaches)
    assert isinstance(muted.steps[-1].stimulus, Press)


def test_real_audio_answers_vectors_as_the_model_says(clauses):
    wanted = {"clause MIC-1", "transition listen_for_answer", "clause CALL-1"}
    vectors = [v for v in vectors_of_pack() if wanted & set(v.reaches)]
    with Harness(open_target("ref"), clauses) as harness:
        done = list(replay_vectors(harness, vectors))
    assert len(done) == len(wanted)
    assert {d.outcome for d in done} == {ReplayOutcome.MET}


def test_the_reference_answers_every_vector_as_the_model_says(clauses):
    with Harness(open_target("ref:fast"), clauses) as harness:
        done = list(replay_vectors(harness, vectors_of_pack()))
    assert {
        d.vector.reaches[0]: d.reason
        for d in done
        if d.outcome is ReplayOutcome.MISSED
    }.keys() == OPTIONAL.keys()
    assert not [
        v for d in done if d.run is not None for v in d.run.violated()
    ]
    assert sum(d.outcome is ReplayOutcome.MET for d in done) >= 38


def test_a_fault_is_seen_by_the_vector_that_reaches_it(clauses):
    wanted = [
        v for v in vectors_of_pack() if "transition play_tone" in v.reaches
    ]
    with Harness(open_target("ref:faulty/tone-missing"), clauses) as harness:
        (done,) = replay_vectors(harness, wanted)
    assert done.outcome is ReplayOutcome.MISSED and done.reason.startswith(
        "tone "
    )


def test_vectors_are_written_and_read_back(tmp_path):
    path = tmp_path / "v.json"
    text = render_vectors(
        "alexa-smart-properties", vectors_of_pack(), "a digest"
    )
    path.write_text(text, "utf-8")
    assert read_vectors(path) == vectors_of_pack()
    assert source_of(path) == "a digest"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"format": 9, "vectors": []}',
        json.dumps({"format": 1, "vectors": [{"reaches": []}]}),
    ],
)
def test_a_file_that_holds_no_vectors_is_refused(text, tmp_path):
    path = tmp_path / "v.json"
    path.write_text(text, "utf-8")
    with pytest.raises(VectorError, match=r"v\.json: "):
        read_vectors(path)


def test_the_published_schema_is_that_of_the_declaration_and_admits_the_shipped_file():
    """Otherwise: earwitness refresh --only schemas"""
    schema = vectors_schema()
    published = schema_folder() / "vectors.schema.json"
    assert published.read_text("utf-8") == schema_text(schema)
    content = json.loads(
        PACK.file.with_name("vectors.json").read_text("utf-8")
    )
    validator = Draft202012Validator(schema)
    assert validator.is_valid(content)
    content["vectors"][-1]["surprise"] = 1
    assert not validator.is_valid(content)


def test_what_the_schema_refuses_the_reader_refuses(tmp_path):
    path = tmp_path / "v.json"
    content = json.loads(
        PACK.file.with_name("vectors.json").read_text("utf-8")
    )
    content["vectors"][-1]["surprise"] = 1
    path.write_text(json.dumps(content), "utf-8")
    with pytest.raises(VectorError, match="surprise"):
        read_vectors(path)
