"""From the file of a pack to its promises: names are looked up, formulas parsed and compiled, and every fault
is told with its place."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from functools import reduce
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import UNSET, UnsetType, to_builtins

from earwitness.model.logic.formula import And, Formula, Or, Truth
from earwitness.model.logic.monitor import compile_formula
from earwitness.model.logic.parser import (
    UNITS,
    FormulaError,
    Scope,
    parse_formula,
)
from earwitness.model.trace import Origin
from earwitness.model.vocabulary import nearest, vocabulary
from earwitness.policies.models import DEFAULT_MODEL, MODELS
from earwitness.policies.pack import (
    Clause,
    Conjunct,
    Kind,
    Pack,
    PackError,
    Parameter,
    Way,
)
from earwitness.policies.pack_file import (
    ClauseEntry,
    ConjunctEntry,
    PackFile,
    Place,
    Text,
    conjunct_entries,
    parameters_used,
    read_pack_file,
)
from earwitness.policies.placed_yaml import (
    Document,
    PlacedYamlError,
    read_document,
)
from earwitness.policies.revision import revision_of
from earwitness.policies.triggers import NoTrigger, occasion

if TYPE_CHECKING:
    from earwitness.model.systems.model import Model


def read_pack(
    raw: bytes,
    file: Path,
    instead: Mapping[str, int],
    only: str | None = None,
) -> Pack:
    """The pack that a file holds, or no more of its clauses than the one whose id is `only`. Raises PackError
    with every fault found, one a line."""
    try:
        document = read_document(raw, str(file))
    except PlacedYamlError as error:
        raise PackError(str(error)) from None
    if document.content is None:
        raise PackError(
            f"{file}: the file is empty; a pack needs pack, version, source and clauses"
        )
    entry = read_pack_file(document)
    return _Reader(
        document=document, entry=entry, file=file, instead=instead
    ).read(only)


class _Reader:
    """From typed entries to a pack. Faults are collected, so that one reading shows them all."""

    def __init__(
        self,
        document: Document,
        entry: PackFile,
        file: Path,
        instead: Mapping[str, int],
    ) -> None:
        self.document, self.entry, self.file = document, entry, file
        self.faults: list[str] = []
        self.declared = {
            name: Parameter(given.value, given.unit, given.origin)
            for name, given in entry.parameters.items()
        }
        self.parameters = {
            name: instead.get(
                name, parameter.value * UNITS.get(parameter.unit, 1)
            )
            for name, parameter in self.declared.items()
        }
        self.scope = Scope(self.parameters, entry.states)
        name = entry.model or DEFAULT_MODEL
        self.model_name = name if name in MODELS else DEFAULT_MODEL

    @property
    def model(self) -> Model:
        return MODELS[self.model_name]()

    def read(self, only: str | None) -> Pack:
        self.check_model()
        self.check_parameters()
        if only is None:
            self.check_states()
        self.refuse_faults()
        self.opportunities = self.read_opportunities()
        clauses = [
            self.read_clause(("clauses", number), item)
            for number, item in enumerate(self.entry.clauses)
            if only in (None, item.id)
        ]
        self.check_identities()
        self.refuse_faults()
        return Pack(
            name=self.entry.pack,
            version=self.entry.version,
            source=self.entry.source,
            parameters=self.parameters,
            states=self.entry.states,
            clauses=tuple(c for c in clauses if c is not None),
            file=self.file,
            model_name=self.model_name,
            declared=self.declared,
            opportunities=self.entry.opportunities,
            unread=tuple(self.entry.unread),
        )

    def refuse_faults(self) -> None:
        if self.faults:
            raise PackError("\n".join(self.faults))

    def add_fault(
        self,
        path: Sequence[str | int],
        message: str,
        line: int = 1,
        column: int = 1,
    ) -> None:
        place = self.document.place(path, line, column)
        self.faults.append(f"{place}: {message}")

    def check_model(self) -> None:
        name = self.entry.model
        if name and name not in MODELS:
            self.add_fault(
                ["model"],
                f"there is no model '{name}'.{nearest(name, MODELS)}",
            )

    def check_parameters(self) -> None:
        """A parameter that no formula uses is a slip."""
        used = parameters_used(self.entry)
        for name in self.declared:
            if name not in used:
                place = self.document.key_place(["parameters"], name)
                self.faults.append(
                    f"{place}: no formula of this pack uses parameter '{name}'; leave it out"
                )

    def check_states(self) -> None:
        plain = Scope(self.parameters, {})
        for state, patterns in self.entry.states.items():
            for value, text in patterns.items():
                self.parse(
                    path=("states", state, value),
                    text=text,
                    scope=plain,
                    owner=f"state {state} {value}",
                )

    def read_opportunities(self) -> dict[str, Formula]:
        found = {}
        known = vocabulary().events
        for event, text in self.entry.opportunities.items():
            if event not in known:
                place = self.document.key_place(["opportunities"], event)
                self.faults.append(
                    f"{place}: event '{event}' is not in the vocabulary.{nearest(event, known)}"
                )
            formula = self.parse(
                path=("opportunities", event),
                text=text,
                scope=self.scope,
                owner=f"opportunity for {event}",
            )
            if formula is not None:
                found[event] = formula
        return found

    def parse(
        self, *, path: Place, text: Text, scope: Scope, owner: str
    ) -> Formula | None:
        written = str(text).lower() if isinstance(text, bool) else text
        try:
            return parse_formula(written, scope)
        except FormulaError as error:
            self.add_fault(
                path,
                f"{owner}: {error}",
                line=error.line,
                column=error.column,
            )
            return None

    def read_clause(self, path: Place, item: ClauseEntry) -> Clause | None:
        faults_before = len(self.faults)
        self.check_names(path, item)
        conjuncts = self.read_conjuncts(path, item)
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
            id=item.id,
            title=item.title,
            source=tuple(item.source),
            severity=item.severity,
            ways=frozenset(map(Way, item.ways)),
            kind=Kind(item.kind),
            capability=item.capability or None,
            each=tuple(item.each),
            needs=_strongest_need(conjuncts, Origin(item.needs)),
            conjuncts=conjuncts,
            formula=formula,
            monitor=monitor,
            transition=_text_or_none(item.transition),
            observer=_text_or_none(item.observer),
            revision=revision_of(
                clause=to_builtins(item),
                parameters=self.parameters,
                states=self.entry.states,
                opportunities=self.entry.opportunities,
            ),
            pack=self.entry.pack,
            pack_version=self.entry.version,
        )

    def check_names(self, path: Place, item: ClauseEntry) -> None:
        """Names that must be on a list: capabilities, slices, transitions, observers."""
        transition = _text_or_none(item.transition)
        observer = _text_or_none(item.observer)
        lists: tuple[tuple[str, str | None, Collection[str]], ...] = (
            ("capability", item.capability, vocabulary().capabilities),
            (
                "transition",
                transition,
                self.model.possible if transition else (),
            ),
            ("observer", observer, self.model.observers if observer else ()),
        )
        for part, name, names in lists:
            self.check_name(
                path=(*path, part), owner=item.id, name=name, names=names
            )
        first, *others = item.each
        if first != "device" or any(
            name not in vocabulary().attributes for name in others
        ):
            self.add_fault(
                [*path, "each"],
                f"{item.id}: each must be device, or device and an attribute",
            )

    def check_name(
        self,
        *,
        path: Place,
        owner: str,
        name: str | None,
        names: Collection[str],
    ) -> None:
        """A name that is given for the last step of the path must be one of these."""
        if name and name not in names:
            self.add_fault(
                path,
                f"{owner}: there is no {path[-1]} '{name}'.{nearest(name, names)}",
            )

    def read_conjuncts(
        self, path: Place, item: ClauseEntry
    ) -> tuple[Conjunct, ...]:
        found = []
        for number, (place, part) in enumerate(
            conjunct_entries(path, item), start=1
        ):
            name = f"{item.id}.{number}"
            if place != path:
                self.check_name(
                    path=(*place, "capability"),
                    owner=name,
                    name=part.capability,
                    names=vocabulary().capabilities,
                )
            conjunct = self.read_conjunct(
                path=place, name=name, part=part, clause=item
            )
            if conjunct is not None:
                found.append(conjunct)
        return tuple(found)

    def read_conjunct(
        self,
        *,
        path: Place,
        name: str,
        part: ConjunctEntry,
        clause: ClauseEntry,
    ) -> Conjunct | None:
        formula = self.parse(
            path=(*path, "formula"),
            text=part.formula,
            scope=self.scope,
            owner=name,
        )
        if formula is None:
            return None
        if isinstance(formula, Truth):
            self.add_fault(
                [*path, "formula"],
                f"{name}: this is no promise: it says the same of every trace",
            )
        trigger = self.read_trigger(
            path=path, name=name, text=part.trigger, formula=formula
        )
        if trigger is None:
            return None
        return Conjunct(
            name=name,
            title=part.title or clause.title,
            text=str(part.formula).strip(),
            formula=formula,
            trigger=trigger,
            monitor=compile_formula(formula, trigger),
            needs=Origin(_text_or_none(part.needs) or clause.needs),
            capability=part.capability or clause.capability or None,
        )

    def read_trigger(
        self, *, path: Place, name: str, text: Text, formula: Formula
    ) -> Formula | None:
        if text == "":
            try:
                return occasion(formula, self.opportunities)
            except NoTrigger as error:
                self.add_fault([*path, "formula"], f"{name}: {error}")
                return None
        place = (*path, "trigger")
        trigger = self.parse(
            path=place, text=text, scope=self.scope, owner=name
        )
        if isinstance(trigger, Truth):
            self.add_fault(
                place,
                f"{name}: a trigger that is always (or never) true exercises nothing",
            )
        return trigger

    def check_identities(self) -> None:
        seen: set[str] = set()
        for number, item in enumerate(self.entry.clauses):
            if item.id in seen:
                self.add_fault(
                    ["clauses", number, "id"],
                    f"{item.id}: this id is given twice",
                )
            seen.add(item.id)


def _text_or_none(name: str | UnsetType) -> str | None:
    return None if name is UNSET else name


def _any_of(triggers: Sequence[Formula]) -> Formula:
    return reduce(Or, dict.fromkeys(triggers))


def _strongest_need(
    conjuncts: Sequence[Conjunct], otherwise: Origin
) -> Origin:
    needs = {conjunct.needs for conjunct in conjuncts} or {otherwise}
    return Origin.WITNESSED if Origin.WITNESSED in needs else Origin.DEVICE
