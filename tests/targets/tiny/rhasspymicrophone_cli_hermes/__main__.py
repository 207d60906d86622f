"""A small microphone service of Hermes: by UDP to the hotword service until a request begins, then to the
broker."""

import argparse
import io
import shlex
import socket
import subprocess
import wave

from paho.mqtt import client as mqtt

parser = argparse.ArgumentParser()
for name in (
    "host",
    "port",
    "site-id",
    "record-command",
    "sample-rate",
    "sample-width",
    "channels",
    "udp-audio-host",
    "udp-audio-port",
):
    parser.add_argument(f"--{name}", required=True)
parser.add_argument("--fault", default="")
options = parser.parse_args()
PIECE = 2_560
asked = {"on": options.fault == "streams-always"}


def take(client, _, said):
    asked["on"] = (
        said.topic.endswith("startListening")
        or options.fault == "streams-always"
    )


client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2)
client.on_message = take
client.on_connect = lambda *_: client.subscribe(
    [("hermes/asr/startListening", 0), ("hermes/asr/stopListening", 0)]
)
client.connect(options.host, int(options.port))
client.loop_start()
hotword = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
microphone = subprocess.Popen(
    shlex.split(options.record_command), stdout=subprocess.PIPE
)
while piece := microphone.stdout.read(PIECE):
    held = io.BytesIO()
    with wave.open(held, "wb") as out:
        out.setparams((1, 2, 16_000, 0, "NONE", ""))
        out.writeframes(piece)
    if asked["on"]:
        client.publish(
            f"hermes/audioServer/{options.site_id}/audioFrame",
            held.getvalue(),
        )
    else:
        hotword.sendto(
            held.getvalue(),
            (options.udp_audio_host, int(options.udp_audio_port)),
        )
