"""A clause and a pack in words, for the people who have to decide by them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from earwitness.model.logic.english import describe_formula
from earwitness.policies.pack import (
    Clause,
    Conjunct,
    Kind,
    Pack,
    Parameter,
    parameters_in,
)

KINDS = {
    Kind.ALWAYS: "of every run, at every event",
    Kind.TWO_RUN: "of every two runs: who observes must not tell them apart",
    Kind.ENABLED: "of every state that can be reached: the user's action must be possible there",
}


def describe_pack(pack: Pack) -> str:
    """Name, source, what could not be read, and one line for each clause."""
    lines = [
        f"{pack.name}  version {pack.version}, {len(pack.clauses)} clauses",
        f"  source   {pack.source}",
    ]
    lines += [f"  unread   {text}" for text in pack.unread]
    lines += [
        f"  {clause.id:8} {clause.needs.value:9}  {clause.title}"
        for clause in pack.clauses
    ]
    return "\n".join(lines)


def describe_clause(pack: Pack, clause: Clause) -> str:
    """Everything that the pack says of one clause, conjunct by conjunct."""
    return "\n".join(_lines_of(pack, clause))


def _lines_of(pack: Pack, clause: Clause) -> Iterator[str]:
    yield f"{clause.id}  {clause.title}"
    yield f"pack       {pack.name}, version {pack.version}; the clause is of revision {clause.revision}"
    yield f"source     {pack.source}: {', '.join(clause.source)}"
    yield f"severity   {clause.severity}"
    yield f"known by   {', '.join(sorted(way.value for way in clause.ways))}"
    yield f"speaks     {KINDS[clause.kind]}"
    yield f"judged     for each {' and '.join(clause.each)}"
    if clause.capability is not None:
        yield f"applies to devices with '{clause.capability}'"
    for conjunct in clause.conjuncts:
        yield ""
        yield from _conjunct_lines(clause, conjunct)
    used = [(name, pack.declared[name]) for name in parameters_in(clause)]
    if used:
        yield ""
        yield from _parameter_lines(used)


def _conjunct_lines(clause: Clause, conjunct: Conjunct) -> Iterator[str]:
    own = conjunct.title if conjunct.title != clause.title else ""
    yield f"{conjunct.name}  {own}".rstrip()
    yield f"  needs    {conjunct.needs.value}: {_say_need(conjunct)}"
    if conjunct.capability not in (None, clause.capability):
        yield f"  applies to devices with '{conjunct.capability}'"
    yield from _indent_lines("formula", conjunct.text.splitlines())
    yield from _indent_lines("in words", [describe_formula(conjunct.formula)])
    yield from _indent_lines(
        "put to the test when", [describe_formula(conjunct.trigger)]
    )


def _say_need(conjunct: Conjunct) -> str:
    return {
        "witnessed": "whoever judges must have seen all of it",
        "device": "the device's own word will do",
    }[conjunct.needs.value]


def _indent_lines(label: str, lines: Sequence[str]) -> Iterator[str]:
    yield f"  {label}"
    for line in lines:
        yield f"    {line.rstrip()}"


def _parameter_lines(used: Iterable[tuple[str, Parameter]]) -> Iterator[str]:
    yield "bounds"
    for name, parameter in used:
        whose = "" if parameter.is_ours else "of the source: "
        yield f"  ${name} = {parameter.value} {parameter.unit}  {whose}{parameter.origin}"
