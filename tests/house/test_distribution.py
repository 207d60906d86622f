"""What is installed is what lies here: a room that the distribution forgets would be missing for everybody but us."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

HOUSE = Path(__file__).parents[2]
SETUPTOOLS = tomllib.loads((HOUSE / "pyproject.toml").read_text())["tool"][
    "setuptools"
]
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
