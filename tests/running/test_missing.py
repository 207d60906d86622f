"""A promise that was not put to the test says what would have done it."""

from __future__ import annotations

import pytest

from earwitness.conformance.gate.verdict import Verdict
from earwitness.conformance.running.judgement import Circumstances, judge
from earwitness.conformance.running.tally import tally
from earwitness.model.trace import Observation, Origin
from earwitness.model.vocabulary import vocabulary
from earwitness.policies.pack import find

PACK = find("alexa-smart-properties")
SIGHT = dict.fromkeys(vocabulary().events, Origin.WITNESSED)


def seen(time, event, **attributes):
    return Observation(time, "d1", event, attributes, Origin.WITNESSED)


MUTED = [
    seen(0, "power", on=True, kind="speaker"),
    seen(1, "microphone.power", on=False),
]


def reason_of(clause, trace, **capabilities):
    clauses = (PACK.clause(clause),)
    known = Circumstances(sight=SIGHT, capabilities=capabilities)
    (result,) = judge(clauses, [tally(clauses, trace)], known)
    part = next(
        c for c in result.conjuncts if c.verdict is Verdict.NOT_EXERCISED
    )
    return part.reason


@pytest.mark.parametrize(
    ("clause", "trace", "capability", "step"),
    [
        ("MIC-6", MUTED, "calls", "start a call"),
        ("WAKE-3", MUTED, "power", "say a request"),
        ("MIC-6", [], "calls", "press the microphone button"),
        ("STR-3", MUTED, "follow_up", "answered with a question"),
    ],
)
def test_the_missing_step_is_named(clause, trace, capability, step):
    assert step in reason_of(clause, trace, **{capability: True})


def test_what_happened_apart_is_told_to_have_never_come_together():
    call = [seen(0, "call.start", leg="device"), seen(1, "call.end"), *MUTED]
    trace = sorted(call, key=lambda o: o.time)
    reason = reason_of("MIC-6", trace, calls=True)
    assert "never came together" in reason
