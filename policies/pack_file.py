"""What is written in the file of a pack, as typed data. `schema.json` says the same to other programs, and
finds the place of each fault."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Annotated, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from earwitness.policies.pack import PARAMETER, PackError
from earwitness.policies.placed_yaml import Document

if TYPE_CHECKING:
    from jsonschema import Draft202012Validator

LONGEST_MESSAGE = 200
"""Characters of a schema fault: it may quote the whole file."""
Place = tuple[str | int, ...]
"""The way from the top of the file to an entry."""
Filled = Annotated[str, Meta(min_length=1)]
Text = Filled | bool
"""YAML reads a bare `true` as a boolean; here it is the formula of that name."""
Need = Literal["witnessed", "device", "stand-in"]
Unit = Literal["us", "ms", "s", "min", "h", "d", "count", "byte"]
WayName = Literal["proved", "searched", "witnessed", "audited"]


class _Entry(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True
):
    """What is left out is empty; what is written is never empty."""


class ParameterEntry(_Entry, frozen=True):
    """A bound, in its unit, and who says so."""

    value: Annotated[int, Meta(ge=0)]
    unit: Unit
    origin: Filled


class ConjunctEntry(_Entry, frozen=True):
    """One part of a promise. What it does not say its clause says for it."""

    formula: Text
    title: Filled = ""
    capability: str = ""
    trigger: Text = ""
    needs: Need | UnsetType = UNSET


class ClauseEntry(_Entry, frozen=True):
    """One promise: a formula, or conjuncts, or what its kind asks for."""

    id: Annotated[str, Meta(pattern="^[A-Z]+-[0-9]+$")]
    title: Filled
    source: Annotated[list[str], Meta(min_length=1)]
    severity: Literal["critical", "high", "medium", "low"]
    ways: Annotated[list[WayName], Meta(min_length=1)]
    kind: Literal["always", "two_run", "enabled"] = "always"
    capability: str = ""
    each: Annotated[tuple[str, ...], Meta(min_length=1, max_length=2)] = (
        "device",
    )
    needs: Need = "device"
    formula: Text = ""
    trigger: Text = ""
    conjuncts: Annotated[list[ConjunctEntry], Meta(min_length=1)] = []
    transition: str | UnsetType = UNSET
    observer: str | UnsetType = UNSET

    def __post_init__(self) -> None:
        if len(set(self.ways)) < len(self.ways):
            raise ValueError("a way is named twice")
        if self.conjuncts and (self.formula != "" or self.trigger != ""):
            raise ValueError("formula and trigger belong to its conjuncts")
        if not self._says_what_it_asks():
            raise ValueError(f"a clause of kind {self.kind} lacks its part")

    def _says_what_it_asks(self) -> bool:
        if self.kind == "enabled":
            return self.transition is not UNSET
        if self.kind == "two_run":
            return self.observer is not UNSET
        return self.formula != "" or bool(self.conjuncts)


class PackFile(_Entry, frozen=True):
    """The whole file."""

    pack: Annotated[str, Meta(pattern="^[a-z][a-z0-9-]*$")]
    version: Annotated[int, Meta(ge=1)]
    source: Filled
    clauses: Annotated[list[ClauseEntry], Meta(min_length=1)]
    model: Filled = ""
    unread: list[Filled] = []
    parameters: dict[str, ParameterEntry] = {}
    states: dict[str, Annotated[dict[str, str], Meta(min_length=2)]] = {}
    opportunities: dict[str, Filled] = {}


def read_pack_file(document: Document) -> PackFile:
    """The typed content of a document. Raises PackError with the place of every fault of its shape."""
    try:
        return msgspec.convert(document.content, PackFile)
    except msgspec.ValidationError as error:
        faults = sorted(_faults_of_shape(document))
        # A number such as 1.0 is an integer to JSON Schema alone.
        whole = [f"{document.name}: {error}"]
        raise PackError("\n".join(faults or whole)) from None


def parameters_used(entry: PackFile) -> set[str]:
    """Every name that follows a `$` in a formula."""
    texts: list[Text] = [
        text
        for patterns in entry.states.values()
        for text in patterns.values()
    ]
    texts += entry.opportunities.values()
    for item in entry.clauses:
        texts += [item.formula, item.trigger]
        for part in item.conjuncts:
            texts += [part.formula, part.trigger]
    return set(PARAMETER.findall("\n".join(map(str, texts))))


@cache
def _validator() -> Draft202012Validator:
    # Imported here: only a file that is wrong needs it, and it takes 50 ms.
    from jsonschema import Draft202012Validator

    schema = files("earwitness.policies").joinpath("schema.json")
    return Draft202012Validator(json.loads(schema.read_text("utf-8")))


def _faults_of_shape(document: Document) -> Iterator[str]:
    for fault in _validator().iter_errors(document.content):
        path = list(fault.absolute_path)
        where = ".".join(map(str, path)) or "pack"
        message = fault.message[:LONGEST_MESSAGE]
        yield f"{document.place(path)}: {where}: {message}"


def conjunct_entries(
    path: Place, item: ClauseEntry
) -> list[tuple[Place, ConjunctEntry]]:
    """The conjuncts of a clause, each with its place; a clause with a formula of its own is one."""
    if item.formula != "":
        alone = ConjunctEntry(formula=item.formula, trigger=item.trigger)
        return [(path, alone)]
    return [
        ((*path, "conjuncts", number), part)
        for number, part in enumerate(item.conjuncts)
    ]
