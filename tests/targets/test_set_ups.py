"""A set-up that is wrong is told as such, with the likeliest cause: it never becomes a violation or a pass."""

from __future__ import annotations

import pytest
from test_satellite_faults import python_with_tiny

from earwitness.conformance.running.doctor import control_target

MISTAKES = {
    "--uri tcp://127.0.0.1:10701": "does not answer at port 10700; somebody listens at 10701",
    "--wake-uri tcp://127.0.0.1:9": "no sound came to the wake word service",
    "--wake-word-name hey_jarvis": "asked the wake word service for 'hey_jarvis'",
    "--mic-command 'sleep 600'": "nothing was read from its microphone",
    "--mic-command 'cat /dev/zero'": "nothing was read from its microphone",
    "--snd-command true": "played no answer; look at its command for sound",
}


@pytest.mark.parametrize("options", MISTAKES)
def test_a_wrong_set_up_is_told_with_its_likely_cause(options, tmp_path):
    script = python_with_tiny(tmp_path)
    done = control_target(f"wyoming:{script} {options}")
    assert MISTAKES[options] in done.failure
