"""Which exit code belongs to which expected error."""

from __future__ import annotations

from earwitness.conformance.gate.exits import Exit

EXITS = {
    "BundleError": Exit.EVIDENCE_INVALID,
    "PartialBundleError": Exit.INCONCLUSIVE,
    "Unproved": Exit.INCONCLUSIVE,
    "TargetError": Exit.NOT_DRIVABLE,
    "NoBundleError": Exit.USAGE,
    "FailureFileError": Exit.USAGE,
    "GateFileError": Exit.USAGE,
    "KeyFileError": Exit.USAGE,
    "ReportError": Exit.USAGE,
    "ClipError": Exit.USAGE,
    "PackError": Exit.USAGE,
    "TraceError": Exit.USAGE,
    "VectorError": Exit.USAGE,
    "StrengthError": Exit.USAGE,
    "WitnessError": Exit.USAGE,
}
"""By the name of the error's class: to import them all would load half of the house, and packages that
may not be installed."""
OURS = "earwitness."


def exit_of_error(error: Exception) -> Exit | None:
    """The exit code of an error that is not our bug, or None."""
    for kind in type(error).__mro__:
        if kind.__module__.startswith(OURS) and kind.__name__ in EXITS:
            return EXITS[kind.__name__]
    return Exit.USAGE if isinstance(error, OSError) else None
