"""The toaster's own program: it speaks the protocol on its standard input and output."""

import json
import sys


def hello(name):
    return {
        "earwitness": 2,
        "name": "toaster",
        "version": "1",
        "clock": "virtual",
        "devices": [{"device": name, "kind": "speaker"}],
        "capabilities": {"power": True},
    }


def main():
    for line in sys.stdin:
        request = json.loads(line)
        reply = {"id": request["id"]}
        if request["do"] == "hello":
            reply["ok"] = hello(sys.argv[1])
        elif request["do"] in ("reset", "power", "say", "wait"):
            reply["ok"] = {}
        else:
            reply["unsupported"] = "it only toasts"
        print(json.dumps(reply), flush=True)


if __name__ == "__main__":
    main()
