"""Certificates that an honest device refuses, shown to every device in turn. What is sent to who shows one is
as good as sent in clear."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from earwitness.conformance.running.harness import Harness
from earwitness.conformance.running.moment import Finding
from earwitness.conformance.running.run import Run
from earwitness.conformance.stimuli.stimulus import (
    Kill,
    Network,
    Say,
    Scenario,
    Stimulus,
)
from earwitness.conformance.witnesses.certificates import (
    TRIALS,
    Outcome,
    Presented,
)


@dataclass(frozen=True, slots=True)
class CertificateRun:
    """A device that was shown a certificate, what it did, and the run in which it was."""

    device: str
    presented: Presented
    outcome: Outcome
    run: Run

    @property
    def finding(self) -> Finding | None:
        """That it was accepted, where nothing was sent that would show it."""
        sent = any(seen.event == "stream.audio" for seen in self.run.trace)
        if self.outcome is not Outcome.ACCEPTED or sent:
            return None
        text = (
            f"{self.device} accepted a certificate of {self.presented.value}"
        )
        return Finding(
            "certificate accepted", text, self.device, blocking=True
        )


def try_certificates(harness: Harness) -> Iterator[CertificateRun]:
    """Every bad certificate to every device that reaches its cloud through the harness. Raises
    TargetError."""
    for device in harness.doors:
        for presented in TRIALS:
            run = harness.run_stranger(
                approach(device, harness), device, presented
            )
            assert harness.relay is not None
            outcome = harness.relay.trial(device, presented).outcome
            yield CertificateRun(
                device=device, presented=presented, outcome=outcome, run=run
            )


def approach(device: str, harness: Harness) -> Scenario:
    """Steps after which a device must connect again, and has something to send."""
    again: list[Stimulus] = (
        [Kill(device)] if harness.hello.can(device, "power") else []
    )
    if harness.hello.can(device, "network"):
        again = [Network(device, "down"), Network(device, "up")]
    return (*again, Say(device, "weather-open"))


def describe_doubt(tried: list[CertificateRun]) -> str:
    """Why it is not known what the devices do with a bad certificate, or ''."""
    never = [t for t in tried if t.outcome is Outcome.NEVER_CAME]
    if not never:
        return ""
    return f"{never[0].device} did not connect while a certificate of {never[0].presented.value} was shown"
