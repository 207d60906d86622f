"""The models that packs can speak of, by name."""

from __future__ import annotations

from collections.abc import Mapping

from earwitness.model.assistant.assistant import ASSISTANT
from earwitness.model.satellite.satellite import SATELLITE_MODEL
from earwitness.model.systems.model import Model

MODELS = {model.name: model for model in (ASSISTANT, SATELLITE_MODEL)}
"""A pack names one with `model: NAME`; without, it speaks of the assistant."""
DEFAULT_MODEL = ASSISTANT.name


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
