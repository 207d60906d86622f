"""The export to MonPoly and VeriMon means what the clause means: its texts, formula and log, are read again
by an evaluator of their own, which knows nothing of our syntax tree."""

from __future__ import annotations

import operator
import random
import re

import pytest
from generators import formula, trace
from hypothesis import given, settings
from hypothesis import strategies as st

from earwitness.model.logic.formula import Count, direct_parts
from earwitness.model.logic.mfotl import (
    NotInMfotl,
    mfotl_formula,
    mfotl_log,
    mfotl_signature,
)
from earwitness.model.logic.parser import parse_formula
from earwitness.model.logic.semantics import holds
from earwitness.model.trace import Observation

TOKEN = re.compile(
    r'"[^"]*"|\d+|<=|>=|[A-Za-z_][A-Za-z0-9_]*|[-+()\[\],.*<>=]'
)
RELATIONS = {
    "=": operator.eq,
    "<=": operator.le,
    ">=": operator.ge,
    "<": operator.lt,
    ">": operator.gt,
}


def read_value(token):
    return token[1:-1] if token.startswith('"') else int(token)


def read_mfotl_log(text):
    """Time points as (time, facts); a fact is a predicate and its arguments."""
    points = []
    for line in text.splitlines():
        time, *_ = re.match(r"@(\d+)", line).groups()
        facts = re.findall(r'([a-z_]+)\(("[^"]*"|-?\d+)?\)', line)
        points.append(
            (
                int(time),
                {
                    (name, read_value(value) if value else None)
                    for name, value in facts
                },
            )
        )
    return points


class Reader:
    """From text to nested tuples."""

    def __init__(self, text):
        self.tokens = TOKEN.findall(text)
        assert "".join(self.tokens) == re.sub(
            r'\s+(?=(?:[^"]*"[^"]*")*[^"]*$)', "", text
        )

    def peek(self):
        return self.tokens[0]

    def take(self, wanted=None):
        token = self.tokens.pop(0)
        assert wanted is None or token == wanted, (
            token,
            wanted,
            self.tokens[:8],
        )
        return token

    def interval(self):
        if self.peek() != "[":
            return 0, None
        self.take("[")
        low = int(self.take())
        self.take(",")
        high = self.take()
        self.take("]")
        return low, None if high == "*" else int(high)

    def formula(self):
        token = self.peek()
        if token in ("TRUE", "FALSE"):
            return (self.take(),)
        if token == "NOT":
            self.take()
            return "NOT", self.formula()
        if token in ("PREVIOUS", "ONCE", "EVENTUALLY"):
            return self.take(), self.interval(), self.formula()
        if token == "EXISTS":
            return self.exists()
        if token == "(":
            return self.bracket()
        if (
            token[0].islower()
            and len(self.tokens) > 1
            and self.tokens[1] == "("
        ):
            return self.predicate()
        return self.comparison()

    def exists(self):
        self.take("EXISTS")
        names = [self.take()]
        while self.peek() == ",":
            self.take()
            names.append(self.take())
        self.take(".")
        return "EXISTS", names, self.formula()

    def predicate(self):
        name = self.take()
        self.take("(")
        argument = None if self.peek() == ")" else self.term()
        self.take(")")
        return "FACT", name, argument

    def bracket(self):
        """A bracket around formulas, unless it turns out to begin a comparison of sums."""
        kept = list(self.tokens)
        try:
            return self.connected()
        except AssertionError:
            self.tokens = kept
            return self.comparison()

    def connected(self):
        self.take("(")
        left = self.formula()
        while self.peek() in ("AND", "OR", "SINCE"):
            word = self.take()
            span = self.interval() if word == "SINCE" else None
            left = word, span, left, self.formula()
        self.take(")")
        return left

    def comparison(self):
        left = self.term()
        assert self.peek() in RELATIONS, self.tokens[:8]
        return "COMPARE", self.take(), left, self.term()

    def term(self):
        if self.peek() == "(":
            self.take()
            left = self.term()
            sign = self.take()
            assert sign in "+-", sign
            right = self.term()
            self.take(")")
            return sign, left, right
        token = self.take()
        return token if token.startswith("x") else read_value(token)


def value_of(term, given):
    if isinstance(term, tuple):
        sign, left, right = term
        return value_of(left, given) + (1 if sign == "+" else -1) * value_of(
            right, given
        )
    return given[term] if isinstance(term, str) and term in given else term


def is_inside(span, elapsed):
    return span[0] <= elapsed and (span[1] is None or elapsed <= span[1])


def satisfied(node, log, i, given):
    """Standard semantics of MFOTL, quantifiers over all values of the log."""

    def at(part, j):
        return satisfied(part, log, j, given)

    match node:
        case ("TRUE",):
            return True
        case ("FALSE",):
            return False
        case ("NOT", operand):
            return not at(operand, i)
        case ("AND", _, left, right):
            return at(left, i) and at(right, i)
        case ("OR", _, left, right):
            return at(left, i) or at(right, i)
        case ("FACT", name, argument):
            return (
                name,
                None if argument is None else value_of(argument, given),
            ) in log[i][1]
        case ("COMPARE", relation, left, right):
            return RELATIONS[relation](
                value_of(left, given), value_of(right, given)
            )
        case ("EXISTS", [name, *names], operand):
            inner = ("EXISTS", names, operand) if names else operand
            values = sorted(domain_of(operand, name, log), key=str)
            return any(
                satisfied(inner, log, i, {**given, name: value})
                for value in values
            )
        case ("PREVIOUS", span, operand):
            return (
                i > 0
                and is_inside(span, log[i][0] - log[i - 1][0])
                and at(operand, i - 1)
            )
        case ("ONCE", span, operand):
            return any(
                is_inside(span, log[i][0] - log[j][0]) and at(operand, j)
                for j in range(i + 1)
            )
        case ("EVENTUALLY", span, operand):
            return any(
                is_inside(span, log[k][0] - log[i][0]) and at(operand, k)
                for k in range(i, len(log))
            )
        case ("SINCE", span, left, right):
            return any(
                is_inside(span, log[i][0] - log[j][0])
                and at(right, j)
                and all(at(left, k) for k in range(j + 1, i + 1))
                for j in range(i + 1)
            )
    raise AssertionError(node)


def domain_of(node, name, log):
    """The values of the predicates that bind a variable, which are all that can satisfy."""
    match node:
        case ("FACT", predicate, argument) if argument == name:
            return {
                value
                for _, facts in log
                for fact, value in facts
                if fact == predicate
            }
        case tuple() | list():
            return set().union(*(domain_of(part, name, log) for part in node))
    return set()


def has_count(part):
    return isinstance(part, Count) or any(
        has_count(smaller) for smaller in direct_parts(part)
    )


@given(st.integers(0, 1 << 40))
@settings(max_examples=500, deadline=None)
def test_the_exported_formula_means_the_same_on_the_exported_log(seed):
    dice = random.Random(seed)
    made, seen = formula(dice), trace(dice, 8)
    if has_count(made):
        return
    node, log = (
        Reader(mfotl_formula(made)).formula(),
        read_mfotl_log(mfotl_log(seen)),
    )
    for i in range(len(seen)):
        assert satisfied(node, log, i, {}) is holds(made, seen, i), (made, i)


def test_every_shipped_promise_is_exported(clauses):
    for clause in clauses:
        for conjunct in clause.conjuncts:
            if not has_count(conjunct.formula):
                assert Reader(mfotl_formula(conjunct.formula)).formula()


def test_a_text_cannot_end_its_string():
    assert mfotl_log(
        [Observation(1, "d1", "asr.result", {"text": 'a" ) @2'})]
    ) == ('@1 asr_result() now(1) its_text("a%22; %29; %40;2")\n')


def test_what_cannot_be_said_is_refused_by_name():
    with pytest.raises(NotInMfotl, match="'count'"):
        mfotl_formula(parse_formula("count tone within 1 s <= 2"))


def test_the_signature_declares_every_predicate():
    declared = {line.split("(")[0] for line in mfotl_signature().splitlines()}
    assert {"now", "stream_open", "its_stream", "its_on"} <= declared
