"""The machine-readable report: one JSON document."""

from __future__ import annotations

import json

import msgspec

from earwitness.conformance.evidence.bundle import Bundle


def render(bundle: Bundle) -> str:
    """Manifest, results and proofs in one document; failures without their traces."""
    failures = [{"clause": f.clause, "scenario": f.scenario} for f in bundle.failures.values()]
    run = {k: v for k, v in msgspec.to_builtins(bundle.manifest).items() if k != "files"}
    results = msgspec.to_builtins(bundle.results)
    proofs = msgspec.to_builtins(bundle.proofs)
    document = {"run": run, **results, "proofs": proofs, "failures": failures}
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"
