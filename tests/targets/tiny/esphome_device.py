"""A small device that speaks ESPHome's native API, in the messages of its client library, with one seeded
fault or none: esphome_device.py MICROPHONE LOUDSPEAKER [FAULT]. Some of the words are no faults but ways in
which devices and versions differ: names-no-phrase, fetches-answer, has-microphone-switch, says-more."""

import os
import socket
import struct
import sys
import threading
import urllib.request

from aioesphomeapi import api_pb2 as pb
from aioesphomeapi.core import MESSAGE_TYPE_TO_PROTO
from pymicro_wakeword import MicroWakeWord, MicroWakeWordFeatures, Model

MICROPHONE, LOUDSPEAKER, *FAULT = sys.argv[1:]
NUMBERS = {kind: number for number, kind in MESSAGE_TYPE_TO_PROTO.items()}
MUTE = 1
STT_END, RUN_END, ERROR, TTS_END = 4, 2, 0, 8
HAS_MICROPHONE_SWITCH = "has-microphone-switch" in FAULT


def varint(value):
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def read_varint(stream):
    value = shift = 0
    while True:
        (byte,) = struct.unpack("B", stream.read(1))
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return value


class Device:
    def __init__(self):
        self.lock = threading.RLock()
        self.client = None
        self.streaming = self.muted = False
        self.features = MicroWakeWordFeatures()
        self.model = MicroWakeWord.from_builtin(Model.ALEXA)

    def send(self, client, message):
        body = message.SerializeToString()
        head = varint(len(body)) + varint(NUMBERS[type(message)])
        client.sendall(b"\0" + head + body)

    def hear(self):
        with open(MICROPHONE, "rb", buffering=0) as microphone:
            while piece := microphone.read(2_560):
                with self.lock:
                    self.take(piece)

    def take(self, piece):
        if self.muted and "mute-does-nothing" not in FAULT:
            return
        if self.streaming and self.client is not None:
            self.send(self.client, pb.VoiceAssistantAudio(data=piece))
            return
        for features in self.features.process_streaming(piece):
            if self.model.process_streaming(features):
                self.model.reset()
                if self.client is not None:
                    phrase = "" if "names-no-phrase" in FAULT else "alexa"
                    asked = pb.VoiceAssistantRequest(
                        start=True, wake_word_phrase=phrase
                    )
                    if "says-more" in FAULT:
                        self.send(
                            self.client, pb.BinarySensorStateResponse(key=9)
                        )
                    self.send(self.client, asked)
                    self.streaming = True

    def serve(self, client):
        with client, client.makefile("rb") as stream:
            try:
                while stream.read(1):
                    size, kind = read_varint(stream), read_varint(stream)
                    message = MESSAGE_TYPE_TO_PROTO[kind]()
                    message.ParseFromString(stream.read(size))
                    with self.lock:
                        self.obey(client, message)
            except (OSError, struct.error):
                pass
        with self.lock:
            if client is self.client:
                self.client = None
                self.streaming = (
                    "goes-on-for-strangers" in FAULT and self.streaming
                )

    def obey(self, client, message):
        match type(message).__name__:
            case "HelloRequest":
                self.send(
                    client,
                    pb.HelloResponse(
                        api_version_major=1, api_version_minor=10, name="tiny"
                    ),
                )
            case "AuthenticationRequest" | "ConnectRequest":
                self.send(client, pb.AuthenticationResponse())
            case "PingRequest":
                self.send(client, pb.PingResponse())
            case "DisconnectRequest":
                self.send(client, pb.DisconnectResponse())
            case "DeviceInfoRequest":
                self.send(
                    client,
                    pb.DeviceInfoResponse(
                        name="tiny", voice_assistant_feature_flags=7
                    ),
                )
            case "ListEntitiesRequest":
                name = "microphone" if HAS_MICROPHONE_SWITCH else "mute"
                self.send(
                    client,
                    pb.ListEntitiesSwitchResponse(
                        object_id=f"{name}_switch", key=MUTE, name=""
                    ),
                )
                self.send(client, pb.ListEntitiesDoneResponse())
            case "SubscribeVoiceAssistantRequest":
                self.client = self.client or client
            case "SwitchCommandRequest":
                self.muted = message.state != HAS_MICROPHONE_SWITCH
                if self.muted and "mute-does-nothing" not in FAULT:
                    self.streaming = False
            case "VoiceAssistantEventResponse" if (
                message.event_type == TTS_END and "fetches-answer" in FAULT
            ):
                with urllib.request.urlopen(message.data[0].value) as answer:
                    self.play(answer.read()[44:])
            case "VoiceAssistantEventResponse" if message.event_type in (
                STT_END,
                RUN_END,
                ERROR,
            ):
                self.streaming = False
            case "VoiceAssistantAudio" if "fetches-answer" not in FAULT:
                self.play(message.data)

    def play(self, sound):
        with open(LOUDSPEAKER, "ab") as loudspeaker:
            loudspeaker.write(sound)


device = Device()
listener = socket.create_server(("127.0.0.1", 6_053))
threading.Thread(target=device.hear, daemon=True).start()
os.write(2, b"ready\n")
while True:
    threading.Thread(
        target=device.serve, args=(listener.accept()[0],), daemon=True
    ).start()
