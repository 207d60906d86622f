"""Reading a bundle: every file is there, as it was written, and nothing else is."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import TypeVar

import msgspec

from earwitness.conformance.evidence.records import (
    FORMAT,
    EarlierCheck,
    FailureRecord,
    Manifest,
    ProofRecord,
    Results,
    State,
    StepsRecord,
)
from earwitness.conformance.evidence.writer import (
    EARLIER,
    LATEST,
    MANIFEST,
    OBSERVATIONS,
    PARTIAL,
    PROOFS,
    REFINEMENT,
    RESULTS,
    SEAL,
    STEPS,
    seal_text,
)
from earwitness.conformance.refinement.device_runs import DeviceRunRecord
from earwitness.model.trace import (
    Observation,
    TraceError,
    partial_observation_from,
)

SIGNATURE = "signature.dsse.json"
"""Signs the manifest, so it cannot stand in it."""
BESIDE = (MANIFEST, SEAL, SIGNATURE)
"""What may lie in a bundle without being listed in its manifest; reports (`report.*`) may too."""
LARGEST_RECORD = 256 << 20
"""Bytes of one JSON file of a bundle: a larger one is refused unread."""
Kind = TypeVar("Kind")


class BundleError(ValueError):
    """A bundle whose evidence is invalid; the message names the file."""


class NoBundleError(ValueError):
    """There is no bundle where one was asked for."""


class PartialBundleError(ValueError):
    """The run that wrote the bundle did not come to its end."""


@dataclass(frozen=True, slots=True)
class Bundle:
    """A bundle as read: each file by its declaration. `digest` is of the manifest, and so of all."""

    folder: Path
    digest: str
    manifest: Manifest
    results: Results
    failures: Mapping[str, FailureRecord]
    proofs: Mapping[str, ProofRecord]
    earlier: tuple[EarlierCheck, ...] = ()
    """Checks of the same target that were made before, one after another."""

    def observations(self) -> Iterator[tuple[int, Observation]]:
        """Every observation with the number of its run, in the order in which they were judged. Raises
        BundleError."""
        yield from _observations_in(self.folder / OBSERVATIONS)

    def runs(self) -> Mapping[int, tuple[Observation, ...]]:
        """The observations of each run. Raises BundleError."""
        return _runs_of(self.folder, self.digest)

    def model_runs(self) -> dict[tuple[int, str], DeviceRunRecord]:
        """The runs of the model that show what was seen, by run and device. Raises BundleError."""
        if REFINEMENT not in self.manifest.files:
            return {}
        return dict(_model_runs(self.folder / REFINEMENT))

    def steps(self) -> tuple[StepsRecord, ...]:
        """What was done in each run; nothing in a bundle of a version that did not keep it. Raises
        BundleError."""
        if STEPS not in self.manifest.files:
            return ()
        return tuple(_lines_of(self.folder / STEPS, StepsRecord))


def _observations_in(path: Path) -> Iterator[tuple[int, Observation]]:
    with path.open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            yield _decode_observation(line, f"{path}:{number}")


@lru_cache(maxsize=1)
def _runs_of(
    folder: Path,
    _: str,
) -> Mapping[int, tuple[Observation, ...]]:
    """By the digest too, so that a bundle that was changed is read again; a check of one asks three times."""
    found: dict[int, list[Observation]] = {}
    for run, seen in _observations_in(folder / OBSERVATIONS):
        found.setdefault(run, []).append(seen)
    return {run: tuple(trace) for run, trace in found.items()}


def _model_runs(
    path: Path,
) -> Iterator[tuple[tuple[int, str], DeviceRunRecord]]:
    for record in _lines_of(path, DeviceRunRecord):
        yield (record.run, record.device), record


def _lines_of(path: Path, kind: type[Kind]) -> Iterator[Kind]:
    """Every line of a file of records."""
    for number, line in enumerate(_read_content(path).splitlines(), start=1):
        _refuse_doubled_keys(line, path)
        try:
            record = msgspec.json.decode(line, type=kind)
        except (ValueError, RecursionError) as error:
            raise BundleError(
                f"{path}:{number}: is not what a bundle holds there ({error})"
            ) from None
        yield record


def locate_bundle(path: Path) -> Path:
    """The folder of a bundle: the one that is named, or the latest run in it."""
    is_bundle = (path / MANIFEST).exists() or (path / PARTIAL).exists()
    found = (
        path / LATEST if not is_bundle and (path / LATEST).is_dir() else path
    )
    return found.parent / found.readlink() if found.is_symlink() else found


def read_bundle(path: Path) -> Bundle:
    """A bundle whose files are as they were written. Raises BundleError, NoBundleError,
    PartialBundleError."""
    folder = locate_bundle(path)
    _refuse_partial(folder)
    content = _read_content(folder / MANIFEST)
    manifest = _decode_record(content, Manifest, folder / MANIFEST)
    if manifest.format != FORMAT:
        raise BundleError(
            f"{folder / MANIFEST}: of format {manifest.format}; this version reads format {FORMAT}"
        )
    digest = hashlib.sha256(content).hexdigest()
    if _read_content(folder / SEAL) != seal_text(digest).encode():
        raise BundleError(
            f"{folder / MANIFEST}: was changed since the run ({SEAL} holds another digest)"
        )
    if manifest.state is not State.COMPLETE:
        raise PartialBundleError(
            f"{folder}: the run did not come to its end ({manifest.reason or 'interrupted'})"
        )
    _check_files(folder, manifest)
    failures = [
        name for name in manifest.files if name.startswith("failures/")
    ]
    return Bundle(
        folder=folder,
        digest=digest,
        manifest=manifest,
        results=_read_listed(
            folder=folder, manifest=manifest, name=RESULTS, kind=Results
        ),
        failures={
            Path(name).stem: _read_listed(
                folder=folder,
                manifest=manifest,
                name=name,
                kind=FailureRecord,
            )
            for name in failures
        },
        proofs=_read_listed(
            folder=folder,
            manifest=manifest,
            name=PROOFS,
            kind=dict[str, ProofRecord],
        ),
        earlier=_read_listed(
            folder=folder,
            manifest=manifest,
            name=EARLIER,
            kind=tuple[EarlierCheck, ...],
        )
        if EARLIER in manifest.files
        else (),
    )


def _refuse_partial(folder: Path) -> None:
    if not folder.is_dir():
        raise NoBundleError(
            f"{folder}: there is no such folder; name the one that 'earwitness check' wrote"
        )
    if (folder / MANIFEST).exists():
        return
    if not (folder / PARTIAL).exists():
        raise NoBundleError(
            f"{folder}: holds no {MANIFEST}; name the folder that 'earwitness check' wrote"
        )
    noted = _decode_record(
        _read_content(folder / PARTIAL),
        Manifest,
        folder / PARTIAL,
    )
    why = noted.reason or "it was killed, or is still running"
    raise PartialBundleError(
        f"{folder}: the run did not come to its end ({why}); run 'earwitness check' again"
    )


def _check_files(folder: Path, manifest: Manifest) -> None:
    for name, digest in manifest.files.items():
        path = _path_inside(folder, name)
        if path.is_symlink() or not path.is_file():
            raise BundleError(
                f"{path}: is missing from the bundle, or is not a plain file"
            )
        if _digest_of_file(path) != digest:
            raise BundleError(
                f"{path}: was changed since the run (its digest differs)"
            )
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if not _belongs_to_bundle(path, name, manifest):
            raise BundleError(
                f"{path}: does not belong to the bundle; take it away, or trust none of it"
            )


def _belongs_to_bundle(path: Path, name: str, manifest: Manifest) -> bool:
    is_folder = path.is_dir() and not path.is_symlink()
    return (
        is_folder
        or name in manifest.files
        or name in BESIDE
        or name.startswith("report.")
    )


def _path_inside(folder: Path, name: str) -> Path:
    parts = PurePosixPath(name).parts
    if not parts or PurePosixPath(name).is_absolute() or ".." in parts:
        raise BundleError(
            f"{folder / MANIFEST}: lists '{name}', which lies outside the bundle"
        )
    return folder / name


def _digest_of_file(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _read_listed(
    folder: Path,
    manifest: Manifest,
    name: str,
    kind: type[Kind],
) -> Kind:
    if name not in manifest.files:
        raise BundleError(f"{folder / MANIFEST}: does not list {name}")
    return _decode_record(_read_content(folder / name), kind, folder / name)


def _read_content(path: Path) -> bytes:
    try:
        if path.stat().st_size > LARGEST_RECORD:
            raise BundleError(f"{path}: larger than {LARGEST_RECORD} bytes")
        return path.read_bytes()
    except OSError as error:
        raise BundleError(
            f"{path}: cannot be read ({error.strerror})"
        ) from None


def _decode_record(content: bytes, kind: type[Kind], path: Path) -> Kind:
    _refuse_doubled_keys(content, path)
    try:
        return msgspec.json.decode(content, type=kind)
    except (
        msgspec.MsgspecError,
        UnicodeDecodeError,
        RecursionError,
    ) as error:
        raise BundleError(
            f"{path}: is not what a bundle holds there ({error})"
        ) from None


def _refuse_doubled_keys(content: bytes, path: Path) -> None:
    """Of a key that stands twice, one reader sees the first value and another the last."""

    def check(pairs: list[tuple[str, object]]) -> None:
        names = [name for name, _ in pairs]
        doubled = (
            {name for name in names if names.count(name) > 1}
            if len(set(names)) < len(names)
            else set()
        )
        if doubled:
            raise BundleError(
                f"{path}: the key '{min(doubled)}' stands twice"
            )

    try:
        json.loads(content, object_pairs_hook=check)
    except BundleError:
        raise
    except (ValueError, RecursionError) as error:
        raise BundleError(f"{path}: is not JSON ({error})") from None


def _decode_observation(line: bytes, place: str) -> tuple[int, Observation]:
    try:
        entry = json.loads(line)
        run = entry.pop("run")
        return int(run), partial_observation_from(entry)
    except TraceError as error:
        raise BundleError(f"{place}: {error}") from None
    except (
        ValueError,
        KeyError,
        AttributeError,
        TypeError,
        RecursionError,
    ) as error:
        raise BundleError(
            f"{place}: not an observation of a bundle ({error})"
        ) from None


def archive_bundle(bundle: Bundle) -> bytes:
    """The bundle as a tar file: the same bytes for the same bundle (sorted, no owner, no date), and only
    what belongs to it."""
    beside = [name for name in BESIDE if (bundle.folder / name).is_file()]
    out = io.BytesIO()
    with tarfile.open(
        fileobj=out, mode="w", format=tarfile.PAX_FORMAT
    ) as archive:
        for name in sorted([*bundle.manifest.files, *beside]):
            content = (bundle.folder / name).read_bytes()
            entry = tarfile.TarInfo(f"{bundle.manifest.id}/{name}")
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return out.getvalue()
