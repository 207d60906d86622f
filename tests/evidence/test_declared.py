"""A target that is said to lack what the harness used: nobody can deny a capability afterwards, to make its
clauses not applicable."""

from __future__ import annotations

import pytest
from bundles import HONEST, observed, read, small_pack, write_bundle
from forging import edit_manifest

from earwitness.conformance.evidence.declared import NEEDED
from earwitness.conformance.running.rejudge import contradictions_of
from earwitness.model.trace import Origin
from earwitness.model.vocabulary import vocabulary

PRESSED = (*HONEST, observed(40, "button.microphone"))
TOLD = (*HONEST, observed(40, "button.microphone", origin=Origin.DEVICE))


def contradictions(folder):
    return contradictions_of(read(folder), (small_pack(),))


def test_a_capability_that_was_used_cannot_be_denied_afterwards(tmp_path):
    folder = write_bundle(
        tmp_path / "out",
        trace=PRESSED,
        capabilities={"microphone_button": True},
    )
    assert contradictions(folder) == []

    def deny(manifest):
        manifest["target"]["capabilities"]["microphone_button"] = False

    edit_manifest(folder, deny)
    (told,) = contradictions(folder)
    assert "lacks 'microphone_button'" in told and "button.microphone" in told


def test_what_a_device_tells_of_itself_shows_no_capability(tmp_path):
    assert contradictions(write_bundle(tmp_path / "out", trace=TOLD)) == []


@pytest.mark.parametrize(("event", "capability"), NEEDED.items())
def test_every_event_and_every_capability_is_in_the_vocabulary(
    event, capability
):
    assert event in vocabulary().events
    assert capability in vocabulary().capabilities
