"""The machine-readable report: one JSON document."""

from __future__ import annotations

import json

from earwitness.conformance.evidence.bundle import Bundle


def render(bundle: Bundle) -> str:
    """Manifest, results and proofs in one document; failures without their traces."""
    failures = [{"clause": f["clause"], "scenario": f["scenario"]} for f in bundle.failures]
    run = {k: v for k, v in bundle.manifest.items() if k != "files"}
    return (
        json.dumps(
            {"run": run, **bundle.results, "proofs": bundle.proofs, "failures": failures},
            indent=1,
            ensure_ascii=False,
        )
        + "\n"
    )
