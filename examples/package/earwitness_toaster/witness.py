"""A light sensor on the toaster's red lamp: it sees for itself whether the lamp is lit.

TOASTER_SENSOR=/sys/bus/iio/devices/iio:device0/in_illuminance_raw earwitness check --witness lamp ...
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator
from pathlib import Path

from earwitness.conformance.witnesses.witness import Sighting, WitnessError

LIT = 100
"""What the sensor shows of a lamp that is lit: a dark kitchen has 2, a bright one 40."""


class LampSensor:
    """Looks at the lamp of one device, and tells when it changes."""

    def __init__(self, device: str, sensor: Path) -> None:
        self._device, self._sensor = device, sensor
        self._lit: bool | None = None

    def begin(self) -> None:
        self._lit = None

    def look(self) -> Iterator[Sighting]:
        lit = int(self._sensor.read_text()) >= LIT
        if lit is not self._lit:
            self._lit = lit
            yield Sighting(self._device, "light", {"color": "red", "on": lit})

    def close(self) -> None:
        """A file needs no end."""


class Lamp:
    """The witness: it tells the event `light`, of whatever target it is put beside."""

    name = "lamp"
    sees = "whether the red lamp is lit, by a light sensor before it"

    def events(
        self, capabilities: Collection[str], confined: bool
    ) -> frozenset[str]:
        return frozenset({"light"})

    def watch(self, devices: Collection[str]) -> LampSensor:
        place = os.environ.get("TOASTER_SENSOR", "")
        if not place or len(devices) != 1:
            raise WitnessError(
                "the lamp's sensor watches one device; say with TOASTER_SENSOR where it is"
            )
        return LampSensor(*devices, Path(place))


LAMP = Lamp()
