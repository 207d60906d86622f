"""Terms as text that names every variable and every text, so that a new name in a vocabulary changes
none of them."""

from __future__ import annotations

import re
from collections.abc import Iterator

import z3

from earwitness.model.expression import Sort
from earwitness.model.proof.encoding import Problem, Term

Node = str | list["Node"]
"""An S-expression."""
_TOKEN = re.compile(r'\(|\)|"[^"]*"|[^\s()"]+')

_NAMES = {
    z3.Z3_OP_AND: "and",
    z3.Z3_OP_OR: "or",
    z3.Z3_OP_NOT: "not",
    z3.Z3_OP_IMPLIES: "=>",
    z3.Z3_OP_EQ: "=",
    z3.Z3_OP_DISTINCT: "distinct",
    z3.Z3_OP_ITE: "ite",
    z3.Z3_OP_LE: "<=",
    z3.Z3_OP_LT: "<",
    z3.Z3_OP_GE: ">=",
    z3.Z3_OP_GT: ">",
    z3.Z3_OP_ADD: "+",
    z3.Z3_OP_SUB: "-",
    z3.Z3_OP_UMINUS: "-",
    z3.Z3_OP_MUL: "*",
}
_ORDER = {
    "<=": int.__le__,
    "<": int.__lt__,
    ">=": int.__ge__,
    ">": int.__gt__,
}
_BUILD = {
    "and": lambda *a: z3.And(*a),
    "or": lambda *a: z3.Or(*a),
    "not": z3.Not,
    "=>": z3.Implies,
    "=": lambda a, b: a == b,
    "distinct": lambda *a: z3.Distinct(*a),
    "ite": z3.If,
    "<=": lambda a, b: a <= b,
    "<": lambda a, b: a < b,
    ">=": lambda a, b: a >= b,
    ">": lambda a, b: a > b,
    "+": lambda *a: z3.Sum(*a),
    "-": lambda a, *b: a - z3.Sum(*b) if b else -a,
    "*": lambda a, b: a * b,
}


class TermError(ValueError):
    """A term that has no such text, or a text that is no term of the problem."""


def write_term(problem: Problem, term: Term) -> str:
    """The term in prefix form, variables by name and texts in quotes: `(or open (= control
    "listening"))`. Raises TermError.

    >>> problem = encode(MICROPHONE_SYSTEM, KEPT_PROMISE)
    >>> write_term(problem, problem.encoding.term(equals(rail, "on"), problem.before))
    '(= "on" rail)'
    """
    return render(_write_node(problem, term))


def read_term(problem: Problem, text: str) -> Term:
    """The term of the problem that the text names. Raises TermError for a name it does not have, or
    what is no term.

    >>> problem = encode(MICROPHONE_SYSTEM, KEPT_PROMISE)
    >>> write_term(problem, read_term(problem, '(or muted (= rail "on"))'))
    '(or muted (= "on" rail))'
    """
    try:
        return _read_term(problem, parse(text))
    except (z3.Z3Exception, TypeError, KeyError) as error:
        raise TermError(
            f"no term of this problem: {text[:200]} ({error})"
        ) from None


def parse(text: str) -> Node:
    """One S-expression. Raises TermError.

    >>> parse("(or muted (= pressed_at 3))")
    ['or', 'muted', ['=', 'pressed_at', '3']]
    """
    tokens = iter(_TOKEN.findall(text))
    node = _parse_node(next(tokens, ""), tokens)
    if next(tokens, None) is not None:
        raise TermError(f"more than one term: {text[:200]}")
    return node


def _parse_node(token: str, tokens: Iterator[str]) -> Node:
    if token in ("", ")"):
        raise TermError("a term is not complete")
    if token != "(":
        return token
    found: list[Node] = []
    while (following := next(tokens, "")) != ")":
        found.append(_parse_node(following, tokens))
    return found


def render(node: Node) -> str:
    """
    >>> render(["or", "muted", ["=", "pressed_at", "3"]])
    '(or muted (= pressed_at 3))'
    """
    return (
        node if isinstance(node, str) else f"({' '.join(map(render, node))})"
    )


def _write_node(problem: Problem, term: Term) -> Node:
    if z3.is_true(term) or z3.is_false(term):
        return "true" if z3.is_true(term) else "false"
    if z3.is_int_value(term):
        return str(term.as_long())
    if z3.is_const(term):
        return str(term.decl().name())
    name = _NAMES.get(term.decl().kind())
    if name is None:
        raise TermError(f"'{term.decl()}' has no text")
    arguments = term.children()
    texts = [a for a in arguments if _is_text(problem, a)]
    if texts and name in _ORDER:
        return _write_membership(problem, name, arguments)
    if texts and name in ("=", "distinct", "ite"):
        return [name, *(_text_node(problem, a) for a in arguments)]
    return [name, *(_write_node(problem, a) for a in arguments)]


def _is_text(problem: Problem, term: Term) -> bool:
    if z3.is_app_of(term, z3.Z3_OP_ITE):
        return _is_text(problem, term.arg(1)) or _is_text(
            problem, term.arg(2)
        )
    is_variable = z3.is_const(term) and not z3.is_int_value(term)
    return (
        is_variable
        and problem.sorts.get(str(term.decl().name())) is Sort.TEXT
    )


def _text_node(problem: Problem, term: Term) -> Node:
    """A term beside a text: a number there is a text's code."""
    if z3.is_int_value(term):
        return f'"{problem.encoding.text_of(term.as_long())}"'
    if z3.is_app_of(term, z3.Z3_OP_ITE):
        condition, then, otherwise = term.children()
        return [
            "ite",
            _write_node(problem, condition),
            _text_node(problem, then),
            _text_node(problem, otherwise),
        ]
    return _write_node(problem, term)


def _write_membership(
    problem: Problem, name: str, arguments: list[Term]
) -> Node:
    """Spacer orders codes of texts; by name that is one of the texts the variable can have, or of all
    known so far. What it says then is checked again, as all is."""
    left, right = arguments
    flip = z3.is_int_value(left)
    variable, bound = (right, left) if flip else (left, right)
    if not (z3.is_const(variable) and z3.is_int_value(bound)):
        raise TermError("texts are compared by order")
    limit, relation = bound.as_long(), _ORDER[name]
    here = str(variable.decl().name())
    codes = problem.encoding.texts
    known = problem.declared_texts.get(here, tuple(codes))
    holds = {
        text: relation(limit, codes[text])
        if flip
        else relation(codes[text], limit)
        for text in known
        if text in codes
    }
    # The shorter of "one of" and "none of".
    inside = [text for text, is_in in holds.items() if is_in]
    outside = [text for text, is_in in holds.items() if not is_in]
    if len(inside) <= len(outside):
        return ["or", "false", *(_equals_text(here, text) for text in inside)]
    return [
        "and",
        "true",
        *(["not", _equals_text(here, text)] for text in outside),
    ]


def _equals_text(variable: str, text: str) -> Node:
    return ["=", variable, f'"{text}"']


def _read_term(problem: Problem, node: Node) -> Term:
    if isinstance(node, list):
        operator, *arguments = node
        if not isinstance(operator, str) or operator not in _BUILD:
            raise TermError(f"'{render(operator)}' is no operator")
        return _BUILD[operator](*(_read_term(problem, a) for a in arguments))
    if node in ("true", "false"):
        return z3.BoolVal(node == "true")
    if node.startswith('"'):
        return problem.encoding.text(node.strip('"'))
    if re.fullmatch(r"-?\d+", node):
        return problem.encoding.number(int(node))
    if node not in problem.before:
        raise TermError(f"the problem has no variable '{node}'")
    return problem.before[node]


def symbols_in(node: Node) -> set[str]:
    """The variables that a term names.

    >>> sorted(symbols_in(["or", "muted", ["=", "pressed_at", "3"]]))
    ['muted', 'pressed_at']
    """
    if isinstance(node, list):
        return {symbol for child in node[1:] for symbol in symbols_in(child)}
    is_literal = (
        node in ("true", "false")
        or node.startswith('"')
        or re.fullmatch(r"-?\d+", node)
    )
    return set() if is_literal else {node}
