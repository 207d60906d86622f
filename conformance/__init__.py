"""What really happens: drivers, search, monitors, witnesses and the verdict.

>>> from earwitness.conformance import check, judge, load_pack
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from earwitness.conformance.library import check, judge, load_pack

__all__ = ["check", "judge", "load_pack"]


def __getattr__(name: str) -> object:
    """The library, loaded when it is asked for: the command line starts without it."""
    if name not in __all__:
        raise AttributeError(
            f"module 'earwitness.conformance' has no attribute '{name}'"
        )
    from earwitness.conformance import library

    return getattr(library, name)
