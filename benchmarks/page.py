#!/usr/bin/env python3
"""How full is the page? python benchmarks/page.py [FOLDER ...]

For each folder: syntax nodes a line of function bodies (median and 90th percentile), lines over 110 columns,
comment lines per thousand, function names of one word, and public names that more than one module defines;
then the densest functions. Run it over any other code base to compare.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

ROOMS = ("model", "policies", "conformance", "reference_impl", "reports")
COLUMNS = 110
SHORTEST = 8
"""Body lines from which a function may be listed among the densest: a short one says little."""
Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True)
class Density:
    """How many syntax nodes a function's body holds on how many filled lines, and where it is."""

    place: str
    nodes: int
    lines: int

    @property
    def nodes_a_line(self) -> float:
        return self.nodes / self.lines


@dataclass
class Page:
    """What was measured of one folder."""

    folder: str
    lines: int = 0
    long_lines: int = 0
    comments: int = 0
    functions: int = 0
    one_word_names: int = 0
    densities: list[Density] = field(default_factory=list)
    definitions: dict[str, set[str]] = field(default_factory=dict)

    @property
    def median(self) -> float:
        return quantile([d.nodes_a_line for d in self.densities], 0.5)

    @property
    def ninetieth(self) -> float:
        return quantile([d.nodes_a_line for d in self.densities], 0.9)

    @property
    def doubled_names(self) -> dict[str, set[str]]:
        """Public functions and classes that more than one module defines, with the modules."""
        return {
            name: places
            for name, places in sorted(self.definitions.items())
            if len(places) > 1
        }


def quantile(values: Sequence[float], share: float) -> float:
    """The value below which that share of them lies; 0 of none."""
    if not values:
        return 0.0
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def measure_folder(folder: Path) -> Page:
    """Read every Python file below the folder. Files that do not parse are left out."""
    page = Page(str(folder))
    for path in sorted(folder.rglob("*.py")):
        text = path.read_text("utf-8", "replace")
        try:
            tree = ast.parse(text)
        except SyntaxError:
            continue
        measure_file(page, path, rows=text.splitlines(), tree=tree)
    return page


def measure_file(
    page: Page, path: Path, rows: list[str], tree: ast.Module
) -> None:
    page.lines += len(rows)
    page.long_lines += sum(len(row) > COLUMNS for row in rows)
    page.comments += sum(row.lstrip().startswith("#") for row in rows)
    for name in public_definitions(tree):
        page.definitions.setdefault(name, set()).add(str(path))
    for function in functions_of(tree):
        page.functions += 1
        page.one_word_names += "_" not in function.name.strip("_")
        density = measure_function(path, rows, function)
        if density is not None:
            page.densities.append(density)


def public_definitions(tree: ast.Module) -> Iterator[str]:
    for node in tree.body:
        if isinstance(
            node, ast.ClassDef | Function
        ) and not node.name.startswith("_"):
            yield node.name


def functions_of(tree: ast.Module) -> Iterator[Function]:
    for node in ast.walk(tree):
        if isinstance(node, Function):
            yield node


def measure_function(
    path: Path, rows: list[str], function: Function
) -> Density | None:
    """The body without its docstring; None where nothing else is in it."""
    has_docstring = ast.get_docstring(function) is not None
    body = function.body[1:] if has_docstring else function.body
    if not body:
        return None
    span = rows[body[0].lineno - 1 : function.end_lineno]
    filled = [
        row
        for row in span
        if row.strip() and not row.lstrip().startswith("#")
    ]
    nodes = sum(1 for statement in body for _ in ast.walk(statement))
    return Density(
        f"{path}:{function.lineno} {function.name}",
        nodes,
        max(1, len(filled)),
    )


def page_in_words(page: Page) -> str:
    """One line of figures, then the densest functions and the doubled names."""
    figures = (
        f"{page.folder}: {page.lines} lines, {page.functions} functions"
        f" | nodes a line {page.median:.1f} median, {page.ninetieth:.1f} p90"
        f" | over {COLUMNS} columns {100 * page.long_lines / max(1, page.lines):.1f} %"
        f" | comments {1000 * page.comments / max(1, page.lines):.0f} per 1000"
        f" | one-word names {100 * page.one_word_names / max(1, page.functions):.0f} %"
        f" | doubled public names {len(page.doubled_names)}"
    )
    long_enough = [d for d in page.densities if d.lines >= SHORTEST]
    densest = sorted(long_enough, key=lambda d: -d.nodes_a_line)[:5]
    rows = [
        f"    {d.nodes_a_line:5.1f} nodes a line, {d.nodes:5d} nodes  {d.place}"
        for d in densest
    ]
    doubled = (
        [f"    doubled: {', '.join(page.doubled_names)}"]
        if page.doubled_names
        else []
    )
    return "\n".join([figures, *rows, *doubled])


def main() -> None:
    for folder in sys.argv[1:] or ROOMS:
        print(page_in_words(measure_folder(Path(folder))))


if __name__ == "__main__":
    main()
