"""What is installed is what lies here: a room that the distribution forgets would be missing for everybody but us."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
from importlib.metadata import version
from pathlib import Path

import pytest
from cyclonedx.model.bom import Bom
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

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


@pytest.mark.parametrize(
    ("extra", "asking"),
    [
        ("reports", ""),
        ("postgresql", "psycopg: LGPL"),
        ("codecs", "av: BSD-3-Clause AND GPL-2.0-or-later"),
        ("reference", "av: BSD-3-Clause AND GPL-2.0-or-later"),
    ],
)
def test_a_licence_that_asks_more_is_noticed(extra, asking):
    """What a wheel carries counts: av is BSD by its own word, and brings x264 and x265."""
    done = subprocess.run(
        [*BILL, extra, "--check"], capture_output=True, text=True
    )
    assert done.returncode == bool(asking)
    told = done.stderr.splitlines()
    assert {line.partition(":")[0] for line in told} <= {
        "av",
        "psycopg",
        "psycopg-binary",
    }
    assert asking in done.stderr


INSTALLED = ["reference", "dev", "esphome", "hermes", "reports", "codecs"]
"""Every extra that CI installs, or whose packages it installs for another."""


@pytest.mark.parametrize(
    "extras", [[], ["reference"], INSTALLED], ids=["judge", "ref", "all"]
)
def test_the_bill_of_materials_follows_the_standard(extras):
    """By the schema of CycloneDX, and read into the objects of its own library."""
    done = subprocess.run(
        [*BILL, *extras], capture_output=True, text=True, check=True
    )
    validator = JsonStrictValidator(SchemaVersion.V1_6)
    assert validator.validate_str(done.stdout) is None
    document = json.loads(done.stdout)
    read = Bom.from_json(document)
    assert read.validate()
    assert read.metadata.component.version == PROJECT["version"]
    assert len(read.components) == len(document["components"]) > 30
    document["components"][0]["licenses"][0] = {"expression": 1}
    assert validator.validate_str(json.dumps(document)) is not None


def test_the_bill_of_materials_holds_what_is_asked_for_and_no_codec():
    done = subprocess.run(BILL, capture_output=True, text=True, check=True)
    document = json.loads(done.stdout)
    names = {part["name"] for part in document["components"]}
    asked = {
        re.split(r"[><=\[~ ]", text)[0].replace(".", "-")
        for text in PROJECT["dependencies"]
    }
    assert asked <= names and "av" not in names
    references = {part["bom-ref"] for part in document["components"]}
    for edge in document["dependencies"]:
        assert set(edge["dependsOn"]) <= references


def test_the_changelog_begins_with_the_version_that_is_published():
    heads = re.findall(
        "^## (.+)$", (HOUSE / "CHANGELOG.md").read_text(), re.MULTILINE
    )
    assert heads[0] == PROJECT["version"] == version("earwitness")


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
