"""A forger changes one value of a bundle, whichever it is, and puts every digest right: what the observations
come to is noticed, and what nobody can recompute is on a list."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from bundles import modelled_bundle, violated_bundle
from forging import edit

from earwitness.conformance.evidence.bundle import BundleError
from earwitness.conformance.running.rejudge import read_consistent_bundle

AS_WRITTEN = (
    r"reason$",  # why a run ended: words, beside an exit that is recomputed
    r"runs/\d+/(number|purpose|skipped|dead)",
    r"(uploads|voice|two_runs)$",
    r"(stores|accounts|findings|searches|skipped|kept_promises)\b",
    r"(weights|strength)\b",
    r"sight/",  # whether a run could have seen what did not happen
    r"circumstances/(dead|doubts|excuses|trials)$",
    r"refinement/line$",
)
"""What no observation shows: it stands as it was written, and a signature protects it."""


def values_in(entry, path=()) -> Iterator[tuple]:
    """The path of every value that holds no other."""
    parts = (
        entry.items()
        if isinstance(entry, dict)
        else enumerate(entry)
        if isinstance(entry, list)
        else ()
    )
    inner = [
        place
        for key, part in parts
        for place in values_in(part, (*path, key))
    ]
    yield from inner or [path]


def changed(value):
    """Another value of the same kind."""
    match value:
        case bool():
            return not value
        case int() | float():
            return value + 1
        case str():
            return {"witnessed": "device", "device": "witnessed"}.get(
                value, f"{value}x"
            )
        case list() | dict():
            return None
    return 1


def with_change(entry, path):
    """A copy of the document in which one value is another."""
    copy = json.loads(json.dumps(entry))
    at = copy
    for key in path[:-1]:
        at = at[key]
    at[path[-1]] = changed(at[path[-1]])
    return copy


def is_noticed(folder: Path) -> bool:
    try:
        read_consistent_bundle(folder)
    except BundleError:
        return True
    return False


@pytest.mark.parametrize("make", [violated_bundle, modelled_bundle])
def test_whichever_value_of_the_results_is_changed_it_is_noticed_or_listed(
    make, tmp_path
):
    folder = make(tmp_path / "out")
    assert not is_noticed(folder)
    text = (folder / "results.json").read_text()
    entry = json.loads(text)
    paths = list(values_in(entry))
    missed = []
    for path in paths:
        forged = json.dumps(with_change(entry, path))
        edit(folder, "results.json", lambda _, forged=forged: forged)
        if not is_noticed(folder):
            missed.append("/".join(map(str, path)))
    surprises = [
        name
        for name in missed
        if not any(re.search(pattern, name) for pattern in AS_WRITTEN)
    ]
    assert surprises == []
    assert len(paths) > 60 and len(missed) < len(paths) / 4
    edit(folder, "results.json", lambda _: text)
    assert not is_noticed(folder)


def test_whichever_value_of_an_observation_is_changed_it_is_noticed(tmp_path):
    """Not its time or its bytes, where no clause asks for them; what happened, to whom, and who said so."""
    folder = violated_bundle(tmp_path / "out")
    text = (folder / "observations.jsonl").read_text()
    lines = text.splitlines()
    for number, line in enumerate(lines):
        entry = json.loads(line)
        # Of the light it is known that the run could only have been told.
        origin = [] if entry["event"] == "light" else ["origin"]
        for name in ("run", "event", *origin):
            forged = json.dumps({**entry, name: changed(entry[name])})
            other = [*lines[:number], forged, *lines[number + 1 :]]
            edit(
                folder,
                "observations.jsonl",
                lambda _, other=other: "\n".join(other) + "\n",
            )
            assert is_noticed(folder), (number, name)
