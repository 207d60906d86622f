"""Where the cloud keeps what it keeps: SQLite in its folder, or PostgreSQL where a URL is given. One code
for both, by SQLAlchemy."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sqlalchemy import Engine, Table, create_engine, event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError


class DatabaseError(RuntimeError):
    """The database cannot be used; the message says which and why."""


def open_database(folder: Path, name: str, url: str = "") -> Engine:
    """The database at a URL such as postgresql://user@host/name, or the SQLite file of that name in the
    folder. Its complaints never repeat what was to be stored. Raises DatabaseError."""
    if not url:
        folder.mkdir(parents=True, exist_ok=True)
        engine = create_engine(
            f"sqlite:///{folder / name}",
            # 20 s: chosen, how long one waits for another process that writes.
            connect_args={"timeout": 20},
            hide_parameters=True,
        )
        event.listen(engine, "connect", _overwrite_deleted)
        return engine
    try:
        address = make_url(url)
        if address.get_backend_name() != "postgresql":
            raise DatabaseError(
                f"{address.get_backend_name()} is not supported; give a URL that begins with postgresql://"
            )
        engine = create_engine(
            address.set(drivername="postgresql+psycopg"),
            pool_pre_ping=True,
            hide_parameters=True,
        )
        with engine.connect():
            return engine
    except ModuleNotFoundError:
        raise DatabaseError(
            "psycopg is not installed; pip install 'earwitness[postgresql]'"
        ) from None
    except ArgumentError:
        raise DatabaseError(
            "the database's URL cannot be read; give one like postgresql://user@host/name"
        ) from None
    except SQLAlchemyError as error:
        raise DatabaseError(
            f"the database cannot be reached: {str(getattr(error, 'orig', error)).strip()}"
        ) from None


def _overwrite_deleted(connection: Any, record: object) -> None:
    """What is deleted is overwritten, and no journal keeps it."""
    for setting in (
        "PRAGMA secure_delete = ON",
        "PRAGMA journal_mode = MEMORY",
    ):
        connection.execute(setting)


def make_insertion(
    engine: Engine, table: Table
) -> sqlite.Insert | postgresql.Insert:
    """An insertion that can say what to do where the row is there already."""
    if engine.dialect.name == "sqlite":
        return sqlite.insert(table)
    return postgresql.insert(table)


def rewrite_table(engine: Engine, table: Table) -> None:
    """Leave nothing of deleted rows in a table's file. SQLite has overwritten them; PostgreSQL keeps them
    until the table is written again, and in its write-ahead log for as long as its administrator lets it."""
    if engine.dialect.name == "postgresql":
        with engine.connect().execution_options(
            isolation_level="AUTOCOMMIT"
        ) as connection:
            connection.exec_driver_sql(f'VACUUM FULL "{table.name}"')
