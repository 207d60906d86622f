"""Does the harness catch what it should? Every seeded fault of the reference is provoked in a short way; how it was noticed is told."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from earwitness.conformance.running.harness import Harness
from earwitness.conformance.running.paired_runs import Likeness, compare
from earwitness.conformance.stimuli.stimulus import (
    Call,
    Kill,
    Network,
    Press,
    Query,
    Say,
    Scenario,
    SetTone,
    Shutter,
)
from earwitness.conformance.targets.reference import ReferenceTarget
from earwitness.policies.pack import Clause, Kind

D = "d1"
CALL = (Call(D, "start", "device"), Say(D, "chatter"), Call(D, "end", "device"))
PROVOKED_BY: dict[str, Scenario] = {
    "streams-when-muted": (Say(D, "cut-short"), Press(D, "microphone"), Say(D, "quiet")),
    "red-light-stuck": (Press(D, "microphone"), Say(D, "quiet")),
    "blue-light-off-in-follow-up": (Say(D, "question"),),
    "stream-left-open": (Say(D, "weather"), Say(D, "quiet"), Say(D, "quiet"), Say(D, "quiet")),
    "keeps-all-hypotheses": (Say(D, "timer"),),
    "second-wake-word": (Say(D, "other-word"),),
    "mute-lost-on-restart": (Press(D, "microphone"), Kill(D)),
    "tone-missing": (SetTone(D, True), Say(D, "weather")),
    "queues-when-offline": (Network(D, "down"), Say(D, "weather"), Network(D, "up"), Say(D, "quiet")),
    "leaks-after-network-loss": (Network(D, "down"), Network(D, "up"), Say(D, "chatter")),
    "leaks-after-follow-up": (Say(D, "question"), Say(D, "quiet")),
    "wakes-by-itself": (Say(D, "question"), Say(D, "question"), Say(D, "chatter")),
    "mute-zeroes-samples": (Press(D, "microphone"), Say(D, "quiet")),
    "mute-too-late": (Press(D, "microphone"),),
    "red-light-late": (Press(D, "microphone"),),
    "tone-missing-in-follow-up": (SetTone(D, True), Say(D, "question")),
    "mute-symbol-missing": (Press("d2", "microphone"), Say("d2", "quiet")),
    "camera-stays-on": (Press("d2", "microphone"), Say("d2", "quiet")),
    "shutter-ignored": (Shutter("d2"), Say("d2", "quiet")),
    "call-keys-not-verified": CALL,
    "call-not-encrypted": CALL,
    "call-recorded": CALL,
    "caches-hypotheses": (Say(D, "timer"),),
    "acts-on-second-best": (Say(D, "timer"), Say(D, "question")),
    "operators-read-all": (Query(D, "ours", "operator", "settings"),),
    "organisation-sees-service": (Query(D, "ours", "organisation", "service_metrics"),),
    "organisation-reads-transcripts": (Query(D, "ours", "organisation", "transcripts"),),
    "transcript-as-skill-name": (Say(D, "timer"), Query(D, "ours", "organisation", "top_skills")),
    "developers-see-settings": (Query(D, "ours", "skill_developer", "settings"),),
    "denied-yet-told": (Query(D, "theirs", "skill_developer", "settings"),),
}
"""A short way to each fault; the others show in the positive control alone."""


@dataclass(frozen=True, slots=True)
class Caught:
    """A fault, the clause it breaks, whether that clause noticed, by which observation and from whom it is known, and the other clauses that noticed too."""

    fault: str
    clause: str
    noticed: bool
    by: str
    also: tuple[str, ...] = ()


def calibrate(fault: str, clauses: tuple[Clause, ...]) -> Caught:
    """Provoke one seeded fault. Raises TargetError for a name that is none."""
    from earwitness.reference_impl.faults.zoo import FAULTS

    with Harness(ReferenceTarget(fault), clauses) as harness:
        broken = FAULTS[fault].clause
        if any(c.id == broken and c.kind is Kind.TWO_RUN for c in clauses):
            found = compare(harness)
            return Caught(fault, broken, found.likeness is Likeness.APART, f"two runs: {found.reason}")
        run = harness.run(PROVOKED_BY.get(fault, ()))
    others = tuple(c for c in run.watch.violated if c != broken)
    record = run.watch.records.get(broken)
    if record is None or record.violated_at is None:
        return Caught(fault, broken, False, run.dead, others)
    seen = run.watch.trace[record.violated_at]
    return Caught(fault, broken, True, f"{seen.event}, {seen.origin.value}", others)


def listed(found: Iterable[Caught]) -> str:
    """A page that lists them."""
    lines = [
        "# Seeded faults and how each is noticed", "",
        "Written by `earwitness calibrate --write docs/faults.md`. Each fault is built into the reference and provoked in a short way; *noticed by* is the first",
        "observation at which its clause is violated, and whether the harness saw it itself (witnessed) or the implementation said so (declared).", "",
        "| fault | what it does | clause | noticed by | also violated |", "|---|---|---|---|---|",
    ]  # fmt: skip
    lines += [
        f"| `{c.fault}` | {purpose(c.fault)} | {c.clause} | {c.by if c.noticed else '**not noticed**'} | {', '.join(c.also)} |"
        for c in found
    ]
    return "\n".join(lines) + "\n"


def purpose(fault: str) -> str:
    """What a fault does, in its own words."""
    from earwitness.reference_impl.faults.zoo import FAULTS, cloud_class, device_class

    made = cloud_class(fault) if FAULTS[fault].part == "cloud" else device_class(fault)
    return " ".join(str(made.__doc__).split())
