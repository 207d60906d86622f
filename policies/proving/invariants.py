"""Invariants of earlier proofs, by the names of conjuncts: a pack's lie beside it, those of what is
proved of every model beside the model's tables. Nothing is believed of them: each is checked again
against the model and the promise as they are."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from importlib.resources import files
from pathlib import Path

from earwitness.model.proof.proof import Proof
from earwitness.model.systems.model import Model
from earwitness.policies.pack import Pack
from earwitness.policies.proving.tasks import PROGRESS

FILE = "invariants.json"
Invariants = Mapping[str, tuple[str, ...]]


def load_invariants(pack: Pack) -> Invariants:
    """What lies beside the pack and beside its model; nothing where nothing does, or what is there is
    no such file."""
    return {
        **_read_file(model_file(pack.model)),
        **_read_file(pack.file.with_name(FILE)),
    }


def model_file(model: Model) -> Path:
    """Where the invariants of a model's own lie."""
    return Path(str(files(model.package).joinpath(FILE)))


def store_invariants(path: Path, proofs: Iterable[Proof]) -> None:
    """Write the invariants of these proofs to a file, in place of what it holds."""
    found = {
        c.name: list(c.invariant) for proof in proofs for c in proof.conjuncts
    }
    path.write_text(
        json.dumps(dict(sorted(found.items())), indent=1, ensure_ascii=False)
        + "\n",
        "utf-8",
    )


def is_about_model(proof: Proof) -> bool:
    """Whether it is proved of every model, whatever the pack."""
    return proof.clause.split(" ")[0] == PROGRESS


def _read_file(path: Path) -> Invariants:
    try:
        entry = json.loads(path.read_text("utf-8"))
        return {
            str(name): tuple(map(str, conjuncts))
            for name, conjuncts in entry.items()
        }
    except (OSError, ValueError, AttributeError, TypeError):
        return {}
