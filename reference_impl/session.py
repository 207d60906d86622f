"""The reference behind the driver protocol: two devices (a speaker and a screen) and one cloud process."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from earwitness.reference_impl.attached import Attached
from earwitness.reference_impl.calls.gateway import (
    TELEPHONE_RATE,
    FarEnd,
    Telephone,
)
from earwitness.reference_impl.calls.identity import Identity
from earwitness.reference_impl.calls.line import CallFailed
from earwitness.reference_impl.cloud.skills.host import STORE, may_run
from earwitness.reference_impl.cloud_process import CloudProcess, CloudSide
from earwitness.reference_impl.device.device import Device
from earwitness.reference_impl.device.link import Link
from earwitness.reference_impl.faults.variants import (
    VARIANTS,
    device_class,
    session_class,
)
from earwitness.reference_impl.introduction import (
    CAPABILITIES,
    KINDS,
    VERSION_OF_THE_REFERENCE,
    regions_of,
)
from earwitness.reference_impl.messages import (
    WAKE_WORDS,
    Attributes,
    Introduction,
    Json,
    Message,
    SessionRequest,
)
from earwitness.reference_impl.protocol import (
    CHUNK,
    CHUNK_US,
    RATE,
    VERSION,
)
from earwitness.reference_impl.sound import Samples, decode_sound, split_sound

LONGEST_WAIT_US = 3_600_000_000
"""An hour: a longer wait would keep whoever drives us waiting for minutes."""
TELEPHONE_PATIENCE = 3.0
"""Seconds of real time until sound must have reached the telephone."""

Action = Mapping[str, object] | None
"""What a request came to, for the reply."""


def samples_in(request: SessionRequest) -> int:
    """How many samples are heard in the time a request lets pass, in whole pieces."""
    microseconds = int(request["microseconds"])
    if not 0 <= microseconds <= LONGEST_WAIT_US:
        raise ValueError(
            f"time passes in steps of 0 to {LONGEST_WAIT_US} microseconds"
        )
    return -(-microseconds // CHUNK_US) * CHUNK


class Session:
    """Answers protocol requests; observations come out in order, the reply last."""

    cloud_fault = ""
    """The fault of the cloud, where it is another than the session's own."""

    def __init__(self, fault: str = "", data: Path | None = None) -> None:
        """`data` is where device and cloud keep what they keep from one time to the next; without it that
        is deleted at the end."""
        self.fault, self._kept = fault, data is not None
        self.folder = (
            data
            if data is not None
            else Path(tempfile.mkdtemp(prefix="earwitness-reference-"))
        )
        # For nobody else on this machine.
        self.folder.mkdir(
            mode=0o700,
            parents=True,
            exist_ok=True,
        )
        self.cloud = self.start_cloud(self.cloud_fault or fault)
        self.routes = {name: self.cloud.route_of(name) for name in KINDS}
        self.out: list[Message] = []
        self.devices: dict[str, Device] = {}
        self.attached: dict[str, Attached] = {
            name: Attached() for name in KINDS
        }
        self.telephone: FarEnd = self.make_telephone()
        self.identities = {name: Identity() for name in KINDS}
        for name, identity in self.identities.items():
            identity.trusted = {
                other: known.public
                for other, known in self.identities.items()
                if other != name
            }
        self.build()

    def make_telephone(self) -> FarEnd:
        return Telephone()

    def start_cloud(self, fault: str) -> CloudSide:
        return CloudProcess(self.folder / "cloud", fault)

    def build(self) -> None:
        """Devices in their first state: on the shelf, without power."""
        for device in self.devices.values():
            device.line.hang_up()
            device.link.drop()
        made = self.device_class()
        self.devices = {
            name: made(
                name=name,
                kind=kind,
                route=self.routes[name],
                folder=self.folder / name,
                report=self.report,
                identity=self.identities[name],
            )
            for name, kind in KINDS.items()
        }
        for name, device in self.devices.items():
            self.attached[name].connect(device)

    def device_class(self) -> type[Device]:
        """What the devices are made of."""
        kind: type[Device] = device_class(self.fault)
        return kind

    def report(
        self, event: str, time: int, device: str, attributes: Attributes
    ) -> None:
        self.out.append(
            {
                "event": event,
                "time": time,
                "device": device,
                **attributes,
            }
        )

    def stop(self) -> None:
        for device in self.devices.values():
            device.line.hang_up()
            device.link.drop()
        for attached in self.attached.values():
            attached.close()
        self.telephone.close()
        self.cloud.stop()
        if not self._kept:
            shutil.rmtree(self.folder, ignore_errors=True)

    def handle_request(self, request: SessionRequest) -> Iterator[Message]:
        """Observations, then the reply to a request."""
        number = request.get("id")
        do = self.actions().get(str(request.get("do")))
        if do is None:
            yield {
                "id": number,
                "unsupported": f"this device has no '{request.get('do')}'",
            }
            return
        self.out = []
        reply: Message
        try:
            reply = {"id": number, "ok": do(request) or {}}
        except (KeyError, TypeError, ValueError, OSError) as error:
            reply = {
                "id": number,
                "error": f"the request cannot be carried out: {error}",
                "definite": True,
            }
        # A device that breaks is the device's fault, and what came of the request is open.
        except Exception as error:
            reply = {
                "id": number,
                "error": f"the device failed: {error!r}",
                "definite": False,
            }
        self.end_calls_of_one()
        self.refresh_displays()
        yield from self.out
        yield reply

    def end_calls_of_one(self) -> None:
        """Where one end of a call between the devices is gone, the other hangs up too. It would notice by
        itself, but at an instant that differs from run to run."""
        between = [
            device
            for device in self.devices.values()
            if device.in_call and device.line.leg == "device"
        ]
        if len(between) == 1:
            between[0].end_call()

    def refresh_displays(self) -> None:
        """Let every attached display show what its device shows now."""
        for name, device in self.devices.items():
            self.attached[name].show(device)

    def actions(self) -> dict[str, Callable[[SessionRequest], Action]]:
        return {
            "hello": lambda r: self.introduce_itself(),
            "reset": lambda r: self.reset(),
            "route": self.take_route,
            "attach": self.attach,
            "say": self.say,
            "wait": self.wait,
            "listen": self.listen,
            "press": self.press,
            "power": lambda r: self.device(r).set_power(
                r["state"] == "restore"
            ),
            "network": lambda r: self.device(r).set_network(
                r["state"] == "up"
            ),
            "shutter": lambda r: self.device(r).move_shutter(),
            "set": self.set_tone,
            "choose": self.choose_word,
            "call": self.call,
            "skill": self.enable_skill,
            "query": self.answer_query,
            "kill": self.kill,
            "goodbye": lambda r: None,
        }

    def device(self, request: SessionRequest) -> Device:
        return self.devices[request["device"]]

    def introduce_itself(self) -> Introduction:
        return {
            "earwitness": VERSION,
            "name": "earwitness reference"
            + (f" with fault {self.fault}" if self.fault else ""),
            "version": VERSION_OF_THE_REFERENCE,
            "clock": "virtual",
            "devices": [
                {
                    "device": name,
                    "kind": kind.name,
                    "display": regions_of(kind),
                }
                for name, kind in KINDS.items()
            ],
            "capabilities": dict.fromkeys(CAPABILITIES, True),
            "wake_words": list(WAKE_WORDS),
            "skills": [listing.name for listing in STORE if may_run(listing)],
            "refused_skills": [
                listing.name for listing in STORE if not may_run(listing)
            ],
            "data_paths": [str(self.folder)],
            "cloud": {
                "host": self.cloud.route.host,
                "port": self.cloud.route.port,
                "authority": self.cloud.route.authority,
            },
        }

    def reset(self) -> None:
        for name in KINDS:
            shutil.rmtree(self.folder / name, ignore_errors=True)
        for device in self.devices.values():
            device.link.drop()
        own = Link(self.cloud.route)
        own.ask({"type": "reset"})
        own.drop()
        self.build()

    def take_route(self, request: SessionRequest) -> None:
        device = self.device(request)
        self.routes[device.name] = replace(
            self.routes[device.name],
            host=request["host"],
            port=int(request["port"]),
            authority=request["authority"],
        )
        device.link.drop()
        device.link.route = self.routes[device.name]

    def attach(self, request: SessionRequest) -> None:
        """Where to hear, speak and show from now on, in place of what was attached before."""
        device = self.device(request)
        fresh = Attached.opened(
            request.get("microphone"),
            request.get("loudspeaker"),
            request.get("display"),
        )
        self.attached[device.name].close()
        self.attached[device.name] = fresh
        fresh.connect(device)

    def say(self, request: SessionRequest) -> Message:
        """A clip from a file is played near the device."""
        self.refuse_attached(request)
        return self.hear_sound(request, decode_sound(Path(request["audio"])))

    def wait(self, request: SessionRequest) -> Message:
        """Time passes in a silent room."""
        self.refuse_attached(request)
        return self.hear_sound(
            request, np.zeros(samples_in(request), np.int16)
        )

    def refuse_attached(self, request: SessionRequest) -> None:
        """What stands in a pipe is heard by 'listen', and nothing beside it."""
        if self.attached[request["device"]].microphone is not None:
            raise ValueError(
                "the microphones hear their pipe; write the sound there and send 'listen'"
            )

    def listen(self, request: SessionRequest) -> Message:
        """Time passes; the microphones take from their pipe what they hear. Without a pipe the room is
        silent."""
        self.hear_sound(request, np.zeros(samples_in(request), np.int16))
        return {"now": self.device(request).now}

    def hear_sound(self, request: SessionRequest, air: Samples) -> Message:
        device = self.device(request)
        began = device.now
        for piece in split_sound(air):
            device.hear_sound(piece)
            self.attached[device.name].show(device)
        if (
            device.line.busy
            and device.line.leg == "telephone"
            and not device.muted
        ):
            self.listen_at_telephone(device, len(air))
        return {"began": began, "ended": device.now}

    def listen_at_telephone(self, device: Device, samples: int) -> None:
        """The gateway sends in its own time; the telephone tells what came of so many samples that the
        device heard."""
        spoken = samples * TELEPHONE_RATE // RATE
        heard = self.telephone.bytes_heard(spoken, TELEPHONE_PATIENCE)
        if heard:
            device.report(
                "call.media",
                leg="telephone",
                bytes=heard,
                encrypted=False,
                end_to_end=False,
            )

    def press(self, request: SessionRequest) -> None:
        device = self.device(request)
        if request["button"] not in ("microphone", "action"):
            raise ValueError(f"there is no button '{request['button']}'")
        device.press_microphone() if request[
            "button"
        ] == "microphone" else device.press_action()

    def call(self, request: SessionRequest) -> None:
        """Start a call, which is answered at the other end at once unless the person there declines
        (`answered` is false), or end it."""
        device = self.device(request)
        if request["state"] == "end":
            device.end_call()
            return
        if not device.powered or device.line.busy:
            raise ValueError("the device has no power, or talks already")
        device.call(request["leg"])
        try:
            if request["leg"] == "telephone":
                self.telephone.begin()
                device.line.dial_telephone(*self.telephone.address)
            else:
                self.call_other(device, request.get("answered", True))
        except CallFailed:
            device.end_call()

    def call_other(self, device: Device, answered: bool) -> None:
        """Call the other device of the household. Raises CallFailed."""
        other = next(
            d for name, d in self.devices.items() if name != device.name
        )
        if not other.takes_call(answered):
            raise CallFailed(f"'{other.name}' does not take the call")
        other.call("device")
        try:
            device.line.dial(other.line)
        except CallFailed:
            other.end_call()
            raise

    def set_tone(self, request: SessionRequest) -> None:
        """Whether a tone is played when the microphone opens."""
        self.set_at_property(request, {"tone": bool(request["value"])})

    def set_at_property(
        self, request: SessionRequest, entry: Mapping[str, Json]
    ) -> None:
        """The organisation sets it at the property side; the device fetches it from the cloud."""
        device = self.device(request)
        self.cloud.ask_property(
            role="organisation",
            ours=True,
            method="PUT",
            path=f"/api/devices/{device.name}",
            entry=entry,
        )
        device.fetch_settings()

    def choose_word(self, request: SessionRequest) -> None:
        """The wake word that the organisation wants."""
        self.set_at_property(request, {"wake_word": request["word"]})

    def enable_skill(self, request: SessionRequest) -> Message:
        device, on = self.device(request), request["state"] == "enable"
        said = self.cloud.ask_property(
            role="organisation",
            ours=True,
            method="PUT",
            path=f"/api/devices/{device.name}/skills/{request['skill']}",
            entry={"enabled": on},
        )
        if on:
            device.report(
                "skill.enable",
                skill=request["skill"],
                skill_kind=said["kind"],
                certified=said["certified"],
            )
        return {"enabled": said["data"]}

    def answer_query(self, request: SessionRequest) -> Message:
        device = self.device(request)
        said = self.cloud.ask_property(
            role=request["role"],
            ours=request["actor"] == "ours",
            method="GET",
            path=f"/api/devices/{device.name}/{request['resource']}",
        )
        asked = {
            name: request[name] for name in ("actor", "role", "resource")
        }
        device.report(
            "access",
            **asked,
            needed=said["needed"],
            decision=said["decision"],
        )
        return {"data": said["data"]}

    def kill(self, request: SessionRequest) -> None:
        """An abrupt restart: power gone and back."""
        device = self.device(request)
        device.set_power(False)
        device.set_power(True)


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="earwitness-device",
        description="the reference, driven by the protocol on standard input and output",
    )
    parser.add_argument(
        "fault",
        nargs="?",
        default="",
        help="a seeded fault, a liar or an honest variation",
    )
    parser.add_argument(
        "--data",
        type=Path,
        help="where device and cloud keep what they keep; without it that is deleted at the end",
    )
    options = parser.parse_args()
    os.umask(0o077)
    if options.fault and options.fault not in VARIANTS:
        sys.exit(
            f"there is no '{options.fault}'; choose from {', '.join(VARIANTS)}"
        )
    session = session_class(options.fault)(options.fault, options.data)
    try:
        for line in sys.stdin:
            try:
                request = json.loads(line)
                if not isinstance(request, dict):
                    raise ValueError("a request is a JSON object")
            except ValueError as error:
                print(
                    json.dumps(
                        {
                            "id": None,
                            "error": f"the line makes no sense: {error}",
                            "definite": True,
                        }
                    ),
                    flush=True,
                )
                continue
            for message in session.handle_request(request):
                print(json.dumps(message), flush=True)
            if request.get("do") == "goodbye":
                break
    finally:
        session.stop()


if __name__ == "__main__":
    main()
