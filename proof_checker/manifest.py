"""Which files a proof has: the manifest names each with its SHA-256, and the folder holds no other."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from earwitness.proof_checker.s_expressions import ProofError

FORMAT = "earwitness proof 1"
MANIFEST = "manifest.json"
LARGEST_FILE = 1 << 24
"""Bytes; our largest has half a megabyte."""


def read_manifest(folder: Path) -> dict[str, Any]:
    """The manifest, with every file of the folder accounted for. Raises ProofError."""
    try:
        manifest = json.loads((folder / MANIFEST).read_text("utf-8"))
        files = [
            e["file"]
            for e in (*manifest["systems"].values(), *manifest["parts"])
        ]
        names = [e["name"] for e in manifest["parts"]]
        known = manifest["format"] == FORMAT
    except (
        OSError,
        ValueError,
        KeyError,
        TypeError,
        AttributeError,
    ) as error:
        raise ProofError(
            f"{folder / MANIFEST}: is no manifest of a proof ({error})"
        ) from None
    if not known or not names:
        raise ProofError(
            f"{folder / MANIFEST}: is of another format, or lists no part"
        )
    doubled = sorted(
        {
            name
            for name in (*names, *files)
            if (*names, *files).count(name) > 1
        }
        - set(names)
        & set(files)
    )
    if doubled:
        raise ProofError(f"{MANIFEST}: lists {doubled[0]} twice")
    foreign = sorted(
        p.name
        for p in folder.iterdir()
        if p.suffix == ".vmt" and p.name not in files
    )
    if foreign:
        raise ProofError(f"{folder / foreign[0]}: is not in the manifest")
    return dict(manifest)


def read_file_of(folder: Path, entry: Mapping[str, str]) -> str:
    """The text of a file of the folder itself, as the manifest knows it."""
    name = str(entry["file"])
    path = folder / name
    if Path(name).name != name or path.is_symlink() or not path.is_file():
        raise ProofError(
            f"{path}: is missing, or is no plain file of this folder"
        )
    if path.stat().st_size > LARGEST_FILE:
        raise ProofError(f"{path}: is larger than {LARGEST_FILE} bytes")
    content = path.read_bytes()
    if hashlib.sha256(content).hexdigest() != entry["sha256"]:
        raise ProofError(
            f"{path}: is not the file that the manifest names; its SHA-256 differs"
        )
    return content.decode("utf-8", "replace")
