"""Which exit code belongs to which expected error."""

from __future__ import annotations

from earwitness.conformance.verdict import Exit


def explained(error: Exception) -> Exit | None:
    """The exit code of an error that is not our bug, or None."""
    from earwitness.conformance.bundle import BundleError
    from earwitness.conformance.clips import ClipError
    from earwitness.conformance.drivers.driver import TargetError
    from earwitness.conformance.parts import Unproved
    from earwitness.conformance.replay import FailureFileError
    from earwitness.conformance.strength import StrengthError
    from earwitness.conformance.vectors.vector import VectorError
    from earwitness.model.trace import TraceError
    from earwitness.policies.pack import PackError

    if isinstance(error, TargetError):
        return Exit.NOT_DRIVABLE
    if isinstance(error, Unproved):
        return Exit.INCONCLUSIVE
    if isinstance(error, BundleError | ClipError | PackError | TraceError | FailureFileError | StrengthError | VectorError | OSError):
        return Exit.USAGE
    return None
