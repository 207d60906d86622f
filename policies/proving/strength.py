"""How strong a pack's promises are, and on whom they rest: measured once, kept beside the pack, and
shown as long as what it was measured of is the same. A change of a row or a clause makes stale only
what it touches."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import msgspec

from earwitness.model.expression import TRUE
from earwitness.model.proof.mutation import Mutant, mutants_of
from earwitness.model.systems.cone import cone_of_influence, timed_variables
from earwitness.model.systems.state_property import Promise, StateProperty
from earwitness.model.systems.transition_system import (
    Component,
    Layer,
    System,
)
from earwitness.model.vocabulary import vocabulary
from earwitness.policies.pack import Pack
from earwitness.policies.proving.mutants import JudgedMutant, MutationScore
from earwitness.policies.proving.tasks import ProofTask, tasks_of
from earwitness.policies.proving.trusted_bases import TrustedBase

FILE = "strength.json"


class StrengthRecord(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True
):
    """What every part of the file has in common: named fields, and no others."""


class JudgedRecord(StrengthRecord, frozen=True, kw_only=True):
    """A mutant as it was judged. `of` is the digest of what that depends on: of a noticed one a digest for
    each clause that notices it, of a survivor one for all clauses that could."""

    killers: tuple[str, ...]
    undecided: tuple[str, ...]
    explained: str
    restated: tuple[str, ...] = ()
    of: str | Mapping[str, str]


class BaseRecord(StrengthRecord, frozen=True, kw_only=True):
    """On whom a clause rests: sets of components by name."""

    sets: tuple[tuple[str, ...], ...]
    open: tuple[tuple[str, ...], ...]
    complete: bool
    finite: bool = False
    of: str


class StrengthFile(StrengthRecord, frozen=True, kw_only=True):
    """The file beside a pack. `whole` is the digest of pack, model and this very file: where it agrees, all
    that stands in the file was true of them when it was written."""

    pack: str
    mutants: Mapping[str, JudgedRecord]
    trusted: Mapping[str, BaseRecord]
    whole: str = ""


class StrengthError(ValueError):
    """A file that holds no such measurement."""


@dataclass(frozen=True, slots=True)
class Strength:
    """What was measured of a pack over its model and still stands: judged mutants and trusted bases, by
    name. `missing` are the mutants about which nothing is known, or no longer; `clauses` all that were asked,
    also those that notice nothing."""

    mutants: Mapping[str, JudgedMutant]
    bases: Mapping[str, TrustedBase]
    missing: tuple[str, ...] = ()
    clauses: tuple[str, ...] = ()

    @property
    def score(self) -> MutationScore:
        return MutationScore.of(self.mutants.values())

    @property
    def is_whole(self) -> bool:
        return not self.missing

    def resting_on(self, layer: Layer) -> tuple[str, ...]:
        """The clauses for which one must trust so far, and no further."""
        return tuple(
            b.clause for b in self.bases.values() if b.rests_on is layer
        )

    def noticed_only_by(self, clause: str) -> int:
        """How many faults no other clause notices."""
        return sum(j.killers == (clause,) for j in self.mutants.values())

    def noticed_by(self, clause: str) -> int:
        return sum(clause in j.killers for j in self.mutants.values())

    def noticed_beyond_guards(self, clause: str) -> int:
        """How many faults it notices that are more than its own row without the guard that says the same."""
        return sum(
            clause in j.killers and clause not in j.restated
            for j in self.mutants.values()
        )


def joined(measured: Sequence[Strength]) -> Strength:
    """What several packs over one model notice together. What one proves to be no fault is none."""
    names = dict.fromkeys(name for s in measured for name in s.mutants)
    return Strength(
        mutants={
            name: _joined_judgement(
                [s.mutants[name] for s in measured if name in s.mutants]
            )
            for name in names
        },
        bases={k: base for s in measured for k, base in s.bases.items()},
        missing=tuple(dict.fromkeys(n for s in measured for n in s.missing)),
        clauses=tuple(dict.fromkeys(c for s in measured for c in s.clauses)),
    )


def _joined_judgement(judged: Sequence[JudgedMutant]) -> JudgedMutant:
    def together(texts: Iterable[Iterable[str]]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(text for some in texts for text in some))

    killers = together(j.killers for j in judged)
    reasons = sorted(judged, key=lambda j: not j.is_equivalent)
    is_reason = reasons[0].is_equivalent or all(j.explained for j in judged)
    return JudgedMutant(
        mutant=judged[0].mutant,
        killers=killers,
        undecided=together(j.undecided for j in judged),
        explained=reasons[0].explained if is_reason and not killers else "",
        restated=together(j.restated for j in judged),
    )


@dataclass
class Fingerprints:
    """Digests of what a measurement depends on: each clause with the part of the model that can touch
    it."""

    pack: Pack

    @cached_property
    def mutants(self) -> dict[str, Mutant]:
        return {m.name: m for m in mutants_of(self.pack.model.system)}

    @cached_property
    def tasks(self) -> tuple[ProofTask, ...]:
        return tasks_of(self.pack)

    @cached_property
    def definition(self) -> str:
        """A digest of all that any measurement depends on: where it is the same, so are all others, which
        take much longer."""
        texts = [_system_text(self.pack.model.system)]
        texts += map(_row_text, self.mutants.values())
        texts += [
            repr((task.identity, task.promises, task.secrets, task.observed))
            for task in self.tasks
        ]
        texts.append(repr(sorted(vocabulary().attributes.items())))
        return _digest_texts([*self.mutants, *texts])

    @cached_property
    def cones(self) -> dict[str, tuple[str, frozenset[str]]]:
        """For each clause a digest of its promises with their cones, and the transitions in them."""
        return {task.identity: _cone_digest(task) for task in self.tasks}

    def of_clause(self, clause: str) -> str:
        digest, _ = self.cones.get(clause, ("", frozenset()))
        return digest

    def of_survivor(self, mutant: Mutant) -> str:
        """Of all clauses that could ever notice the mutant."""
        concerned = [
            digest
            for digest, transitions in self.cones.values()
            if mutant.changed is None or mutant.changed in transitions
        ]
        return _digest_texts([_row_text(mutant), *concerned])

    def of_judgement(self, judged: JudgedMutant) -> str | Mapping[str, str]:
        """What must be the same for the judgement to stand: of a noticed mutant the row and the clauses
        that notice it, of a survivor every clause that could."""
        mutant = self.mutants[judged.mutant]
        if judged.killers:
            return {
                c: _digest_texts([_row_text(mutant), self.of_clause(c)])
                for c in judged.killers
            }
        return self.of_survivor(mutant)

    def still_stands(
        self, judged: JudgedMutant, known: str | Mapping[str, str]
    ) -> JudgedMutant | None:
        """The judgement as far as it stands: without the killers that changed, None where nothing is
        left of it."""
        if judged.mutant not in self.mutants:
            return None
        fresh = self.of_judgement(judged)
        if isinstance(fresh, str) or isinstance(known, str):
            return judged if fresh == known else None
        killers = tuple(c for c in judged.killers if known.get(c) == fresh[c])
        return (
            JudgedMutant(
                mutant=judged.mutant,
                killers=killers,
                undecided=judged.undecided,
                explained=judged.explained,
                restated=tuple(c for c in judged.restated if c in killers),
            )
            if killers
            else None
        )


def _cone_digest(task: ProofTask) -> tuple[str, frozenset[str]]:
    """A digest of a clause's promises with their cones, and the transitions in them."""
    texts = [repr(task.secrets), repr(task.observed)]
    transitions: set[str] = set()
    for name, promise, cone in _cones_of(task):
        transitions.update(row.name for row in cone.transitions)
        texts += [name, repr(promise), _system_text(cone)]
    return _digest_texts(texts), frozenset(transitions)


def _cones_of(task: ProofTask) -> Iterator[tuple[str, Promise, System]]:
    """Each promise with the part of the system that can touch it."""
    seeds = timed_variables(task.system)
    if task.observed:
        seeds = seeds | set(task.observed)
    nothing = StateProperty(TRUE, TRUE)
    promises = task.promises or {task.identity: nothing}
    for name, promise in promises.items():
        yield name, promise, cone_of_influence(task.system, promise, seeds)


def _system_text(system: System) -> str:
    return repr(
        (
            system.variables,
            system.transitions,
            system.limits,
            system.initially,
        )
    )


def _row_text(mutant: Mutant) -> str:
    """The faulty row, or all limits where one of them is faulty."""
    if mutant.changed is None:
        return repr(sorted(repr(x) for x in mutant.system.limits))
    return repr(mutant.system.transition(mutant.changed))


def _digest_texts(texts: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()[:16]


def load_strength(
    pack: Pack,
    path: Path | None = None,
    fingerprints: Fingerprints | None = None,
) -> Strength:
    """What the file (the one beside the pack unless given) says of this pack over its model as they
    are. Who asks often gives the pack's fingerprints: they take seconds. Raises StrengthError."""
    source = path or pack.file.with_name(FILE)
    prints = fingerprints or Fingerprints(pack)
    if not source.is_file():
        return Strength({}, {}, tuple(prints.mutants))
    try:
        content = msgspec.json.decode(source.read_bytes(), type=StrengthFile)
        is_same = content.whole == _whole_digest(content, prints)
        components = {c.name: c for c in pack.model.system.components}
        bases = [
            _base_from(name, base, components)
            for name, base in content.trusted.items()
            if is_same or base.of == prints.of_clause(name)
        ]
    except (OSError, ValueError, KeyError) as error:
        raise StrengthError(
            f"{source}: holds no measurement of strength ({error}); "
            "make one with 'earwitness refresh --only strength'"
        ) from None
    judged = (
        (_judged_from(name, record), record)
        for name, record in content.mutants.items()
    )
    standing = (
        found if is_same else prints.still_stands(found, record.of)
        for found, record in judged
    )
    mutants = {j.mutant: j for j in standing if j is not None}
    missing = tuple(name for name in prints.mutants if name not in mutants)
    return Strength(
        mutants=mutants,
        bases={b.clause: b for b in bases},
        missing=missing,
        clauses=tuple(task.identity for task in prints.tasks),
    )


def _whole_digest(content: StrengthFile, prints: Fingerprints) -> str:
    """Of what was measured together with what it was measured of. A file that was put together from two, or
    edited, has another."""
    measured = msgspec.structs.replace(content, whole="")
    text = msgspec.json.encode(measured).decode("utf-8")
    return _digest_texts([prints.definition, text])


def _judged_from(name: str, record: JudgedRecord) -> JudgedMutant:
    return JudgedMutant(
        mutant=name,
        killers=record.killers,
        undecided=record.undecided,
        explained=record.explained,
        restated=record.restated,
    )


def _base_from(
    name: str, record: BaseRecord, components: Mapping[str, Component]
) -> TrustedBase:
    def sets(of: Iterable[Iterable[str]]) -> tuple[frozenset[Component], ...]:
        return tuple(frozenset(components[c] for c in names) for names in of)

    return TrustedBase(
        clause=name,
        sets=sets(record.sets),
        open=sets(record.open),
        complete=record.complete,
        finite=record.finite,
    )


def store_strength(
    path: Path,
    pack: Pack,
    mutants: Iterable[JudgedMutant] = (),
    bases: Iterable[TrustedBase] = (),
    fingerprints: Fingerprints | None = None,
) -> None:
    """Add to the file; what no longer stands in it is dropped."""
    prints = fingerprints or Fingerprints(pack)
    known = load_strength(pack, path, prints)
    judged = {**known.mutants, **{j.mutant: j for j in mutants}}
    found = {**known.bases, **{b.clause: b for b in bases}}
    content = StrengthFile(
        pack=pack.name,
        mutants={
            name: _judged_record(judged[name], prints)
            for name in prints.mutants
            if name in judged
        },
        trusted={
            name: _base_record(base, prints) for name, base in found.items()
        },
    )
    content = msgspec.structs.replace(
        content, whole=_whole_digest(content, prints)
    )
    text = json.dumps(msgspec.to_builtins(content), indent=1)
    path.write_text(text + "\n", "utf-8")


def _judged_record(
    judged: JudgedMutant, prints: Fingerprints
) -> JudgedRecord:
    return JudgedRecord(
        killers=judged.killers,
        undecided=judged.undecided,
        explained=judged.explained,
        restated=judged.restated,
        of=prints.of_judgement(judged),
    )


def _base_record(base: TrustedBase, prints: Fingerprints) -> BaseRecord:
    return BaseRecord(
        sets=tuple(_names_of(s) for s in base.sets),
        open=tuple(_names_of(s) for s in base.open),
        complete=base.complete,
        finite=base.finite,
        of=prints.of_clause(base.clause),
    )


def _names_of(components: Iterable[Component]) -> tuple[str, ...]:
    return tuple(sorted(c.name for c in components))
