"""The runs of the model in a bundle: each shows what was seen, and none is counted that is not there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from earwitness.conformance.evidence.bundle import Bundle
from earwitness.conformance.evidence.records import (
    RefinementRecord,
    TraceRecord,
)
from earwitness.conformance.evidence.writer import REFINEMENT
from earwitness.conformance.refinement.device_runs import (
    DeviceRunRecord,
    fault_of_run,
    model_digest,
    of_device,
)
from earwitness.model.systems.model import Model
from earwitness.model.trace import Observation
from earwitness.policies.pack import Pack
from earwitness.policies.proving.tasks import clauses_to_prove

ADMITTED = "admitted"
"""The outcome of a trace that a run of the model shows."""


def proved_model(packs: Iterable[Pack]) -> Model | None:
    """The model over which the packs ask for proofs; none where they ask for none."""
    return next(
        (pack.model for pack in packs if clauses_to_prove(pack.clauses)), None
    )


def about_model_runs(bundle: Bundle, packs: Iterable[Pack]) -> Iterator[str]:
    """Where the bundle tells wrongly how what was seen goes with the model. Each trace that is called
    admitted has its run, which is one of the model and shows the trace."""
    record = bundle.results.refinement
    model = proved_model(packs)
    if record is None or model is None:
        is_told = record is not None or REFINEMENT in bundle.manifest.files
        if is_told or model is not None:
            yield "results.json: whether what was seen are runs of the model does not go with its packs"
        return
    ours = model_digest(model.system)
    if record.model != ours:
        yield f"results.json: its runs are of the model {record.model}, this version has {ours}"
        return
    known = bundle.model_runs()
    traces = bundle.runs()
    yield from _about_traces(record, traces)
    yield from _about_steps_taken(record, known.values())
    if dict(record.held) != dict(model.correspondence.held):
        yield "results.json: refinement holds constant what the model does not, or leaves something out"
    for trace in record.traces:
        entry = known.pop((trace.run, trace.device), None)
        own = of_device(traces.get(trace.run, ()), trace.device)
        fault = _fault_of_trace(
            trace=trace, entry=entry, own=own, model=model
        )
        if fault:
            yield f"refinement.jsonl: the run of {trace.device} in run {trace.run}: {fault}"
    for run, device in known:
        yield f"refinement.jsonl: results.json knows no trace of {device} in run {run}"


def _fault_of_trace(
    trace: TraceRecord,
    entry: DeviceRunRecord | None,
    own: Sequence[Observation],
    model: Model,
) -> str:
    """What is wrong with what is told of one trace; empty where nothing is."""
    is_odd = bool(trace.at or trace.row or trace.because)
    if trace.outcome == ADMITTED and not is_odd:
        return (
            fault_of_run(entry, own, model)
            if entry is not None
            else "it is missing"
        )
    if trace.outcome == ADMITTED or entry is not None:
        return f"it is there, and results.json calls the trace {trace.outcome} {trace.because}".rstrip()
    return ""


def _about_traces(
    record: RefinementRecord,
    traces: Mapping[int, Sequence[Observation]],
) -> Iterator[str]:
    """Each device of each run is told of, with as many observations as there are: none is left out that the
    model refuses."""
    seen = Counter(
        (run, one.device) for run, trace in traces.items() for one in trace
    )
    told = {(t.run, t.device): t.observations for t in record.traces}
    if told != dict(seen) or len(record.traces) != len(told):
        odd = min(
            {place for place, _ in told.items() ^ seen.items()},
            default=(0, "a device that is told of twice"),
        )
        yield (
            f"results.json: refinement does not tell of what was observed of {odd[1]} in run {odd[0]}"
        )


def _about_steps_taken(
    record: RefinementRecord, entries: Iterable[DeviceRunRecord]
) -> Iterator[str]:
    taken = Counter(row for entry in entries for row, _, _ in entry.steps)
    if dict(taken) != dict(record.taken):
        yield (
            f"results.json: refinement counts {sum(record.taken.values())} steps taken, "
            f"refinement.jsonl has {sum(taken.values())}, or others"
        )
