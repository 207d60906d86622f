"""In-toto statements about a bundle: our own predicate with the method of each requirement, and the
standard's `test-result`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from earwitness.conformance.evidence.signature import statement
from earwitness.conformance.gate.exits import Exit
from earwitness.conformance.gate.judged import JudgedBundle
from earwitness.conformance.gate.summary import ClauseLine
from earwitness.conformance.gate.verdict import (
    WORDS,
    Verdict,
)
from earwitness.model.trace import Origin
from earwitness.reports.format import Format

VERDICT_TYPE = "urn:earwitness:verdict:1"
TEST_RESULT_TYPE = "https://in-toto.io/attestation/test-result/v0.1"


def render_attestation(judged: JudgedBundle) -> bytes:
    """A statement with one entry a requirement: the verdict, and by which methods it is known."""
    manifest, summary = (
        judged.bundle.manifest,
        judged.summary,
    )
    predicate = {
        "exit": summary.exit.value,
        "profile": judged.decision.profile.value,
        "run": manifest.id,
        "started": manifest.started,
        "confinement": manifest.confinement,
        "target": {
            "name": manifest.target.name,
            "version": manifest.target.version,
            "setup": manifest.target.setup,
            "sha256": manifest.target.digest,
        },
        "packs": [
            {
                "name": pack.name,
                "version": pack.version,
                "digest": {"sha256": pack.sha256},
            }
            for pack in manifest.packs
        ],
        "requirements": [
            _describe_requirement(line) for line in summary.clauses
        ],
    }
    return _encode_document(statement(judged.bundle, VERDICT_TYPE, predicate))


def _describe_requirement(line: ClauseLine) -> Mapping[str, Any]:
    methods = {
        "observed": line.evidence or "none",
        "exercised": line.exercised,
        "provedOnTheModel": line.proof or "not tried",
    }
    return {
        "id": line.id,
        "verdict": line.verdict.value,
        "treatment": line.treatment.value,
        "pack": line.pack,
        "packVersion": line.pack_version,
        "revision": line.revision,
        "methods": methods,
    }


def render_test_result(judged: JudgedBundle) -> bytes:
    """The standard's statement. PASSED only where every clause is satisfied and witnessed; whatever is
    less is WARNED or FAILED."""
    summary = judged.summary
    failed = [
        line.id
        for line in summary.failing
        if line.verdict is Verdict.VIOLATED
    ]
    passed = [line.id for line in summary.clauses if _is_witnessed(line)]
    warned = [
        line.id
        for line in summary.clauses
        if line.id not in {*failed, *passed}
    ]
    predicate = {
        "result": _result_word(summary.exit, warned),
        "configuration": [
            {
                "name": f"packs/{pack.name}.yaml",
                "digest": {"sha256": pack.sha256},
            }
            for pack in judged.bundle.manifest.packs
        ],
        "passedTests": passed,
        "warnedTests": warned,
        "failedTests": failed,
    }
    return _encode_document(
        statement(judged.bundle, TEST_RESULT_TYPE, predicate)
    )


def _is_witnessed(line: ClauseLine) -> bool:
    return (
        line.verdict is Verdict.SATISFIED
        and line.evidence == WORDS[Origin.WITNESSED]
    )


def _result_word(exit_code: Exit, warned: list[str]) -> str:
    if exit_code in (Exit.SATISFIED, Exit.INCONCLUSIVE):
        return (
            "WARNED" if warned or exit_code is Exit.INCONCLUSIVE else "PASSED"
        )
    return "FAILED"


def _encode_document(entry: Mapping[str, Any]) -> bytes:
    return (json.dumps(entry, indent=1, ensure_ascii=False) + "\n").encode(
        "utf-8"
    )


FORMAT = Format("attestation", "attestation.json", render_attestation)
TEST_RESULT_FORMAT = Format(
    "test-result", "test-result.json", render_test_result
)
