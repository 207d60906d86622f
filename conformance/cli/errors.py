"""Which exit code belongs to which expected error."""

from __future__ import annotations

from earwitness.conformance.gate.exits import Exit


def exit_of_error(error: Exception) -> Exit | None:
    """The exit code of an error that is not our bug, or None."""
    from earwitness.conformance.evidence.bundle import BundleError, NoBundleError, PartialBundleError
    from earwitness.conformance.evidence.signature import KeyFileError
    from earwitness.conformance.evidence.stored_failure import FailureFileError
    from earwitness.conformance.gate.files import GateFileError
    from earwitness.conformance.stimuli.clips import ClipError
    from earwitness.conformance.targets.protocol import TargetError
    from earwitness.conformance.vectors.vector import VectorError
    from earwitness.model.trace import TraceError
    from earwitness.policies.pack import PackError
    from earwitness.policies.proving.obligations import Unproved
    from earwitness.policies.proving.strength import StrengthError

    if isinstance(error, TargetError):
        return Exit.NOT_DRIVABLE
    if isinstance(error, BundleError):
        return Exit.EVIDENCE_INVALID
    if isinstance(error, Unproved | PartialBundleError):
        return Exit.INCONCLUSIVE
    if isinstance(
        error,
        NoBundleError
        | GateFileError
        | KeyFileError
        | ClipError
        | PackError
        | TraceError
        | FailureFileError
        | StrengthError
        | VectorError
        | OSError,
    ):
        return Exit.USAGE
    # The room of reports is above this one, so that its error is known by name.
    is_report_error = type(error).__name__ == "ReportError"
    return Exit.USAGE if is_report_error else None
