"""The way to the cloud: connections, certificates, and an attacker who sits between.

The attacker of Dolev and Yao: whoever answers may be the cloud or a stranger, connections break at
any moment, and what is sent to a stranger is read. Only the check of the certificate stands against
it. What is encrypted is what only the cloud can read.
"""

from __future__ import annotations

from earwitness.model.assistant.components import ENVIRONMENT, FIRMWARE
from earwitness.model.assistant.hardware import online
from earwitness.model.expression import Sort, implication
from earwitness.model.systems.transition_system import (
    StateVariable,
    Table,
    Transition,
    all_of,
    equals,
    flag,
    flags,
    negation,
    one_of,
    values,
    word,
)

PEERS = ("nobody", "cloud", "stranger")
"""Who is at the other end of a connection."""

peer, trusted = word("peer"), flag("trusted")
"""Who is at the other end, and whether the firmware takes it to be the cloud."""
ANY_PEER = word("any.peer")

CONNECTED = trusted
CONFIDENTIAL = equals(peer, "cloud")
"""Only the cloud can read what is sent."""
DISCONNECTED = values(peer="nobody", trusted=False)

FREE = {"any.peer": PEERS}


def network() -> Table:
    """Somebody answers, the firmware looks at the certificate, and connections break."""
    return Table(
        name="network",
        control="peer",
        variables=(
            *flags(trusted),
            StateVariable(
                name="peer", sort=Sort.TEXT, initial=("nobody",), values=PEERS
            ),
        ),
        transitions=(
            Transition(
                "open_connection",
                FIRMWARE,
                guard=all_of(
                    online,
                    equals(peer, "nobody"),
                    one_of(ANY_PEER, "cloud", "stranger"),
                ),
                updates=values(peer=ANY_PEER),
                emits=None,
                reason="STR-2: the firmware asks for the cloud, and anybody may answer",
            ),
            Transition(
                "check_certificate",
                FIRMWARE,
                guard=equals(
                    peer, "cloud"
                ),  # STR-2: the certificate is the cloud's
                updates=values(trusted=True),
                emits=None,
                reason="STR-2; section Echo Devices: data are encrypted on their way to the cloud",
            ),
            Transition(
                "break_connection",
                ENVIRONMENT,
                guard=negation(equals(peer, "nobody")),
                updates=DISCONNECTED,
                emits=None,
                reason="assumption: a connection breaks at any moment, and somebody else may answer next",
            ),
        ),
        hints=(implication(trusted, CONFIDENTIAL),),
    )
