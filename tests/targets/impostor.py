"""A target that misbehaves as its argument says; driven over standard input and output by the tests."""

from __future__ import annotations

import json
import sys
import time

HELLO = {
    "name": "impostor",
    "version": "1",
    "clock": "real",
    "devices": [{"device": "d1", "kind": "speaker"}],
    "capabilities": {"microphone_button": True},
    "data_paths": [],
}


def main() -> None:
    way = sys.argv[1]
    for line in sys.stdin:
        request = json.loads(line)
        number = request["id"]
        if way == "dies":
            sys.exit(3)
        if way == "hangs":
            time.sleep(60)
        if way == "noise":
            print("Booting voice assistant ...", flush=True)
        if way == "binary":
            sys.stdout.buffer.write(b"\xff\xfe\n")
        if way == "long":
            sys.stdout.write("x" * (100 << 20) + "\n")
        if way == "flood":
            while True:
                print(
                    json.dumps({"event": "tick", "time": 1, "device": "d1"})
                )
        if way == "wrong-id":
            number += 1
        if request["do"] == "hello":
            print(json.dumps({"id": number, "ok": HELLO}), flush=True)
            continue
        if way == "unknown-event":
            print(
                json.dumps({"event": "tik", "time": 1, "device": "d1"}),
                flush=True,
            )
        if way == "backwards":
            print(
                json.dumps({"event": "tick", "time": 5, "device": "d1"}),
                flush=True,
            )
            print(
                json.dumps({"event": "tick", "time": 4, "device": "d1"}),
                flush=True,
            )
        if way == "perjury":
            print(
                json.dumps(
                    {
                        "event": "tick",
                        "time": 5,
                        "device": "d1",
                        "origin": "witnessed",
                    }
                ),
                flush=True,
            )
        if way == "open-outcome" and request["do"] == "say":
            print(
                json.dumps(
                    {"id": number, "error": "who knows", "definite": False}
                ),
                flush=True,
            )
            continue
        print(json.dumps({"id": number, "ok": {}}), flush=True)


main()
