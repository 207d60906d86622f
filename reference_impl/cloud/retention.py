"""What the cloud keeps: the words acted on, and counts. Everything else lives in memory only."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from sqlalchemy import (
    Column,
    Integer,
    MetaData,
    String,
    Table,
    delete,
    func,
    insert,
    select,
)

from earwitness.reference_impl.database import (
    make_insertion,
    open_database,
    rewrite_table,
)

TOP = 10
"""How many domains or skills an organisation sees (FAQ 7)."""
TABLES = MetaData()
TRANSCRIPT = Table(
    "transcript",
    TABLES,
    Column("device", String, nullable=False),
    Column("words", String, nullable=False),
)
DIALOGUES = Table(
    "dialogues",
    TABLES,
    Column("day", String, primary_key=True),
    Column("organisation", String, primary_key=True),
    Column("property", String, primary_key=True),
    Column("domain", String, primary_key=True),
    Column("skill", String, primary_key=True),
    Column("intent", String, primary_key=True),
    Column("number", Integer, nullable=False),
)
ACTIVE = Table(
    "active",
    TABLES,
    Column("day", String, primary_key=True),
    Column("organisation", String, primary_key=True),
    Column("device", String, primary_key=True),
)
"""There is no column for sound, for a user, or for a single utterance's metric."""


@dataclass(frozen=True, slots=True)
class CountedDialogue:
    """What is counted of a dialogue: where it took place and what it was about; not who spoke, nor what was
    said, nor when in the day."""

    organisation: str
    property: str
    device: str
    domain: str
    skill: str
    intent: str


def utc_today() -> date:
    return datetime.now(UTC).date()


class Retention:
    """One database, called from any thread. `today` tells the date; a clock that jumps moves counts to
    another day and does nothing else."""

    def __init__(
        self,
        folder: Path,
        url: str = "",
        today: Callable[[], date] = utc_today,
    ) -> None:
        self.folder, self._today = folder, today
        self.engine = open_database(folder, "cloud.sqlite", url)
        TABLES.create_all(self.engine)

    def keep_words(self, words: str, device: str) -> None:
        """The one hypothesis acted on, with the device it was said to, so that it can be deleted there."""
        with self.engine.begin() as connection:
            connection.execute(
                insert(TRANSCRIPT).values(
                    device=device,
                    words=words,
                )
            )

    def forget_words(self, device: str) -> int:
        """Delete what was said to a device; returns how many transcripts there were."""
        with self.engine.begin() as connection:
            number = connection.execute(
                delete(TRANSCRIPT).where(TRANSCRIPT.c.device == device)
            ).rowcount
        rewrite_table(self.engine, TRANSCRIPT)
        return number

    def count_dialogue(self, dialogue: CountedDialogue) -> None:
        """One more dialogue."""
        today = self._today().isoformat()
        row = {"day": today, **asdict(dialogue)}
        active = {
            name: row[name] for name in ("day", "organisation", "device")
        }
        del row["device"]
        one_more = make_insertion(self.engine, DIALOGUES).values(
            **row, number=1
        )
        counted = one_more.on_conflict_do_update(
            index_elements=list(row),
            set_={"number": DIALOGUES.c.number + 1},
        )
        seen = make_insertion(self.engine, ACTIVE).values(**active)
        with self.engine.begin() as connection:
            connection.execute(counted)
            connection.execute(seen.on_conflict_do_nothing())

    def dialogues(
        self,
        by: str,
        organisation: str,
        skills: Sequence[str] | None = None,
        most: int | None = None,
    ) -> dict[str, int]:
        """Dialogues of an organisation, summed by day, domain, skill or intent; of some skills only where
        they are given; the most frequent first."""
        if by not in ("day", "domain", "skill", "intent"):
            raise ValueError(f"dialogues are not counted by '{by}'")
        key, total = DIALOGUES.c[by], func.sum(DIALOGUES.c.number)
        asked = (
            select(key, total)
            .where(DIALOGUES.c.organisation == organisation)
            .group_by(key)
            .order_by(total.desc(), key)
            .limit(most)
        )
        if skills is not None:
            asked = asked.where(DIALOGUES.c.skill.in_(skills))
        with self.engine.connect() as connection:
            return {
                name: int(number)
                for name, number in connection.execute(asked)
            }

    def active_devices(self, organisation: str) -> int:
        """Devices with a dialogue today."""
        asked = (
            select(func.count())
            .select_from(ACTIVE)
            .where(
                ACTIVE.c.organisation == organisation,
                ACTIVE.c.day == self._today().isoformat(),
            )
        )
        with self.engine.connect() as connection:
            return int(connection.execute(asked).scalar_one())

    def requests(self) -> int:
        """Dialogues of everybody: the service's total."""
        with self.engine.connect() as connection:
            return int(
                connection.execute(
                    select(func.coalesce(func.sum(DIALOGUES.c.number), 0))
                ).scalar_one()
            )

    def clear(self) -> None:
        with self.engine.begin() as connection:
            for table in TABLES.sorted_tables:
                connection.execute(delete(table))
        rewrite_table(self.engine, TRANSCRIPT)
