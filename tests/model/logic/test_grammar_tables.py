"""The tables beside the grammar are its own, and are never believed of another."""

from __future__ import annotations

import json
import shutil

import pytest
from lark.exceptions import UnexpectedInput

from earwitness.model.logic.grammar_tables import (
    FOLDER,
    GRAMMAR,
    TABLES,
    build_parser,
    load_parser,
    tables_text,
)
from earwitness.policies.pack import find, shipped_packs

TEXT = (FOLDER / GRAMMAR).read_text("utf-8")


def test_the_shipped_tables_are_those_of_the_grammar():
    """Otherwise: python -m earwitness.model.logic.grammar_tables"""
    kept = json.loads((FOLDER / TABLES).read_text("utf-8"))
    fresh = json.loads(tables_text(TEXT))
    # The order in which they are computed is another each time, and so are the numbers in them.
    assert kept["digest"] == fresh["digest"]
    assert len(kept["memo"]) == len(fresh["memo"])


def test_both_parsers_read_every_shipped_formula_alike():
    quick, slow = load_parser(), build_parser(TEXT)
    texts = [
        conjunct.text
        for name in shipped_packs()
        for clause in find(name).clauses
        for conjunct in clause.conjuncts
    ]
    assert len(texts) > 100
    for text in texts:
        assert quick.parse(text) == slow.parse(text), text


@pytest.mark.parametrize("text", ["", "not", "tone and", "tone ! tone", "("])
def test_both_refuse_the_same_at_the_same_place(text):
    refusals = []
    for parser in (load_parser(), build_parser(TEXT)):
        with pytest.raises(UnexpectedInput) as error:
            parser.parse(text)
        refusals.append((type(error.value), error.value.pos_in_stream))
    assert refusals[0] == refusals[1]


@pytest.mark.parametrize(
    "tables", ["", "[]", "{}", '{"digest": 1}', "[" * 5_000]
)
def test_tables_that_are_none_are_computed(tables, tmp_path):
    shutil.copy(FOLDER / GRAMMAR, tmp_path)
    (tmp_path / TABLES).write_text(tables, "utf-8")
    assert load_parser(tmp_path).parse("tone") == load_parser().parse("tone")


def test_tables_of_another_grammar_are_not_believed(tmp_path):
    other = TEXT.replace('"implies"', '"entails"')
    assert other != TEXT
    (tmp_path / GRAMMAR).write_text(other, "utf-8")
    shutil.copy(FOLDER / TABLES, tmp_path)
    parser = load_parser(tmp_path)
    parser.parse("tone entails tone")
    with pytest.raises(UnexpectedInput):
        parser.parse("tone implies tone")
