"""SARIF 2.1.0, for code scanning: the place of a finding is the line of its clause in its pack."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from earwitness.conformance.gate.baseline import ClauseChange
from earwitness.conformance.gate.judged import JudgedBundle
from earwitness.conformance.gate.policy import Treatment
from earwitness.conformance.gate.summary import ClauseLine
from earwitness.conformance.gate.verdict import Verdict
from earwitness.reports.format import Format

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
LEVELS = {
    "critical": "error",
    "high": "error",
    "medium": "warning",
    "low": "note",
}
SECURITY_SEVERITY = {
    "critical": "9.5",
    "high": "8.0",
    "medium": "5.5",
    "low": "2.0",
}
"""The numbers by which code scanning orders findings: the middle of each of its ranges."""
KINDS = {
    Verdict.SATISFIED: "pass",
    Verdict.VIOLATED: "fail",
    Verdict.NOT_APPLICABLE: "notApplicable",
    Verdict.ON_ITS_WORD: "review",
}
OTHER_KIND = "open"
BASELINE_STATES = {
    ClauseChange.NEW.value: "new",
    ClauseChange.UNCOMPARED.value: "new",
    ClauseChange.REVISED.value: "updated",
    ClauseChange.REGRESSED.value: "new",
    ClauseChange.UNCHANGED.value: "unchanged",
    ClauseChange.FIXED.value: "updated",
}


def render_sarif(judged: JudgedBundle) -> bytes:
    """One run with a rule for each clause and a result for each clause."""
    manifest, summary = (
        judged.bundle.manifest,
        judged.summary,
    )
    rules = [_describe_rule(line) for line in summary.clauses]
    driver = {
        "name": "Earwitness",
        "version": manifest.earwitness,
        "semanticVersion": manifest.earwitness,
        "rules": rules,
    }
    invocation = {
        # The run came to an end: satisfied, violated, inconclusive, or stale.
        "executionSuccessful": summary.exit.value in (0, 1, 3, 6),
        "exitCode": summary.exit.value,
        "startTimeUtc": _in_utc(manifest.started),
        "endTimeUtc": _in_utc(manifest.ended),
        "toolExecutionNotifications": [
            {"level": "warning", "message": {"text": text}}
            for text in (
                *summary.problems,
                *summary.warnings,
            )
        ],
    }
    run = {
        "tool": {"driver": driver},
        "automationDetails": {
            "id": f"earwitness/{manifest.target.name or manifest.target.given}/"
        },
        "invocations": [invocation],
        "results": list(_describe_results(judged)),
        "properties": {
            "bundle": judged.bundle.digest,
            "run": manifest.id,
            "sentence": summary.sentence,
        },
    }
    document = {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [run],
    }
    return (json.dumps(document, indent=1, ensure_ascii=False) + "\n").encode(
        "utf-8"
    )


def _in_utc(instant: str) -> str:
    return instant.replace("+00:00", "Z")


def _describe_rule(line: ClauseLine) -> Mapping[str, Any]:
    return {
        "id": line.id,
        "shortDescription": {"text": line.title},
        "fullDescription": {"text": line.english},
        "defaultConfiguration": {"level": LEVELS[line.severity]},
        "properties": {
            "security-severity": SECURITY_SEVERITY[line.severity],
            "tags": [
                "privacy",
                line.severity,
                *(f"source: {passage}" for passage in line.source),
            ],
        },
    }


def _describe_results(judged: JudgedBundle) -> Iterable[Mapping[str, Any]]:
    lines_of = {
        pack.name: _clause_lines(judged, pack.name) for pack in judged.packs
    }
    stories = {story.clause: story for story in judged.summary.stories}
    for number, line in enumerate(judged.summary.clauses):
        story = stories.get(line.id)
        text = (
            f"{story.loses} Expected: {story.expected} Seen: {story.seen}"
            if story is not None
            else ""
        )
        kind = KINDS.get(line.verdict, OTHER_KIND)
        result: dict[str, Any] = {
            "ruleId": line.id,
            "ruleIndex": number,
            "kind": kind,
            "level": LEVELS[line.severity] if kind == "fail" else "none",
            "message": {
                "text": text
                or f"{line.verdict.value}. {line.problem}".strip()
            },
            "locations": [_place_of(line, lines_of.get(line.pack, {}))],
            "partialFingerprints": {"earwitness/v1": line.fingerprint},
            "properties": {
                "evidence": line.evidence,
                "treatment": line.treatment.value,
                "onTheModel": line.proof,
                "packVersion": line.pack_version,
                "revision": line.revision,
            },
        }
        if line.change:
            result["baselineState"] = BASELINE_STATES[line.change]
        if line.treatment in (
            Treatment.WAIVED,
            Treatment.KNOWN,
        ):
            suppression = {
                "kind": "external",
                "status": "accepted",
                "justification": line.note,
            }
            result["suppressions"] = [suppression]
        yield result


def _place_of(
    line: ClauseLine, lines: Mapping[str, int]
) -> Mapping[str, Any]:
    region = {"startLine": lines.get(line.id, 1)}
    artifact = {"uri": f"packs/{line.pack}.yaml"}
    return {
        "physicalLocation": {
            "artifactLocation": artifact,
            "region": region,
        }
    }


def _clause_lines(judged: JudgedBundle, pack: str) -> Mapping[str, int]:
    """Where each clause stands in the bundle's copy of its pack."""
    text = (judged.bundle.folder / "packs" / f"{pack}.yaml").read_text(
        "utf-8"
    )
    found = {}
    for number, row in enumerate(text.splitlines(), start=1):
        match = re.match(r"\s*-\s*\{?\s*id:\s*([A-Z]+-[0-9]+)", row)
        if match is not None:
            found[match.group(1)] = number
    return found


FORMAT = Format("sarif", "sarif.json", render_sarif)
