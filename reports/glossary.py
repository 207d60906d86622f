"""The words of a report that could mislead, each with what it means here."""

from __future__ import annotations

GLOSSARY = {
    "satisfied": "What the clause speaks of happened in this run, the clause was kept each time, and the "
    "evidence is as strong as its pack asks for.",
    "violated": "It was broken at least once; the shortest sequence that shows it is on this page.",
    "on its word": "It was kept as far as we were told, but part of what we know was told by the target, "
    "and its pack asks for a witness.",
    "not observable": "Nobody in this run could see an event that the clause speaks of.",
    "not exercised": "What the clause speaks of did not happen, so nothing is known.",
    "inconclusive": "Something that is needed for a verdict failed or is missing; the reason is given.",
    "not applicable": "The target says that it lacks what the clause speaks of.",
    "witnessed": "The harness caused it, or saw it itself.",
    "the device's word": "The target reports it, and nobody else saw it.",
    "a stand-in's word": "A service that stands in for the real one reports it.",
    "the driver's word": "The author of the driver says so on the target's behalf.",
    "proved": "It holds in every run of a model of the system, without bound. This speaks of the model, "
    "not of the target.",
    "exercised": "How many times what the clause speaks of happened while it was watched.",
    "revision": "Of a clause: made from all that decides whether it is kept. Two runs with the same revision "
    "were judged by the same promise.",
    "fingerprint": "Names one way of failing, so that a waiver or a known failure can mean it alone.",
    "waived": "A named person decided to let this pass until a day; it is still not satisfied.",
}
