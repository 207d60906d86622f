"""A line holds one statement, a text fills its lines, and work in other processes is handed what it needs."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

HOUSE = Path(__file__).parents[2]
ROOMS = (
    "model",
    "policies",
    "conformance",
    "reference_impl",
    "reports",
    "proof_checker",
    "benchmarks",
)
EARLIEST_BREAK = 80
"""Columns. A line of prose goes on to 110; one that ends although the next word ends before this was
broken by a machine, or by an edit that nobody looked at."""


def trees_of(room: str) -> Iterator[tuple[str, ast.Module]]:
    for path in sorted((HOUSE / room).rglob("*.py")):
        tree = ast.parse(path.read_text("utf-8"))
        yield str(path.relative_to(HOUSE)), tree


def is_stub(statement: ast.stmt) -> bool:
    """The three dots of what others implement may stand behind their `def`."""
    return (
        isinstance(statement, ast.Expr)
        and isinstance(statement.value, ast.Constant)
        and statement.value.value is ...
    )


def shared_lines(tree: ast.Module) -> list[int]:
    """Lines on which more than one statement begins."""
    begun = Counter(
        node.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.stmt) and not is_stub(node)
    )
    return sorted(line for line, count in begun.items() if count > 1)


def smuggled_globals(tree: ast.Module) -> list[int]:
    """Lines that set a module's name from within a function, or start workers by doing so."""
    found = []
    for node in ast.walk(tree):
        match node:
            case ast.Global(lineno=line):
                found.append(line)
            case ast.keyword(arg="initializer" | "initargs", value=value):
                found.append(value.lineno)
    return sorted(found)


def docstrings_of(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Texts that stand as statements, also behind constants, with their lines."""
    for node in ast.walk(tree):
        match node:
            case ast.Expr(value=ast.Constant(value=str(text)), lineno=line):
                yield line, text


def early_breaks(tree: ast.Module) -> list[int]:
    """Lines of prose in docstrings that end long before the column at which the page ends."""
    found = []
    for begins, text in docstrings_of(tree):
        rows = text.partition(">>>")[0].splitlines()
        for number, (row, after) in enumerate(pairwise(rows)):
            is_prose = row[-1:].isalpha() and after.strip()[:1].isalpha()
            if not is_prose or "  " in row.strip():
                continue
            if len(row) + 1 + len(after.split()[0]) <= EARLIEST_BREAK:
                found.append(begins + number)
    return found


@pytest.mark.parametrize("room", ROOMS)
@pytest.mark.parametrize(
    "faults", [shared_lines, smuggled_globals, early_breaks]
)
def test_the_lines_of_a_room_are_in_order(room, faults):
    found = [
        f"{name}:{line}"
        for name, tree in trees_of(room)
        for line in faults(tree)
    ]
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    ("faults", "text", "line"),
    [
        (shared_lines, "a = 1; b = 2", 1),
        (shared_lines, "if a: b = 2", 1),
        (smuggled_globals, "def f():\n    global a\n    a = 1", 2),
        (smuggled_globals, "Pool(2, initializer=f)", 1),
        (early_breaks, '"""Broken after\nthree words or so."""', 1),
    ],
)
def test_a_line_out_of_order_is_noticed(faults, text, line):
    assert faults(ast.parse(text)) == [line]


def test_a_stub_and_a_full_line_are_left_alone():
    assert not shared_lines(ast.parse("def f(): ..."))
    full = f'"""{"word " * 18}end\nand more of it."""'
    assert not early_breaks(ast.parse(full))
