"""Room service: drinks to the room."""

from __future__ import annotations

import sys
from collections.abc import Mapping

from earwitness.reference_impl.cloud.skills.skill import Response, say, serve


def answer(intent: str, slots: Mapping[str, str], session: Mapping[str, str]) -> Response:
    drink = slots.get("drink")
    if drink is None:
        return Response(say("What would you like to drink?"), follow_up=True)
    extras = [slots[name] for name in ("milk", "sugar") if name in slots]
    kind = " ".join(slots[name] for name in ("size", "shots", "roast") if name in slots)
    print(f"order: {drink}", file=sys.stderr, flush=True)
    return Response(
        say(
            f"One {kind} {drink}{' with ' + ' and '.join(extras) if extras else ''} is on its way.".replace(
                "  ", " "
            )
        )
    )


if __name__ == "__main__":
    serve(answer)
