"""What is derived of a pack and its model, and whether it is stale: said piece by piece, and remade
piece by piece."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from earwitness.model.proof.encoding import encode
from earwitness.model.proof.invariant import recall_invariant
from earwitness.model.proof.portfolio import decide, decide_with_lemmas
from earwitness.model.proof.proof import Standing
from earwitness.model.systems.state_property import Promise
from earwitness.model.systems.transition_system import System
from earwitness.policies.pack import Pack
from earwitness.policies.proving.invariants import (
    FILE,
    load_invariants,
    model_file,
)
from earwitness.policies.proving.mutants import (
    JudgedMutant,
    MutationScore,
    judge_mutants,
)
from earwitness.policies.proving.strength import FILE as STRENGTH_FILE
from earwitness.policies.proving.strength import (
    Fingerprints,
    load_strength,
    store_strength,
)
from earwitness.policies.proving.tasks import PROGRESS, tasks_of


@dataclass(frozen=True, slots=True)
class Stale:
    """Something derived that no longer fits what it was derived from."""

    kind: str
    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class Claim:
    """One promise over its system, with the file its invariant belongs in."""

    name: str
    system: System
    promise: Promise
    file: Path


def claims_of(pack: Pack) -> Iterator[Claim]:
    """Every conjunct to be proved of a pack and its model."""
    for task in tasks_of(pack):
        file = (
            model_file(pack.model)
            if task.identity == PROGRESS
            else pack.file.with_name(FILE)
        )
        for name, promise in task.promises.items():
            yield Claim(
                name=name, system=task.system, promise=promise, file=file
            )


def stale_invariants(pack: Pack) -> Iterator[Stale]:
    """The conjuncts whose stored invariant is missing or no longer one; stored invariants of no
    conjunct."""
    stored = load_invariants(pack)
    known = set()
    for claim in claims_of(pack):
        known.add(claim.name)
        if claim.name not in stored:
            yield Stale("invariants", claim.name, "none is stored")
        elif (
            recall_invariant(
                encode(claim.system, claim.promise), stored[claim.name]
            )
            is None
        ):
            yield Stale(
                "invariants",
                claim.name,
                "the stored one is no longer inductive",
            )
    for name in sorted(stored.keys() - known):
        yield Stale("invariants", name, "the pack has no such conjunct")


def stale_strength(pack: Pack) -> Iterator[Stale]:
    """The mutants about which nothing is known, or no longer."""
    for name in load_strength(pack).missing:
        yield Stale(
            "strength", name, "not measured of this model and these clauses"
        )


def refresh_invariants(
    pack: Pack, seconds: int, tell: Callable[[str], None]
) -> bool:
    """Search what is stale, and store each invariant as soon as it is found. Whether all were found.
    What is stored of the other conjuncts is tried first: it spares most of the search."""
    stale = {item.name for item in stale_invariants(pack)}
    claims = {claim.name: claim for claim in claims_of(pack)}
    found_all = True
    for name in sorted(stale - claims.keys()):
        _store_entry(pack.file.with_name(FILE), name, ())
        _store_entry(model_file(pack.model), name, ())
        tell(f"{name}: no longer a conjunct; its invariant is dropped")
    known = [
        text for texts in load_invariants(pack).values() for text in texts
    ]
    for name in sorted(stale & claims.keys()):
        claim = claims[name]
        decision = decide_with_lemmas(
            system=claim.system,
            promise=claim.promise,
            known=known,
            seconds=seconds,
        )
        if decision.standing is not Standing.PROVED:
            decision = decide(
                system=claim.system,
                promise=claim.promise,
                stored=None,
                seconds=seconds,
            )
        tell(f"{name}: {decision.standing.value} {decision.reason}".rstrip())
        if decision.standing is Standing.PROVED:
            _store_entry(claim.file, name, decision.invariant)
        else:
            found_all = False
    return found_all


def _store_entry(path: Path, name: str, invariant: tuple[str, ...]) -> None:
    """Set or drop one entry of a file of invariants."""
    entries = json.loads(path.read_text("utf-8")) if path.is_file() else {}
    if invariant:
        entries[name] = list(invariant)
    elif name in entries:
        del entries[name]
    else:
        return
    path.write_text(
        json.dumps(
            dict(sorted(entries.items())), indent=1, ensure_ascii=False
        )
        + "\n",
        "utf-8",
    )


KEPT_FOR = 10.0
"""Seconds that judgements may wait in memory: the file is written whole each time."""


def refresh_strength(
    pack: Pack,
    tell: Callable[[str], None],
    workers: int = 2,
    beside: Iterable[Pack] = (),
) -> bool:
    """Measure the mutants about which nothing is known, and store the judgements every few seconds. What is
    no fault is taken over from the packs `beside` this one, where their model is the same. Whether no mutant
    is left that survives without a reason."""
    prints = Fingerprints(pack)
    missing = set(load_strength(pack, fingerprints=prints).missing)
    others = {
        name: judged
        for other in beside
        if other.model.name == pack.model.name
        for name, judged in load_strength(other).mutants.items()
        if not judged.killers and not judged.undecided
    }
    no_fault = {n: j for n, j in others.items() if j.is_equivalent}
    path = pack.file.with_name(STRENGTH_FILE)
    waiting: list[JudgedMutant] = []
    stored_at = time.monotonic()

    def store() -> None:
        nonlocal stored_at
        store_strength(path, pack, mutants=waiting, fingerprints=prints)
        waiting.clear()
        stored_at = time.monotonic()

    def keep(judged: JudgedMutant) -> None:
        waiting.append(judged)
        tell(
            f"{judged.mutant}: {' '.join(judged.killers) or judged.explained or 'survives, not explained'}"
        )
        if time.monotonic() - stored_at > KEPT_FOR:
            store()

    for name in sorted(missing & no_fault.keys()):
        keep(no_fault[name])
    try:
        found = judge_mutants(
            pack=pack,
            tell=keep,
            wanted=(missing - no_fault.keys()).__contains__,
            workers=workers,
            tried=frozenset(others.keys() - no_fault.keys()),
        )
    finally:
        if waiting:
            store()
    return not MutationScore.of(found).unexplained
