"""Every byte that crossed, summed: attributed to sound, read as text or structure, or unexplained, for
each direction and peer."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from earwitness.conformance.witnesses.wire.connection import Direction

USUAL_BUDGET = 4_096
"""Unexplained bytes that a device may send in a run by default: identifiers, nonces and signatures of a
hundred requests. Less than 0.3 s of speech in any coding that can still be understood (Codec2 at 0.7
kbit/s would make 47 s of it; the twins are for that)."""
BUDGET_OF_A_SECOND = 32
"""And so many for each second of the run: heartbeats have counters and nonces, while no coding of speech
lives on 256 bits a second."""


@dataclass(frozen=True, slots=True)
class Account:
    """The three sums of bytes. They add up to all that crossed."""

    attributed: int = 0
    read: int = 0
    unexplained: int = 0

    @property
    def total(self) -> int:
        return self.attributed + self.read + self.unexplained

    def __add__(self, other: Account) -> Account:
        return Account(
            attributed=self.attributed + other.attributed,
            read=self.read + other.read,
            unexplained=self.unexplained + other.unexplained,
        )


@dataclass(frozen=True, slots=True)
class Party:
    """Who sent to whom."""

    device: str
    direction: Direction
    peer: str


class Accounts:
    """The sums of one run, or of all."""

    def __init__(self) -> None:
        self._accounts: dict[Party, Account] = {}

    def add(self, party: Party, account: Account) -> None:
        self._accounts[party] = self._accounts.get(party, Account()) + account

    def parties(self) -> dict[Party, Account]:
        """Each party's sums, in the order in which they first sent."""
        return dict(self._accounts)

    def sums(self, direction: Direction) -> Account:
        """All that went in one direction."""
        return _add_up(
            account
            for party, account in self._accounts.items()
            if party.direction is direction
        )

    def unexplained(self) -> dict[str, int]:
        """Of each device, how many bytes it sent that nobody could read."""
        sums: dict[str, int] = {}
        for party, account in self._accounts.items():
            if party.direction is Direction.FROM_DEVICE:
                before = sums.get(party.device, 0)
                sums[party.device] = before + account.unexplained
        return sums

    def beyond_budget(self, budget: int = USUAL_BUDGET) -> list[str]:
        """For each device that sent more unexplained bytes than it may: a sentence."""
        devices = dict.fromkeys(party.device for party in self._accounts)
        sentences = []
        for device in devices:
            sent = _add_up(
                account
                for party, account in self._accounts.items()
                if party.device == device
                and party.direction is Direction.FROM_DEVICE
            )
            if sent.unexplained > budget:
                sentences.append(
                    f"{device} sent {sent.unexplained} bytes that nobody could read; {budget} are allowed"
                )
        return sentences


def _add_up(accounts: Iterable[Account]) -> Account:
    total = Account()
    for account in accounts:
        total += account
    return total
