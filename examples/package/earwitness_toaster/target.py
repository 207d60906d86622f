"""`earwitness check --target toaster:NAME` drives the toaster of that name."""

from __future__ import annotations

import shlex
import sys

from earwitness.conformance.targets.entry_points import TargetOptions
from earwitness.conformance.targets.process import ProcessTarget
from earwitness.conformance.targets.protocol import Target, TargetError


def open_toaster(rest: str, options: TargetOptions) -> Target:
    """The program beside this file, in a cell. `rest` is what stands behind the colon."""
    if not rest.isidentifier():
        raise TargetError(
            f"'{rest}' is no name of a toaster; write toaster:NAME, such as toaster:kitchen"
        )
    return ProcessTarget(
        shlex.join([sys.executable, "-m", "earwitness_toaster.driver", rest]),
        options,
    )
