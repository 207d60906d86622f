"""What the device keeps without power: whether it is muted, and nothing else."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path


class Memory:
    """One small file, replaced at once so that a power cut leaves the old or the new state."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(
            parents=True,
            exist_ok=True,
        )
        self.file = folder / "state.json"

    def muted(self) -> bool:
        try:
            return bool(json.loads(self.file.read_text("utf-8"))["muted"])
        except FileNotFoundError:
            return False
        except (OSError, ValueError, KeyError, TypeError):
            # An unreadable state fails closed.
            return True

    def keep_mute(self, muted: bool) -> bool:
        """Whether it could be kept. Where it could not, no state is left behind that says otherwise: an old
        one would be worse than none that can be read."""
        fresh = self.file.with_suffix(".new")
        try:
            fresh.write_text(json.dumps({"muted": muted}), "utf-8")
            fresh.replace(self.file)
        except OSError:
            with suppress(OSError):
                self.file.write_text("", "utf-8")
            return False
        return True
