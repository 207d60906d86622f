"""What a bundle says that its target lacks, beside what the harness did with it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from earwitness.conformance.evidence.bundle import Bundle
from earwitness.model.trace import Origin

NEEDED: Mapping[str, str] = {
    "access": "access",
    "button.action": "action_button",
    "button.microphone": "microphone_button",
    "mute": "software_mute",
    "network": "network",
    "server.behaviour": "server",
    "shutter": "shutter",
}
"""Events that the harness brings about, and only where the target declares the capability. Others may come
by themselves: a device can tell of a call that nobody asked it for."""


def about_capabilities(bundle: Bundle) -> Iterator[str]:
    """One sentence for each capability that is said to be missing and was used: to deny it would make its
    clauses not applicable."""
    has = bundle.manifest.target.capabilities
    used = {
        NEEDED[seen.event]: seen.event
        for trace in bundle.runs().values()
        for seen in trace
        if seen.origin is Origin.WITNESSED and seen.event in NEEDED
    }
    for capability, event in sorted(used.items()):
        if not has.get(capability, False):
            yield (
                f"manifest.json: it says that the target lacks '{capability}', and the harness used it "
                f"({event} in observations.jsonl)"
            )
