"""Every sentence of the white paper leads to clauses or says why not, and every clause comes from a
sentence."""

from __future__ import annotations

import pytest
import yaml

from earwitness.policies.pack import find, shipped_file
from earwitness.policies.traceability import read_traceability

PACK = find("alexa-smart-properties")
FILE = shipped_file("alexa-smart-properties", "traceability.yaml")
PAPER = read_traceability(FILE)
SENTENCES = {
    **{
        "Introduction": 4,
        "Overview": 2,
        "S": 11,
        "Aside": 4,
        "ASR": 5,
        "NLU": 3,
        "Skills": 7,
        "TTS": 4,
    },
    **{
        "Retention": 3,
        "F1": 4,
        "F2": 4,
        "F3": 4,
        "F4": 2,
        "F5": 5,
        "F6": 3,
        "F7": 5,
        "F8": 2,
    },
}
"""Sentences of each section, counted in the paper; a list counts with the sentence that introduces it."""


def test_every_sentence_is_there():
    sections = [sentence.section for sentence in PAPER.sentences]
    assert {name: sections.count(name) for name in SENTENCES} == SENTENCES
    assert set(sections) == set(SENTENCES)


@pytest.mark.parametrize("sentence", PAPER.sentences, ids=lambda s: s.name)
def test_a_sentence_leads_to_clauses_of_the_pack_or_says_why_not(sentence):
    assert bool(sentence.clauses) != bool(sentence.because)
    assert set(sentence.clauses) <= {clause.id for clause in PACK.clauses}


@pytest.mark.parametrize("clause", PACK.clauses, ids=lambda c: c.id)
def test_a_clause_names_the_sections_of_its_sentences(clause):
    assert PAPER.sections_of(clause.id) == set(clause.source)


def test_the_orphans_are_those_that_were_looked_at():
    assert [s.name for s in PAPER.orphans] == [
        *(
            "Introduction.1",
            "Introduction.2",
            "Introduction.3",
            "Introduction.4",
            "Overview.1",
            "Overview.2",
        ),
        *(
            "S.1",
            "S.2",
            "S.5",
            "Aside.1",
            "ASR.1",
            "ASR.3",
            "ASR.4",
            "Skills.1",
            "Skills.2",
        ),
    ]
    assert PAPER.unsourced(PACK) == ()


def test_it_says_which_text_was_read_and_what_its_sections_are_called():
    assert len(PAPER.sha256) == 64 and PAPER.edition and PAPER.read_as
    assert set(PAPER.titles) == set(SENTENCES)


def test_no_comma_cuts_a_sentence_in_two():
    """In an unquoted text of YAML what follows a comma is a key of its own, and lost."""
    content = yaml.safe_load(FILE.read_text())
    for sentences in content["sections"].values():
        for sentence in sentences:
            assert set(sentence) <= {"says", "clauses", "because"}, sentence
