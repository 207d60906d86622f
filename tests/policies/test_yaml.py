"""The fast reader of YAML reads what the careful one reads, or leaves the file to it."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from earwitness.policies.careful_yaml import read_with_places
from earwitness.policies.placed_yaml import (
    DEEPEST,
    MOST_NODES,
    PlacedYamlError,
    read_document,
)
from earwitness.policies.plain_yaml import NotPlain, read_plain

FOLDER = Path(__file__).parents[2] / "policies"
SHIPPED = sorted(FOLDER.glob("packs/*/pack.yaml"))
PIECES = (
    *("a", "b: ", "on", "yes", "null", "~", "true", "0", "07", "0o7", "1_0"),
    *(
        "-1",
        "+1",
        "1.5",
        "1e3",
        ".inf",
        "12:30",
        "2026-11-26",
        "0x1f",
        "=",
        "<<",
    ),
    *(
        ": ",
        ":",
        "- ",
        "-",
        "? ",
        ", ",
        "[",
        "]",
        "{",
        "}",
        "#",
        " #",
        "&x ",
        "*x",
    ),
    *(
        "!t ",
        "%YAML 1.1\n",
        "---\n",
        "...\n",
        "|\n",
        ">\n",
        "'",
        '"',
        "''",
        "\\n",
    ),
    *(
        " ",
        "  ",
        "\n",
        "\n  ",
        "\n    ",
        "\t",
        "\r\n",
        "\x85",
        "é",
        "\ufeff",
        "@",
        "`",
    ),
)


def read_fast(text):
    return read_plain(text, DEEPEST, MOST_NODES)


def values_with_types(node):
    """Equal and of the same kind: 1 is no true."""
    if isinstance(node, dict):
        return {str(key): values_with_types(node[key]) for key in node}
    if isinstance(node, list):
        return [values_with_types(item) for item in node]
    kind = next(
        k for k in (bool, int, str, type(None)) if isinstance(node, k)
    )
    return kind, node


@pytest.mark.parametrize("path", SHIPPED, ids=lambda p: p.parent.name)
def test_every_shipped_pack_is_plain_and_read_alike(path):
    text = path.read_text("utf-8")
    careful = read_with_places(text, path.name)
    assert values_with_types(read_fast(text)) == values_with_types(careful)


OPENINGS = st.sampled_from(("k: ", "- ", "k:\n  ", "k: [", "k: {a: "))
BODIES = st.lists(st.sampled_from(PIECES), max_size=12).map("".join)
ENDINGS = st.sampled_from(("", "]", "}"))


@settings(deadline=None)
@given(st.tuples(OPENINGS, BODIES, ENDINGS).map("".join))
def test_what_the_fast_reader_takes_the_careful_one_reads_alike(text):
    try:
        fast = read_fast(text)
    except NotPlain:
        return
    careful = read_with_places(text, "text")
    assert values_with_types(fast) == values_with_types(careful)


@pytest.mark.parametrize(
    "text",
    [
        "a: &x 1\nb: *x\n",
        "a: !!int 1\n",
        "a: 1\na: 2\n",
        "1: a\n",
        "%YAML 1.1\n---\na: yes\n",
        "a: 1\n---\nb: 2\n",
        "a: " + "[" * (DEEPEST + 1) + "]" * (DEEPEST + 1),
        "a: [" + "1," * MOST_NODES + "1]",
        "",
        "a: 0o17",
        "expires: 2026-11-26",
    ],
)
def test_what_is_not_plain_is_left_to_the_careful_reader(text):
    with pytest.raises(NotPlain):
        read_fast(text)


def test_a_place_is_that_of_the_careful_reader():
    document = read_document(b"a: 1\nlist:\n  - one\n  - two\n", "f.yaml")
    assert document.place(["list", 1]) == "f.yaml:4:5"
    assert document.key_place([], "list") == "f.yaml:2:1"


def test_a_file_that_is_no_utf_8_says_where():
    with pytest.raises(PlacedYamlError, match="not UTF-8 at byte 3"):
        read_document(b"a:\xff", "f.yaml")
