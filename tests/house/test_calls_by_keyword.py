"""A call with more than three arguments names them: a reader need not look up which is which."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

HOUSE = Path(__file__).parents[2]
ROOMS = ("model", "policies", "conformance", "reference_impl", "reports")
MOST = 3
"""Arguments by position. With three, the order can still be remembered."""
Function = ast.FunctionDef | ast.AsyncFunctionDef

BY_POSITION = {
    "Liar": "rows of a table: each column holds one kind of thing, and the table is read downwards",
    "mount": "a function of the C library, which has no names for its arguments",
    "request": "of the standard library's HTTP client, beside ours of that name",
}
"""Functions that are called by position, with the reason."""


def read_trees() -> dict[str, ast.Module]:
    return {
        str(path.relative_to(HOUSE)): ast.parse(path.read_text("utf-8"))
        for room in ROOMS
        for path in sorted((HOUSE / room).rglob("*.py"))
    }


def own_names(trees: dict[str, ast.Module]) -> set[str]:
    """Functions and classes of the house, but for those that take any number of arguments."""
    found: set[str] = set()
    of_any_length: set[str] = set()
    for tree in trees.values():
        for node in ast.walk(tree):
            if isinstance(node, Function):
                (of_any_length if node.args.vararg else found).add(node.name)
            elif isinstance(node, ast.ClassDef):
                found.add(node.name)
    return found - of_any_length


def foreign_names(tree: ast.Module) -> set[str]:
    """What a file has from elsewhere."""
    return {
        name.asname or name.name
        for node in ast.walk(tree)
        if isinstance(node, ast.Import)
        or (
            isinstance(node, ast.ImportFrom)
            and not node.level
            and not str(node.module).startswith("earwitness")
        )
        for name in node.names
    }


def called_name(call: ast.Call, foreign: set[str]) -> str:
    """The name that is called; empty where it is another house's."""
    match call.func:
        case ast.Name(id=name):
            return "" if name in foreign else name
        case ast.Attribute(value=ast.Name(id=base), attr=name):
            return "" if base in foreign else name
        case ast.Attribute(attr=name):
            return name
    return ""


def unnamed_calls(trees: dict[str, ast.Module]) -> Iterator[tuple[str, str]]:
    """Calls of our own functions with too many arguments by position: the name, and the place."""
    ours = own_names(trees)
    for file, tree in trees.items():
        foreign = foreign_names(tree)
        for node in ast.walk(tree):
            if not isinstance(node, ast.Call) or len(node.args) <= MOST:
                continue
            name = called_name(node, foreign)
            if name in ours:
                yield name, f"{file}:{node.lineno} {name}"


def test_a_call_names_its_arguments():
    found = list(unnamed_calls(read_trees()))
    surprises = [place for name, place in found if name not in BY_POSITION]
    assert not surprises, "\n".join(surprises)
    assert set(BY_POSITION) == {name for name, _ in found}, (
        "nothing of that name is called by position: take it off the list"
    )


def test_a_call_by_position_is_noticed():
    text = "def take(a, b, c, d): ...\ntake(1, 2, 3, 4)\ntake(1, 2, c=3, d=4)"
    assert list(unnamed_calls({"x.py": ast.parse(text)})) == [
        ("take", "x.py:2 take")
    ]


def test_a_call_of_another_house_is_left_alone():
    text = "import struct\nfrom os import take\nstruct.pack(1, 2, 3, 4)\ntake(1, 2, 3, 4)"
    assert not list(unnamed_calls({"x.py": ast.parse(text)}))
