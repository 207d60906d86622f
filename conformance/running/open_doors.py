"""Opens the doors between a target and its cloud: whatever crosses them is seen."""

from __future__ import annotations

from functools import partial

from msgspec import UNSET, UnsetType

from earwitness.conformance.targets.protocol import (
    CloudAddress,
    Hello,
    RouteRequest,
    Target,
    TargetError,
)
from earwitness.conformance.witnesses.doors import (
    STRANGER,
    Door,
    SocketFactory,
    connection_to,
    loopback_listener,
)
from earwitness.conformance.witnesses.relay import Relay


def open_doors(target: Target, hello: Hello, relay: Relay) -> dict[str, Door]:
    """Stand between every device and the cloud; returns each device's door. Raises TargetError."""
    assert hello.cloud is not None
    doors: dict[str, Door] = {}
    for device in hello.devices:
        doors[device] = _open_door(
            target=target, relay=relay, device=device, cloud=hello.cloud
        )
        request = RouteRequest(
            device=device,
            host="127.0.0.1",
            port=doors[device].port,
            authority=relay.authority,
            stranger=_open_door_for_strangers(
                target=target, relay=relay, device=device, hello=hello
            ),
        )
        if target.request(request).ok is None:
            raise TargetError(
                "the implementation says it can be routed, but refused 'route'"
            )
    return doors


def _open_door(
    target: Target,
    relay: Relay,
    device: str,
    cloud: CloudAddress,
    *,
    inward: bool | None = None,
    name: str = "",
) -> Door:
    cell = target.cell
    connect: SocketFactory = (
        connection_to(cloud.host, cloud.port)
        if cell is None
        else partial(cell.connect, cloud.host, cloud.port)
    )
    return relay.open_door(
        device,
        connect,
        listen=loopback_listener if cell is None else cell.listen,
        authority=cloud.authority,
        inward=cloud.inward if inward is None else inward,
        name=name,
    )


def _open_door_for_strangers(
    target: Target, relay: Relay, device: str, hello: Hello
) -> int | UnsetType:
    """A second way to a device that is called, so that it is seen what goes to whom."""
    cloud = hello.cloud
    if cloud is None or not cloud.inward or not hello.can(device, "server"):
        return UNSET
    door = _open_door(
        target=target,
        relay=relay,
        device=device,
        cloud=cloud,
        inward=True,
        name=STRANGER,
    )
    return door.port
