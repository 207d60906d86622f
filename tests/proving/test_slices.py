"""A clause with a second name in `each` is proved for every value of it, not for all of them together."""

from __future__ import annotations

import pytest

from earwitness.model.expression import FALSE, TRUE, Const, Sort, Var, at_most
from earwitness.model.logic.monitor import compile_formula
from earwitness.model.logic.parser import Scope, parse_formula
from earwitness.model.proof.portfolio import prove_promises
from earwitness.model.proof.proof import Standing
from earwitness.model.systems.transition_system import (
    ENVIRONMENT,
    PASS_TIME,
    StateVariable,
    System,
    Transition,
    all_of,
    flag,
    flags,
    negation,
)
from earwitness.policies.proving.tasks import sliced_monitor, with_slice

FIRST = Var("any.stream", Sort.INT)


def streams(close_of):
    """One stream opens after another; what closes is the stream that `close_of` says."""
    current = StateVariable("current", Sort.INT, (0,))
    opened = flag("opened")
    rows = (
        Transition(
            "open",
            ENVIRONMENT,
            guard=all_of(negation(opened), at_most(Const(0), FIRST)),
            updates={"opened": TRUE, "current": FIRST},
            emits="stream.open",
            attributes={"stream": FIRST},
        ),
        Transition(
            "close",
            ENVIRONMENT,
            guard=opened,
            updates={"opened": FALSE},
            emits="stream.close",
            attributes={"stream": close_of},
        ),
        PASS_TIME,
    )
    return System("streams", "", (current, *flags(opened)), rows, ())


CURRENT = Var("current", Sort.INT)
CLOSES = compile_formula(
    parse_formula("stream.close implies once stream.open", Scope({}, {}))
)


@pytest.mark.parametrize(
    ("close_of", "standing"),
    [(CURRENT, Standing.PROVED), (Const(7), Standing.REFUTED)],
)
def test_a_stream_that_closes_was_opened_itself(close_of, standing):
    """Without slices both models are proved: some stream was open."""
    system = streams(close_of)
    whole = prove_promises("X", system, {"X": CLOSES}, seconds=10)
    assert whole.standing is Standing.PROVED
    sliced = prove_promises(
        "X",
        with_slice(system, "stream"),
        {"X": sliced_monitor(CLOSES, "stream")},
        seconds=10,
    )
    assert sliced.standing is standing
