"""A badge for a README, as the JSON that badge services read."""

from __future__ import annotations

import json

from earwitness.conformance.gate.exits import Exit
from earwitness.conformance.gate.judged import JudgedBundle
from earwitness.reports.format import Format

COLORS = {
    Exit.SATISFIED: "brightgreen",
    Exit.VIOLATED: "red",
}
OTHER_COLOR = "yellow"


def render_badge(judged: JudgedBundle) -> bytes:
    """An endpoint badge: never green for anything but exit 0."""
    summary = judged.summary
    badge = {
        "schemaVersion": 1,
        "label": "voice privacy",
        "message": f"{summary.headline.lower()}: {summary.counts}",
        "color": COLORS.get(summary.exit, OTHER_COLOR),
        "isError": summary.exit is Exit.VIOLATED,
    }
    return (json.dumps(badge, ensure_ascii=False, indent=1) + "\n").encode(
        "utf-8"
    )


FORMAT = Format("badge", "badge.json", render_badge)
