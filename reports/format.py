"""What a report format is. Each is an entry point of the group `earwitness.reports`; a stranger's package
may add one."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Protocol

from earwitness.conformance.gate.judged import JudgedBundle
from earwitness.model.vocabulary import nearest

GROUP = "earwitness.reports"
DEFAULT = ("html", "json", "markdown")
"""Written by every check that names no others."""


class ReportFormat(Protocol):
    """A name for the command line, the ending of its file, and how it is made from a judged bundle alone."""

    @property
    def name(self) -> str:
        """As in `--report NAME`."""

    @property
    def suffix(self) -> str:
        """Ending of the file, such as `sarif.json`."""

    def render(self, judged: JudgedBundle, /) -> bytes:
        """The report."""


@dataclass(frozen=True)
class Format:
    """A format made of a function."""

    name: str
    suffix: str
    make: Callable[[JudgedBundle], bytes]

    def render(self, judged: JudgedBundle) -> bytes:
        """The report."""
        return self.make(judged)


class ReportError(ValueError):
    """A report that cannot be made: no such format, or a package is missing."""


def installed_formats() -> dict[str, EntryPoint]:
    """Every installed format by name; none is loaded yet."""
    return {
        point.name: point
        for point in sorted(entry_points(group=GROUP), key=lambda p: p.name)
    }


def load_format(name: str) -> ReportFormat:
    """A format by name. Raises ReportError, which names the nearest, or the extra that brings it."""
    points = installed_formats()
    if name not in points:
        raise ReportError(
            f"there is no report format '{name}'.{nearest(name, points)}"
        )
    try:
        found: ReportFormat = points[name].load()
    except ImportError as error:
        if str(error.name).startswith("earwitness."):
            # A fault of ours, and nothing that could be installed.
            raise
        raise ReportError(
            f"the report format '{name}' needs the package '{error.name}'; pip install 'earwitness[reports]'"
        ) from None
    return found


def write_reports(
    judged: JudgedBundle,
    wanted: Iterable[str],
    folder: Path,
) -> list[Path]:
    """Write reports by name, or `name:path`; without a path to `report.SUFFIX` in the folder. Raises
    ReportError."""
    written = []
    for request in wanted:
        name, _, path = request.partition(":")
        form = load_format(name)
        target = Path(path) if path else folder / f"report.{form.suffix}"
        content = form.render(judged)
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
        except OSError as error:
            raise ReportError(
                f"{target}: the report cannot be written there ({error.strerror}); name another file"
            ) from None
        written.append(target)
    return written
