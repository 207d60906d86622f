"""The whole assistant: the component tables, composed, with what may be asked of them."""

from __future__ import annotations

from earwitness.model.assistant import calls as calls_table
from earwitness.model.assistant import cloud as cloud_table
from earwitness.model.assistant import firmware as firmware_table
from earwitness.model.assistant import management as management_table
from earwitness.model.assistant import network as network_table
from earwitness.model.assistant import stores as stores_table
from earwitness.model.assistant.calls import call, calls
from earwitness.model.assistant.correspondence import CORRESPONDENCE
from earwitness.model.assistant.datasheet import DATASHEET, SMALL
from earwitness.model.assistant.firmware_state import (
    STREAMING,
    WAITING,
    for_us,
    opened,
)
from earwitness.model.assistant.hardware import (
    hardware,
    microphone,
    powered,
    rail,
)
from earwitness.model.assistant.network import network
from earwitness.model.systems.datasheet import Datasheet
from earwitness.model.systems.model import Model
from earwitness.model.systems.transition_system import (
    Enabled,
    System,
    Table,
    all_of,
    equals,
)


def assistant_tables(sheet: Datasheet) -> tuple[Table, ...]:
    """Every component's rows, the device's first."""
    return (
        firmware_table.firmware(sheet),
        hardware(sheet, opened),
        cloud_table.cloud(
            sheet=sheet, streaming=STREAMING, waiting=WAITING, for_us=for_us
        ),
        stores_table.stores(WAITING, for_us, equals(call, "none")),
        management_table.management(),
        calls(),
        network(),
    )


# A switch in progress ends within the rating; the button counts again then, for its latch is open.
BUTTON_COUNTS = all_of(powered, microphone, equals(rail, "settled"))

ASSISTANT = Model(
    name="assistant",
    package="earwitness.model.assistant",
    datasheet=DATASHEET,
    build_tables=assistant_tables,
    free=cloud_table.FREE
    | stores_table.FREE
    | management_table.FREE
    | network_table.FREE
    | calls_table.FREE,
    possible={
        "press_microphone": (Enabled("press_microphone", BUTTON_COUNTS),),
        "organisation_controls_setting": management_table.control_of_own(),
    },
    observers=stores_table.OBSERVED,
    secrets=cloud_table.SECRET,
    correspondence=CORRESPONDENCE,
    small=SMALL,
)


def assistant() -> System:
    """The assistant with its cloud, calls and property."""
    return ASSISTANT.system
