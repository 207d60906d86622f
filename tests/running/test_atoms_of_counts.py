"""Evidence forgets no event that a formula counts."""

from __future__ import annotations

from earwitness.conformance.running.atoms import atoms
from earwitness.model.logic.formula import events_in
from earwitness.model.logic.parser import parse_formula


def test_what_is_counted_is_an_atom():
    formula = parse_formula("tick implies count tone within 1 h <= 2")
    assert atoms(formula) == events_in(formula)
