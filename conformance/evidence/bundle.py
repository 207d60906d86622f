"""One run, one bundle: a folder of plain files with digests, from which every report is made. No sound and no words are in it."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from earwitness.conformance.gate.verdict import ClauseResult
from earwitness.conformance.stimuli.stimulus import Scenario, to_json
from earwitness.model.trace import Observation
from earwitness.model.trace import observation_to_json as observation_json

FORMAT = 1
CONTENT = ("words", "text")
"""Attributes that hold what was said; in a bundle only their length and digest stand."""


class BundleError(ValueError):
    """A folder that is no bundle, or was changed; the message names the file."""


@dataclass(frozen=True, slots=True)
class Bundle:
    """A bundle as read: parsed files by name."""

    folder: Path
    manifest: Mapping[str, Any]
    results: Mapping[str, Any]
    failures: tuple[Mapping[str, Any], ...]
    proofs: Mapping[str, Any]


def redacted(seen: Observation) -> dict[str, Any]:
    """The observation without content."""
    entry = observation_json(seen)
    for name in CONTENT:
        if isinstance(entry.get(name), str):
            text = entry[name].encode()
            entry[name] = f"{len(text)} bytes, sha256 {hashlib.sha256(text).hexdigest()[:12]}"
    return entry


def result_json(result: ClauseResult) -> dict[str, Any]:
    return {**asdict(result), "verdict": result.verdict.value}


def failure_json(clause: str, scenario: Scenario, trace: Iterable[Observation], at: int) -> dict[str, Any]:
    return {
        "clause": clause,
        "scenario": [to_json(s) for s in scenario],
        "at": at,
        "trace": [redacted(o) for o in trace],
    }


def _write(path: Path, entry: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(entry, indent=1, ensure_ascii=False) + "\n", "utf-8")


def write(
    folder: Path,
    run: Mapping[str, Any],
    results: Mapping[str, Any],
    observations: Iterable[Observation],
    failures: Iterable[Mapping[str, Any]],
    proofs: Mapping[str, Any],
) -> None:
    """Write all files, then the manifest with their digests, then the archive beside the folder. Certificates already stand in `proofs/`."""
    _write(folder / "results.json", results)
    _write(folder / "proofs.json", proofs)
    for old in (folder / "failures").glob("*.json"):
        old.unlink()
    for number, failure in enumerate(failures):
        _write(folder / "failures" / f"{number}.json", failure)
    with (folder / "observations.jsonl").open("w", encoding="utf-8") as out:
        for seen in observations:
            out.write(json.dumps(redacted(seen)) + "\n")
    files = {str(p.relative_to(folder)): _digest(p) for p in _files(folder)}
    _write(folder / "manifest.json", {"format": FORMAT, **run, "files": files})
    _archive(folder)


def _files(folder: Path) -> list[Path]:
    return [
        p
        for p in sorted(folder.rglob("*"))
        if p.is_file() and p.name != "manifest.json" and not p.name.startswith("report.")
    ]


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _archive(folder: Path) -> None:
    """The same bytes for the same files: sorted, no owner, no date."""
    with tarfile.open(folder.with_suffix(".tar"), "w") as archive:
        for path in [*_files(folder), folder / "manifest.json"]:
            data = path.read_bytes()
            info = tarfile.TarInfo(str(path.relative_to(folder)))
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))


def read(folder: Path) -> Bundle:
    """A bundle whose files are as they were written. Raises BundleError."""
    manifest = _parsed(folder / "manifest.json")
    files = manifest.get("files")
    if not isinstance(files, dict) or manifest.get("format") != FORMAT:
        raise BundleError(
            f"{folder / 'manifest.json'}: not a manifest of format {FORMAT}; run 'earwitness check' anew"
        )
    for name, digest in files.items():
        path = folder / name
        if not path.is_file():
            raise BundleError(f"{path}: is missing from the bundle")
        if _digest(path) != digest:
            raise BundleError(f"{path}: was changed since the run (its digest differs)")
    extra = {str(p.relative_to(folder)) for p in _files(folder)} - set(files)
    if extra:
        raise BundleError(f"{folder / sorted(extra)[0]}: does not belong to the bundle")
    failures = sorted((n for n in files if n.startswith("failures/")), key=lambda n: int(Path(n).stem))
    return Bundle(
        folder,
        manifest,
        _parsed(folder / "results.json"),
        tuple(_parsed(folder / n) for n in failures),
        _parsed(folder / "proofs.json"),
    )


def _parsed(path: Path) -> dict[str, Any]:
    try:
        entry = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise BundleError(
            f"{path}: cannot be read ({error}); name the folder that 'earwitness check' wrote"
        ) from None
    if not isinstance(entry, dict):
        raise BundleError(f"{path}: must hold one JSON object")
    return entry
