"""The model that was judged against, as pictures with tables: the one over which the packs ask for proofs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from markupsafe import Markup

from earwitness.conformance.evidence.model_runs import (
    ADMITTED,
    proved_model,
)
from earwitness.conformance.evidence.records import RefinementRecord
from earwitness.conformance.gate.judged import JudgedBundle
from earwitness.conformance.refinement.device_runs import model_digest
from earwitness.model.systems.model import Model
from earwitness.model.systems.state_machine import drawn_edges, drawn_states
from earwitness.reports.figures import (
    Arc,
    Diagram,
    Shared,
    arcs_of,
    draw_states,
)


@dataclass(frozen=True, slots=True)
class DrawnComponent:
    """A component of the model with its picture and the table that says the same."""

    name: str
    states: int
    picture: Markup
    arcs: tuple[Arc, ...]
    shared: tuple[Shared, ...]

    @property
    def is_touched(self) -> bool:
        """Whether one of its steps was taken."""
        return self.steps_taken > 0

    @property
    def steps_taken(self) -> int:
        """How many of its steps were taken, each counted once."""
        times = [
            *(arc.times for arc in self.arcs),
            *(step.times for step in self.shared),
        ]
        return len([count for count in times if count])

    @property
    def steps(self) -> int:
        """How many steps there are."""
        return len(self.arcs) + len(self.shared)


@dataclass(frozen=True, slots=True)
class DrawnModel:
    """A model, and how what was seen goes with it, in a sentence each."""

    name: str
    digest: str
    components: tuple[DrawnComponent, ...]
    sentences: tuple[str, ...]
    step_names: frozenset[str]

    @property
    def drawn(self) -> tuple[DrawnComponent, ...]:
        """The components that are worth a picture: those that a run went through, or all if none did."""
        touched = tuple(c for c in self.components if c.is_touched)
        return touched or self.components

    @property
    def untouched(self) -> tuple[str, ...]:
        return tuple(c.name for c in self.components if c not in self.drawn)


def draw_model(judged: JudgedBundle) -> DrawnModel | None:
    """The model of the packs; None where they ask for no proof, and so no model was asked."""
    model = proved_model(judged.packs)
    if model is None:
        return None
    digest = model_digest(model.system)
    record = judged.bundle.results.refinement
    is_same = record is not None and record.model == digest
    taken = record.taken if record is not None and is_same else {}
    return DrawnModel(
        name=model.name,
        digest=digest,
        components=tuple(_draw_components(model, taken)),
        sentences=tuple(_describe_refinement(record if is_same else None)),
        step_names=frozenset(t.name for t in model.system.transitions),
    )


def _draw_components(
    model: Model, taken: Mapping[str, int]
) -> Iterator[DrawnComponent]:
    for table in model.tables:
        component = Diagram(
            name=table.name,
            states=drawn_states(table),
            edges=tuple(
                (edge.source, edge.target, edge.name)
                for edge in drawn_edges(table, model.system)
            ),
        )
        arcs, shared = arcs_of(component, taken)
        yield DrawnComponent(
            name=component.name,
            states=len(component.states),
            picture=Markup(draw_states(component, arcs)),
            arcs=arcs,
            shared=shared,
        )


def _describe_refinement(record: RefinementRecord | None) -> Iterator[str]:
    if record is None:
        yield "What was seen was not compared with this model, so no step is marked as taken."
        return
    traces = record.traces
    odd = [trace for trace in traces if trace.outcome != ADMITTED]
    seen = sum(trace.observations for trace in traces)
    left_out = sum(record.left_out.values())
    if not odd:
        yield (
            f"Each of the {len(traces)} traces (one for each device in each run) is what would be seen of a "
            f"run of the model: {seen - left_out} of {seen} observations are steps of it, and "
            f"{len(record.taken)} different steps were taken."
        )
    for trace in odd:
        yield (
            f"What was seen of {trace.device} in run {trace.run} is {trace.outcome} as a run of the model, "
            f"from observation {trace.at + 1} on ({trace.row}: {trace.because}). The proofs do not speak of "
            "this device."
        )
    if record.left_out:
        reasons = "; ".join(
            f"{reason} ({count})" for reason, count in record.left_out.items()
        )
        yield f"Observations of which the model does not speak: {reasons}."
    if record.held:
        yield f"What the model holds constant: {', '.join(sorted(record.held))}."
    yield (
        "This says nothing of steps that were not observed, and rests on the target's word where the harness "
        "did not see."
    )
