"""A whole proof as files that a stranger's checker can read: systems, parts, and a manifest that binds
them to pack and figures."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from earwitness.model.proof.proof import ProvedConjunct
from earwitness.model.proof.self_composition import two_runs_of
from earwitness.model.proof.vmt import (
    conjunct_file,
    conjunct_header,
    system_file,
)
from earwitness.model.systems.transition_system import System
from earwitness.policies.pack import Pack
from earwitness.policies.proving.tasks import ProofTask
from earwitness.proof_checker.manifest import FORMAT, MANIFEST
from earwitness.proof_checker.s_expressions import ProofError


class ProofFolder:
    """Writes a proof part by part. The manifest comes last: without it the folder proves nothing.

    Each process that writes has its own; `entries` go back to the one that writes the manifest."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def empty(self) -> None:
        """Remove what an earlier proof left."""
        self.folder.mkdir(parents=True, exist_ok=True)
        for old in (*self.folder.glob("*.vmt"), *self.folder.glob(MANIFEST)):
            old.unlink()

    def write_system(self, system: System) -> dict[str, str]:
        """The file of a system, once; its entry of the manifest."""
        return self._write(
            f"{_file_name(system.name)}.system.vmt", system_file(system)
        )

    def write_conjunct(
        self, task: ProofTask, conjunct: ProvedConjunct
    ) -> dict[str, str]:
        """The file of one proved conjunct; its entry of the manifest."""
        text = part_header(task, conjunct)
        entry = self._write(
            f"{_file_name(conjunct.name)}.vmt",
            conjunct_file(text, conjunct.invariant),
        )
        described = {
            "name": conjunct.name,
            "clause": task.identity,
            "system": task.system.name,
        }
        return {
            **described,
            "text": task.texts.get(conjunct.name, ""),
            **entry,
        }

    def _write(self, name: str, text: str) -> dict[str, str]:
        content = text.encode()
        # Two workers may write the same system: a reader must never see half of it.
        unfinished = self.folder / f"{name}.{os.getpid()}"
        unfinished.write_bytes(content)
        unfinished.replace(self.folder / name)
        return {"file": name, "sha256": hashlib.sha256(content).hexdigest()}

    def write_manifest(
        self,
        packs: Iterable[Pack],
        systems: Mapping[str, Mapping[str, str]],
        parts: Iterable[Mapping[str, str]],
    ) -> None:
        manifest = {
            "format": FORMAT,
            "packs": [_describe_pack(pack) for pack in packs],
            "systems": dict(systems),
            "parts": sorted(parts, key=lambda part: part["name"]),
        }
        (self.folder / MANIFEST).write_text(
            json.dumps(manifest, indent=1) + "\n", "utf-8"
        )


def part_header(task: ProofTask, conjunct: ProvedConjunct) -> str:
    """All of a part's file but its invariant."""
    text = task.texts.get(conjunct.name, "")
    return conjunct_header(
        name=conjunct.name,
        system=task.system.name,
        clause=text,
        promise=conjunct.promise,
    )


def _file_name(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9._-]+", "_", name)


def _describe_pack(pack: Pack) -> dict[str, Any]:
    """What binds a proof to a pack: its bytes, the values of its parameters, the figures of its model."""
    ratings = {r.name: r.at_most for r in pack.model.datasheet.ratings}
    return {
        "name": pack.name,
        "version": pack.version,
        "sha256": hashlib.sha256(pack.file.read_bytes()).hexdigest(),
        "parameters": dict(pack.parameters),
        "model": pack.model.name,
        "datasheet": ratings,
    }


def compare_with_packs(
    folder: Path, packs: Iterable[Pack], tasks: Iterable[ProofTask]
) -> None:
    """Derive every file of the proof again from the packs, and compare all but the invariants. Raises
    ProofError that names the first difference: a part that is missing or too many, another system,
    another claim, other parameters."""
    manifest = json.loads((folder / MANIFEST).read_text("utf-8"))
    expected_packs = json.loads(
        json.dumps([_describe_pack(pack) for pack in packs])
    )
    if manifest["packs"] != expected_packs:
        raise ProofError(
            f"{folder / MANIFEST}: is about other packs, parameters or figures than these"
        )
    expected = {
        file: text for task in tasks for file, text in _expected_files(task)
    }
    found = {
        e["file"] for e in (*manifest["systems"].values(), *manifest["parts"])
    }
    for file in sorted(expected.keys() ^ found):
        verb = (
            "is missing"
            if file in expected
            else "belongs to no clause of these packs"
        )
        raise ProofError(f"{folder / file}: {verb}")
    for file, text in expected.items():
        content = (folder / file).read_text("utf-8")
        is_same = (
            content == text
            if file.endswith(".system.vmt")
            else content.startswith(text)
        )
        if not is_same:
            raise ProofError(
                f"{folder / file}: does not say what the pack and its model say"
            )


def _expected_files(task: ProofTask) -> Iterator[tuple[str, str]]:
    """The files of a proof of the task, without the invariants."""
    if task.observed is not None:
        _, both, wanted = two_runs_of(
            task.system, task.secrets, task.observed
        )
        system = replace(both, name=f"{task.identity} twice")
        promises = {task.identity: wanted}
        task = replace(task, system=system, promises=promises)
    yield (
        f"{_file_name(task.system.name)}.system.vmt",
        system_file(task.system),
    )
    for name, promise in task.promises.items():
        conjunct = ProvedConjunct(name, promise, (), was_searched=False)
        yield f"{_file_name(name)}.vmt", part_header(task, conjunct)
