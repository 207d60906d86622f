"""The cloud as a process of its own, and what a session asks of it."""

from __future__ import annotations

import json
import ssl
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Protocol, cast

import httpx

from earwitness.reference_impl.cloud.credentials import EVERYBODY
from earwitness.reference_impl.device.link import Route
from earwitness.reference_impl.messages import Json, PropertyAnswer


class CloudSide(Protocol):
    """The cloud as the devices and the people of the property meet it."""

    route: Route
    people: list[dict[str, str]]
    property: str
    fingerprint: str

    def route_of(self, device: str) -> Route: ...

    def ask_property(
        self,
        role: str,
        ours: bool,
        method: str,
        path: str,
        entry: Mapping[str, Json] | None = None,
    ) -> PropertyAnswer: ...

    def stop(self) -> None: ...


class CloudProcess:
    """The cloud as a child process; it ends when we do."""

    def __init__(self, folder: Path, fault: str) -> None:
        command = [
            sys.executable,
            "-P",
            "-m",
            "earwitness.reference_impl.cloud.server",
            "--data",
            str(folder),
            "--fault",
            fault,
        ]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self.process.stdout is not None
        said = self.process.stdout.readline()
        if not said:
            raise RuntimeError(
                "the cloud process did not start; its complaint stands above"
            )
        entry = json.loads(said)
        self.credentials: dict[str, str] = entry["credentials"]
        self.route = Route(
            host="127.0.0.1",
            port=entry["port"],
            authority=entry["authority"],
            credential=self.credentials[EVERYBODY],
        )
        self.people: list[dict[str, str]] = entry["people"]
        self.property = f"https://localhost:{entry['property']}"
        self.fingerprint: str = entry["fingerprint"]
        self._client = httpx.Client(
            base_url=self.property,
            verify=ssl.create_default_context(cadata=entry["authority"]),
            trust_env=False,
            # 20 s: chosen, far more than an answer takes.
            timeout=20,
        )

    def route_of(self, device: str) -> Route:
        """The way of a device, with its own credential."""
        return replace(self.route, credential=self.credentials[device])

    def ask_property(
        self,
        role: str,
        ours: bool,
        method: str,
        path: str,
        entry: Mapping[str, Json] | None = None,
    ) -> PropertyAnswer:
        """The property side's answer to a person of that role, of the devices' own party or another. Raises
        ValueError for what it refuses."""
        asking = [p for p in self.people if p["role"] == role]
        if len(asking) != 2:
            raise ValueError(f"nobody here has the role '{role}'")
        headers = {
            "authorization": f"Bearer {asking[0 if ours else 1]['token']}"
        }
        try:
            response = self._client.request(
                method,
                path,
                headers=headers,
                json=entry,
            )
        except httpx.HTTPError as error:
            raise ValueError(
                f"the property side cannot be reached: {error}"
            ) from None
        answered: dict[str, Json] = response.json()
        if "decision" not in answered:
            raise ValueError(
                answered.get("error", "the property side gave no reason")
            )
        return cast(PropertyAnswer, answered)

    def stop(self) -> None:
        self._client.close()
        assert self.process.stdin is not None
        self.process.stdin.close()
        try:
            # 5 s: chosen, time to end by itself.
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
