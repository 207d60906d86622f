"""How strong a pack's promises are, and on whom they rest: measured once for a model and a pack, kept with their digest, shown wherever both are the same."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from earwitness.model.assistant.assistant import assistant
from earwitness.model.systems.model import Model
from earwitness.model.systems.transition_system import Component, Layer
from earwitness.policies.pack import Pack, shipped_file
from earwitness.policies.proving.mutants import JudgedMutant, MutationScore
from earwitness.policies.proving.prove_packs import clauses_to_prove
from earwitness.policies.proving.trusted_bases import TrustedBase, components_in_words

FILE = "strength.json"


class StrengthError(ValueError):
    """A file that holds no such measurement."""


@dataclass(frozen=True, slots=True)
class Strength:
    """What was measured of one pack over the model: every judged mutant and every clause's trusted base, by name."""

    digest: str
    mutants: Mapping[str, JudgedMutant]
    bases: Mapping[str, TrustedBase]

    @property
    def score(self) -> MutationScore:
        return MutationScore.of(self.mutants.values())

    def resting_on(self, layer: Layer) -> tuple[str, ...]:
        """The clauses for which one must trust so far, and no further."""
        return tuple(b.clause for b in self.bases.values() if b.rests_on is layer)


@cache
def _digest_of(model: Model, clauses: tuple[tuple[str, str, str, str], ...]) -> str:
    return hashlib.sha256(repr((model.system, clauses)).encode()).hexdigest()


def strength_digest(pack: Pack) -> str:
    """Of all that such a measurement depends on: the tables, the pack's bounds and its clauses marked P."""
    clauses = tuple(
        (c.id, repr(c.formula), str(c.transition), str(c.observer)) for c in clauses_to_prove(pack.clauses)
    )
    return _digest_of(pack.model, clauses)


def load_strength(pack: Pack, path: Path | None = None) -> Strength | None:
    """What the file (the shipped one unless given) says of this very pack over this very model; None where it speaks of others. Raises StrengthError."""
    source = path if path is not None else shipped_file("alexa-smart-properties", FILE)
    if not source.is_file():
        return None
    try:
        entry = json.loads(source.read_text("utf-8"))
        found = Strength(
            entry["digest"],
            {
                name: JudgedMutant(name, tuple(m["killers"]), tuple(m["undecided"]), m["explained"])
                for name, m in entry["mutants"].items()
            },
            {
                name: TrustedBase(
                    name, _sets(b["sets"]), _sets(b["open"]), b["complete"], b.get("finite", False)
                )
                for name, b in entry["trusted"].items()
            },
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise StrengthError(
            f"{source}: holds no measurement of strength ({error}); make one with 'earwitness mutate --store'"
        ) from None
    return found if found.digest == strength_digest(pack) else None


def _sets(entry: Iterable[Iterable[str]]) -> tuple[frozenset[Component], ...]:
    known = {c.name: c for c in assistant().components}
    return tuple(frozenset(known[name] for name in names) for names in entry)


def store_strength(
    path: Path, pack: Pack, mutants: Iterable[JudgedMutant] = (), bases: Iterable[TrustedBase] = ()
) -> None:
    """Add to the file, or begin it anew where it speaks of another pack or model."""
    known = load_strength(pack, path) or Strength(strength_digest(pack), {}, {})
    known = replace(
        known,
        mutants={**known.mutants, **{j.mutant: j for j in mutants}},
        bases={**known.bases, **{b.clause: b for b in bases}},
    )
    entry: dict[str, Any] = {
        "digest": known.digest,
        "pack": pack.name,
        "mutants": {
            j.mutant: {"killers": j.killers, "undecided": j.undecided, "explained": j.explained}
            for j in known.mutants.values()
        },
        "trusted": {
            b.clause: {
                "sets": [_names(s) for s in b.sets],
                "open": [_names(s) for s in b.open],
                "complete": b.complete,
                "finite": b.finite,
            }
            for b in known.bases.values()
        },
    }
    path.write_text(json.dumps(entry, indent=1) + "\n", "utf-8")


def _names(trusted: frozenset[Component]) -> list[str]:
    return sorted(c.name for c in trusted)


def strength_facts(strength: Strength) -> dict[str, Any]:
    """For a bundle: the score, how often each clause noticed a fault, and each clause's trusted base in words."""
    score, kills = strength.score, [k for j in strength.mutants.values() for k in j.killers]
    return {
        "killed": score.killed,
        "explained": score.explained,
        "unexplained": score.unexplained,
        "equivalent": score.equivalent,
        "undecided": sum(bool(j.undecided) and not j.killers for j in strength.mutants.values()),
        "kills": {c: kills.count(c) for c in sorted(set(kills))},
        "bases": {
            b.clause: {
                "rests_on": b.rests_on.value if b.rests_on is not None else "",
                "sets": [components_in_words(s) for s in b.sets],
                "open": [components_in_words(s) for s in b.open],
                "complete": b.complete,
                "finite": b.finite,
            }
            for b in strength.bases.values()
        },
    }


def strength_summary(found: Mapping[str, Any]) -> tuple[str, ...]:
    """The facts of a bundle in a few lines."""
    real = found["killed"] + found["explained"] + found["unexplained"]
    lines = []
    if real:
        lines.append(
            f"strength: {found['killed']} of {real} small faults in the model are noticed by a clause, {found['explained']} survivors explained, "
            f"{found['unexplained']} not; {found['equivalent']} more change nothing"
        )
    for layer in Layer:
        resting = [name for name, b in found["bases"].items() if b["rests_on"] == layer.value]
        if resting:
            lines.append(f"rests on {layer.value}: {', '.join(resting)}")
    return tuple(lines)
