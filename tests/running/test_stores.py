"""Standard error is a log like any other: what is written there is read."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np
import pytest

from earwitness.conformance.running.sounds import SoundMemory
from earwitness.conformance.running.stores import STANDARD_ERROR, Stores
from earwitness.conformance.targets.confinement import Confinement
from earwitness.conformance.witnesses.files import StoredFile


@dataclass
class OpenCell:
    """A target that is not confined, with what it wrote to standard error."""

    written: bytes = b""
    level = Confinement.OPEN

    def error_content(self):
        return self.written


def test_sound_on_standard_error_is_a_recording_that_is_kept():
    sounds, cell = SoundMemory(), OpenCell(b"ready\n")
    stores = Stores(cell, (), sounds)
    stores.take_baseline()
    heard = np.random.default_rng(1).integers(-9_000, 9_000, 16_000, "i2")
    sounds.begin()
    sounds.add("d1", 0, heard.tobytes(), in_call=False)
    stores.mark()
    assert stores.search(()).finds == ()
    cell.written += heard.tobytes()
    (find,) = stores.search(()).finds
    sounds.close()
    assert (find.store, find.category) == (STANDARD_ERROR, "recording")
    # How much is written there is no growth of a store.
    assert stores.growth() == {}


@dataclass
class SealedCell(OpenCell):
    """A target whose files are all found, wherever they are."""

    files: tuple[StoredFile, ...] = ()
    level = Confinement.SEALED

    def outside(self, path):
        return PurePosixPath(f"/proc/7/root{path}")

    @contextmanager
    def frozen(self):
        yield

    def found_files(self):
        return self.files


def findings_of(named, *looks):
    """What is found where a target names folders, and each look shows files, by name with their content."""
    cell, sounds = SealedCell(), SoundMemory()
    stores = Stores(cell, [f"/proc/7/root{path}" for path in named], sounds)
    for look in looks:
        cell.files = tuple(StoredFile(*file) for file in look.items())
        stores.search(())
    sounds.close()
    return list(stores.undeclared.findings())


@pytest.mark.parametrize("named", [(), ("/not-there",), ("/data/empty",)])
def test_who_names_no_folder_that_it_uses_is_not_believed_to_keep_nothing(
    named,
):
    (finding,) = findings_of(
        named, {"/data/log": b"one"}, {"/data/log": b"one two"}
    )
    assert finding.blocking and "/data/log" in finding.text


def test_a_log_beside_the_folder_that_is_named_is_told_and_no_more():
    both = {"/data/rows": b"1", "/var/log": b"one"}
    (finding,) = findings_of(
        ("/data",), both, both | {"/var/log": b"one two"}
    )
    assert not finding.blocking and "/var/log" in finding.text


def test_what_is_written_once_is_no_store():
    code = {"/app/__pycache__/main.pyc": b"code"}
    assert findings_of((), code, code, code) == []


def test_what_lies_in_the_folder_that_is_named_is_declared():
    assert findings_of(("/data",), {"/data/a": b"1"}, {"/data/a": b"2"}) == []


def test_a_folder_may_be_named_from_where_the_target_begins():
    cell, sounds = SealedCell(), SoundMemory()
    stores = Stores(cell, ["data"], sounds)
    for content in (b"1", b"2"):
        cell.files = (StoredFile(f"{Path.cwd()}/data/rows", content),)
        stores.search(())
    sounds.close()
    assert list(stores.undeclared.findings()) == []


def test_what_lay_there_before_the_first_word_is_not_read_again_elsewhere(
    tmp_path,
):
    """A chime that is written again into every new home cannot hold what was said since, nor is it unread."""
    chime = np.random.default_rng(2).integers(-9_000, 9_000, 1_600, "i2")
    (tmp_path / "one").write_bytes(chime.tobytes())
    sounds = SoundMemory()
    stores = Stores(None, (str(tmp_path),), sounds)
    stores.take_baseline()
    heard = np.random.default_rng(1).integers(-9_000, 9_000, 16_000, "i2")
    sounds.begin()
    sounds.add("d1", 0, heard.tobytes(), in_call=False)
    read = []
    reading = sounds.reader.read
    sounds.reader.read = lambda content: (
        read.append(content),
        reading(content),
    )[1]
    (tmp_path / "two").write_bytes(chime.tobytes())
    assert stores.search(()).finds == () and chime.tobytes() not in read
    (tmp_path / "three").write_bytes(chime.tobytes() + heard.tobytes())
    assert [find.store for find in stores.search(()).finds] == ["three"]
    sounds.close()
