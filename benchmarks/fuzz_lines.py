"""Lines of the protocol, packets and questions for names: what the fuzzer begins with, and who reads them."""

from __future__ import annotations

import json
import re
from pathlib import Path

from fuzz_sounds import (
    SOUND,
)

from earwitness.conformance.targets.lines import (
    answer_from,
    decode_line,
    hello_from,
)
from earwitness.conformance.targets.packets import (
    asked_name,
    name_answer,
    parse_packet,
)
from earwitness.conformance.targets.protocol import TargetError


def line_seeds() -> list[bytes]:
    """Every line of a program that the protocol's page shows."""
    page = (Path(__file__).parents[1] / "docs" / "protocol.md").read_text(
        "utf-8"
    )
    blocks = re.findall(
        r"```(?:reply|reply hello|observation)\n(.*?)```", page, re.DOTALL
    )
    shown = re.findall(r"^< (.*)$", page, re.MULTILINE)
    return [
        json.dumps(json.loads(text)).encode() for text in (*blocks, *shown)
    ]


def take_line(data: bytes) -> None:
    """The law: an answer, or a TargetError in a sentence that can be printed and is not long."""
    try:
        message = decode_line(data)
        if "event" in message:
            assert (
                len(
                    answer_from(
                        [message, {"id": 1, "ok": {}}], 1
                    ).observations
                )
                == 1
            )
        elif (
            isinstance(message.get("ok"), dict) and "devices" in message["ok"]
        ):
            assert all(
                name.isprintable()
                for name in hello_from([message], 1).devices
            )
        else:
            answer_from([message], 1)
    except TargetError as error:
        assert str(error).isprintable() and len(str(error)) < 2_010


def packet_seeds() -> list[bytes]:
    four = bytes.fromhex(
        "450000780000400040060000c0a80002cb0071079c4001bb00000000000000005002ffff00000000"
    )
    six = (
        bytes.fromhex("6000000000201140")
        + bytes(15)
        + b"\1"
        + bytes(15)
        + b"\1"
    )
    return [
        four + SOUND[:40].tobytes(),
        six + bytes.fromhex("9c40003500200000") + SOUND[:12].tobytes(),
    ]


def take_packet(data: bytes) -> None:
    packet = parse_packet(data)
    assert packet is None or (
        packet.size >= 0 and len(packet.content) <= len(data)
    )


def question_seeds() -> list[bytes]:
    return [
        b"\x12\x34\1\0\0\1\0\0\0\0\0\0" + name + b"\0\0\1\0\1"
        for name in (b"\5cloud\3com", b"\1a" * 60)
    ]


def take_question(data: bytes) -> None:
    name, _ = asked_name(data)
    assert len(name) <= 253
    assert len(name_answer(data, "198.18.0.2")) <= len(data) + 40
