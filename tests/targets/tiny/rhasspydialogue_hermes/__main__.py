"""A small dialogue service of Hermes: a hotword begins a session, the recogniser's text or its error ends it."""

import argparse
import json

from paho.mqtt import client as mqtt

parser = argparse.ArgumentParser()
for name in ("host", "port", "site-id"):
    parser.add_argument(f"--{name}", required=True)
parser.add_argument("--fault", default="")
options = parser.parse_args()
TOPICS = (
    "hermes/hotword/alexa/detected",
    "hermes/asr/textCaptured",
    "hermes/error/asr",
    "hermes/dialogueManager/endSession",
)


def take(client, _, said):
    content = json.loads(said.payload)

    def tell(topic, **more):
        client.publish(
            topic,
            json.dumps(
                {"siteId": options.site_id, "sessionId": "one", **more}
            ),
        )

    match said.topic.split("/"):
        case [_, "hotword", *_]:
            tell("hermes/dialogueManager/sessionStarted")
            tell("hermes/asr/startListening")
        case [_, "asr", _] | [_, "error", _]:
            tell("hermes/asr/stopListening")
        case [_, "dialogueManager", _]:
            tell("hermes/tts/say", id="say", text=content["text"])


client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2)
client.on_message = take
client.on_connect = lambda *_: client.subscribe(
    [(topic, 0) for topic in TOPICS]
)
client.connect(options.host, int(options.port))
client.loop_forever()
