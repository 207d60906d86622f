"""What a file of a proof declares and defines. Anything else in it is refused."""

from __future__ import annotations

from dataclasses import dataclass, field

from earwitness.proof_checker.s_expressions import (
    Node,
    ProofError,
    read_commands,
    words_of,
    write_node,
)

OPERATORS = frozenset(
    [
        "and",
        "or",
        "not",
        "=>",
        "=",
        "distinct",
        "ite",
        "<=",
        "<",
        ">=",
        ">",
        "+",
        "-",
        "*",
        "true",
        "false",
    ]
)
SORTS = ("Bool", "Int", "Text")


@dataclass
class Definitions:
    """A file's declarations: sorts of names, bodies of definitions by prefix and name, next values of
    the state."""

    name: str
    sorts: dict[str, str] = field(default_factory=dict)
    bodies: dict[str, Node] = field(default_factory=dict)
    next_of: dict[str, str] = field(default_factory=dict)
    info: dict[str, str] = field(default_factory=dict)

    def named(self, prefix: str) -> dict[str, Node]:
        """The definitions `|prefix x|` by x."""
        return {
            n[len(prefix) + 2 : -1]: b
            for n, b in self.bodies.items()
            if n.startswith(f"|{prefix} ")
        }

    def body(self, name: str) -> Node:
        if name not in self.bodies:
            raise ProofError(f"{self.name}: does not define {name}")
        return self.bodies[name]

    def texts(self) -> set[str]:
        return {name for name in self.sorts if name.startswith('|"')}


def read_definitions(text: str, name: str) -> Definitions:
    """The declarations of a file. Raises ProofError for any other command, a name that is declared
    twice, or an unknown operator."""
    found = Definitions(name)
    for command in read_commands(text, name):
        match command:
            case ["set-logic", "QF_UFLIA"]:
                pass
            case ["set-info", str(key), str(value)] if key.startswith(":"):
                found.info[key] = value
            case ["declare-const", str(symbol), str(sort)] if (
                symbol.startswith("|") and sort in SORTS
            ):
                _add(found, symbol, sort)
            case ["define-fun", str(symbol), [], str(sort), body] if (
                symbol.startswith("|") and sort in SORTS
            ):
                _add(found, symbol, sort)
                found.bodies[symbol] = _plain_body(found, body)
            case _:
                raise ProofError(
                    f"{name}: the command {write_node(command)[:60]} has no place in a proof"
                )
    return found


def _add(found: Definitions, symbol: str, sort: str) -> None:
    if symbol in found.sorts:
        raise ProofError(f"{found.name}: declares {symbol} twice")
    found.sorts[symbol] = sort


def _plain_body(found: Definitions, body: Node) -> Node:
    """A definition without its annotation. What an annotation says of a next value is kept."""
    match body:
        case ["!", inner, ":next", str(following)] if isinstance(inner, str):
            found.next_of[inner] = following
            body = inner
        case ["!", inner, ":init" | ":trans", "true"]:
            body = inner
    strange = words_of(body) - OPERATORS
    if strange:
        raise ProofError(
            f"{found.name}: {sorted(strange)[0][:40]} is no operator of a proof"
        )
    return body
