"""Skills that answer in this process."""

from __future__ import annotations

import contextlib
import io
from collections import deque
from collections.abc import Mapping
from importlib import import_module

from earwitness.reference_impl.cloud.skills.host import LOG, Host, Listing
from earwitness.reference_impl.cloud.skills.skill import Response


class HostInProcess(Host):
    """Calls each skill's `answer`; what it prints to standard error is its developer's log, as ever."""

    def __init__(self) -> None:
        super().__init__()
        self._logs: dict[str, deque[str]] = {}

    def ask_skill(
        self,
        listing: Listing,
        intent: str,
        slots: Mapping[str, str],
        session: Mapping[str, str],
    ) -> Response:
        printed = io.StringIO()
        with contextlib.redirect_stderr(printed):
            response: Response = import_module(listing.module).answer_request(
                intent,
                dict(slots),
                dict(session),
            )
        log = self._logs.setdefault(listing.name, deque(maxlen=LOG))
        log.extend(printed.getvalue().splitlines())
        return response

    def logs(self, name: str) -> tuple[str, ...]:
        log = self._logs.get(name, ())
        return tuple(log)

    def end(self) -> None: ...
