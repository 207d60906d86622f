"""SMT-LIB text as nested lists, for the fixed set of commands that a proof may use."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

Node = str | list["Node"]
_TOKEN = re.compile(
    r'\s*(?:;[^\n]*\n\s*)*(\(|\)|\|[^|\\]*\||"(?:[^"]|"")*"|[^\s()|";]+|$)'
)
DEEPEST = 200
"""Nested parentheses; our deepest guard has 12."""


class ProofError(ValueError):
    """One sentence: the file, what is wrong with it."""


def read_commands(text: str, name: str) -> list[list[Node]]:
    """All commands of a file. Raises ProofError."""
    commands: list[list[Node]] = []
    stack: list[list[Node]] = []
    for token in _tokens(text, name):
        if token == "(":
            stack.append([])
        elif token != ")":
            if not stack:
                raise ProofError(
                    f"{name}: '{token[:40]}' is outside every command"
                )
            stack[-1].append(token)
        else:
            if not stack:
                raise ProofError(
                    f"{name}: a parenthesis is closed that was not opened"
                )
            node = stack.pop()
            (stack[-1] if stack else commands).append(node)
        if len(stack) > DEEPEST:
            raise ProofError(f"{name}: nested more than {DEEPEST} deep")
    if stack:
        raise ProofError(
            f"{name}: ends in the middle of a command; it was cut off"
        )
    return commands


def _tokens(text: str, name: str) -> Iterator[str]:
    position = 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            raise ProofError(
                f"{name}: cannot be read at character {position + 1}"
            )
        position = match.end()
        if match[1]:
            yield match[1]


def write_node(node: Node) -> str:
    return (
        node
        if isinstance(node, str)
        else f"({' '.join(map(write_node, node))})"
    )


def symbols_of(node: Node) -> set[str]:
    """The quoted symbols of a term: all names that our files use."""
    if isinstance(node, str):
        return {node} if node.startswith("|") else set()
    return {symbol for child in node for symbol in symbols_of(child)}


def words_of(node: Node) -> set[str]:
    """All that is neither quoted nor a number: operators and keywords."""
    if isinstance(node, str):
        is_word = not node.startswith("|") and not node.isdigit()
        return {node} if is_word else set()
    return {word for child in node for word in words_of(child)}


def replace_symbols(node: Node, instead: Mapping[str, str]) -> Node:
    if isinstance(node, str):
        return instead.get(node, node)
    return [replace_symbols(child, instead) for child in node]
