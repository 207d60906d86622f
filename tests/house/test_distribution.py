"""What is installed is what lies here: a room that the distribution forgets would be missing for everybody but us."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
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
        line.partition("==")[0].lower()
        for line in (HOUSE / "constraints.txt").read_text().splitlines()
    }
    wanted = [
        *PROJECT["dependencies"],
        *PROJECT["optional-dependencies"]["reference"],
        *PROJECT["optional-dependencies"]["dev"],
    ]
    names = {re.split(r"[><=\[~ ]", text)[0].lower() for text in wanted}
    assert names - pinned == set()


@pytest.fixture(scope="module")
def archives(tmp_path_factory):
    """The source archive, and the wheel that is made of it, as they would be published."""
    out = tmp_path_factory.mktemp("archives")
    copy = tmp_path_factory.mktemp("source") / "earwitness"
    kept = subprocess.run(
        ["git", "ls-files", "-z"], cwd=HOUSE, capture_output=True, check=True
    )
    for name in kept.stdout.decode().split("\0"):
        if name and (HOUSE / name).is_file():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(HOUSE / name, copy / name)
    build = "import sys; from setuptools import build_meta as b; b.build_sdist(sys.argv[1])"
    run_in(copy, [sys.executable, "-c", build, str(out)])
    (source,) = out.glob("*.tar.gz")
    pip = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--quiet"]
    run_in(out, [*pip, "--wheel-dir", str(out), str(source)])
    return out


def run_in(folder, command):
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_the_wheel_holds_every_file_that_the_code_reads(archives):
    (wheel,) = archives.glob("*.whl")
    packed = set(zipfile.ZipFile(wheel).namelist())
    for package, folder in SETUPTOOLS["package-dir"].items():
        for path in (HOUSE / folder).rglob("*"):
            if path.suffix in DATA and "__pycache__" not in path.parts:
                place = path.relative_to(HOUSE / folder).as_posix()
                assert f"{package.replace('.', '/')}/{place}" in packed


def test_what_is_installed_from_the_wheel_runs(archives, tmp_path):
    (wheel,) = archives.glob("*.whl")
    zipfile.ZipFile(wheel).extractall(tmp_path)
    code = (
        "from earwitness.conformance.cli.main import main; import sys; "
        "sys.argv = ['earwitness', 'policy', 'show', 'mic-3']; main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("MIC-3")
