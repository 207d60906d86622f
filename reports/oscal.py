"""OSCAL assessment results: for those who keep their controls in that form."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from typing import Any

from earwitness.conformance.gate.judged import JudgedBundle
from earwitness.conformance.gate.summary import ClauseLine
from earwitness.conformance.gate.verdict import Verdict
from earwitness.reports.format import Format

OSCAL_VERSION = "1.1.3"
NAMESPACE = uuid.UUID("6f4d8c1e-0e3c-5a7b-9a39-0a8f5d7c2b11")
"""Ours, chosen once: identifiers are the same whenever the same bundle is reported."""
METHODS = {
    "witnessed": "TEST",
    "the device's word": "INTERVIEW",
}
OTHER_METHOD = "EXAMINE"
PROPERTIES = "urn:earwitness:properties:1"
"""Whose names the properties of a finding are."""


def render_oscal(judged: JudgedBundle) -> bytes:
    """One result with an observation and a finding for each clause."""
    manifest, summary = (
        judged.bundle.manifest,
        judged.summary,
    )
    made = _Identifiers(judged.bundle.digest)
    result = {
        "uuid": made.identify("result"),
        "title": f"Earwitness run {manifest.id}",
        "description": summary.sentence,
        "start": manifest.started,
        "end": manifest.ended,
        "reviewed-controls": {"control-selections": [{"include-all": {}}]},
        "observations": [
            _describe_observation(line, made, manifest.ended)
            for line in summary.clauses
        ],
        "findings": [
            _describe_finding(line, made) for line in summary.clauses
        ],
    }
    document = {
        "uuid": made.identify("document"),
        "metadata": {
            "title": f"{summary.headline}: {manifest.target.name or 'target'}",
            "last-modified": manifest.ended,
            "version": manifest.id,
            "oscal-version": OSCAL_VERSION,
        },
        "import-ap": {"href": "#" + made.identify("plan")},
        "results": [result],
    }
    whole = {"assessment-results": document}
    return (json.dumps(whole, indent=1, ensure_ascii=False) + "\n").encode(
        "utf-8"
    )


class _Identifiers:
    def __init__(self, digest: str) -> None:
        self.digest = digest

    def identify(self, name: str) -> str:
        return str(uuid.uuid5(NAMESPACE, f"{self.digest}/{name}"))


def _describe_observation(
    line: ClauseLine, made: _Identifiers, collected: str
) -> Mapping[str, Any]:
    return {
        "uuid": made.identify(f"observation {line.id}"),
        "title": line.id,
        "description": f"{line.title}: exercised {line.exercised} times; evidence: {line.evidence or 'none'}",
        "methods": [METHODS.get(line.evidence, OTHER_METHOD)],
        "collected": collected,
    }


def _describe_finding(
    line: ClauseLine, made: _Identifiers
) -> Mapping[str, Any]:
    is_satisfied = line.verdict is Verdict.SATISFIED
    status = {"state": "satisfied" if is_satisfied else "not-satisfied"}
    if not is_satisfied:
        status["reason"] = (
            "fail" if line.verdict is Verdict.VIOLATED else "other"
        )
        status["remarks"] = (
            f"{line.verdict.value}. {line.problem} {line.note}".strip()
        )
    return {
        "uuid": made.identify(f"finding {line.id}"),
        "title": f"{line.id}: {line.verdict.value}",
        "description": line.title,
        "props": [
            {"name": "pack", "ns": PROPERTIES, "value": line.pack},
            {
                "name": "pack-version",
                "ns": PROPERTIES,
                "value": str(line.pack_version),
            },
            {"name": "revision", "ns": PROPERTIES, "value": line.revision},
        ],
        "target": {
            "type": "objective-id",
            "target-id": line.id,
            "status": status,
        },
        "related-observations": [
            {"observation-uuid": made.identify(f"observation {line.id}")}
        ],
    }


FORMAT = Format("oscal", "oscal.json", render_oscal)
