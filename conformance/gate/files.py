"""The files by which people decide: YAML read into its declaration, errors with file, line and column."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TypeVar

import msgspec

from earwitness.policies.placed_yaml import (
    Document,
    PlacedYamlError,
    read_document,
)

Kind = TypeVar("Kind", bound="GateEntry")
_PLACE = re.compile(
    r"^(?P<what>.*?)(?: - at (?:key in )?`\$(?P<path>[^`]*)`)?$",
    re.DOTALL,
)
_STEP = re.compile(r"\.([A-Za-z_][\w-]*)|\[(\d+|\.\.\.)\]")


class GateFileError(ValueError):
    """A waiver, known-failure or capability file that is wrong; the message gives the place and the
    remedy."""


class GateEntry(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
):
    """What every entry of such a file has in common: named fields, and no others."""


def load_gate_file(path: Path, kind: type[Kind]) -> tuple[Kind, Document]:
    """The content of a file, and the document that knows the place of each part. Raises GateFileError."""
    try:
        document = read_document(path.read_bytes(), str(path))
    except OSError as error:
        raise GateFileError(
            f"{path}: cannot be read ({error.strerror})"
        ) from None
    except PlacedYamlError as error:
        raise GateFileError(str(error)) from None
    if not isinstance(document.content, dict):
        raise GateFileError(
            f"{path}: it holds nothing that is named; it begins with such as "
            f"'{kind.__struct_fields__[0]}:'"
        )
    try:
        return msgspec.convert(
            document.content,
            type=kind,
            strict=False,
        ), document
    except msgspec.ValidationError as error:
        raise GateFileError(_with_place(str(error), document)) from None


def _with_place(message: str, document: Document) -> str:
    found = _PLACE.match(message)
    steps = (
        _STEP.findall(found.group("path") or "") if found is not None else []
    )
    path: list[str | int] = [
        name or int(number) for name, number in steps if number != "..."
    ]
    what = found.group("what") if found is not None else message
    return f"{document.place(path)}: {what}"
