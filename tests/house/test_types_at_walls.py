"""Nothing untyped crosses a wall: no public function takes or gives a mapping of anything, and no public class
holds one."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

HOUSE = Path(__file__).parents[2]
ROOMS = ("model", "policies", "conformance", "reference_impl", "reports")
MAPPINGS = {"dict", "Mapping", "MutableMapping", "defaultdict"}
Function = ast.FunctionDef | ast.AsyncFunctionDef


def is_mapping_of_anything(node: ast.AST, aliases: frozenset[str]) -> bool:
    """Whether an annotation holds `dict[..., Any]`, or a name that stands for it."""
    return any(
        (
            isinstance(part, ast.Name | ast.Attribute)
            and last_name(part) in aliases
        )
        or (
            isinstance(part, ast.Subscript)
            and last_name(part.value) in MAPPINGS
            and isinstance(part.slice, ast.Tuple)
            and last_name(part.slice.elts[-1]) == "Any"
        )
        for part in ast.walk(unquoted(node))
    )


def unquoted(node: ast.AST) -> ast.AST:
    """An annotation that is written as a text, read."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return ast.parse(node.value, mode="eval")
    return node


def last_name(node: ast.AST) -> str:
    if isinstance(node, ast.Name):
        return node.id
    return node.attr if isinstance(node, ast.Attribute) else ""


def aliases_in(trees: dict[str, ast.Module]) -> dict[str, frozenset[str]]:
    """For each file the names that stand there for a mapping of anything, its own and those it imports."""
    found = dict.fromkeys(trees, frozenset())
    while True:
        more = {
            file: own_aliases(tree, found[file])
            | imported_aliases(tree, found)
            for file, tree in trees.items()
        }
        if more == found:
            return found
        found = more


def own_aliases(tree: ast.Module, known: frozenset[str]) -> frozenset[str]:
    return frozenset(
        last_name(statement.targets[0])
        for statement in tree.body
        if isinstance(statement, ast.Assign)
        and is_type(statement.value)
        and is_mapping_of_anything(statement.value, known)
    )


def imported_aliases(
    tree: ast.Module, known: dict[str, frozenset[str]]
) -> frozenset[str]:
    """By the last part of the module's name, as relative imports give no more."""
    by_module: dict[str, set[str]] = {}
    for file, names in known.items():
        by_module.setdefault(Path(file).stem, set()).update(names)
    return frozenset(
        name.asname or name.name
        for statement in ast.walk(tree)
        if isinstance(statement, ast.ImportFrom)
        for name in statement.names
        if name.name
        in by_module.get((statement.module or "").split(".")[-1], ())
    )


def is_type(node: ast.AST) -> bool:
    """Whether the right side of an assignment is a type, not a value."""
    return isinstance(node, ast.Subscript | ast.BinOp | ast.Name)


def untyped_places(trees: dict[str, ast.Module]) -> Iterator[str]:
    """Every public function, method and field with a mapping of anything, as `file:name`."""
    aliases = aliases_in(trees)
    for file, tree in trees.items():
        for name, given in public_annotations(tree.body, ""):
            if any(is_mapping_of_anything(a, aliases[file]) for a in given):
                yield f"{file}:{name}"


def public_annotations(
    body: list[ast.stmt], prefix: str
) -> Iterator[tuple[str, list[ast.AST]]]:
    for node in body:
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef() if is_public(
                node.name
            ):
                yield prefix + node.name, annotations_of(node)
            case ast.ClassDef() if is_public(node.name):
                yield from public_annotations(
                    node.body, f"{prefix}{node.name}."
                )
            case ast.AnnAssign(target=ast.Name(id=name)) if is_public(name):
                yield prefix + name, [node.annotation]


def is_public(name: str) -> bool:
    return not name.startswith("_") or name == "__init__"


def annotations_of(function: Function) -> list[ast.AST]:
    arguments = function.args
    named = [
        *arguments.posonlyargs,
        *arguments.args,
        *arguments.kwonlyargs,
        *filter(None, (arguments.vararg, arguments.kwarg)),
    ]
    found = [a.annotation for a in named] + [function.returns]
    return [a for a in found if a is not None]


def read_trees() -> dict[str, ast.Module]:
    return {
        str(path.relative_to(HOUSE)): ast.parse(path.read_text("utf-8"))
        for room in ROOMS
        for path in sorted((HOUSE / room).rglob("*.py"))
    }


def test_nothing_untyped_crosses_a_wall():
    found = sorted(untyped_places(read_trees()))
    assert not found, (
        "declare a type, or take `object` and check it:\n" + "\n".join(found)
    )


@pytest.mark.parametrize(
    "text",
    [
        "def take(entry: dict[str, Any]) -> None: ...",
        "def give() -> Mapping[str, Any]: ...",
        "def give() -> list[tuple[int, Mapping[str, Any]]]: ...",
        "Entry = dict[str, Any]\nOther = Entry | None\ndef give() -> Other: ...",
        "class Holder:\n    def take(self, *, entry: 'dict[str, Any]') -> None: ...",
        "class Holder:\n    entry: dict[str, Any]",
    ],
)
def test_a_mapping_of_anything_is_noticed(text):
    assert list(untyped_places({"a.py": ast.parse(text)}))


@pytest.mark.parametrize(
    "text",
    [
        "def _take(entry: dict[str, Any]) -> None: ...",
        "def take(entry: Mapping[str, int]) -> Any: ...",
        "def take(entry: object) -> dict[str, object]: ...",
    ],
)
def test_what_is_typed_or_private_is_left_alone(text):
    assert not list(untyped_places({"a.py": ast.parse(text)}))
