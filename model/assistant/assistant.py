"""The whole assistant: the component tables, composed."""

from __future__ import annotations

from functools import cache

from earwitness.model.assistant import cloud as cloud_table
from earwitness.model.assistant import firmware as firmware_table
from earwitness.model.assistant import management as management_table
from earwitness.model.assistant.calls import calls
from earwitness.model.assistant.datasheet import Bounds
from earwitness.model.assistant.hardware import hardware, microphone, powered, rail
from earwitness.model.systems.transition_system import Enabled, System, Table, all_of, compose, equals


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


@cache
def assistant(bounds: Bounds | None = None) -> System:
    """The assistant with its cloud, calls and property, under the bounds of a pack."""
    return compose("assistant", *tables(bounds), free=cloud_table.FREE | management_table.FREE)


ENABLED: dict[str, tuple[Enabled, ...]] = {
    # A switch in progress ends within the bound; the button counts again then.
    "press_microphone": (Enabled("press_microphone", all_of(powered, microphone, equals(rail, "settled"))),),
    "organisation_controls_setting": management_table.control_of_own(),
}
"""What a pack's `enabled` clauses ask for, by the transition they name."""
