"""The report an auditor reads: one self-contained page, verdict first, no scripts."""

from __future__ import annotations

from importlib.resources import files
from typing import Any

import msgspec
from jinja2 import Environment

from earwitness.conformance.evidence.bundle import Bundle
from earwitness.reports.figures import excerpt, label, milliseconds, sequence, states

HEADLINES = {0: "Satisfied", 1: "Violated", 3: "Inconclusive", 4: "Target not drivable"}


def render(bundle: Bundle) -> str:
    """The page, from the bundle alone."""
    folder = files("earwitness.reports")
    template = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True).from_string(
        folder.joinpath("page.html").read_text("utf-8")
    )
    results = msgspec.to_builtins(bundle.results)
    bundle_proofs = msgspec.to_builtins(bundle.proofs)
    clauses = results["clauses"]
    violated = [c for c in clauses if c["verdict"] == "violated"]
    satisfied = [c for c in clauses if c["verdict"] == "satisfied"]
    failures = [_failure(f) for f in msgspec.to_builtins(tuple(bundle.failures.values()))]
    visited = frozenset(results["model"]["visited"])
    return template.render(
        style=folder.joinpath("page.css").read_text("utf-8"),
        headline=HEADLINES.get(results["exit"], "Inconclusive"),
        good=results["exit"] == 0,
        manifest=_with_implementation(msgspec.to_builtins(bundle.manifest)),
        results=results,
        clauses=clauses,
        counts={
            "satisfied": len(satisfied),
            "violated": len(violated),
            "not exercised": sum(c["verdict"] == "not exercised" for c in clauses),
            "inconclusive": sum(c["verdict"] == "inconclusive" for c in clauses),
            "not applicable": sum(c["verdict"] == "not applicable" for c in clauses),
        },
        proofs=bundle_proofs,
        proved=sum(p["standing"] == "proved" for p in bundle_proofs.values()),
        obligations=sum(p["obligations"] for p in bundle_proofs.values()),
        failures=failures,
        strength=results.get("strength"),
        refuted=[_refuted(name, p) for name, p in bundle_proofs.items() if p["counterexample"]],
        components=[
            {
                "name": c["name"],
                "diagram": states(c["states"], c["edges"], visited),
                "edges": [(s, t, n, n in visited) for s, t, n in c["edges"]],
            }
            for c in results["model"]["components"]
        ],
    )


def _with_implementation(manifest: Any) -> dict[str, Any]:
    target = manifest["target"]
    return {
        **manifest,
        "implementation": target,
        "capabilities": target["capabilities"],
        "date": manifest["started"],
        "target": target["given"],
    }


def _failure(entry: Any) -> dict[str, Any]:
    rows = excerpt(entry["trace"], entry["at"])
    return {
        "clause": entry["clause"],
        "scenario": [", ".join(str(v) for v in s.values()) for s in entry["scenario"]],
        "diagram": sequence(rows),
        "rows": [
            {
                "time": milliseconds(int(r["time"])),
                "evidence": r["origin"],
                "what": label(r),
                "repeats": r["repeats"],
                "violation": r["violation"],
            }
            for r in rows
        ],
    }


def _refuted(name: str, proof: Any) -> dict[str, Any]:
    """The model's own violation of a clause; two runs where the clause speaks of two."""
    runs = []
    for trace in (proof["counterexample"], proof["other_run"]):
        if trace:
            rows = excerpt(trace, len(trace) - 1)
            runs.append(
                {
                    "diagram": sequence(rows),
                    "rows": [
                        {"time": milliseconds(int(r["time"])), "what": label(r), "violation": r["violation"]}
                        for r in rows
                    ],
                }
            )
    return {"clause": name, "runs": runs}
