"""The two-run promise, tried on an implementation: two runs that differ only in who speaks and what is said must look the same to whoever sees metrics
(Goguen and Meseguer 1982), and stored metrics must hold nothing of either. Whatever differs must differ again in a second pair before it counts, since
dates and random names differ too."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from enum import Enum

from rapidfuzz import fuzz

from earwitness.conformance.running.harness import Harness, Run
from earwitness.conformance.stimuli.stimulus import METRICS, ROLES, Query, Say, Scenario
from earwitness.conformance.witnesses.files import LIKE

ONE, OTHER = ("seattle", "three-minutes"), ("boston", "ten-minutes")
"""Clips in pairs: the same intents and skills in another voice, with other words."""
Seen = frozenset[tuple[str, ...]]


class Likeness(Enum):
    ALIKE = "alike"
    APART = "apart"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Comparison:
    """Whether the runs look the same, and what tells them apart or why that is not known."""

    likeness: Likeness
    reason: str = ""


def scenario(device: str, clips: tuple[str, ...]) -> Scenario:
    """Say the clips, then let everybody ask for every metric."""
    asked = (
        Query(device, actor, role, resource)
        for actor in ("ours", "theirs")
        for role in ROLES
        for resource in METRICS
    )
    return (*(Say(device, clip) for clip in clips), *asked)


def compare(harness: Harness) -> Comparison:
    """Run one and the other; where they differ, both once more. Raises TargetError."""
    device = next(iter(harness.hello.devices))
    runs: list[tuple[Run, Run]] = []
    for _ in range(2):
        pair = harness.run(scenario(device, ONE)), harness.run(scenario(device, OTHER))
        runs.append(pair)
        reason = _unfit(*pair)
        if reason:
            return Comparison(Likeness.UNKNOWN, reason)
        if _seen(pair[0]) == _seen(pair[1]):
            return Comparison(Likeness.ALIKE)
    ones, others = (frozenset.intersection(*(_seen(pair[i]) for pair in runs)) for i in (0, 1))
    ever = [frozenset.union(*(_seen(pair[i]) for pair in runs)) for i in (0, 1)]
    apart = sorted(ones - ever[1]) or sorted(others - ever[0])
    return Comparison(Likeness.APART, _told(apart[0])) if apart else Comparison(Likeness.ALIKE)


def _unfit(one: Run, other: Run) -> str:
    """Why two runs cannot be compared, or ''."""
    if one.dead or other.dead:
        return one.dead or other.dead
    # Of the scenario alone: the positive controls say the same in both.
    traces = [run.watch.trace[slice(*run.span)] for run in (one, other)]
    intents, texts = (
        [[o.attributes[a] for o in t if o.event == e] for t in traces]
        for e, a in (("nlu.intent", "intent"), ("asr.result", "text"))
    )
    if not intents[0] or intents[0] != intents[1]:
        return "the two runs were not understood, or not alike, so what differs may be due to that"
    if texts[0] == texts[1]:
        return "the same words were recognised in both runs, so they show nothing"
    if not any(kind == "answer" for kind, *_ in _seen(one)) and not any(
        kind == "metric" for kind, *_ in _seen(one)
    ):
        return "no metric was seen"
    return ""


def _seen(run: Run) -> Seen:
    """What of a run reaches those who see metrics, or is stored and is neither a transcript nor another hypothesis for one (ASR-2 judges those)."""
    words = {str(o.attributes["text"]).lower() for o in run.watch.trace if o.event == "asr.result"}
    metrics = Counter(
        (str(o.attributes["name"]), str(o.attributes["level"]))
        for o in run.watch.trace
        if o.event == "metric"
    )
    return frozenset(
        [
            ("answer", f"{q.actor} {q.role}", q.resource, json.dumps(data, sort_keys=True))
            for q, data in run.told
            if data is not None
        ]
        + [("metric", *key, str(number)) for key, number in metrics.items()]
        + [
            ("store", text)
            for text in run.stores.texts
            if not any(fuzz.ratio(text, known) >= LIKE for known in words)
        ]
    )


def _told(fact: tuple[str, ...]) -> str:
    match fact:
        case ("answer", who, resource, data):
            return f"{who} reads {resource} as {data} only where other words were said in another voice"
        case ("metric", name, level, number):
            return f"the metric '{name}' ({level}) is stored {number} times only where other words were said in another voice"
        case _:
            return f"a store holds '{fact[-1]}' only where other words were said in another voice"
