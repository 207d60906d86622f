"""The way to the cloud: connections, certificates, and an attacker who sits between.

The attacker of Dolev and Yao: whoever answers may be the cloud or a stranger, connections break at
any moment, and what is sent to a stranger is read. Only the check of the certificate stands against
it. What is encrypted is what only the cloud can read.
"""

from __future__ import annotations

from earwitness.model.assistant.components import ENVIRONMENT, FIRMWARE
from earwitness.model.assistant.hardware import online, powered
from earwitness.model.expression import Sort
from earwitness.model.systems.transition_system import (
    StateVariable,
    Table,
    Transition,
    all_of,
    equals,
    negation,
    one_of,
    values,
    word,
)

PEERS = ("nobody", "cloud", "stranger")
"""Who is at the other end of a connection."""

peer = word("peer")
ANY_PEER = word("any.peer")

CONNECTED = negation(equals(peer, "nobody"))
CONFIDENTIAL = equals(peer, "cloud")
"""Only the cloud can read what is sent."""
DISCONNECTED = values(peer="nobody")

FREE = {"any.peer": PEERS}


def network() -> Table:
    """Somebody answers, the firmware looks at the certificate, and connections break."""
    return Table(
        name="network",
        control="peer",
        variables=(
            StateVariable(
                name="peer", sort=Sort.TEXT, initial=("nobody",), values=PEERS
            ),
        ),
        transitions=(
            Transition(
                "accept_connection",
                FIRMWARE,
                guard=all_of(
                    powered,
                    online,
                    negation(CONNECTED),
                    one_of(
                        ANY_PEER, "cloud", "stranger"
                    ),  # assumption: anybody may answer for the cloud
                    equals(
                        ANY_PEER, "cloud"
                    ),  # STR-2: the certificate is the cloud's
                ),
                updates=values(peer=ANY_PEER),
                emits=None,
                reason="STR-2; section Echo Devices: data are encrypted on their way to the cloud",
            ),
            Transition(
                "break_connection",
                ENVIRONMENT,
                guard=CONNECTED,
                updates=DISCONNECTED,
                emits=None,
                reason="assumption: a connection breaks at any moment, and somebody else may answer next",
            ),
        ),
    )
