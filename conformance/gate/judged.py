"""A bundle with its packs, the gate's decision and the summary: all that a report needs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any

import msgspec

from earwitness.conformance.evidence.bundle import Bundle
from earwitness.conformance.evidence.redaction import safe_text
from earwitness.conformance.evidence.verification import bundle_packs
from earwitness.conformance.gate.decision import decide_bundle
from earwitness.conformance.gate.policy import GateDecision, Policy
from earwitness.conformance.gate.summary import (
    Summary,
    summarise,
)
from earwitness.policies.pack import Pack


@dataclass(frozen=True, slots=True)
class JudgedBundle:
    """What every report format is made from."""

    bundle: Bundle
    packs: tuple[Pack, ...]
    policy: Policy
    decision: GateDecision
    summary: Summary


def judge_bundle(bundle: Bundle, policy: Policy) -> JudgedBundle:
    """Decide a bundle under a policy and summarise it. Raises BundleError."""
    packs = bundle_packs(bundle)
    decision = decide_bundle(bundle, packs, policy)
    shown = _made_printable(bundle)
    return JudgedBundle(
        bundle=shown,
        packs=packs,
        policy=policy,
        decision=decision,
        summary=summarise(shown, packs, decision),
    )


def _made_printable(bundle: Bundle) -> Bundle:
    """The bundle with every text in it so that it shows and does not act: a target or an environment may have
    chosen any of them. Failures are told word by word, and made printable there."""
    return replace(
        bundle,
        manifest=_make_printable(bundle.manifest),
        results=_make_printable(bundle.results),
        proofs=_make_printable(bundle.proofs),
    )


def _make_printable(value: Any) -> Any:
    match value:
        case str():
            return safe_text(value)
        case tuple():
            return tuple(map(_make_printable, value))
        case Mapping():
            return {
                _make_printable(name): _make_printable(part)
                for name, part in value.items()
            }
        case msgspec.Struct():
            parts = {
                name: _make_printable(getattr(value, name))
                for name in value.__struct_fields__
            }
            return msgspec.structs.replace(value, **parts)
        case _ if is_dataclass(value) and not isinstance(value, type):
            parts = {
                part.name: _make_printable(getattr(value, part.name))
                for part in fields(value)
            }
            changed: Any = value
            return replace(changed, **parts)
        case _:
            return value
