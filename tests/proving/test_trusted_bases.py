"""On which components a promise rests."""

import pytest

from earwitness.model.assistant import components
from earwitness.model.assistant.assistant import assistant
from earwitness.model.proof.havoc import havoc, owned_variables
from earwitness.model.systems.transition_system import Layer
from earwitness.policies.pack import find
from earwitness.policies.proving.trusted_bases import find_trusted_bases

HARDWARE = frozenset(
    {components.MICROPHONE, components.CAMERA, components.LIGHT}
)


@pytest.fixture(scope="module")
def bases():
    wanted = ("MIC-2", "MIC-4", "MIC-5", "STR-2", "SKL-1", "ORG-1")
    return {
        b.clause: b
        for b in find_trusted_bases(
            find("alexa-smart-properties"),
            lambda _: None,
            wanted.__contains__,
        )
    }


def test_without_power_nothing_is_captured_whatever_software_does(bases):
    assert bases["MIC-2"].sets == (frozenset({components.MICROPHONE}),)
    assert bases["MIC-2"].rests_on is Layer.HARDWARE


def test_the_red_light_rests_on_hardware_alone(bases):
    assert bases["MIC-4"].sets == (HARDWARE,)


def test_what_must_be_possible_rests_on_who_does_it(bases):
    assert bases["MIC-5"].sets == (frozenset({components.MICROPHONE}),)
    assert bases["ORG-1"].sets == (frozenset({components.MANAGEMENT}),)


def test_encryption_rests_on_the_firmware_and_skill_content_on_the_cloud(
    bases,
):
    assert (bases["STR-2"].rests_on, bases["SKL-1"].rests_on) == (
        Layer.DEVICE,
        Layer.CLOUD,
    )


def test_no_answer_stayed_open(bases):
    assert all(not b.open for b in bases.values())


def test_a_wild_component_keeps_to_what_is_its_own():
    system = assistant()
    wild = havoc(system, {components.FIRMWARE})
    assert "microphone" not in owned_variables(system, components.FIRMWARE)
    assert all(
        a == b
        for a, b in zip(system.transitions, wild.transitions, strict=True)
        if a.component != components.FIRMWARE
    )
    ring = wild.transition("light_ring")
    assert (
        ring.attributes["color"]
        == system.transition("light_ring").attributes["color"]
    ), "the ring cannot speak for the red light"
