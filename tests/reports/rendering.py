"""Bundles judged and rendered, each once; and words that a hostile target says."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from earwitness.conformance.gate.judged import judge_bundle
from earwitness.conformance.gate.policy import Policy
from earwitness.reports.format import (
    load_format,
)

NOW = datetime(2026, 11, 26, tzinfo=UTC)


STANDARDS = Path(__file__).with_name("standards")
"""Schemas as their makers publish them."""
HOSTILE = (
    "</title><script>alert(1)</script>\"'=cmd|/C calc!A0 "
    "\x1b[31m\u202eabc\u2066|`::error::@all\x00\n## forged\r\n"
)
"""Markup, quotes, a spreadsheet formula, a terminal escape, right-to-left and isolate marks, Markdown,
workflow commands, NUL."""


def judged(bundle, **policy):
    return judge_bundle(bundle, Policy(NOW, **policy))


RENDERED = {}
"""What was rendered, by format and bundle: a PDF takes seconds. It holds the bundle too, so that no other
one takes its place."""


def render(name, one):
    key = name, id(one)
    if key not in RENDERED:
        RENDERED[key] = load_format(name).render(one), one
    return RENDERED[key][0]
