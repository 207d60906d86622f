"""Stored failures, read back."""

from __future__ import annotations

import json
from pathlib import Path

from earwitness.conformance.stimuli.clips import CLIPS
from earwitness.conformance.stimuli.stimulus import Say, Scenario, from_json
from earwitness.model.vocabulary import nearest


class FailureFileError(ValueError):
    """A file that is no stored failure."""


def read_failure(path: Path) -> tuple[str, Scenario, str]:
    """The clause and the scenario of a failure file, and the kind of device it is for. Raises FailureFileError."""
    try:
        entry = json.loads(path.read_text("utf-8"))
        clause, steps = entry["clause"], [from_json(s) for s in entry["scenario"]]
    except OSError as error:
        raise FailureFileError(
            f"{path}: cannot be read ({error.strerror}); name a file in a bundle's failures/, or a counterexample"
        ) from None
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise FailureFileError(f"{path}: not a stored failure ({error})") from None
    for step in steps:
        if isinstance(step, Say) and step.clip not in CLIPS:
            raise FailureFileError(f"{path}: there is no clip '{step.clip}'.{nearest(step.clip, CLIPS)}")
    return str(clause), tuple(steps), str(entry.get("kind", "any"))
