"""A folder in which somebody calls us may hold anything, and nothing in it becomes a part of the judge."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from earwitness.conformance.running.budget import Budget
from earwitness.conformance.running.second_instance import (
    LONG_QUIET,
    SecondInstance,
    SecondOrder,
)
from earwitness.conformance.targets.entry_points import TargetOptions
from earwitness.conformance.witnesses.limited_child import LimitedChild
from earwitness.proof_checker.solver import ask

ROOT = Path(__file__).parents[2]
ROOMS = (
    "model",
    "policies",
    "conformance",
    "reports",
    "proof_checker",
    "reference_impl",
)
OF_OTHERS = {"folder.py", "opening.py"}
"""These start a subject's own program, which may import what lies beside it; it runs in a cell."""
FALSE_FRIENDS = ("ctypes", "json", "zipfile", "selectors", "dataclasses")


@pytest.fixture
def hostile_folder(tmp_path, monkeypatch):
    """We are called in a folder whose modules are named like the standard library's."""
    for name in FALSE_FRIENDS:
        (tmp_path / f"{name}.py").write_text(
            "open('taken', 'w').write(__name__)\nraise SystemExit(3)\n"
        )
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_unpacking_and_solving_import_nothing_of_it(hostile_folder):
    with LimitedChild() as child:
        unpacked = child.unpack(b"aGVsbG8gaGVsbG8gaGVsbG8gaGVsbG8=" * 4)
    assert unpacked.leaves and not unpacked.unread
    assert ask("(assert false)(check-sat)", 5) == ["unsat"]
    assert not (hostile_folder / "taken").exists()


def test_work_beside_and_the_reference_import_nothing_of_it(
    hostile_folder, clauses
):
    order = SecondOrder(
        target="ref",
        options=TargetOptions(),
        clauses=clauses,
        seed=0,
        budget=Budget(0.0),
        compares=False,
    )
    with SecondInstance(order) as second:
        assert [purpose for purpose, _ in second.found().runs] == [LONG_QUIET]
    assert not (hostile_folder / "taken").exists()


def test_each_process_of_ours_is_started_without_the_folder_we_are_in():
    careless = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for room in ROOMS
        for path in sorted((ROOT / room).rglob("*.py"))
        if path.name not in OF_OTHERS
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.List)
        and any(
            isinstance(item, ast.Attribute) and item.attr == "executable"
            for item in node.elts
        )
        and not {"-P", "-I"} & set(words_of(node))
        and "COMMAND" not in names_in(node)
    ]
    assert careless == []


def words_of(node):
    return [e.value for e in node.elts if isinstance(e, ast.Constant)]


def names_in(node):
    return {n.id for n in ast.walk(node) if isinstance(n, ast.Name)}
