"""A number that cannot be derived says beside it why it is what it is, or that it is chosen."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

HOUSE = Path(__file__).parents[2]
ROOMS = (
    "model",
    "policies",
    "conformance",
    "reports",
    "reference_impl",
    "proof_checker",
)
Function = ast.FunctionDef | ast.AsyncFunctionDef
Scope = ast.Module | ast.ClassDef | Function

COUNTING = {0, 1, 2, 0.5}
"""Nothing, one, a pair, a half (and their negatives, which are the same literal with a sign)."""
UNITS = {100, 1_000, 1_000_000, 1_024}
"""Percent, milliseconds, microseconds, KiB: the names around them say which."""
WIDTHS = {4, 8, 16, 24, 32, 64}
"""Bits of a word, and the bytes of one."""
ENDS = {127, 128, 255, 256, 32_767, 32_768, 65_535, 0x7FFFFFFF, 0xFFFFFFFF}
"""The ends of what 8, 16 and 32 bits can hold."""
SOUND = {16_000}
"""Samples a second of all speech in the house: what the protocol of targets fixes."""
OBVIOUS = COUNTING | UNITS | WIDTHS | ENDS | SOUND

DIRECTIVES = ("type:", "noqa", "pragma:", "ruff:", "fmt:")
"""How comments begin that are for tools, and explain nothing."""

ALLOWED = {
    "conformance/targets/packets.py": "offsets in headers of standards, which its functions name",
    "reports/figures.py": "pixels of a drawing, chosen for the eye: it is looked at, and a picture is kept",
    "reference_impl/device/screen.py": "pixels and colours of a drawing, chosen for the eye",
}
"""Files in which numbers need no comment of their own, with the reason."""


@dataclass(slots=True)
class Page:
    """One file, with what explains and what excuses the numbers of it."""

    tree: ast.Module
    rows: list[str]
    comments: set[int]
    excused: set[int] = field(default_factory=set)
    found: list[tuple[int, str]] = field(default_factory=list)


def comment_lines(text: str) -> set[int]:
    """Lines with a comment for people."""
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    return {
        token.start[0]
        for token in tokens
        if token.type == tokenize.COMMENT
        and not token.string.lstrip("# ").startswith(DIRECTIVES)
    }


def is_number(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and type(node.value) in (int, float)


def numbers_below(node: ast.AST) -> list[ast.Constant]:
    return [part for part in ast.walk(node) if is_number(part)]


def excused_parts(node: ast.AST) -> list[ast.AST]:
    """Parts in which a number is a place, a width or a code, not a bound."""
    match node:
        case ast.Subscript(slice=place):
            return [place]
        case ast.BinOp(op=ast.BitAnd(), right=mask):
            return [mask]
        case ast.BinOp(op=ast.LShift() | ast.RShift(), right=bits):
            return [bits]
        case ast.Call(keywords=[*_, ast.keyword(arg="origin" | "help")]):
            # A rating of the data sheet says where it is from; an option's help is what its user reads.
            return [named.value for named in node.keywords]
        case ast.FormattedValue(format_spec=ast.JoinedStr() as width):
            return [width]
        case ast.Call(func=ast.Name(id="round"), args=[_, digits]):
            return [digits]
        case ast.Call(func=ast.Name(id=name), args=arguments):
            # The status of an answer over HTTP is a code of RFC 9110.
            return arguments[1:] if name.endswith("Response") else []
    return []


def is_octal(number: ast.Constant, rows: list[str]) -> bool:
    """Written so, a number is the permissions of a file."""
    return (
        rows[number.lineno - 1]
        .encode()[number.col_offset :]
        .startswith(b"0o")
    )


def read_page(text: str) -> Page:
    tree = ast.parse(text)
    page = Page(tree, rows=text.splitlines(), comments=comment_lines(text))
    for node in ast.walk(tree):
        for part in excused_parts(node):
            page.excused |= {id(number) for number in numbers_below(part)}
    return page


def is_docstring(statement: ast.stmt) -> bool:
    return (
        isinstance(statement, ast.Expr)
        and isinstance(statement.value, ast.Constant)
        and isinstance(statement.value.value, str)
    )


def is_constant(statement: ast.stmt) -> bool:
    """A name in capitals, or of a class, that is given bare numbers: nothing to derive it from."""
    match statement:
        case ast.Assign(targets=[target], value=value):
            pass
        case ast.AnnAssign(target=target, value=ast.expr() as value):
            pass
        case _:
            return False
    derived = any(isinstance(part, ast.Name) for part in ast.walk(value))
    return ast.unparse(target).strip("()").isupper() and not derived


def head_of(statement: ast.stmt) -> list[ast.AST]:
    """What a statement holds itself, without the statements inside it."""
    if isinstance(statement, Function):
        made = statement.args
        defaults = [*made.defaults, *filter(None, made.kw_defaults)]
        return [*statement.decorator_list, *defaults]
    head: list[ast.AST] = []
    for part in ast.iter_child_nodes(statement):
        if isinstance(part, ast.match_case):
            head += filter(None, (part.pattern, part.guard))
        elif not isinstance(part, ast.stmt | ast.excepthandler):
            head.append(part)
    return head


def bodies_of(statement: ast.AST) -> Iterator[list[ast.stmt]]:
    for name in ("body", "orelse", "finalbody"):
        body = getattr(statement, name, None)
        if isinstance(body, list):
            yield body
    for name in ("handlers", "cases"):
        for part in getattr(statement, name, ()):
            yield part.body


def is_explained(
    page: Page, number: ast.Constant, first: int, last: int
) -> bool:
    """A comment on the line of the number or beside it, or at the edge of its statement."""
    beside = range(number.lineno - 1, number.lineno + 2)
    return not page.comments.isdisjoint({*beside, first - 1, first, last})


def is_named(page: Page, number: ast.Constant, described: str) -> bool:
    """Does the docstring around it say the number as the code writes it, or in plain digits?"""
    row = page.rows[number.lineno - 1].encode()
    written = row[number.col_offset : number.end_col_offset].decode()
    said = {word.rstrip(".,") for word in re.split(r"[^\w.,]+", described)}
    forms = {written, str(number.value), f"{number.value:,}"}
    in_milliseconds = f"{number.value / 1_000:g} ms"
    return not said.isdisjoint(forms) or in_milliseconds in described


def look_through(
    page: Page, body: list[ast.stmt], scope: Scope, above: str = ""
) -> None:
    """Note the numbers in a body, and in all bodies inside it, that nothing explains."""
    outside = not isinstance(scope, Function)
    own = "" if isinstance(scope, ast.Module) else ast.get_docstring(scope)
    described = f"{above} {own or ''}"
    begins_run, last = 0, -1
    for place, statement in enumerate(body):
        follows = place + 1 < len(body) and is_docstring(body[place + 1])
        if not (outside and statement.lineno == last + 1):
            begins_run = statement.lineno
        head = head_of(statement)
        last = max(
            [
                statement.lineno,
                *(getattr(part, "end_lineno", 0) for part in head),
            ]
        )
        bare = outside and is_constant(statement)
        for number in (n for part in head for n in numbers_below(part)):
            if (
                (number.value in OBVIOUS and not bare)
                or id(number) in page.excused
                or is_octal(number, page.rows)
                or (outside and follows)
                or is_named(page, number, described)
                or is_explained(page, number, begins_run, last)
            ):
                continue
            page.found.append(
                (number.lineno, page.rows[number.lineno - 1].strip())
            )
        is_scope = isinstance(statement, ast.ClassDef | Function)
        for nested in bodies_of(statement):
            look_through(
                page, nested, statement if is_scope else scope, described
            )


def unexplained_numbers(text: str) -> list[tuple[int, str]]:
    """Lines with a number that nothing beside it explains."""
    page = read_page(text)
    look_through(page, page.tree.body, page.tree)
    return sorted(set(page.found))


@pytest.mark.parametrize("room", ROOMS)
def test_a_number_says_why_it_is_so(room):
    found = [
        f"{name}:{line}: {row}"
        for path in sorted((HOUSE / room).rglob("*.py"))
        if (name := str(path.relative_to(HOUSE))) not in ALLOWED
        for line, row in unexplained_numbers(path.read_text("utf-8"))
    ]
    assert not found, (
        "say beside each where it is from, or that it is chosen:\n"
        + "\n".join(found)
    )


def test_the_files_of_the_list_need_it():
    unneeded = [
        name
        for name in ALLOWED
        if not unexplained_numbers((HOUSE / name).read_text("utf-8"))
    ]
    assert not unneeded, f"take them off the list: {unneeded}"


@pytest.mark.parametrize(
    "text",
    [
        "BOUND = 17",
        "BOUND = 2",
        "A = 1  # noqa: X",
        "class A:\n    patience: float = 30.0",
        "def f(x=17): ...",
        "def f():\n    return 0.8 * x",
        "def f():\n    if x > 17:\n        return",
        "# Far above.\n\n\ndef f():\n    return 100_003",
        "def f():\n    g(timeout=20)",
        "def f():\n    match x:\n        case 1:\n            y = 17",
        "def f():\n    match x:\n        case 17:\n            pass",
    ],
)
def test_a_number_without_a_reason_is_noticed(text):
    assert unexplained_numbers(text)


@pytest.mark.parametrize(
    "text",
    [
        'BOUND = 17\n"""Chosen."""',
        "# Of a standard.\nA = 17\nB = 18",
        "BOUND = 17  # chosen",
        "DERIVED = WIDTH * 2",
        "def f():\n    return x[3:5]",
        "def f():\n    return x << 17",
        'def f():\n    return f"{x:>17}"',
        "def f():\n    path.chmod(0o600)",
        'def f():\n    """Every 17 steps."""\n    return 17',
        "def f():\n    # Chosen.\n    g(\n        timeout=20,\n        y=1,\n    )",
    ],
)
def test_a_number_with_its_reason_is_left_alone(text):
    assert not unexplained_numbers(text)
