"""What lies in stores, found by folder or by the cell: read by the one reader, with what could not be read,
and why.

Searching never writes and never waits: links are not followed, pipes and devices not opened, databases
read from a copy in memory."""

from __future__ import annotations

import hashlib
import os
import stat
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

from rapidfuzz import fuzz

from earwitness.conformance.witnesses.finds_of_sound import Heard
from earwitness.conformance.witnesses.reader import Reader
from earwitness.conformance.witnesses.reading import Reading, WordsInContent
from earwitness.conformance.witnesses.spoken_words import LIKE, WordsKind

LARGEST_FILE = 256 << 20
"""Bytes read of one file; a larger one is not read, and that is told."""
MOST_FILES = 5_000
"""Files looked at in one search; each takes a fraction of a millisecond even where it is empty."""
MOST_SINGLY = 500
"""Files read one by one in one search; of those after them the small ones are read in one piece."""
BETWEEN = b"\0\n"
"""Between files that are read in one piece: nothing goes on from one to the next."""
DEEPEST = 200
"""Folders in folders that are looked into."""
SMALL = 4_096
"""Bytes of a file that is also read together with the other small ones, as sound or words may lie in
pieces."""
MOST_TOGETHER = 16 << 20
"""Bytes of small files that are read together. Chosen, not measured."""
FURTHER = "further small files"
SPECIAL = {
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


class FileLike(Protocol):
    """A file as it was found: `content` is None where it could not be read; `reason` says why, or what
    else is to be known."""

    @property
    def name(self) -> str: ...
    @property
    def content(self) -> bytes | None: ...
    @property
    def reason(self) -> str: ...


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file found below a folder."""

    name: str
    content: bytes | None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class StoreFind:
    """Something of the test in a store. `category` is recording, call_audio, transcript or hypothesis;
    `acted_on` says that the words are those that were acted on. `heard` is given for sound, `text` for
    words."""

    store: str
    category: str
    acted_on: bool
    heard: Heard | None = None
    text: str = ""
    wrappings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class StoreSearch:
    """What one search came to. Where `unread` is not empty, or no file was there, nothing may rest on what
    was not found."""

    finds: tuple[StoreFind, ...]
    files: int
    unread: tuple[str, ...]
    sizes: Mapping[str, int] = field(default_factory=dict)
    digests: Mapping[str, bytes] = field(default_factory=dict)
    unexplained: int = 0
    """Bytes in the files that are neither sound of the test nor text nor a known structure."""

    @property
    def bytes(self) -> int:
        """How much was read in all."""
        return sum(self.sizes.values())

    def since(self, baseline: StoreSearch) -> StoreSearch:
        """Without the words that lay there before the first was spoken, such as sample sentences: as many
        of each as there were."""
        before = Counter(
            (find.category, find.text) for find in baseline.finds if find.text
        )
        left: list[StoreFind] = []
        for find in self.finds:
            key = (find.category, find.text)
            # Of words that were not acted on then, some may be acted on now.
            same = (
                key
                if before[key]
                else next(
                    (k for k in before if before[k] and k[1] == find.text),
                    key,
                )
            )
            if find.text and before[same]:
                before[same] -= 1
            else:
                left.append(find)
        return replace(self, finds=tuple(left))

    def growth(self, before: StoreSearch) -> dict[str, int]:
        """By how many bytes each file has grown (or shrunk); 0 where it was rewritten in the same size;
        the unchanged are left out."""
        names = {*self.sizes, *before.sizes}
        return {
            name: self.sizes.get(name, 0) - before.sizes.get(name, 0)
            for name in sorted(names)
            if self.digests.get(name) != before.digests.get(name)
        }


def search_files(
    files: Iterable[FileLike], reader: Reader, acted_on: Collection[str] = ()
) -> StoreSearch:
    """Read every file, its name, and the small ones together. `acted_on` are the texts that the device
    acted on. Never raises for whatever files."""
    for text in acted_on:
        # What was acted on may be another text than was spoken, and is no hypothesis for it.
        reader.words.add(text)
    finds: list[StoreFind] = []
    unread: list[str] = []
    sizes: dict[str, int] = {}
    digests: dict[str, bytes] = {}
    unexplained = 0
    small: list[bytes] = []
    further: list[bytes] = []
    names: list[str] = []
    for file in files:
        names.append(file.name)
        if file.reason:
            unread.append(f"{file.name}: {file.reason}")
        if file.content is None:
            continue
        sizes[file.name] = len(file.content)
        digests[file.name] = hashlib.sha256(file.content).digest()
        if (
            len(file.content) <= SMALL
            and sum(map(len, small)) < MOST_TOGETHER
        ):
            small.append(file.content)
        if len(sizes) > MOST_SINGLY and len(file.content) <= SMALL:
            further.append(file.content)
            continue
        reading = reader.read(file.content)
        unexplained += reading.unexplained
        unread += [f"{file.name}: {reason}" for reason in reading.unread]
        finds += _store_finds(
            store=file.name, reading=reading, reader=reader, acted_on=acted_on
        )
    finds += _store_finds(
        store="names of files",
        reading=reader.read("\n".join(names).encode("utf-8", "replace")),
        reader=reader,
        acted_on=acted_on,
    )
    if further:
        reading = reader.read(BETWEEN.join(further))
        unexplained += reading.unexplained
        unread += [f"{FURTHER}: {reason}" for reason in reading.unread]
        finds += _store_finds(
            store=FURTHER, reading=reading, reader=reader, acted_on=acted_on
        )
    for together in (b"\n".join(small), b"".join(small)):
        if not finds and len(small) > 1:
            pieced = _store_finds(
                store="small files together",
                reading=reader.read(together),
                reader=reader,
                acted_on=acted_on,
            )
            # Seams between files make sentences that are in none.
            finds += [
                find for find in pieced if find.category != "hypothesis"
            ]
    return StoreSearch(
        finds=tuple(finds),
        files=len(sizes),
        unread=tuple(unread),
        sizes=sizes,
        digests=digests,
        unexplained=unexplained,
    )


def _store_finds(
    store: str, reading: Reading, reader: Reader, acted_on: Collection[str]
) -> Iterator[StoreFind]:
    for sound in reading.sounds:
        kinds = (
            ("recording", "call_audio")
            if sound.heard.call
            else ("recording",)
        )
        for category in kinds:
            yield StoreFind(
                store,
                category,
                False,
                heard=sound.heard,
                wrappings=sound.wrappings,
            )
    given: set[tuple[str, str]] = set()
    for each in reading.words:
        category, acted = _category_of(each, reader, acted_on)
        if each.wrappings and (category, each.words.text) in given:
            # The same text, seen once more through another wrapping.
            continue
        given.add((category, each.words.text))
        yield StoreFind(
            store,
            category,
            acted,
            text=each.words.text,
            wrappings=each.wrappings,
        )


def _category_of(
    found: WordsInContent, reader: Reader, acted_on: Collection[str]
) -> tuple[str, bool]:
    """What words in a store are: the text acted on, another hypothesis for such a text, or a transcript of
    what was not acted on."""
    words = found.words
    if any(reader.words.same(words.text, text) for text in acted_on):
        return "transcript", True
    if words.kind is WordsKind.LIKE or any(
        fuzz.ratio(words.phrase, text.lower()) >= LIKE for text in acted_on
    ):
        return "hypothesis", False
    return "transcript", False


def files_below(paths: Iterable[str]) -> Iterator[StoredFile]:
    """Every file at or below the paths. What is missing, a link to elsewhere, special, too large,
    forbidden or gone meanwhile is given with a reason."""
    roots = [path for path in paths]
    count = 0
    for root in roots:
        if not root:
            yield StoredFile("(empty path)", None, "the path is empty")
            continue
        for file in _walk_below(Path(root), Path(root), roots):
            count += 1
            if count > MOST_FILES:
                yield StoredFile(
                    root,
                    None,
                    f"more than {MOST_FILES} files; the rest was not looked at",
                )
                return
            yield file


def _walk_below(
    path: Path, root: Path, roots: list[str]
) -> Iterator[StoredFile]:
    name = str(path.relative_to(root)) if path != root else path.name
    try:
        mode = path.lstat().st_mode
        if len(path.parts) - len(root.parts) > DEEPEST:
            reason = f"folders deeper than {DEEPEST} are not looked into"
            yield StoredFile(name, None, reason)
            return
        if stat.S_ISDIR(mode):
            with os.scandir(path) as entries:
                names = sorted(entry.name for entry in entries)
            for entry in names:
                yield from _walk_below(path / entry, root, roots)
            return
        yield (
            _read_link(path, name, roots)
            if stat.S_ISLNK(mode)
            else _read_regular(path, name, mode)
        )
        yield from _read_attributes(path, name)
    except FileNotFoundError:
        yield StoredFile(
            name,
            None,
            "it is not there"
            if path == root
            else "it vanished during the search",
        )
    except (OSError, RecursionError, ValueError) as error:
        yield StoredFile(name, None, f"it cannot be read: {error}")


def _read_link(path: Path, name: str, roots: list[str]) -> StoredFile:
    """A link is its text. Where it leads elsewhere, that place was not searched."""
    text = os.readlink(path)
    leads = os.path.realpath(path)
    searched = [
        os.path.realpath(root)
        for root in roots
        if root and not os.path.islink(root)
    ]
    inside = any(
        os.path.commonpath([root, leads]) == root for root in searched
    )
    reason = "" if inside else f"a link to {text}, which was not searched"
    return StoredFile(name, os.fsencode(text), reason)


def _read_regular(path: Path, name: str, mode: int) -> StoredFile:
    kind = SPECIAL.get(stat.S_IFMT(mode))
    if kind is not None:
        return StoredFile(name, None, f"it is {kind}")
    # It may have become a link or a pipe since we looked.
    descriptor = os.open(
        path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    )
    with os.fdopen(descriptor, "rb") as file:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            return StoredFile(name, None, "it is no regular file")
        if status.st_size > LARGEST_FILE:
            return StoredFile(
                name, None, f"it is larger than {LARGEST_FILE >> 20} MiB"
            )
        content = file.read(LARGEST_FILE + 1)
    if len(content) > LARGEST_FILE:
        return StoredFile(
            name, None, f"it is larger than {LARGEST_FILE >> 20} MiB"
        )
    return StoredFile(name, content)


def _read_attributes(path: Path, name: str) -> Iterator[StoredFile]:
    """Extended attributes, in which anything may be kept beside a file."""
    try:
        for attribute in os.listxattr(path, follow_symlinks=False):
            value = os.getxattr(path, attribute, follow_symlinks=False)
            yield StoredFile(f"{name} (attribute {attribute})", value)
    except OSError:
        # Not every file system has them.
        return
