"""Whatever lies in a folder, it can be removed."""

from __future__ import annotations

import os

from earwitness.conformance.targets.folders import remove_folder


def test_folders_thousands_deep_are_removed(tmp_path):
    top = tmp_path / "top"
    top.mkdir()
    folder = os.open(top, os.O_RDONLY)
    for _ in range(3_000):
        os.mkdir("d", dir_fd=folder)
        deeper = os.open("d", os.O_RDONLY, dir_fd=folder)
        os.close(folder)
        folder = deeper
    os.close(folder)
    remove_folder(top)
    assert not top.exists()


def test_a_folder_that_is_not_there_is_removed_already(tmp_path):
    remove_folder(tmp_path / "never")
