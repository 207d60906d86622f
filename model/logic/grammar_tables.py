"""The parser of the grammar, from tables that were computed once: to compute them takes a third of the time
in which a promise is shown. They lie beside the grammar with a digest of all that they come from; where it
disagrees they are computed again. `python -m earwitness.model.logic.grammar_tables` writes them."""

from __future__ import annotations

import hashlib
import json
from importlib.resources import files
from pathlib import Path
from typing import Any

import lark
from lark import Lark
from lark.grammar import Rule
from lark.lexer import TerminalDef

FOLDER = Path(str(files("earwitness.model.logic")))
GRAMMAR, TABLES = "grammar.lark", "grammar.tables.json"


def load_parser(folder: Path = FOLDER) -> Lark:
    """The parser of the folder's grammar.

    >>> print(load_parser().parse("power(on = no)").data)
    start
    """
    grammar = (folder / GRAMMAR).read_text("utf-8")
    tables = _read_tables(folder / TABLES, grammar)
    if tables is None:
        return build_parser(grammar)
    # As lark's own standalone parsers are loaded; it has no types.
    untyped: Any = Lark
    loaded: Lark = untyped._load_from_dict(tables["data"], tables["memo"])
    return loaded


def build_parser(grammar: str) -> Lark:
    """The parser of a grammar, its tables computed.

    >>> print(build_parser('start: "a" "b"').parse("ab").data)
    start
    """
    return Lark(
        grammar,
        parser="lalr",
        maybe_placeholders=True,
        propagate_positions=True,
    )


def tables_text(grammar: str) -> str:
    """What belongs in the file beside the grammar.

    >>> sorted(json.loads(tables_text('start: "a"')))
    ['data', 'digest', 'memo']
    """
    data, memo = build_parser(grammar).memo_serialize([TerminalDef, Rule])
    entry = {"digest": _digest_of(grammar), "data": data, "memo": memo}
    return json.dumps(entry, ensure_ascii=False, separators=(",", ":")) + "\n"


def _digest_of(grammar: str) -> str:
    """Of the grammar, and of the version that computes its tables and must understand them."""
    source = f"{lark.__version__}\n{grammar}"
    return hashlib.sha256(source.encode()).hexdigest()


def _read_tables(path: Path, grammar: str) -> dict[str, Any] | None:
    """The tables, where they are those of the grammar."""
    try:
        entry = json.loads(path.read_bytes(), object_hook=_with_numbers)
    except (OSError, ValueError, RecursionError):
        return None
    is_right = isinstance(entry, dict) and entry.get("digest") == _digest_of(
        grammar
    )
    return entry if is_right else None


def _with_numbers(entry: dict[str, Any]) -> dict[str | int, Any]:
    """The tables number states and tokens; in JSON every key is a text."""
    return {int(k) if k.isdigit() else k: v for k, v in entry.items()}


if __name__ == "__main__":
    grammar = (FOLDER / GRAMMAR).read_text("utf-8")
    (FOLDER / TABLES).write_text(tables_text(grammar), "utf-8")
