"""The examples in the docstrings of the model's machinery run, all with one small system."""

from __future__ import annotations

import doctest
from importlib import import_module
from pkgutil import iter_modules

import pytest

from earwitness.model import logic, proof, systems
from earwitness.model.proof.encoding import encode
from earwitness.model.proof.portfolio import decide
from earwitness.model.systems import example

SMALL_SYSTEM = vars(example) | {"encode": encode, "decide": decide}
MODULES = [
    f"{room.__name__}.{module.name}"
    for room in (logic, systems, proof)
    for module in iter_modules(room.__path__)
    if not module.ispkg
]


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_in_its_docstrings_run(name):
    module = import_module(name)
    known = SMALL_SYSTEM | vars(module)
    assert doctest.testmod(module, globs=known).failed == 0


def test_the_machinery_is_shown_by_examples():
    finder = doctest.DocTestFinder()
    shown = {
        test.name
        for name in MODULES
        for test in finder.find(import_module(name))
        if test.examples
    }
    assert len(shown) >= 60
