"""The page is readable: a line holds one thought, a name means one thing, the words are those of today."""

from __future__ import annotations

import ast
import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import pytest

HOUSE = Path(__file__).parents[2]
ROOMS = ("model", "policies", "conformance", "reference_impl", "reports")
MOST_NODES_A_LINE = 9.0
"""In the median of a room. The anchors of our style have 5 to 8."""
MOST_NODES_OF_A_FUNCTION = 14.0
"""A line of the densest function. Most of what is denser does several things at once and can be split."""
MOST_ONE_WORD_NAMES = 0.36
"""Share of a room's functions. The anchors of our style have 0.14 to 0.34; one name more need not break a
test."""

ALLOWED_TWICE = {
    "check": "the library's verb, and the function in the harness that does the work",
    "judge": "the library's verb, for logs; and the judge of a run",
    "answer_request": "each skill of the reference has one, which its host calls",
    "main": "every program has one",
}
"""Public names that more than one module defines, with the reason."""

APART = {
    "reference_impl": "it imports nothing of the house, so what the protocol fixes is written there again",
    "proof_checker": "it shares nothing with the prover, so that neither can hide a fault of the other",
    "conformance/targets/doorman": "it runs alone in the cell, with what is in its own folder",
}
"""Folders that keep constants of their own which the rest of the house has too, with the reason."""
ALLOWED_CONSTANTS = {
    "Function": "a type variable belongs to the functions of its module",
    "TABLES": "the cloud and the property each have a database, with tables of its own",
}
"""Constants that more than one module defines alike, with the reason."""

MOST_LINES, MOST_TEST_LINES = 400, 500
"""Of a file. A longer one holds more than one idea, or its reason is below."""
ONE_RULE_AN_OPERATOR = (
    "one rule for each operator of the language, in one place"
)
ONE_METHOD_A_REQUEST = "one method for each request of the protocol, which seeded faults replace one by one"
LONGER = {
    "model/logic/partial_monitor.py": ONE_RULE_AN_OPERATOR,
    "model/logic/parser.py": ONE_RULE_AN_OPERATOR,
    "model/logic/monitor.py": ONE_RULE_AN_OPERATOR,
    "model/proof/simulation.py": "one search: what both copies do beside each other, and what is known of both",
    "conformance/targets/protocol.py": "every message of the published protocol on one page",
    "conformance/witnesses/resemblance.py": "one comparison of changed sound, from spectra to edges",
    "conformance/gate/summary.py": "what every report says first, field by field",
    "reference_impl/session.py": ONE_METHOD_A_REQUEST,
    "reference_impl/device/device.py": ONE_METHOD_A_REQUEST,
    "tests/gate/test_decision.py": "one decision, one paragraph for each thing that may change it",
}
"""Files that are longer, with the reason."""

BANNED = {
    r"\bsave (what|where|that|for)\b": "except",
    r"\banew\b": "again",
    r"\bdearer\b": "slower, or more expensive",
    r"\bhither\b|\bthither\b|\bwhence\b|\bthence\b": "here, there, from where",
    r"\bnought\b|\baught\b": "nothing, anything",
    r"\blest\b": "so that ... not",
    r"\bshall\b": "must, or will",
    r"\bnigh\b|\bere\b": "near, before",
    r"\bupon\b": "on",
    r"\bheretofore\b|\btherewith\b|\bwherein\b|\bthereof\b|\bwhereof\b": "plain words",
    r"\bstands in the way\b": "prevents",
}
"""Words that a reader whose mother tongue is another has to look up, with what to write instead."""


def page_module():
    spec = importlib.util.spec_from_file_location(
        "page", HOUSE / "benchmarks" / "page.py"
    )
    module = importlib.util.module_from_spec(spec)
    sys.modules["page"] = module
    spec.loader.exec_module(module)
    return module


PAGE = page_module()


@pytest.mark.parametrize("room", ROOMS)
def test_a_line_holds_one_thought(room):
    measured = PAGE.measure_folder(HOUSE / room)
    assert measured.median <= MOST_NODES_A_LINE, PAGE.page_in_words(measured)
    assert measured.long_lines == 0, (
        f"{measured.long_lines} lines of {room} are over {PAGE.COLUMNS} columns"
    )


def densest_functions(folder: Path) -> list[str]:
    """Functions of some length that put too much on a line."""
    return [
        f"{density.place}: {density.nodes_a_line:.1f} nodes a line"
        for density in PAGE.measure_folder(folder).densities
        if density.lines >= PAGE.SHORTEST
        and density.nodes_a_line > MOST_NODES_OF_A_FUNCTION
    ]


@pytest.mark.parametrize("room", (*ROOMS, "proof_checker"))
def test_no_function_is_dense(room):
    found = densest_functions(HOUSE / room)
    assert not found, "\n".join(found)


def test_a_dense_function_is_noticed(tmp_path):
    line = "    a = [(x + 1, y * 2) for x, y in zip(a, a) if x and y]\n"
    text = "def f(a):\n" + line * PAGE.SHORTEST
    (tmp_path / "dense.py").write_text(text)
    assert len(densest_functions(tmp_path)) == 1
    (tmp_path / "dense.py").write_text("def f(a):\n" + line)
    assert not densest_functions(tmp_path)


def share_of_one_word_names(folder: Path) -> float:
    measured = PAGE.measure_folder(folder)
    return measured.one_word_names / measured.functions


@pytest.mark.parametrize("room", ROOMS)
def test_most_functions_are_called_by_more_than_one_word(room):
    assert share_of_one_word_names(HOUSE / room) <= MOST_ONE_WORD_NAMES


def test_names_of_one_word_are_noticed(tmp_path):
    (tmp_path / "a.py").write_text("def read(): ...\ndef read_line(): ...\n")
    assert share_of_one_word_names(tmp_path) == 0.5


def test_a_public_name_is_defined_once_or_the_reason_is_here():
    definitions: dict[str, set[str]] = {}
    for room in ROOMS:
        for name, places in PAGE.measure_folder(
            HOUSE / room
        ).definitions.items():
            definitions.setdefault(name, set()).update(places)
    doubled = {
        name: sorted(places)
        for name, places in definitions.items()
        if len(places) > 1
    }
    surprises = {
        name: places
        for name, places in doubled.items()
        if name not in ALLOWED_TWICE
    }
    assert not surprises, surprises
    assert not set(ALLOWED_TWICE) - set(doubled), (
        "a name of the list is defined once: take it off the list"
    )


def constants_of(path: Path):
    """Public names that a module gives a value outside its functions, each with the text of the value."""
    for statement in ast.parse(path.read_text("utf-8")).body:
        match statement:
            case (
                ast.Assign(targets=[ast.Name(id=name)], value=value)
                | ast.AnnAssign(
                    target=ast.Name(id=name), value=ast.expr() as value
                )
            ):
                if not name.startswith("_"):
                    yield name, ast.unparse(value)


def doubled_constants(paths: list[Path]) -> dict[str, list[str]]:
    """Constants that more than one of the files gives the same value, with the files."""
    places: dict[tuple[str, str], list[str]] = {}
    for path in paths:
        for constant in constants_of(path):
            places.setdefault(constant, []).append(str(path))
    return {
        name: found for (name, _), found in places.items() if len(found) > 1
    }


def test_a_constant_is_defined_once_or_the_reason_is_here():
    paths = [
        path
        for room in ROOMS
        for path in sorted((HOUSE / room).rglob("*.py"))
        if not str(path.relative_to(HOUSE)).startswith(tuple(APART))
    ]
    doubled = doubled_constants(paths)
    for room in APART:
        doubled |= doubled_constants(sorted((HOUSE / room).rglob("*.py")))
    surprises = {
        name: places
        for name, places in doubled.items()
        if name not in ALLOWED_CONSTANTS
    }
    assert not surprises, surprises
    assert not set(ALLOWED_CONSTANTS) - set(doubled), (
        "a constant of the list is defined once: take it off the list"
    )


def test_a_doubled_constant_is_noticed(tmp_path):
    one, two = tmp_path / "one.py", tmp_path / "two.py"
    one.write_text("RATE = 16_000\nOWN: int = 1\n")
    two.write_text("RATE = 16000\nOWN = 2\n")
    assert set(doubled_constants([one, two])) == {"RATE"}


def is_longer(name: str, lines: int) -> bool:
    in_tests = name.startswith("tests/")
    return lines > (MOST_TEST_LINES if in_tests else MOST_LINES)


def test_a_file_is_one_idea_or_the_reason_is_here():
    longer = {
        str(path.relative_to(HOUSE))
        for room in (*ROOMS, "proof_checker", "benchmarks", "tests")
        for path in (HOUSE / room).rglob("*.py")
        if is_longer(
            str(path.relative_to(HOUSE)), path.read_text("utf-8").count("\n")
        )
    }
    assert not longer - set(LONGER), longer - set(LONGER)
    assert not set(LONGER) - longer, (
        "a file of the list is short now: take it off the list"
    )


def test_a_long_file_is_noticed():
    assert is_longer("model/a.py", 401) and not is_longer("model/a.py", 400)
    assert not is_longer("tests/a.py", 401)


def texts():
    """Files that people read: code, tables, documents."""
    listed = subprocess.run(
        ["git", "ls-files"],
        cwd=HOUSE,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    for name in listed.splitlines():
        if name.endswith(
            (".py", ".md", ".yaml", ".html", ".toml")
        ) and not name.startswith("tests/house/"):
            yield HOUSE / name


@pytest.mark.parametrize("pattern", BANNED)
def test_the_words_are_those_of_today(pattern):
    found = [
        f"{path.relative_to(HOUSE)}:{number}: {line.strip()[:100]}"
        for path in texts()
        if path.is_file()
        for number, line in enumerate(
            path.read_text("utf-8").splitlines(), start=1
        )
        if re.search(pattern, line, re.IGNORECASE)
    ]
    assert not found, f"write '{BANNED[pattern]}' instead:\n" + "\n".join(
        found[:20]
    )


def conditionals_in_conditionals(tree):
    """Lines on which `a if b else c` stands inside another."""
    for node in ast.walk(tree):
        if isinstance(node, ast.IfExp):
            inner = (node.test, node.body, node.orelse)
            below = (part for half in inner for part in ast.walk(half))
            if any(isinstance(part, ast.IfExp) for part in below):
                yield node.lineno


@pytest.mark.parametrize("room", (*ROOMS, "proof_checker"))
def test_no_conditional_stands_inside_another(room):
    found = [
        f"{path.relative_to(HOUSE)}:{line}"
        for path in (HOUSE / room).rglob("*.py")
        for line in conditionals_in_conditionals(
            ast.parse(path.read_text("utf-8"))
        )
    ]
    assert not found, found


def test_a_conditional_in_a_conditional_is_noticed():
    tree = ast.parse("x = 1 if a else (2 if b else 3)")
    assert list(conditionals_in_conditionals(tree)) == [1]


def test_a_dense_line_is_noticed(tmp_path):
    dense = "def f(a):\n    return [(x + 1, y * 2, z - 3) for x, y, z in zip(a, a, a) if x and y and z and x > y > z]\n"
    (tmp_path / "dense.py").write_text(dense)
    assert PAGE.measure_folder(tmp_path).median > MOST_NODES_A_LINE


def test_a_doubled_name_is_noticed(tmp_path):
    (tmp_path / "one.py").write_text("def read(): ...\n")
    (tmp_path / "two.py").write_text("class read: ...\n")
    assert set(PAGE.measure_folder(tmp_path).doubled_names) == {"read"}
