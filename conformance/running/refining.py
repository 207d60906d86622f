"""After a check: whether each device behaved as the proved model, for the bundle."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from earwitness.conformance.evidence import records
from earwitness.conformance.evidence.redaction import Redactor
from earwitness.conformance.refinement.admission import Admitted
from earwitness.conformance.refinement.device_runs import (
    DeviceAdmission,
    admit_devices,
    counts_of,
    device_run_record,
    line_of,
    model_digest,
)
from earwitness.model.systems.model import Model
from earwitness.model.trace import Observation, partial_observation_from


def refine_traces(
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
    record = records.TraceRecord(
        run=found.run,
        device=found.device,
        outcome=type(found.admission).__name__.lower(),
        observations=found.observations,
    )
    if isinstance(found.admission, Admitted):
        return record
    return msgspec.structs.replace(
        record,
        at=found.admission.at,
        row=found.admission.row,
        because=found.admission.because,
    )


def _lines_of(found: Sequence[DeviceAdmission]) -> list[bytes]:
    return [
        msgspec.json.encode(
            device_run_record(one.run, one.device, one.admission.run)
        )
        + b"\n"
        for one in found
        if isinstance(one.admission, Admitted)
    ]
