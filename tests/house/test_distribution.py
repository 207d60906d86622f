"""What is installed is what lies here: a room that the distribution forgets would be missing for everybody but us."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
from pathlib import Path

import pytest

HOUSE = Path(__file__).parents[2]
SETTINGS = tomllib.loads((HOUSE / "pyproject.toml").read_text())
PROJECT, SETUPTOOLS = SETTINGS["project"], SETTINGS["tool"]["setuptools"]
DATA = {".yaml", ".json", ".lark", ".html", ".css", ".cedar", ".npz", ".toml"}
"""Endings of files that the code reads beside itself."""
ROOMS = {
    folder: package for package, folder in SETUPTOOLS["package-dir"].items()
}


def packages_on_disk(folder):
    return {
        ".".join(
            (ROOMS[folder], *path.parent.relative_to(HOUSE / folder).parts)
        )
        for path in (HOUSE / folder).rglob("__init__.py")
    }


@pytest.mark.parametrize("folder", sorted(ROOMS))
def test_every_package_of_a_room_is_in_the_distribution(folder):
    listed = {
        name
        for name in SETUPTOOLS["packages"]
        if f"{name}.".startswith(f"{ROOMS[folder]}.")
    }
    assert listed == packages_on_disk(folder)


BILL = [sys.executable, str(HOUSE / "scripts" / "bill-of-materials")]


def test_what_judges_brings_permissive_licences_alone():
    done = subprocess.run([*BILL, "--check"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_a_licence_that_asks_more_is_noticed():
    done = subprocess.run(
        [*BILL, "postgresql", "--check"], capture_output=True, text=True
    )
    assert done.returncode == 1
    assert "psycopg: LGPL" in done.stderr


def test_the_bill_of_materials_holds_what_is_asked_for_and_no_codec():
    done = subprocess.run(BILL, capture_output=True, text=True, check=True)
    document = json.loads(done.stdout)
    assert (document["bomFormat"], document["specVersion"]) == (
        "CycloneDX",
        "1.6",
    )
    names = {part["name"] for part in document["components"]}
    asked = {
        re.split(r"[><=\[~ ]", text)[0].replace(".", "-")
        for text in PROJECT["dependencies"]
    }
    assert asked <= names and "av" not in names
    references = {part["bom-ref"] for part in document["components"]}
    for edge in document["dependencies"]:
        assert set(edge["dependsOn"]) <= references


def test_every_requirement_has_its_version_in_the_constraints():
    pinned = {
        # Either sign may stand in a name (PEP 503).
        line.partition("==")[0].lower().replace("_", "-")
        for line in (HOUSE / "constraints.txt").read_text().splitlines()
    }
    wanted = [
        *PROJECT["dependencies"],
        *PROJECT["optional-dependencies"]["reference"],
        *PROJECT["optional-dependencies"]["dev"],
    ]
    names = {re.split(r"[><=\[~ ]", text)[0].lower() for text in wanted}
    assert names - pinned == set()


def test_every_version_in_the_constraints_has_the_digest_of_its_file():
    def lines(name):
        text = (HOUSE / name).read_text()
        return [line for line in text.splitlines() if line[:1] != "#"]

    hashed = dict(
        line.split(" --hash=sha256:")
        for line in lines("constraints.hashes.txt")
    )
    assert {
        name.lower().replace("_", "-") for name in lines("constraints.txt")
    } == {name.lower().replace("_", "-") for name in hashed}
    assert all(
        re.fullmatch("[0-9a-f]{64}", digest) for digest in hashed.values()
    )


def test_the_source_archive_holds_every_file_that_the_code_reads(tmp_path):
    """A wheel is made of it: `.ci/run` builds one, installs it and runs it."""
    copy = tmp_path / "source"
    kept = subprocess.run(
        ["git", "ls-files", "-z"], cwd=HOUSE, capture_output=True, check=True
    )
    for name in filter(None, kept.stdout.decode().split("\0")):
        if (HOUSE / name).is_file():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(HOUSE / name, copy / name)
    build = "from setuptools import build_meta as b; b.build_sdist('out')"
    done = subprocess.run(
        [sys.executable, "-c", build],
        cwd=copy,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    (archive,) = (copy / "out").glob("*.tar.gz")
    with tarfile.open(archive) as packed:
        names = {name.partition("/")[2] for name in packed.getnames()}
    read = [
        path.relative_to(HOUSE).as_posix()
        for folder in ROOMS
        for path in (HOUSE / folder).rglob("*")
        if path.suffix in DATA and "__pycache__" not in path.parts
    ]
    assert read and set(read) <= names
