"""`earwitness report BUNDLE --report toast` writes what fits on a slice of toast."""

from __future__ import annotations

from earwitness.conformance.gate.judged import JudgedBundle
from earwitness.reports.format import Format


def render_toast(judged: JudgedBundle) -> bytes:
    """The verdict in one line, as the gate decided it."""
    return f"{judged.summary.headline}\n".encode()


FORMAT = Format(name="toast", suffix="toast.txt", make=render_toast)
