"""All that the author of a driver needs, in one import."""

from collections.abc import Sequence

from earwitness.conformance.stimuli.sound_format import RATE
from earwitness.conformance.targets.subjects.opening import (
    installed_version,
    known_options,
    open_installed,
    open_program,
    run_driver,
    unless_given,
)
from earwitness.conformance.targets.subjects.served import ServedSubject
from earwitness.conformance.targets.subjects.serving import (
    AWAY,
    LATE,
    PATIENCE,
    SHOWS_NOTHING,
)
from earwitness.conformance.targets.subjects.sound import (
    samples_of,
    wav_of,
    write_chime,
)
from earwitness.conformance.targets.subjects.subject import (
    QUIET,
    Refusal,
    Subject,
    end_process,
)

Names = Sequence[str]

__all__ = [
    "AWAY",
    "LATE",
    "PATIENCE",
    "QUIET",
    "RATE",
    "SHOWS_NOTHING",
    "Names",
    "Refusal",
    "ServedSubject",
    "Subject",
    "end_process",
    "installed_version",
    "known_options",
    "open_installed",
    "open_program",
    "run_driver",
    "samples_of",
    "unless_given",
    "wav_of",
    "write_chime",
]
