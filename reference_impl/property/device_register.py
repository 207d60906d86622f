"""Which devices there are, whose they are, in which unit, how they are set, and which skills are enabled on
them. One small database."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path

from sqlalchemy import (
    Boolean,
    Column,
    MetaData,
    String,
    Table,
    delete,
    insert,
    select,
    update,
)

from earwitness.reference_impl.database import make_insertion, open_database

TABLES = MetaData()
DEVICE = Table(
    "device",
    TABLES,
    Column("name", String, primary_key=True),
    Column("organisation", String, nullable=False),
    Column("unit", String, nullable=False),
    Column("tone", Boolean, nullable=False),
    Column("word", String, nullable=False),
)
ENABLED = Table(
    "enabled",
    TABLES,
    Column("device", String, primary_key=True),
    Column("skill", String, primary_key=True),
)


class UnknownDevice(LookupError):
    """No such device is registered."""


@dataclass(frozen=True, slots=True)
class RegisteredDevice:
    """A device as registered."""

    name: str
    organisation: str
    unit: str
    tone: bool = False
    word: str = "alexa"


class DeviceRegister:
    """Devices of all organisations, at first those given, with the skills given. Called from any thread."""

    def __init__(
        self,
        folder: Path,
        devices: tuple[RegisteredDevice, ...],
        skills: tuple[str, ...],
        url: str = "",
    ) -> None:
        self._first, self._skills = devices, skills
        self.engine = open_database(folder, "property.sqlite", url)
        TABLES.create_all(self.engine)
        if not self.devices():
            self.clear()

    def clear(self) -> None:
        """As delivered: every device in its unit, without a tone, with the skills it comes with."""
        with self.engine.begin() as connection:
            for table in TABLES.sorted_tables:
                connection.execute(delete(table))
            connection.execute(
                insert(DEVICE), [asdict(d) for d in self._first]
            )
            connection.execute(
                insert(ENABLED),
                [
                    {"device": d.name, "skill": s}
                    for d in self._first
                    for s in self._skills
                ],
            )

    def devices(
        self, organisation: str | None = None
    ) -> tuple[RegisteredDevice, ...]:
        """All devices, or those of one organisation."""
        with self.engine.connect() as connection:
            rows = connection.execute(
                select(DEVICE).order_by(DEVICE.c.name)
            ).all()
        return tuple(
            placed
            for row in rows
            if organisation
            in (None, (placed := RegisteredDevice(*row)).organisation)
        )

    def device(self, name: str) -> RegisteredDevice:
        """Raises UnknownDevice."""
        for placed in self.devices():
            if placed.name == name:
                return placed
        raise UnknownDevice(f"there is no device '{name}'")

    def skills(self, device: str) -> frozenset[str]:
        """What is enabled on the device."""
        with self.engine.connect() as connection:
            return frozenset(
                connection.execute(
                    select(ENABLED.c.skill).where(ENABLED.c.device == device)
                ).scalars()
            )

    def enable(self, device: str, skill: str, on: bool) -> None:
        enabling = (
            make_insertion(self.engine, ENABLED)
            .values(device=device, skill=skill)
            .on_conflict_do_nothing()
        )
        with self.engine.begin() as connection:
            connection.execute(
                enabling
                if on
                else delete(ENABLED).where(
                    ENABLED.c.device == device, ENABLED.c.skill == skill
                )
            )

    def want_tone(self, device: str, on: bool) -> None:
        self._set_columns(device, tone=on)

    def choose_word(self, device: str, word: str) -> None:
        """The wake word of a device."""
        self._set_columns(device, word=word)

    def move(self, device: str, unit: str) -> None:
        self._set_columns(device, unit=unit)

    def _set_columns(self, device: str, **values: str | bool) -> None:
        with self.engine.begin() as connection:
            connection.execute(
                update(DEVICE).where(DEVICE.c.name == device).values(**values)
            )
