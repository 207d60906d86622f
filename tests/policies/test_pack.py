"""Packs: the shipped ones are whole; wrong ones are refused with file, line, column and clause."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import ValidationError, convert

from earwitness.model.logic.formula import Event
from earwitness.model.trace import Origin
from earwitness.model.vocabulary import vocabulary
from earwitness.policies.pack import (
    Kind,
    PackError,
    find,
    load,
    shipped_packs,
)
from earwitness.policies.pack_file import PackFile, _validator
from earwitness.policies.placed_yaml import read_document

CATALOGUE = [
    "WAKE-1",
    "WAKE-2",
    "WAKE-3",
    "WAKE-4",
    "MIC-1",
    "MIC-2",
    "MIC-3",
    "MIC-4",
    "MIC-5",
    "IND-1",
    "IND-2",
    "IND-3",
    "IND-4",
    "STR-1",
    "STR-2",
    "STR-3",
    "CAM-1",
    "CAM-2",
    "ASR-1",
    "ASR-2",
    "NLU-1",
    "SKL-1",
    "SKL-2",
    "SKL-3",
    "TTS-1",
    "RET-1",
    "RET-2",
    "RET-3",
    "CALL-1",
    "CALL-2",
    "CALL-3",
    "ORG-1",
    "ORG-2",
    "ORG-3",
    "DEV-1",
]

HEAD = "pack: mine\nversion: 1\nsource: ours\nclauses:\n"
WITNESSED = {
    *("WAKE-1", "WAKE-4", "MIC-1", "MIC-2", "MIC-3", "IND-1", "STR-2"),
    *("RET-1", "ASR-2", "CALL-2", "ORG-2", "ORG-3", "DEV-1"),
}
"""Clauses of which the harness must have seen every part itself."""


def clause(formula: str, more: str = "") -> str:
    head = "  - id: MIC-3\n    title: t\n    source: [S]\n    severity: low\n    ways: [searched]\n"
    return f"{head}    formula: {formula}\n{more}"


@pytest.fixture
def pack_of(tmp_path):
    def load_text(text: str):
        path = tmp_path / "mine.yaml"
        path.write_text(text)
        return load(path)

    return load_text


def faults_of(pack_of, text: str) -> str:
    with pytest.raises(PackError) as caught:
        pack_of(text)
    return str(caught.value)


def test_every_clause_of_the_catalogue_is_in_the_pack():
    identities = [c.id for c in find("alexa-smart-properties").clauses]
    assert set(CATALOGUE) <= set(identities)


@pytest.mark.parametrize("name", shipped_packs())
def test_every_promise_about_one_run_has_conjuncts_named_after_it(name):
    for one in find(name).clauses:
        assert one.kind is not Kind.ALWAYS or one.conjuncts
        assert [c.name for c in one.conjuncts] == [
            f"{one.id}.{n}" for n in range(1, len(one.conjuncts) + 1)
        ]


def test_the_core_of_the_white_paper_needs_a_witness_in_every_conjunct():
    clauses = find("alexa-smart-properties").clauses
    for one in clauses:
        if one.id in WITNESSED:
            assert {c.needs for c in one.conjuncts} == {Origin.WITNESSED}, (
                one.id
            )


def test_a_good_pack_loads(pack_of):
    (only,) = pack_of(
        HEAD + clause("stream.audio implies its encrypted = true")
    ).clauses
    assert only.text == "stream.audio implies its encrypted = true"
    assert only.conjuncts[0].name == "MIC-3.1"
    assert only.conjuncts[0].needs is Origin.DEVICE


def test_needs_of_the_clause_hold_for_its_conjuncts_unless_they_say_otherwise(
    pack_of,
):
    text = (
        HEAD
        + "  - {id: MIC-3, title: t, source: [S], severity: low, ways: [searched], needs: witnessed, conjuncts:\n"
        + "     [{formula: tone implies false}, {formula: tick implies false, needs: device, title: second}]}\n"
    )
    (only,) = pack_of(text).clauses
    assert [(c.needs, c.title) for c in only.conjuncts] == [
        (Origin.WITNESSED, "t"),
        (Origin.DEVICE, "second"),
    ]


def test_a_prohibition_is_exercised_by_the_opportunity_that_the_pack_gives(
    pack_of,
):
    text = (
        "opportunities: {record.found: tone}\n"
        + HEAD
        + clause("not record.found(category = recording)")
    )
    (only,) = pack_of(text).clauses
    assert only.conjuncts[0].trigger == Event("tone", ())


@pytest.mark.parametrize(
    ("text", "place", "part"),
    [
        (
            HEAD + clause("stream.audoi"),
            ":10:14",
            "MIC-3.1: event 'stream.audoi' is not in the vocabulary. Did you mean 'stream.audio'?",
        ),
        (
            HEAD + clause("|\n      tick and\n      tik"),
            ":12:7",
            "Did you mean 'tick'?",
        ),
        (
            HEAD + clause("tick implies tone") + clause("tick implies tone"),
            ":11:9",
            "is given twice",
        ),
        (
            HEAD + "  - id: MIC-3\n    title: t\n",
            ":5:5",
            "'source' is a required property",
        ),
        (
            HEAD
            + clause(
                "tick implies tone", "    capability: microfone_button\n"
            ),
            ":11:17",
            "'microphone_button'?",
        ),
        (
            HEAD
            + clause("tick implies tone", "    each: [device, streem]\n"),
            ":11:11",
            "each must be device",
        ),
        (
            HEAD
            + clause(
                "tick implies tone", "    each: [device, stream, leg]\n"
            ),
            ":11:11",
            "too long",
        ),
        (
            HEAD + clause("'tick implies tik'"),
            ":10:28",
            "Did you mean 'tick'?",
        ),
        (
            HEAD + clause("not tone"),
            ":10:14",
            "give a trigger, or give the pack an opportunity for 'tone'",
        ),
        (HEAD + clause("true"), ":10:14", "says the same of every trace"),
        (
            HEAD + clause("tone", "    trigger: true\n"),
            ":11:14",
            "exercises nothing",
        ),
        (
            "model: asistant\n" + HEAD + clause("tick implies tone"),
            ":1:8",
            "Did you mean 'assistant'?",
        ),
        (
            "parameters: {cut: {value: 1, unit: s, origin: ours}}\n"
            + HEAD
            + clause("tone within $kut after tick"),
            ":1:14",
            "no formula of this pack uses parameter 'cut'",
        ),
        (
            "opportunities: {ton: tick}\n"
            + HEAD
            + clause("tick implies tone"),
            ":1:17",
            "Did you mean 'tone'?",
        ),
        ("pack: [", ":1:8", ""),
        ("", "", "empty"),
        ("a: &x [1]\nb: *x\n", ":2:4", "aliases"),
        ("a: !!int 1\n", ":1:4", "tags"),
        ("pack: a\npack: b\n", ":2:1", "is written twice"),
        ("- 1\n", ":1:1", "object"),
        ("1: a\n", ":1:1", "a key must be a word"),
    ],
)
def test_a_wrong_pack_is_refused_with_its_place(
    tmp_path, pack_of, text, place, part
):
    message = faults_of(pack_of, text)
    assert message.startswith(f"{tmp_path / 'mine.yaml'}{place}")
    assert part in message


def test_one_reading_shows_every_fault(pack_of):
    message = faults_of(pack_of, HEAD + clause("tik") + clause("ton"))
    assert (
        len(message.splitlines()) == 3
    )  # two formulas, and one id that is given twice


@pytest.mark.parametrize("name", ["microphone_button", "screen", "network"])
def test_a_capability_misspelt_anywhere_in_the_shipped_pack_is_refused(
    pack_of, name
):
    text = (
        shipped_packs()["alexa-smart-properties"]
        .read_text()
        .replace(name, name[:-1])
    )
    text += f"  - {{id: NEW-1, title: t, source: [S], severity: low, ways: [searched], capability: {name[:-1]}, formula: tick implies tone}}\n"
    assert f"Did you mean '{name}'?" in faults_of(pack_of, text)
    assert name in vocabulary().capabilities


def test_a_parameter_renamed_where_it_is_declared_is_refused(pack_of):
    text = (
        shipped_packs()["alexa-smart-properties"]
        .read_text()
        .replace("  preroll:", "  prerol:")
    )
    message = faults_of(pack_of, text)
    assert (
        "no formula of this pack uses parameter 'prerol'" in message
        or "'preroll'" in message
    )


@pytest.mark.parametrize(
    "text",
    [
        "[" * 100_000,
        "{a: " * 100_000,
        "? " * 100_000,
        "- " * 100_000,
        "x: " + "[a," * 1_000,
        "#\n" * 100_000,
    ],
    ids=["lists", "maps", "keys", "items", "flow", "comments"],
)
def test_a_hostile_file_is_refused_at_once(pack_of, text):
    assert "mine.yaml" in faults_of(pack_of, text)


def test_files_that_are_no_packs_are_refused(tmp_path):
    (tmp_path / "binary").write_bytes(b"\xff\x00")
    (tmp_path / "large").write_bytes(b"#" * (1 << 21))
    for path in (
        tmp_path / "binary",
        tmp_path / "none.yaml",
        tmp_path,
        tmp_path / "large",
    ):
        with pytest.raises(PackError, match=str(path)):
            load(path)


@pytest.mark.parametrize("name", sorted(shipped_packs()))
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_the_types_of_a_pack_take_what_its_schema_takes(name, data):
    """A part is left out, or takes the value of another part or a value that nothing has."""
    path = shipped_packs()[name]
    content = read_document(path.read_bytes(), str(path)).content
    node = content
    while True:
        keys = sorted(node) if isinstance(node, dict) else range(len(node))
        key = data.draw(st.sampled_from(list(keys)))
        inner = node[key]
        if not isinstance(inner, dict | list) or data.draw(st.booleans()):
            break
        node = inner
    change = data.draw(
        st.sampled_from([None, "", True, 0, -1, "x", [], {}, ["x"], "less"])
    )
    if change == "less":
        del node[key]
    else:
        node[key] = change
    by_schema = _validator().is_valid(content)
    try:
        convert(content, PackFile)
    except ValidationError:
        assert not by_schema
    else:
        assert by_schema
