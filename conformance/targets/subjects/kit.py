"""All that the author of a driver needs, in one import."""

from collections.abc import Sequence

from earwitness.conformance.targets.entry_points import TargetOptions
from earwitness.conformance.targets.protocol import Target
from earwitness.conformance.targets.subjects.opening import (
    installed_version,
    known_options,
    open_subject,
)
from earwitness.conformance.targets.subjects.served import ServedSubject
from earwitness.conformance.targets.subjects.serving import (
    PATIENCE,
    SHOWS_NOTHING,
)
from earwitness.conformance.targets.subjects.sound import write_chime
from earwitness.conformance.targets.subjects.subject import (
    RATE,
    Refusal,
    Subject,
)

Names = Sequence[str]

__all__ = [
    "PATIENCE",
    "RATE",
    "SHOWS_NOTHING",
    "Names",
    "Refusal",
    "ServedSubject",
    "Subject",
    "Target",
    "TargetOptions",
    "installed_version",
    "known_options",
    "open_subject",
    "write_chime",
]
