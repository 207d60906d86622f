"""After a check: whether each device behaved as the proved model, for the bundle."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from earwitness.conformance.evidence import records
from earwitness.conformance.evidence.redaction import Redactor
from earwitness.conformance.refinement.admission import Admitted
from earwitness.conformance.refinement.device_runs import (
    DeviceAdmission,
    admit_devices,
    counts_of,
    line_of,
    model_digest,
    run_entry,
)
from earwitness.model.systems.model import Model
from earwitness.model.trace import Observation, partial_observation_from


def refine(
    traces: Sequence[Sequence[Observation]], model: Model, redactor: Redactor
) -> tuple[records.RefinementRecord, bytes]:
    """What the traces come to as runs of the model, and the runs themselves as lines. They are compared as
    the bundle shows them, so that its reader can do the same."""
    shown = {
        number: [
            partial_observation_from(redactor.observation(seen))
            for seen in trace
        ]
        for number, trace in enumerate(traces)
    }
    found = admit_devices(shown, model)
    taken, left_out = counts_of(found)
    record = records.RefinementRecord(
        model=model_digest(model.system),
        line=line_of(found, model),
        traces=tuple(map(_trace_record, found)),
        taken=dict(sorted(taken.items())),
        left_out=dict(sorted(left_out.items())),
        held=dict(model.correspondence.held),
    )
    return record, b"".join(_lines_of(found))


def _trace_record(found: DeviceAdmission) -> records.TraceRecord:
    shared: Mapping[str, object] = {
        "run": found.run,
        "device": found.device,
        "outcome": type(found.admission).__name__.lower(),
        "observations": found.observations,
    }
    if isinstance(found.admission, Admitted):
        return records.TraceRecord(**shared)  # type: ignore[arg-type]
    return records.TraceRecord(
        **shared,  # type: ignore[arg-type]
        at=found.admission.at,
        row=found.admission.row,
        because=found.admission.because,
    )


def _lines_of(found: Sequence[DeviceAdmission]) -> list[bytes]:
    return [
        json.dumps(
            {
                "run": one.run,
                "device": one.device,
                **run_entry(one.admission.run),
            },
            separators=(",", ":"),
        ).encode()
        + b"\n"
        for one in found
        if isinstance(one.admission, Admitted)
    ]
