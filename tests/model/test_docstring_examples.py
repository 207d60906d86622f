"""The examples in the docstrings of the model run; those of its machinery speak of one small log and of one
small system."""

from __future__ import annotations

import doctest
from importlib import import_module
from pkgutil import walk_packages

import pytest

from earwitness import model
from earwitness.model.logic import example as small_log
from earwitness.model.proof.encoding import encode
from earwitness.model.proof.mutation import mutants_of
from earwitness.model.proof.portfolio import decide
from earwitness.model.systems import example as small_system

KNOWN = (
    vars(small_system)
    | vars(small_log)
    | {"encode": encode, "decide": decide, "mutants_of": mutants_of}
)
MODULES = [
    module.name
    for module in walk_packages(model.__path__, "earwitness.model.")
    if not module.ispkg
]


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_in_its_docstrings_run(name):
    module = import_module(name)
    known = KNOWN | vars(module)
    assert doctest.testmod(module, globs=known).failed == 0


def test_the_examples_are_found():
    finder = doctest.DocTestFinder()
    shown = {
        test.name
        for name in MODULES
        for test in finder.find(import_module(name))
        if test.examples
    }
    assert len(shown) >= 250
