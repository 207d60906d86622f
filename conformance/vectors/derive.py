"""Vectors from the model: a shortest run to every transition and to every clause's trigger."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator

from earwitness.conformance.vectors.script import script_of_run
from earwitness.conformance.vectors.vector import Vector, VectorStep
from earwitness.model.systems.explicit_search import (
    SOON,
    find_run_exercising,
    find_run_taking,
)
from earwitness.model.systems.runs import ModelRun, with_first_value
from earwitness.model.systems.transition_system import System
from earwitness.policies.pack import Kind, Pack
from earwitness.policies.proving.tasks import clauses_to_prove, proof_task


def source_digest(pack: Pack) -> str:
    """Of all that vectors are derived from: the model's rows and what exercises each clause. Where it is the
    same, so are they."""
    system = pack.model.system
    texts = [repr((system.variables, system.transitions, system.initially))]
    texts += [
        repr((c.id, c.monitor, c.transition))
        for c in clauses_to_prove(pack.clauses)
    ]
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()


def all_to_reach(name: str) -> bool:
    """Every transition and clause."""
    return True


def derive_vectors(
    pack: Pack, wanted: Callable[[str], bool] = all_to_reach
) -> tuple[Vector, ...]:
    """A vector for every transition of the model and every clause marked P that a single run exercises, as
    far as their names are wanted; what takes the same steps stands together."""
    system = pack.model.system
    found: dict[tuple[str, tuple[VectorStep, ...]], Vector] = {}
    for name, path, kind in _paths_to(pack, system, wanted):
        steps = script_of_run(path)
        known = found.get((kind, steps))
        reaches, model = (
            ((*known.reaches, name), known.model)
            if known is not None
            else ((name,), tuple(s.transition.name for s in path.steps))
        )
        found[kind, steps] = Vector(
            reaches=reaches, kind=kind, steps=steps, model=model
        )
    return tuple(found.values())


def _paths_to(
    pack: Pack, system: System, wanted: Callable[[str], bool]
) -> Iterator[tuple[str, ModelRun, str]]:
    speakers, shows = (
        with_first_value(system, "show", False),
        with_first_value(system, "show", True),
    )
    for transition in system.transitions:
        if not wanted(f"transition {transition.name}"):
            continue
        path = find_run_taking(speakers, transition, SOON)
        chosen = path or find_run_taking(shows, transition)
        if chosen is None:
            raise ValueError(
                f"no run of the model takes {transition.name}; the table has a dead row"
            )
        yield (
            f"transition {transition.name}",
            chosen,
            "any" if path is not None else "show",
        )
    for clause in clauses_to_prove(pack.clauses):
        if clause.kind is not Kind.TWO_RUN and wanted(f"clause {clause.id}"):
            whole = clause.monitor or next(
                iter(proof_task(clause, pack.model).promises.values())
            )
            path = find_run_exercising(speakers, whole, SOON)
            chosen = path or find_run_exercising(shows, whole)
            if chosen is None:
                raise ValueError(f"no run of the model exercises {clause.id}")
            yield (
                f"clause {clause.id}",
                chosen,
                "any" if path is not None else "show",
            )
