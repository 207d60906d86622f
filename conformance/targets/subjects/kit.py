"""All that the author of a driver needs, in one import."""

from collections.abc import Sequence

from earwitness.conformance.stimuli.sound_format import RATE
from earwitness.conformance.targets.subjects.opening import (
    installed_version,
    known_options,
    open_installed,
    open_program,
    run_driver,
)
from earwitness.conformance.targets.subjects.served import ServedSubject
from earwitness.conformance.targets.subjects.serving import (
    AWAY,
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
)

Names = Sequence[str]

__all__ = [
    "AWAY",
    "PATIENCE",
    "QUIET",
    "RATE",
    "SHOWS_NOTHING",
    "Names",
    "Refusal",
    "ServedSubject",
    "Subject",
    "installed_version",
    "known_options",
    "open_installed",
    "open_program",
    "run_driver",
    "samples_of",
    "wav_of",
    "write_chime",
]
