"""A truth on two rails: it must hold, it may hold. Between them lies what is not known."""

from __future__ import annotations

from dataclasses import dataclass

from earwitness.model.expression import (
    Const,
    Expression,
    conjunction,
    disjunction,
    negation,
)


@dataclass(frozen=True, slots=True)
class Rails:
    """What must be so, whatever we did not see, and what may be so.

    >>> Rails(must=Const(False), may=Const(True)) == known_rails(None)  # it may be so, or not
    True
    """

    must: Expression
    may: Expression


def known_rails(truth: bool | None) -> Rails:
    """The rails of a constant; None is not known.

    >>> known_rails(True) == Rails(Const(True), Const(True))
    True
    """
    return Rails(Const(truth is True), Const(truth is not False))


def negate_rails(rails: Rails) -> Rails:
    """What must not be so may not be so the other way round.

    >>> negate_rails(known_rails(True)) == known_rails(False)
    True
    >>> negate_rails(known_rails(None)) == known_rails(None)
    True
    """
    return Rails(negation(rails.may), negation(rails.must))


def join_rails(*parts: Rails) -> Rails:
    """All of them.

    >>> join_rails(known_rails(True), known_rails(None)) == known_rails(None)
    True
    """
    return Rails(
        conjunction(*(part.must for part in parts)),
        conjunction(*(part.may for part in parts)),
    )


def either_rails(*parts: Rails) -> Rails:
    """At least one of them.

    >>> either_rails(known_rails(True), known_rails(None)) == known_rails(True)
    True
    """
    return Rails(
        disjunction(*(part.must for part in parts)),
        disjunction(*(part.may for part in parts)),
    )
