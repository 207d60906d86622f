"""The runs of a check, device by device, against a model: which are runs of it, how each is written down,
and what that says in one line."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import msgspec

from earwitness.conformance.refinement.admission import (
    Admission,
    Admitted,
    Admitter,
    Refused,
    Undecided,
    replays_trace,
)
from earwitness.model.expression import Value, evaluate
from earwitness.model.systems.model import Model
from earwitness.model.systems.runs import ModelRun, Step
from earwitness.model.systems.transition_system import System
from earwitness.model.trace import Observation

MOST_TRIED = 40_000
"""Model states tried for all traces of a check together: some seconds. What is left then is not decided."""


class NoModelRun(ValueError):
    """A record that is no run of the model."""


@dataclass(frozen=True, slots=True)
class DeviceAdmission:
    """What the trace of one device in one run comes to."""

    run: int
    device: str
    observations: int
    admission: Admission


def admit_devices(
    runs: Mapping[int, Sequence[Observation]], model: Model
) -> list[DeviceAdmission]:
    """Whether what was seen of each device in each run is what is seen of a run of the model."""
    admitter = Admitter(model.system, model.correspondence)
    found = []
    left = MOST_TRIED
    for number, trace in runs.items():
        for device in dict.fromkeys(seen.device for seen in trace):
            own = of_device(trace, device)
            admission: Admission = (
                admitter.admit(own)
                if left > 0
                else Undecided(
                    at=0,
                    observation=own[0],
                    row="",
                    because="too much was tried before",
                )
            )
            left -= admitter.tried
            found.append(
                DeviceAdmission(
                    run=number,
                    device=device,
                    observations=len(own),
                    admission=admission,
                )
            )
    return found


def of_device(trace: Iterable[Observation], device: str) -> list[Observation]:
    """The trace of one device."""
    return [seen for seen in trace if seen.device == device]


class DeviceRunRecord(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True
):
    """One line of `refinement.jsonl`: the run of the model that shows what was seen of a device in a run of
    the check. It says where it begins, and each row with its instant and its free choices."""

    run: int
    device: str
    initial: Mapping[str, Value]
    steps: tuple[tuple[str, int, Mapping[str, Value]], ...]


def device_run_record(
    number: int, device: str, shown: ModelRun
) -> DeviceRunRecord:
    """As the bundle keeps it."""
    return DeviceRunRecord(
        run=number,
        device=device,
        initial=dict(shown.initial),
        steps=tuple(
            (step.transition.name, step.time, dict(step.chosen))
            for step in shown.steps
        ),
    )


def run_from(record: DeviceRunRecord, system: System) -> ModelRun:
    """A run from its record. Raises NoModelRun."""
    rows = {t.name: t for t in system.transitions}
    variables = {v.name: v.first_values for v in system.variables}
    initial = dict(record.initial)
    begins_well = initial.keys() == variables.keys() and all(
        initial[name] in values for name, values in variables.items()
    )
    if not begins_well or not evaluate(system.initially, initial):
        raise NoModelRun("it does not begin in a first state of the model")
    unknown = [name for name, _, _ in record.steps if name not in rows]
    if unknown:
        raise NoModelRun(f"the model has no row '{unknown[0]}'")
    steps = tuple(
        Step(rows[name], time, dict(chosen))
        for name, time, chosen in record.steps
    )
    return ModelRun(initial, steps)


def fault_of_run(
    record: DeviceRunRecord, trace: Sequence[Observation], model: Model
) -> str:
    """What is wrong with a run that is said to show this trace; empty where nothing is. No search."""
    try:
        run = run_from(record, model.system)
        shows = replays_trace(
            run=run,
            observations=trace,
            system=model.system,
            correspondence=model.correspondence,
        )
    except (NoModelRun, KeyError, TypeError, ValueError) as error:
        return str(error) or "it cannot be read"
    return "" if shows else "it does not show what was observed"


def model_digest(system: System) -> str:
    """Names a transition system by its content."""
    content = (
        system.variables,
        system.transitions,
        system.limits,
        system.initially,
    )
    return hashlib.sha256(repr(content).encode()).hexdigest()[:16]


def line_of(found: Sequence[DeviceAdmission], model: Model) -> str:
    """What all admissions together say, for a report."""
    digest = model_digest(model.system)
    for one in found:
        match one.admission:
            case Admitted():
                pass
            case other:
                return _line_of_refusal(one, other, digest)
    return _line_of_runs(found, model, digest)


def _line_of_refusal(
    one: DeviceAdmission, admission: Refused | Undecided, digest: str
) -> str:
    place = f"{one.device} in run {one.run}, observation {admission.at + 1} ({admission.observation.event})"
    because = f"{admission.row}: {admission.because}".removeprefix(": ")
    if isinstance(admission, Undecided):
        return (
            f"It is not decided whether what was seen is a run of the model {digest}: for {place} no step "
            f"was found in time ({because}). The proofs may not speak of this device."
        )
    return (
        f"{place} is no step that the model {digest} can take ({because}). "
        "The proofs do not speak of this device."
    )


def _line_of_runs(
    found: Sequence[DeviceAdmission], model: Model, digest: str
) -> str:
    taken, left_out = counts_of(found)
    observations = sum(one.observations for one in found)
    observed = observations - sum(left_out.values())
    share = 100 * observed / observations if observations else 0.0
    rows = [t for t in model.system.transitions if not t.is_idle]
    return (
        f"All {observed} observed steps that the model speaks of ({share:.1f} % of observations) form runs "
        f"of the model {digest}; rows taken {len(taken)} of {len(rows)}; "
        f"not modelled: {'; '.join(sorted(left_out)) or 'nothing'}; "
        f"held constant: {', '.join(sorted(model.correspondence.held)) or 'nothing'}. "
        "It says nothing of steps that were not observed, and rests on the target's word where the harness "
        "did not see."
    )


def counts_of(
    found: Iterable[DeviceAdmission],
) -> tuple[Counter[str], Counter[str]]:
    """How often each row was taken, and how often an observation was left out, by reason."""
    taken: Counter[str] = Counter()
    left_out: Counter[str] = Counter()
    for one in found:
        if isinstance(one.admission, Admitted):
            taken.update(one.admission.taken)
            left_out.update(one.admission.left_out)
    return taken, left_out
