"""Waiver, known-failure and capability files: errors with file, line and column, and nothing that hides
what nobody has seen."""

from __future__ import annotations

import pytest

from earwitness.conformance.gate.capability_file import load_capabilities
from earwitness.conformance.gate.files import GateFileError
from earwitness.conformance.gate.known_failures import load_known_failures
from earwitness.conformance.gate.waivers import load_waivers

WAIVER = """waivers:
  - id: W-1
    clause: MIC-1
    reason: fixed in 1.3
    risk: a bystander is heard
    owner: firmware
    approved_by: A. Person
    expires: 2026-12-31
    scope: {versions: ">=1.2,<1.3"}
"""
KNOWN = """known_failures:
  - {id: K-1, clause: MIC-1, cause: the buffer is drained late}
  - {id: K-2, clause: CALL-*, event: call.media, cause: no keys on the old line}
"""
CAPABILITIES = """has: [microphone_button, power]
refuses:
  camera: the product has none
"""


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "file.yaml"

    def write(text):
        path.write_text(text)
        return path

    return write


def test_good_files_are_read(file):
    (waiver,) = load_waivers(file(WAIVER))
    assert (waiver.clause, str(waiver.expires), waiver.scope.versions) == (
        "MIC-1",
        "2026-12-31",
        ">=1.2,<1.3",
    )
    assert [known.id for known in load_known_failures(file(KNOWN))] == [
        "K-1",
        "K-2",
    ]
    assert load_capabilities(file(CAPABILITIES)).refuses == {
        "camera": "the product has none"
    }


@pytest.mark.parametrize(
    ("load", "text", "part"),
    [
        (load_waivers, WAIVER.replace("    owner: firmware\n", ""), "owner"),
        (
            load_waivers,
            WAIVER.replace("fixed in 1.3", '" "'),
            "reason is empty",
        ),
        (load_waivers, WAIVER.replace("2026-12-31", "soon"), "file.yaml:8:"),
        (load_waivers, WAIVER.replace("owner:", "ownr:"), "ownr"),
        (
            load_waivers,
            WAIVER + WAIVER.partition("\n")[2],
            "'W-1' stands twice",
        ),
        (
            load_waivers,
            WAIVER.replace(">=1.2,<1.3", "about 1"),
            "no range of versions",
        ),
        (load_waivers, "waivers: {a: 1}", "file.yaml:1:"),
        (load_waivers, "a: &x 1\nb: *x", "alias"),
        (load_known_failures, KNOWN.replace("MIC-1", "'*'"), "too broad"),
        (load_known_failures, KNOWN.replace("MIC-1", "MIC-*"), "too broad"),
        (load_known_failures, KNOWN.replace("CALL-*", "CALL*"), "too broad"),
        (load_known_failures, KNOWN.replace("MIC-1", "'?IC-1'"), "too broad"),
        (load_known_failures, KNOWN.replace("K-2", "K-1"), "stands twice"),
        (
            load_known_failures,
            KNOWN.replace("the buffer is drained late", '""'),
            "cause is empty",
        ),
        (
            load_capabilities,
            CAPABILITIES.replace("camera", "camra"),
            "Did you mean 'camera'?",
        ),
        (
            load_capabilities,
            CAPABILITIES.replace("power", "powr"),
            "file.yaml:1:26",
        ),
        (
            load_capabilities,
            CAPABILITIES.replace("the product has none", '""'),
            "without a reason",
        ),
        (
            load_capabilities,
            CAPABILITIES.replace("power", "camera"),
            "both had and refused",
        ),
    ],
)
def test_a_wrong_file_is_refused_with_its_place(file, load, text, part):
    with pytest.raises(GateFileError) as refused:
        load(file(text))
    assert part in str(refused.value)
    assert "file.yaml:" in str(refused.value)


@pytest.mark.parametrize("text", ["", "# nothing yet", "a word", "[1]"])
@pytest.mark.parametrize(
    ("load", "first"),
    [
        (load_waivers, "'waivers:'"),
        (load_known_failures, "'known_failures:'"),
        (load_capabilities, "'has:'"),
    ],
)
def test_a_file_that_holds_nothing_is_told_how_it_begins(
    file, load, first, text
):
    with pytest.raises(GateFileError, match="begins with such as") as refused:
        load(file(text))
    assert first in str(refused.value)


@pytest.mark.parametrize(
    "load", [load_waivers, load_known_failures, load_capabilities]
)
def test_a_file_that_is_not_there_says_so(tmp_path, load):
    with pytest.raises(GateFileError, match="cannot be read"):
        load(tmp_path / "none.yaml")
