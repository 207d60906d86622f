"""A small log and a promise. The examples in the docstrings of `logic` speak of them, and a test runs them
with these names.
"""

from __future__ import annotations

from earwitness.model.logic.formula import Event
from earwitness.model.logic.monitor import compile_formula
from earwitness.model.logic.parser import parse_formula
from earwitness.model.trace import Observation, Origin
from earwitness.model.vocabulary import Microseconds

SECOND = 1_000_000
"""Microseconds."""
WAKE = Observation(
    time=Microseconds(1 * SECOND),
    device="d1",
    event="wake_word",
    attributes={"word": "alexa"},
    origin=Origin.WITNESSED,
)
TONE = Observation(Microseconds(2 * SECOND), "d1", "tone")
# Later than the two seconds of the promise, as its name says.
LATE_TONE = Observation(Microseconds(9 * SECOND), "d1", "tone")
LOG = (WAKE, TONE, LATE_TONE)
"""A wake word, a tone a second later, and a late one."""
PROMISE = parse_formula("tone implies once within 2 s wake_word")
"""A tone comes only shortly after a wake word: the late tone breaks it."""
MONITOR = compile_formula(PROMISE)
ANSWER = compile_formula(parse_formula("tone within 2 s after wake_word"))
"""Every wake word is answered by a tone."""
IS_TONE = Event("tone")
