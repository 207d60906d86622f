"""Packs: the shipped ones are whole; wrong ones are refused with file, line, column and clause."""

from __future__ import annotations

import pytest

from earwitness.policies.pack import Kind, PackError, find, load

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


def clause(formula: str) -> str:
    return f"  - id: MIC-3\n    title: t\n    source: [S]\n    severity: low\n    ways: [C]\n    formula: {formula}\n"


def test_every_clause_of_the_catalogue_is_in_the_pack():
    pack = find("alexa-smart-properties")
    assert [c.id for c in pack.clauses] == CATALOGUE
    assert all((c.monitor is not None) == (c.kind is Kind.ALWAYS) for c in pack.clauses)


def test_a_good_pack_loads(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text(HEAD + clause("stream.audio implies its encrypted = true"))
    assert load(path).clause("MIC-3").text


@pytest.mark.parametrize(
    ("text", "place", "part"),
    [
        (
            HEAD + clause("stream.audoi"),
            ":10:14",
            "MIC-3: event 'stream.audoi' is not in the vocabulary. Did you mean 'stream.audio'?",
        ),
        (HEAD + clause("|\n      tick and\n      tik"), ":12:7", "Did you mean 'tick'?"),
        (HEAD + clause("tick") + clause("tick"), ":11:9", "stands twice"),
        (HEAD + "  - id: MIC-3\n    title: t\n", ":5:5", "'source' is a required property"),
        ("pack: [", ":1:8", ""),
        ("", "", "empty"),
        ("a: &x [1]\nb: *x\n", ":2:4", "aliases"),
        ("pack: a\npack: b\n", ":2:1", "stands twice"),
        ("- 1\n", ":1:1", "object"),
    ],
)
def test_a_wrong_pack_is_refused_with_its_place(tmp_path, text, place, part):
    path = tmp_path / "mine.yaml"
    path.write_text(text)
    with pytest.raises(PackError) as caught:
        load(path)
    assert str(caught.value).startswith(f"{path}{place}")
    assert part in str(caught.value)


def test_files_that_are_no_packs_are_refused(tmp_path):
    (tmp_path / "binary").write_bytes(b"\xff\x00")
    for path in (tmp_path / "binary", tmp_path / "none.yaml", tmp_path):
        with pytest.raises(PackError, match=str(path)):
            load(path)
