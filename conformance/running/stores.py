"""What lies in the stores of a target, looked at before the first word and after every run."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import replace

from earwitness.conformance.running.answers import plain_letters
from earwitness.conformance.running.sounds import SoundMemory
from earwitness.conformance.running.undeclared_stores import (
    UndeclaredStores,
    named_folders,
)
from earwitness.conformance.targets.cell import Cell
from earwitness.conformance.targets.confinement import Confinement
from earwitness.conformance.witnesses.files import (
    FileLike,
    StoredFile,
    StoreFind,
    StoreSearch,
    files_below,
    search_files,
)

NOTHING = StoreSearch((), 0, ())
"""A search that looked at no file."""

STANDARD_ERROR = "standard error"
"""The name of the log that every program has."""
TIMES = ("times of files", "times of files backwards")
"""What lies in the times that were set by hand, as a cell lists them."""
LARGEST_BASELINE = 64 << 20
"""Bytes of files that are kept from before the first word; of what is beyond only the digest is kept."""


class Stores:
    """In a sealed cell everything that was written anywhere is looked at, else the folders that the target
    names. A file is read when it has changed since it was last looked at: what is older than a sound cannot
    hold it."""

    def __init__(
        self, cell: Cell | None, folders: Iterable[str], sounds: SoundMemory
    ) -> None:
        self._errors = cell
        self._cell = (
            cell
            if cell is not None and cell.level is Confinement.SEALED
            else None
        )
        self._folders, self._sounds = tuple(folders), sounds
        root = "" if self._cell is None else str(self._cell.outside("/"))
        self.undeclared = UndeclaredStores(named_folders(self._folders, root))
        self._before: dict[str, FileLike] = {}
        self._first_contents: set[bytes] = set()
        """Digests of all contents that lay there before the first word."""
        self._digests: dict[str, bytes] = {}
        self._sizes: dict[str, int] = {}
        self._marked: dict[str, int] = {}
        self._acted_on: dict[str, None] = {}

    @property
    def seals(self) -> bool:
        """Whether no file can be missed."""
        return self._cell is not None

    def take_baseline(self) -> None:
        """What lies there before the first word is spoken is nobody's, such as help texts and sample
        sentences. Called again, it adds what has come since."""
        kept = sum(len(file.content or b"") for file in self._before.values())
        for file in self._kept_files():
            kept += len(file.content or b"")
            self._first_contents.add(digest_of(file))
            if kept <= LARGEST_BASELINE:
                self._before[file.name] = file

    def search(self, acted_on: Iterable[str]) -> StoreSearch:
        """What of the test lies in files that are new or changed. `acted_on` are the texts the devices acted
        on; those of earlier searches count too, because what was kept then may still lie there."""
        self._acted_on |= dict.fromkeys(acted_on)
        texts = tuple(self._acted_on)
        files = self._changed_files()
        before = [
            self._before[file.name]
            for file in files
            if file.name in self._before
        ]
        fresh = [self._without_first_content(file) for file in files]
        found = search_files(fresh, self._sounds.reader, texts)
        if before and any(find.text for find in found.finds):
            found = found.since(
                search_files(before, self._sounds.reader, texts)
            )
        return replace(
            found,
            finds=tuple(
                f for f in found.finds if not _is_part(f, found.finds)
            ),
        )

    def _without_first_content(self, file: FileLike) -> FileLike:
        """What lay there byte for byte before the first word holds none, under whatever name it lies there
        now, such as a chime that is written again into every new home; its name is read all the same."""
        if file.reason or digest_of(file) not in self._first_contents:
            return file
        return StoredFile(file.name, b"")

    def mark(self) -> None:
        """From here on growth is counted."""
        self._changed_files()
        self._marked = dict(self._sizes)

    def growth(self) -> dict[str, int]:
        """By how many bytes each file has grown since the mark, as far as it was looked at."""
        names = {*self._sizes, *self._marked}
        grown = {
            name: self._sizes.get(name, 0) - self._marked.get(name, 0)
            for name in sorted(names)
        }
        return {name: size for name, size in grown.items() if size}

    def _changed_files(self) -> list[FileLike]:
        """Files whose content is another than when they were last looked at, and all that cannot be read."""
        fresh = []
        for file in self._kept_files():
            digest = digest_of(file)
            if self._digests.get(file.name) != digest or file.reason:
                self._digests[file.name] = digest
                fresh.append(file)
                if file.name not in (STANDARD_ERROR, *TIMES):
                    # What a target says there of its own state is as long as it pleases.
                    self._sizes[file.name] = len(file.content or b"")
                    if file.content and self.seals:
                        self.undeclared.note_changed(file.name)
        return fresh

    def _kept_files(self) -> list[FileLike]:
        written = self._errors.error_content() if self._errors else b""
        said = [StoredFile(STANDARD_ERROR, written)] if written else []
        if self._cell is None:
            return [*files_below(self._folders), *said]
        with self._cell.frozen():
            return [*self._cell.found_files(), *said]


def digest_of(file: FileLike) -> bytes:
    """Of its content."""
    return hashlib.sha256(file.content or b"").digest()


def _is_part(find: StoreFind, finds: Iterable[StoreFind]) -> bool:
    """Whether words are a part of the text acted on that lies in the same store: a request may begin as
    another one did."""
    if find.acted_on or not find.text:
        return False
    part = plain_letters(find.text)
    return any(
        other.acted_on
        and other.store == find.store
        and part in plain_letters(other.text)
        for other in finds
    )


def owners(
    find: StoreFind,
    acted_on: Mapping[str, Iterable[str]],
    sounds: SoundMemory,
) -> list[str]:
    """The devices beside which what was found was said: it is booked on them. Words that nobody there acted
    on, and sound of an earlier run, are booked on the first."""
    devices = list(acted_on)
    if find.heard is not None:
        return (
            [find.heard.device]
            if find.heard.run == sounds.heard.run
            else devices[:1]
        )
    said = [
        name
        for name, texts in acted_on.items()
        if any(sounds.words.same(find.text, t) for t in texts)
    ]
    return (
        said
        or [name for name in devices if any(acted_on[name])][:1]
        or devices[:1]
    )


def together(one: StoreSearch, other: StoreSearch) -> StoreSearch:
    """What two searches of one run found."""
    return StoreSearch(
        finds=tuple(dict.fromkeys((*one.finds, *other.finds))),
        files=max(one.files, other.files),
        unread=tuple(dict.fromkeys((*one.unread, *other.unread))),
        sizes=one.sizes or other.sizes,
        digests=one.digests or other.digests,
        unexplained=max(one.unexplained, other.unexplained),
    )
