"""The models that packs can speak of, by name. Each is imported when it is asked for: to read a promise takes
none."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from earwitness.model.systems.model import Model


def _read_assistant() -> Model:
    from earwitness.model.assistant.assistant import ASSISTANT

    return ASSISTANT


def _read_satellite() -> Model:
    from earwitness.model.satellite.satellite import SATELLITE_MODEL

    return SATELLITE_MODEL


MODELS: Mapping[str, Callable[[], Model]] = {
    "assistant": _read_assistant,
    "satellite": _read_satellite,
}
"""A pack names one with `model: NAME`; without, it speaks of the assistant."""
DEFAULT_MODEL = "assistant"


def small_parameters(
    model: Model, parameters: Mapping[str, int]
) -> dict[str, int]:
    """A pack's parameters for the small system: each allows what it allows the real one, in the small
    one's units."""
    real = {rating.name: rating.at_most for rating in model.datasheet.ratings}
    found = {}
    for name, value in parameters.items():
        within = [
            model.small[rating]
            for rating, at_most in real.items()
            if at_most <= value
        ]
        found[name] = max(within, default=0)
    return found
