"""The tables run and are drawn, through `transitions`."""

from __future__ import annotations

import pytest

from earwitness.model.assistant.assistant import ASSISTANT, assistant
from earwitness.model.systems.mermaid import states_diagram
from earwitness.model.systems.state_machine import (
    Executable,
    drawn_edges,
    drawn_states,
)


def test_the_table_runs_as_a_machine():
    machine = Executable(
        assistant(), next(s for s in assistant().first_states() if s["show"])
    )
    for name in (
        "restore_power",
        "open_connection",
        "check_certificate",
        "switch_microphones",
        "hear_wake_word",
        "light_ring",
        "show_bar",
        "open_stream",
        "send_audio",
        "close_stream",
    ):
        assert getattr(machine, name)(), name
    assert machine.state == "listening"
    assert not machine.send_audio()
    assert [o.event for o in machine.seen][-3:] == [
        "stream.open",
        "stream.audio",
        "stream.close",
    ]


@pytest.mark.parametrize("part", ASSISTANT.tables, ids=lambda t: t.name)
def test_every_state_of_a_component_can_be_reached_and_left(part):
    joined = drawn_edges(part, assistant())
    assert (
        {e.source for e in joined}
        == {e.target for e in joined}
        == set(drawn_states(part))
    )


@pytest.mark.parametrize("table", ASSISTANT.tables, ids=lambda t: t.name)
def test_every_drawn_edge_is_in_the_picture(table):
    picture = states_diagram(table, assistant())
    assert all(
        f"{e.source} --> {e.target}:" in picture
        for e in drawn_edges(table, assistant())
    )
