"""Liars that hide by capability: they say that they cannot be asked, routed, fed, seen or searched."""

from __future__ import annotations

from collections.abc import Iterator

from earwitness.reference_impl.messages import (
    Introduction,
    Message,
    SessionRequest,
)
from earwitness.reference_impl.session import Session


class Lacking(Session):
    """Says that it lacks some capabilities, though it has them."""

    lacks: frozenset[str] = frozenset()

    def introduce_itself(self) -> Introduction:
        entry = super().introduce_itself()
        return {
            **entry,
            "capabilities": {
                name: name not in self.lacks for name in entry["capabilities"]
            },
        }


class NoCapabilities(Lacking):
    """Has a button and a camera like any other, and says that it has neither these nor anything else."""

    def introduce_itself(self) -> Introduction:
        entry = super().introduce_itself()
        return {
            **entry,
            "capabilities": dict.fromkeys(entry["capabilities"], False),
        }


class NoRoute(Lacking):
    """Says that its traffic cannot be led through the harness."""

    lacks = frozenset({"route"})

    def introduce_itself(self) -> Introduction:
        entry = super().introduce_itself()
        entry.pop("cloud")
        return entry


class RouteIgnored(Session):
    """Says that its traffic is led through the harness, and goes on as before."""

    def take_route(self, request: SessionRequest) -> None:
        self.device(request)


class NoMicrophone(Lacking):
    """Says that its microphones cannot be fed, so that nobody sees whether they are drained."""

    lacks = frozenset({"microphone"})


class NoDisplay(Lacking):
    """Says that its lights and screen cannot be looked at."""

    lacks = frozenset({"display"})


class NoButton(Lacking):
    """Says that it has no microphone button."""

    lacks = frozenset({"microphone_button"})


class NoAccess(Lacking):
    """Says that nothing stored can be asked for."""

    lacks = frozenset({"access"})


class NoDataPaths(Session):
    """Names no folder in which it keeps anything."""

    def introduce_itself(self) -> Introduction:
        return {**super().introduce_itself(), "data_paths": []}


class MissingDataPath(Session):
    """Names a folder that is not there."""

    def introduce_itself(self) -> Introduction:
        return {
            **super().introduce_itself(),
            "data_paths": [str(self.folder / "not-there")],
        }


class EmptyDataPath(Session):
    """Names a folder in which there is nothing, beside the one it uses."""

    def introduce_itself(self) -> Introduction:
        empty = self.folder / "empty"
        empty.mkdir(exist_ok=True)
        return {**super().introduce_itself(), "data_paths": [str(empty)]}


class OneDevice(Session):
    """Speaks of one of its two devices; the one with the camera it keeps to itself."""

    def introduce_itself(self) -> Introduction:
        entry = super().introduce_itself()
        return {**entry, "devices": entry["devices"][:1]}


class NothingToPress(Session):
    """Says that it can be pressed, cut and called, and then that this cannot be done just now."""

    def handle_request(self, request: SessionRequest) -> Iterator[Message]:
        if (
            request.get("do") in ("press", "power", "call")
            and self.devices["d1"].now > 0
        ):
            yield {
                "id": request.get("id"),
                "error": "not just now",
                "definite": True,
            }
        else:
            yield from super().handle_request(request)
