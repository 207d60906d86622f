"""Which errors are told in a sentence with an exit code, and which are our bug."""

from __future__ import annotations

from earwitness.conformance.cli.errors import EXITS, exit_of_error
from earwitness.conformance.evidence.bundle import (
    BundleError,
    NoBundleError,
    PartialBundleError,
)
from earwitness.conformance.evidence.signature import KeyFileError
from earwitness.conformance.gate.exits import Exit
from earwitness.conformance.gate.files import GateFileError
from earwitness.conformance.targets.protocol import TargetError
from earwitness.policies.pack import PackError
from earwitness.reports.format import ReportError


def test_every_expected_error_has_its_exit_code():
    for kind in (
        BundleError,
        NoBundleError,
        PartialBundleError,
        KeyFileError,
        GateFileError,
        TargetError,
        PackError,
        ReportError,
    ):
        assert exit_of_error(kind("x")) is EXITS[kind.__name__]


def test_a_class_of_that_name_that_is_not_ours_is_a_bug():
    class PackError(Exception):
        pass

    assert exit_of_error(PackError("x")) is None
    assert exit_of_error(PermissionError("x")) is Exit.USAGE
    assert exit_of_error(ValueError("x")) is None
