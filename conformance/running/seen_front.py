"""Lights and screen: what the front of a device shows counts, whatever was said of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from earwitness.conformance.running.declared_and_seen import (
    INDICATORS,
    KnownDevice,
    agree_on_indicator,
    is_of_device,
    is_powered_after,
    make_witnessed,
    said_last,
)
from earwitness.conformance.running.moment import Finding, Indicator, Moment
from earwitness.model.expression import Value
from earwitness.model.trace import Observation


@dataclass(frozen=True, slots=True)
class SeenFront:
    """Compares what was declared of the lights with what they show. `device` gives what is known of a device;
    contradictions go to `findings`."""

    device: Callable[[str], KnownDevice]
    findings: list[Finding]

    def merge(
        self, moment: Moment, seen: list[Observation]
    ) -> list[Observation]:
        """What was observed, with what the front showed in the place of what was said of it."""
        crossed = {p.device for p in moment.passages}
        for name, shown in moment.shown.items():
            for indicator, lit in shown.items():
                seen = self._with_indicator(
                    moment=moment,
                    seen=seen,
                    name=name,
                    indicator=indicator,
                    lit=lit,
                    crossed=name in crossed,
                )
        return seen

    def _with_indicator(
        self,
        moment: Moment,
        seen: list[Observation],
        name: str,
        indicator: Indicator,
        *,
        lit: bool,
        crossed: bool,
    ) -> list[Observation]:
        device = self.device(name)
        said = said_last(seen, name, indicator)
        if said is lit:
            return agree_on_indicator(
                seen, name, indicator, pulses_count=not crossed
            )
        kept = [o for o in seen if not is_of_device(o, name, indicator)]
        if said is not None:
            event, what = indicator
            text = f"reported that {what} is {'on' if said else 'off'}, and its front shows the contrary"
            self.findings.append(Finding("contradicted", text, name))
        if lit is not device.shown.get(indicator, False) and is_powered_after(
            name, device.powered, seen
        ):
            event, what = indicator
            attributes: dict[str, Value] = {
                INDICATORS[event]: what,
                "on": lit,
            }
            kept.append(
                make_witnessed(
                    time=moment.ended[name],
                    device=name,
                    event=event,
                    attributes=attributes,
                )
            )
        return kept
