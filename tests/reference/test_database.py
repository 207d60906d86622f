"""What the cloud keeps is kept in the same way by SQLite and by a PostgreSQL server."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from datetime import date
from pathlib import Path

import pytest

from earwitness.conformance.stimuli.clips import CLIPS, in_the_air
from earwitness.reference_impl.cloud.retention import (
    CountedDialogue,
    Retention,
)
from earwitness.reference_impl.database import DatabaseError, open_database
from earwitness.reference_impl.property.device_register import (
    DeviceRegister,
    RegisteredDevice,
    UnknownDevice,
)
from earwitness.reference_impl.session import Session


@pytest.fixture(scope="module")
def server():
    """A PostgreSQL server of our own on a socket; it will not run as root."""
    home = Path(tempfile.mkdtemp(prefix="earwitness-postgresql-"))
    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin"))[-1]
    other = ["runuser", "-u", "postgres", "--"] if os.getuid() == 0 else []
    if other:
        shutil.chown(home, "postgres")

    def run(program: str, *words: str) -> None:
        subprocess.run(
            [*other, str(programs / program), *words],
            check=True,
            capture_output=True,
            timeout=120,
            cwd=home,
        )

    run(
        "initdb",
        "-D",
        str(home / "data"),
        "-U",
        "postgres",
        "-A",
        "trust",
        "--no-sync",
    )
    run(
        "pg_ctl",
        "-D",
        str(home / "data"),
        "-w",
        "-l",
        str(home / "log"),
        "-o",
        f"-k {home} -c listen_addresses=''",
        "start",
    )
    yield home
    run("pg_ctl", "-D", str(home / "data"), "-m", "immediate", "stop")
    shutil.rmtree(home)


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request):
    if request.param == "sqlite":
        return ""
    home = request.getfixturevalue("server")
    found = f"postgresql://postgres@/postgres?host={home}"
    with open_database(home, "", found).begin() as connection:
        connection.exec_driver_sql("DROP SCHEMA public CASCADE")
        connection.exec_driver_sql("CREATE SCHEMA public")
    return found


SPOKEN = CountedDialogue(
    "harbour-hotel", "harbour-hotel", "d1", "weather", "weather", "GetWeather"
)


def test_dialogues_are_counted_by_day_and_place_and_what_they_were_about(
    url, tmp_path
):
    day = [date(2026, 1, 1)]
    retention = Retention(
        tmp_path,
        url,
        lambda: day[0],
    )
    for device, intent in (
        ("d1", "GetWeather"),
        ("d2", "GetWeather"),
        ("d1", "SetTimer"),
    ):
        retention.count_dialogue(
            CountedDialogue(
                "harbour-hotel",
                "harbour-hotel",
                device,
                "any",
                "any",
                intent,
            )
        )
    assert retention.dialogues("intent", "harbour-hotel") == {
        "GetWeather": 2,
        "SetTimer": 1,
    }
    assert retention.dialogues(
        "intent",
        "harbour-hotel",
        most=1,
    ) == {"GetWeather": 2}
    assert (
        retention.dialogues(
            "intent",
            "harbour-hotel",
            ["other"],
        )
        == {}
        == retention.dialogues("day", "hill-hotel")
    )
    assert (
        retention.active_devices("harbour-hotel") == 2
        and retention.requests() == 3
    )
    day[0] = date(2026, 1, 2)
    assert retention.active_devices(
        "harbour-hotel"
    ) == 0 and retention.dialogues("day", "harbour-hotel") == {
        "2026-01-01": 3
    }


@pytest.mark.parametrize(
    "jump", [date(1970, 1, 1), date(2038, 1, 20), date(9999, 12, 31)]
)
def test_a_clock_that_jumps_loses_no_count(jump, url, tmp_path):
    day = [date(2026, 1, 1)]
    retention = Retention(
        tmp_path,
        url,
        lambda: day[0],
    )
    for now in (day[0], jump, day[0]):
        day[0] = now
        retention.count_dialogue(SPOKEN)
    assert retention.dialogues("day", "harbour-hotel") == {
        "2026-01-01": 2,
        jump.isoformat(): 1,
    }


def test_what_is_forgotten_is_gone_from_the_file(url, tmp_path, request):
    retention = Retention(tmp_path, url)
    for number in range(50):
        retention.keep_words(f"turn on the secret lamp {number}", "d1")
    retention.keep_words("another room", "d2")
    assert retention.forget_words("d1") == 50
    kept = tmp_path
    if url:
        kept = request.getfixturevalue("server") / "data" / "base"
        with retention.engine.connect().execution_options(
            isolation_level="AUTOCOMMIT"
        ) as connection:
            connection.exec_driver_sql("CHECKPOINT")
    contents = [p.read_bytes() for p in kept.rglob("*") if p.is_file()]
    assert any(b"another room" in c for c in contents) and not any(
        b"secret lamp" in c for c in contents
    )


def test_devices_and_their_skills_are_registered(url, tmp_path):
    first = (
        RegisteredDevice(
            "d1",
            "harbour-hotel",
            "101",
        ),
        RegisteredDevice(
            "x1",
            "hill-hotel",
            "1",
        ),
    )
    register = DeviceRegister(
        tmp_path,
        first,
        ("weather", "timer"),
        url,
    )
    register.want_tone("d1", True)
    register.choose_word("d1", "echo")
    register.move("d1", "202")
    register.enable("d1", "timer", False)
    register.enable("d1", "weather", True)
    again = DeviceRegister(
        tmp_path,
        (),
        (),
        url,
    )
    assert again.device("d1") == RegisteredDevice(
        "d1",
        "harbour-hotel",
        "202",
        True,
        "echo",
    )
    assert again.skills("d1") == {"weather"} and [
        d.name for d in again.devices("hill-hotel")
    ] == ["x1"]
    with pytest.raises(UnknownDevice):
        again.device("d9")
    register.clear()
    assert again.devices() == first


def test_the_reference_runs_on_a_server(server, monkeypatch):
    monkeypatch.setenv(
        "EARWITNESS_DATABASE",
        f"postgresql://postgres@/postgres?host={server}",
    )
    session = Session()
    try:
        session.devices["d1"].set_power(True)
        session.hear_sound({"device": "d1"}, in_the_air(CLIPS["weather"], 2))
        (said,) = list(
            session.handle_request(
                {
                    "id": 1,
                    "do": "query",
                    "device": "d1",
                    "actor": "ours",
                    "role": "organisation",
                    "resource": "intent_distribution",
                }
            )
        )[1:]
        assert "GetWeather" in said["ok"]["data"]
        assert not list((session.folder / "cloud").glob("*.sqlite"))
    finally:
        session.stop()


@pytest.mark.parametrize(
    ("wrong", "part"),
    [
        ("nonsense", "cannot be read"),
        ("mysql://somewhere/db", "not supported"),
        ("postgresql://nobody@127.0.0.1:1/db", "cannot be reached"),
    ],
)
def test_a_database_that_cannot_be_used_is_named(wrong, part, tmp_path):
    with pytest.raises(DatabaseError, match=part):
        open_database(tmp_path, "", wrong)
