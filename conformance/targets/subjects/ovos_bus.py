"""A client of Open Voice OS's message bus: JSON texts over a WebSocket, each given to every client."""

from __future__ import annotations

import contextlib
import json
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from typing import TypeAlias

from websockets.exceptions import ConnectionClosed, WebSocketException
from websockets.sync.client import connect

from earwitness.conformance.targets.subjects.served import ServedSubject
from earwitness.conformance.targets.subjects.serving import PATIENCE

BUS = 8_181
"""The bus's own port."""
Take: TypeAlias = Callable[[str, Mapping[str, object]], None]


class OvosBus:
    """Gives the type and data of each message to `take`, in the driver's own thread. Raises OSError where no
    bus answers."""

    def __init__(
        self, name: str, driver: ServedSubject, take: Take | None = None
    ) -> None:
        self._name, self._driver, self._take = name, driver, take
        self._counts: Counter[str] = Counter()
        self._latest: dict[str, Mapping[str, object]] = {}
        try:
            self._link = connect(
                f"ws://127.0.0.1:{BUS}/core",
                open_timeout=PATIENCE,
                max_size=None,
                # A proxy of the environment is none for the loopback interface.
                proxy=None,
            )
        except WebSocketException as error:
            raise OSError(f"no bus: {error}") from None
        threading.Thread(target=self._read, daemon=True).start()

    def emit(self, kind: str) -> None:
        """Nothing happens where the bus is gone."""
        said = {"type": kind, "data": {}, "context": {"source": self._name}}
        with contextlib.suppress(ConnectionClosed, OSError):
            self._link.send(json.dumps(said))

    def ask(
        self, question: str, patience: float = PATIENCE
    ) -> Mapping[str, object]:
        """What is answered; nothing where nobody does."""
        self.emit(question)
        reply = f"{question}.response"
        return self._latest[reply] if self.wait_for(reply, patience) else {}

    def is_told_yes(self, question: str) -> bool:
        """Soon, as one that is not ready yet hears no question, and is to be asked again."""
        # 0.3 s: chosen.
        return self.ask(question, 0.3).get("status") is True

    def wait_for(self, kind: str, patience: float = PATIENCE) -> bool:
        """Whether such a message comes."""
        before = self._counts[kind]
        return self._driver.pump(
            lambda: self._counts[kind] > before, patience
        )

    def close(self) -> None:
        self._link.close()

    def _read(self) -> None:
        with contextlib.suppress(ConnectionClosed, OSError):
            for text in self._link:
                self._hand_over(text)

    def _hand_over(self, text: str | bytes) -> None:
        """What is no message of the bus is nobody's."""
        said: object = None
        with contextlib.suppress(ValueError):
            said = json.loads(text)
        match said:
            case {"type": str(kind), **rest}:
                data = rest.get("data")
                told = data if isinstance(data, dict) else {}
                self._driver.post(lambda: self._deliver(kind, told))

    def _deliver(self, kind: str, data: Mapping[str, object]) -> None:
        self._counts[kind] += 1
        self._latest[kind] = data
        if self._take is not None:
            self._take(kind, data)
