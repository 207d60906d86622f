"""Whoever reads a public function, class or method of the model's machinery sees it used: an example stands in
its docstring. `tests/model/test_docstring_examples.py` runs them all."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

HOUSE = Path(__file__).parents[2]
ROOMS = ("model/logic", "model/systems", "model/proof")
SHOWN_ELSEWHERE = ("Enum", "Exception", "ValueError", "ImportError")
"""Bases of classes that need no example of their own: the members of an enumeration show it, and an exception
is shown by what raises it."""
Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def example_of(node: Definition) -> str:
    """The lines of a docstring that are run."""
    lines = (ast.get_docstring(node) or "").splitlines()
    return "\n".join(
        line.strip()
        for line in lines
        if line.strip().startswith((">>>", "..."))
    )


def public_of(nodes: list[ast.stmt]) -> Iterator[Definition]:
    for node in nodes:
        if isinstance(node, Definition) and not node.name.startswith("_"):
            yield node


def needs_no_example(node: Definition) -> bool:
    return isinstance(node, ast.ClassDef) and any(
        isinstance(base, ast.Name) and base.id in SHOWN_ELSEWHERE
        for base in node.bases
    )


def without_example(tree: ast.Module) -> Iterator[str]:
    """Public functions and classes that have no example, and public methods that neither their own nor that of
    their class uses."""
    for node in public_of(tree.body):
        if not needs_no_example(node) and not uses_itself(node):
            yield node.name
        if isinstance(node, ast.ClassDef):
            yield from methods_without_example(node)


def uses_itself(node: Definition) -> bool:
    """Whether there is an example; that of a function calls it."""
    example = example_of(node)
    is_class = isinstance(node, ast.ClassDef)
    return bool(example) and (is_class or node.name in example)


def methods_without_example(owner: ast.ClassDef) -> Iterator[str]:
    for method in public_of(owner.body):
        examples = example_of(owner) + example_of(method)
        if not re.search(rf"\.{method.name}\b", examples):
            yield f"{owner.name}.{method.name}"


def test_everything_public_of_the_machinery_is_shown_by_an_example():
    found = [
        f"{path.relative_to(HOUSE)} {name}"
        for room in ROOMS
        for path in sorted((HOUSE / room).rglob("*.py"))
        for name in without_example(ast.parse(path.read_text("utf-8")))
    ]
    assert not found, "\n".join(found)


def test_what_has_no_example_is_noticed():
    text = '''
def shown():
    """
    >>> shown()
    """

def told():
    """It is told, not shown."""

class Cart:
    """
    >>> Cart().push()
    """
    def push(self): ...
    def pull(self): ...

class Broken(ValueError): ...
'''
    assert list(without_example(ast.parse(text))) == ["told", "Cart.pull"]


def test_an_example_that_leaves_its_function_out_is_none():
    text = 'def add(a, b):\n    """\n    >>> 1 + 1\n    2\n    """\n'
    assert list(without_example(ast.parse(text))) == ["add"]
