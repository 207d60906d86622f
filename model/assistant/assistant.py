"""The whole assistant: the component tables, composed."""

from __future__ import annotations

from functools import cache

from earwitness.model.assistant import cloud as cloud_table
from earwitness.model.assistant import firmware as firmware_table
from earwitness.model.assistant import management as management_table
from earwitness.model.assistant.calls import calls
from earwitness.model.assistant.datasheet import Bounds
from earwitness.model.assistant.hardware import hardware, microphone, powered, rail
from earwitness.model.systems.transition_system import Enabled, System, Table, among, both


def tables(bounds: Bounds | None = None) -> tuple[Table, ...]:
    """Every component's rows, the device's first."""
    limits = bounds or Bounds()
    return (
        firmware_table.firmware(limits),
        hardware(limits),
        cloud_table.cloud(limits, firmware_table.STREAMING, firmware_table.WAITING),
        management_table.management(),
        calls(),
    )


def compose(name: str, *parts: Table, free: dict[str, tuple[str, ...]] | None = None) -> System:
    """One system of the rows of all tables; they share variables by name. Raises ValueError for a variable or transition that stands twice."""
    variables = tuple(v for part in parts for v in part.variables)
    transitions = tuple(t for part in parts for t in part.transitions)
    for names in ([v.name for v in variables], [t.name for t in transitions]):
        if twice := {n for n in names if names.count(n) > 1}:
            raise ValueError(f"{', '.join(sorted(twice))} stands twice in the tables of {name}")
    limits = tuple(x for part in parts for x in part.limits)
    return System(
        name,
        parts[0].control,
        variables,
        transitions,
        limits,
        tuple(h for part in parts for h in part.hints),
        free or {},
    )


@cache
def assistant(bounds: Bounds | None = None) -> System:
    """The assistant with its cloud, calls and property, under the bounds of a pack."""
    return compose("assistant", *tables(bounds), free=cloud_table.FREE | management_table.FREE)


ENABLED: dict[str, tuple[Enabled, ...]] = {
    # A switch in progress ends within the bound; the button counts again then.
    "press_microphone": (Enabled("press_microphone", both(powered, microphone, among(rail, "settled"))),),
    "organisation_controls_setting": management_table.control_of_own(),
}
"""What a pack's `enabled` clauses ask for, by the transition they name."""
