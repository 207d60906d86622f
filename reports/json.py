"""The machine-readable report: one JSON document with a published schema."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import msgspec

from earwitness.conformance.evidence.records import BundleRecord
from earwitness.conformance.evidence.schemas import (
    make_schema,
    schema_folder,
    schema_text,
)
from earwitness.conformance.gate.deadlines import DeadlineLine
from earwitness.conformance.gate.judged import JudgedBundle
from earwitness.conformance.gate.next_steps import NextStep
from earwitness.conformance.gate.repeats import RepeatLine
from earwitness.conformance.gate.story import Story
from earwitness.conformance.gate.summary import ClauseLine
from earwitness.reports.format import Format


class RunFacts(BundleRecord, frozen=True):
    """Which run this is."""

    id: str
    digest: str
    started: str
    ended: str
    earwitness: str
    target: str
    version: str
    setup: str
    confinement: str
    packs: Mapping[str, int]


class JsonReport(BundleRecord, frozen=True):
    """The whole report."""

    exit: int
    headline: str
    sentence: str
    counts: str
    profile: str
    run: RunFacts
    by_verdict: Mapping[str, int]
    by_evidence: Mapping[str, int]
    clauses: tuple[ClauseLine, ...]
    failures: tuple[Story, ...]
    problems: tuple[str, ...]
    warnings: tuple[str, ...]
    limits: tuple[str, ...]
    believed: tuple[str, ...]
    deadlines: tuple[DeadlineLine, ...]
    since_baseline: str
    repeats: tuple[RepeatLine, ...]
    next_steps: tuple[NextStep, ...]


def json_report(judged: JudgedBundle) -> JsonReport:
    """The report as typed data."""
    manifest, summary = (
        judged.bundle.manifest,
        judged.summary,
    )
    return JsonReport(
        exit=summary.exit.value,
        headline=summary.headline,
        sentence=summary.sentence,
        counts=summary.counts,
        profile=judged.decision.profile.value,
        run=RunFacts(
            id=manifest.id,
            digest=judged.bundle.digest,
            started=manifest.started,
            ended=manifest.ended,
            earwitness=manifest.earwitness,
            target=manifest.target.name or manifest.target.given,
            version=manifest.target.version,
            setup=manifest.target.setup,
            confinement=manifest.confinement,
            packs={pack.name: pack.version for pack in manifest.packs},
        ),
        by_verdict=summary.by_verdict,
        by_evidence=summary.by_evidence,
        clauses=summary.clauses,
        failures=summary.stories,
        problems=summary.problems,
        warnings=summary.warnings,
        limits=summary.limits,
        believed=summary.believed,
        deadlines=summary.deadlines,
        since_baseline=summary.since_baseline,
        repeats=summary.repeats,
        next_steps=summary.next_steps,
    )


def render_json(judged: JudgedBundle) -> bytes:
    """The document."""
    return (
        msgspec.json.format(
            msgspec.json.encode(json_report(judged)),
            indent=1,
        )
        + b"\n"
    )


def json_schema() -> Mapping[str, object]:
    """The schema of the document."""
    return make_schema("Earwitness report", JsonReport)


def schema_file() -> Path:
    """Where the schema is published."""
    return schema_folder() / "report.schema.json"


FORMAT = Format("json", "json", render_json)


if __name__ == "__main__":
    schema_file().write_text(schema_text(json_schema()), "utf-8")
