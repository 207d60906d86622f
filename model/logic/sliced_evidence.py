"""Where the verdicts of a promise come from that is asked of each slice apart."""

from __future__ import annotations

from dataclasses import dataclass, field

from earwitness.model.logic.evidence import Provenance
from earwitness.model.logic.formula import Formula
from earwitness.model.logic.grounds import Sight, Support
from earwitness.model.logic.per_device import Key, key_of
from earwitness.model.trace import Observation


@dataclass
class SlicedProvenance:
    """The provenance of a formula in every slice, as `SlicedMonitor` has its monitor.

    >>> slices = SlicedProvenance(PROMISE, IS_TONE, each=("device",), sight={"wake_word": Origin.WITNESSED})
    >>> slices.feed(WAKE)
    []
    >>> [(key, support)] = slices.feed(TONE)
    >>> key, sorted(support)
    (('d1',), ['tone', 'wake_word'])
    """

    formula: Formula
    trigger: Formula
    each: tuple[str, ...]
    sight: Sight
    base: dict[str, Provenance] = field(default_factory=dict)
    live: dict[str, dict[Key, Provenance]] = field(default_factory=dict)

    def feed(self, seen: Observation) -> list[tuple[Key, Support]]:
        """What the outcomes rest on, in the slices where this event exercises the formula or answers a
        deadline."""
        base = self._base_of(seen.device)
        slices = self.live[seen.device]
        key = key_of(seen, self.each)
        if len(self.each) == 1:
            concerned: dict[Key, Provenance] = {(seen.device,): base}
        elif key is None:
            base.feed(seen)
            concerned = dict(slices)
        else:
            if key not in slices:
                slices[key] = base.copy()
            concerned = {key: slices[key]}
        found = ((name, one.feed(seen)) for name, one in concerned.items())
        return [
            (name, support) for name, support in found if support is not None
        ]

    def _base_of(self, device: str) -> Provenance:
        """What all slices of a device have in common, from its first event on."""
        if device not in self.base:
            self.base[device] = Provenance(
                self.formula, self.trigger, self.sight
            )
            self.live[device] = {}
        return self.base[device]
