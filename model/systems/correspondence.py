"""How observations of a device and rows of a model correspond: the one table of what the model leaves
out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from earwitness.model.trace import Observation


@dataclass(frozen=True, slots=True)
class Correspondence:
    """`held` are attributes that the model holds constant or names by a stand-in, with the reason: they
    are not compared. `unmodelled` are events (with the attributes that tell them apart) of which no
    row speaks, with the reason: they are left out.

    Both hide faults, so both are counted and shown.

    >>> left_out = Correspondence(unmodelled=(("tone", {}, "the model plays no sound"),))
    >>> left_out.reason_unmodelled(Observation(0, "d1", "tone"))
    'the model plays no sound'
    >>> left_out.reason_unmodelled(Observation(0, "d1", "wake_word")) is None
    True
    """

    held: Mapping[str, str] = field(default_factory=dict)
    unmodelled: tuple[tuple[str, Mapping[str, object], str], ...] = ()

    def reason_unmodelled(self, seen: Observation) -> str | None:
        """Why no row speaks of this observation; None where one should."""
        for event, attributes, reason in self.unmodelled:
            is_meant = all(
                seen.attributes.get(name) == value
                for name, value in attributes.items()
            )
            if seen.event == event and is_meant:
                return reason
        return None
