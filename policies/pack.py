"""Packs of promises: their parts as data, and how they are read from a file with an exact place for every
fault."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from functools import cache, reduce
from importlib.resources import files
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

from earwitness.model.logic.formula import And, Formula, Or, Truth
from earwitness.model.logic.monitor import Monitor, compile_formula
from earwitness.model.logic.parser import (
    UNITS,
    FormulaError,
    Scope,
    parse_formula,
)
from earwitness.model.systems.model import Model
from earwitness.model.trace import Origin
from earwitness.model.vocabulary import nearest, vocabulary
from earwitness.policies.models import DEFAULT_MODEL, MODELS, small_parameters
from earwitness.policies.placed_yaml import (
    Document,
    PlacedYamlError,
    read_document,
)
from earwitness.policies.triggers import NoTrigger, occasion

LONGEST_MESSAGE = 200
"""Characters of a schema fault: it may quote the whole file."""
_PARAMETER = re.compile(r"\$([a-z_]+)")


class PackError(ValueError):
    """One sentence a line: file:line:column, the clause, what is wrong."""


class Kind(Enum):
    """What a clause quantifies over: one run (always), two runs, or what is possible in every reachable
    state."""

    ALWAYS = "always"
    TWO_RUN = "two_run"
    ENABLED = "enabled"


class Way(Enum):
    """How a clause can be known."""

    PROVED = "proved"
    SEARCHED = "searched"
    WITNESSED = "witnessed"
    AUDITED = "audited"


@dataclass(frozen=True, slots=True)
class Conjunct:
    """One part of a promise that is exercised, judged and evidenced by itself. `name` is the clause's id and
    a number, `MIC-3.1`.

    It asks nothing of a device without its `capability`.
    `needs` is the weakest origin that satisfies it: WITNESSED asks the harness to have seen all of it,
    DEVICE takes the device's word.
    """

    name: str
    title: str
    text: str
    formula: Formula
    trigger: Formula
    monitor: Monitor
    needs: Origin
    capability: str | None = None


@dataclass(frozen=True, slots=True)
class Clause:
    """One promise. `formula` and `monitor` are the conjunction of the conjuncts, for the proofs; None where
    there is no conjunct.

    `transition` names what kind ENABLED wants possible, `observer` who of kind TWO_RUN must not tell two
    runs apart.
    """

    id: str
    title: str
    source: tuple[str, ...]
    severity: str
    ways: frozenset[Way]
    kind: Kind
    capability: str | None
    each: tuple[str, ...]
    needs: Origin
    conjuncts: tuple[Conjunct, ...]
    formula: Formula | None
    monitor: Monitor | None
    transition: str | None = None
    observer: str | None = None

    @property
    def text(self) -> str:
        """The formulas of all conjuncts as they are written, joined."""
        if len(self.conjuncts) == 1:
            return self.conjuncts[0].text
        return "\nand ".join(
            f"({conjunct.text})" for conjunct in self.conjuncts
        )


@dataclass(frozen=True, slots=True)
class Parameter:
    """A bound that a pack gives. `origin` says who says so; `ours` where we chose it because the source
    names none."""

    value: int
    unit: str
    origin: str

    @property
    def is_ours(self) -> bool:
        return self.origin.startswith("ours")


@dataclass(frozen=True, slots=True)
class Pack:
    """Clauses with the parameters and states they use. `file` is where they were read.

    `parameters` are in microseconds, counts or bytes; `declared` has them as they are written.
    `opportunities` gives for an
    event when it could have happened: what exercises a promise that it never does.
    """

    name: str
    version: int
    source: str
    parameters: Mapping[str, int]
    states: Mapping[str, Mapping[str, str]]
    clauses: tuple[Clause, ...]
    file: Path
    model: Model
    declared: Mapping[str, Parameter] = field(default_factory=dict)
    opportunities: Mapping[str, str] = field(default_factory=dict)
    unread: tuple[str, ...] = ()
    """What of the source could not be read when the pack was written."""

    def clause(self, identity: str) -> Clause:
        """The clause of that id. Raises PackError naming the nearest."""
        for clause in self.clauses:
            if clause.id == identity:
                return clause
        known = [c.id for c in self.clauses]
        raise PackError(
            f"pack {self.name} has no clause '{identity}'.{nearest(identity, known)}"
        )


def shipped_packs() -> dict[str, Path]:
    """The packs that come with Earwitness, by name."""
    folder = Path(str(files("earwitness.policies").joinpath("packs")))
    return {
        path.parent.name: path for path in sorted(folder.glob("*/pack.yaml"))
    }


def shipped_file(pack: str, name: str) -> Path:
    """A file that lies beside a shipped pack: what is known of its promises."""
    return shipped_packs()[pack].with_name(name)


def find(name: str, instead: Mapping[str, int] | None = None) -> Pack:
    """A shipped pack by name, or a pack file by path, read as if its parameters had the values of
    `instead`."""
    return load(shipped_packs().get(name, Path(name)), instead)


def small_pack(pack: Pack) -> Pack:
    """The same promises under bounds in units of time, for the small form of its model."""
    return load(pack.file, small_parameters(pack.model, pack.parameters))


def load(path: Path, instead: Mapping[str, int] | None = None) -> Pack:
    """A pack from a file. Raises PackError with every fault found, one a line."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        known = ", ".join(shipped_packs())
        raise PackError(
            f"{path}: cannot be read ({error.strerror}); name a pack file or one of {known}"
        ) from None
    try:
        document = read_document(raw, str(path))
    except PlacedYamlError as error:
        raise PackError(str(error)) from None
    if document.content is None:
        raise PackError(
            f"{path}: the file is empty; a pack needs pack, version, source and clauses"
        )
    _refuse(_schema_faults(document))
    return _Reader(document, path, instead or {}).pack()


def _refuse(faults: Sequence[str]) -> None:
    if faults:
        raise PackError("\n".join(faults))


@cache
def _validator() -> Draft202012Validator:
    schema = (
        files("earwitness.policies")
        .joinpath("schema.json")
        .read_text("utf-8")
    )
    return Draft202012Validator(json.loads(schema))


def _schema_faults(document: Document) -> list[str]:
    found = []
    for fault in _validator().iter_errors(document.content):
        path = list(fault.absolute_path)
        where = ".".join(map(str, path)) or "pack"
        found.append(
            f"{document.place(path)}: {where}: {fault.message[:LONGEST_MESSAGE]}"
        )
    return sorted(found)


class _Reader:
    """From a document of the right shape to a pack. Faults are collected, so that one reading shows them
    all."""

    def __init__(
        self, document: Document, file: Path, instead: Mapping[str, int]
    ) -> None:
        self.document, self.file = document, file
        self.entry: Mapping[str, Any] = document.content
        self.faults: list[str] = []
        self.declared = {
            name: Parameter(entry["value"], entry["unit"], entry["origin"])
            for name, entry in self.entry.get("parameters", {}).items()
        }
        self.parameters = {
            name: instead.get(
                name, parameter.value * UNITS.get(parameter.unit, 1)
            )
            for name, parameter in self.declared.items()
        }
        self.states: Mapping[str, Mapping[str, str]] = self.entry.get(
            "states", {}
        )
        self.scope = Scope(self.parameters, self.states)
        self.model = MODELS.get(
            self.entry.get("model", DEFAULT_MODEL), MODELS[DEFAULT_MODEL]
        )

    def pack(self) -> Pack:
        self.check_model()
        self.check_parameters()
        self.check_states()
        _refuse(self.faults)
        self.opportunities = self.read_opportunities()
        clauses = [
            self.clause(number, item)
            for number, item in enumerate(self.entry["clauses"])
        ]
        self.check_identities()
        _refuse(self.faults)
        return Pack(
            name=self.entry["pack"],
            version=self.entry["version"],
            source=self.entry["source"],
            parameters=self.parameters,
            states=self.states,
            clauses=tuple(c for c in clauses if c is not None),
            file=self.file,
            model=self.model,
            declared=self.declared,
            opportunities=self.entry.get("opportunities", {}),
            unread=tuple(self.entry.get("unread", ())),
        )

    def fault(
        self,
        path: Sequence[str | int],
        message: str,
        line: int = 1,
        column: int = 1,
    ) -> None:
        self.faults.append(
            f"{self.document.place(path, line, column)}: {message}"
        )

    def check_model(self) -> None:
        name = self.entry.get("model", DEFAULT_MODEL)
        if name not in MODELS:
            self.fault(
                ["model"],
                f"there is no model '{name}'.{nearest(name, MODELS)}",
            )

    def check_parameters(self) -> None:
        """A parameter that no formula uses is a slip."""
        used = _parameters_used(self.entry)
        for name in self.declared:
            place = self.document.key_place(["parameters"], name)
            if name not in used:
                self.faults.append(
                    f"{place}: no formula of this pack uses parameter '{name}'; leave it out"
                )

    def check_states(self) -> None:
        plain = Scope(self.parameters, {})
        for state, patterns in self.states.items():
            for value in patterns:
                self.parse(
                    ["states", state, value], plain, f"state {state} {value}"
                )

    def read_opportunities(self) -> dict[str, Formula]:
        found = {}
        known = vocabulary().events
        for event in self.entry.get("opportunities", {}):
            if event not in known:
                place = self.document.key_place(["opportunities"], event)
                self.faults.append(
                    f"{place}: event '{event}' is not in the vocabulary.{nearest(event, known)}"
                )
            formula = self.parse(
                ["opportunities", event],
                self.scope,
                f"opportunity for {event}",
            )
            if formula is not None:
                found[event] = formula
        return found

    def parse(
        self, path: Sequence[str | int], scope: Scope, owner: str
    ) -> Formula | None:
        text: Any = self.entry
        for step in path:
            text = text[step]
        # YAML reads a bare `true` as a boolean; here it is the formula of that name.
        text = str(text).lower() if isinstance(text, bool) else str(text)
        try:
            return parse_formula(text, scope)
        except FormulaError as error:
            self.fault(path, f"{owner}: {error}", error.line, error.column)
            return None

    def clause(self, number: int, item: Mapping[str, Any]) -> Clause | None:
        path = ("clauses", number)
        faults_before = len(self.faults)
        self.check_names(path, item)
        conjuncts = self.conjuncts(path, item)
        if len(self.faults) > faults_before:
            return None
        whole = [c.formula for c in conjuncts]
        triggers = [c.trigger for c in conjuncts]
        formula = reduce(And, whole) if whole else None
        monitor = (
            compile_formula(formula, _any_of(triggers))
            if formula is not None
            else None
        )
        return Clause(
            id=item["id"],
            title=item["title"],
            source=tuple(item["source"]),
            severity=item["severity"],
            ways=frozenset(map(Way, item["ways"])),
            kind=Kind(item.get("kind", "always")),
            capability=item.get("capability"),
            each=tuple(item.get("each", ["device"])),
            needs=_strongest(conjuncts, Origin(item.get("needs", "device"))),
            conjuncts=conjuncts,
            formula=formula,
            monitor=monitor,
            transition=item.get("transition"),
            observer=item.get("observer"),
        )

    def check_names(
        self, path: tuple[str | int, ...], item: Mapping[str, Any]
    ) -> None:
        """Names that must be on a list: capabilities, slices, transitions, observers."""
        identity = item["id"]
        self.check_name(
            path, item, identity, "capability", vocabulary().capabilities
        )
        self.check_name(
            path, item, identity, "transition", self.model.possible
        )
        self.check_name(
            path, item, identity, "observer", self.model.observers
        )
        first, *others = item.get("each", ["device"])
        if first != "device" or any(
            name not in vocabulary().attributes for name in others
        ):
            self.fault(
                [*path, "each"],
                f"{identity}: each must be device, or device and an attribute",
            )

    def check_name(
        self,
        path: Sequence[str | int],
        item: Mapping[str, Any],
        owner: str,
        part: str,
        names: Collection[str],
    ) -> None:
        """A name that `item` gives as its `part` must be one of these."""
        name = item.get(part)
        if name is not None and name not in names:
            self.fault(
                [*path, part],
                f"{owner}: there is no {part} '{name}'.{nearest(name, names)}",
            )

    def conjuncts(
        self, path: tuple[str | int, ...], item: Mapping[str, Any]
    ) -> tuple[Conjunct, ...]:
        if "conjuncts" in item:
            parts = [
                ((*path, "conjuncts", i), part)
                for i, part in enumerate(item["conjuncts"])
            ]
        else:
            parts = [(path, item)] if "formula" in item else []
        found = []
        for number, (place, part) in enumerate(parts, start=1):
            inherited = {
                "needs": item.get("needs", "device"),
                "title": item["title"],
                "capability": item.get("capability"),
            }
            if place != path:
                names = vocabulary().capabilities
                self.check_name(
                    place, part, f"{item['id']}.{number}", "capability", names
                )
            conjunct = self.conjunct(
                place, f"{item['id']}.{number}", inherited | dict(part)
            )
            if conjunct is not None:
                found.append(conjunct)
        return tuple(found)

    def conjunct(
        self, path: tuple[str | int, ...], name: str, part: Mapping[str, Any]
    ) -> Conjunct | None:
        formula = self.parse([*path, "formula"], self.scope, name)
        if formula is None:
            return None
        if isinstance(formula, Truth):
            self.fault(
                [*path, "formula"],
                f"{name}: this is no promise: it says the same of every trace",
            )
        trigger = self.trigger(path, name, part, formula)
        if trigger is None:
            return None
        return Conjunct(
            name=name,
            title=part["title"],
            text=str(part["formula"]).strip(),
            formula=formula,
            trigger=trigger,
            monitor=compile_formula(formula, trigger),
            needs=Origin(part["needs"]),
            capability=part.get("capability"),
        )

    def trigger(
        self,
        path: tuple[str | int, ...],
        name: str,
        part: Mapping[str, Any],
        formula: Formula,
    ) -> Formula | None:
        if "trigger" not in part:
            try:
                return occasion(formula, self.opportunities)
            except NoTrigger as error:
                self.fault([*path, "formula"], f"{name}: {error}")
                return None
        trigger = self.parse([*path, "trigger"], self.scope, name)
        if isinstance(trigger, Truth):
            self.fault(
                [*path, "trigger"],
                f"{name}: a trigger that is always (or never) true exercises nothing",
            )
        return trigger

    def check_identities(self) -> None:
        seen: set[str] = set()
        for number, item in enumerate(self.entry["clauses"]):
            if item["id"] in seen:
                self.fault(
                    ["clauses", number, "id"],
                    f"{item['id']}: this id is given twice",
                )
            seen.add(item["id"])


def _parameters_used(entry: Mapping[str, Any]) -> set[str]:
    """Every name that follows a `$` in a formula."""
    texts = [
        text
        for patterns in entry.get("states", {}).values()
        for text in patterns.values()
    ]
    texts += entry.get("opportunities", {}).values()
    for item in entry["clauses"]:
        for part in [item, *item.get("conjuncts", [])]:
            texts += [part.get("formula", ""), part.get("trigger", "")]
    return set(_PARAMETER.findall("\n".join(map(str, texts))))


def parameters_in(clause: Clause) -> tuple[str, ...]:
    """The parameters that the formulas of a clause name, in the order in which they do."""
    return tuple(dict.fromkeys(_PARAMETER.findall(clause.text)))


def _any_of(triggers: Sequence[Formula]) -> Formula:
    return reduce(Or, dict.fromkeys(triggers))


def _strongest(conjuncts: Sequence[Conjunct], otherwise: Origin) -> Origin:
    needs = {conjunct.needs for conjunct in conjuncts} or {otherwise}
    return Origin.WITNESSED if Origin.WITNESSED in needs else Origin.DEVICE
