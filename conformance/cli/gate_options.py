"""The options by which a gate is told its policy; `check`, `gate` and `report` share them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import click

from earwitness.conformance.cli.common import A_FILE
from earwitness.conformance.evidence.bundle import (
    Bundle,
    BundleError,
)
from earwitness.conformance.evidence.signature import verify_signature
from earwitness.conformance.gate.capability_file import load_capabilities
from earwitness.conformance.gate.known_failures import load_known_failures
from earwitness.conformance.gate.policy import (
    Policy,
    Profile,
    today,
)
from earwitness.conformance.gate.waivers import load_waivers
from earwitness.conformance.running.rejudge import read_consistent_bundle
from earwitness.policies.pack import SEVERITIES

Function = TypeVar("Function", bound=Callable[..., Any])
KEPT = {
    "waivers": "waivers.yaml",
    "known_failures": "known-failures.yaml",
    "capabilities": "capabilities.yaml",
}
"""Under these names a bundle keeps the files that its check was given. The gate uses them where it is given
no others; waivers and known failures only where a digest or a key vouches for them, or whoever may write to
a bundle could let anything through."""


def gate_options(command: Function) -> Function:
    """Add the options of the gate's policy to a command."""
    options = (
        click.option(
            "--profile",
            type=click.Choice([profile.value for profile in Profile]),
            default=Profile.CORE.value,
            show_default=True,
            help="how much is asked for",
        ),
        click.option(
            "--fail-on",
            type=click.Choice(SEVERITIES),
            default="low",
            show_default=True,
            help="let clauses of lower severity through, as warnings",
        ),
        click.option(
            "--waivers",
            type=A_FILE,
            help="waivers: decisions to let a clause fail for a while",
        ),
        click.option(
            "--strict-waivers",
            is_flag=True,
            help="an unused or unknown waiver is exit code 6",
        ),
        click.option(
            "--known-failures",
            type=A_FILE,
            help="failures that are known, and must still be there",
        ),
        click.option(
            "--baseline",
            type=click.Path(path_type=Path, file_okay=False),
            help="an earlier bundle: tell what is new, regressed, fixed",
        ),
        click.option(
            "--capabilities",
            type=A_FILE,
            help="what the product has, and why it lacks the rest",
        ),
        click.option(
            "--key",
            type=A_FILE,
            help="public key: the bundle must be signed by it",
        ),
        click.option(
            "--digest",
            default="",
            metavar="SHA256",
            help="the bundle must be the very one whose digest its check printed",
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command


def load_policy(
    *,
    profile: str,
    fail_on: str,
    waivers: Path | None,
    strict_waivers: bool,
    known_failures: Path | None,
    baseline: Path | None,
    capabilities: Path | None,
    bundle: Bundle | None = None,
    key: Path | None = None,
    digest: str = "",
) -> Policy:
    """The policy that these options and files describe. Raises GateFileError, BundleError, KeyFileError."""
    is_signed = bundle is not None and key is not None
    if bundle is not None and key is not None:
        verify_signature(bundle, key)
    if bundle is not None and digest:
        demand_digest(bundle, digest)
    vouched_for = bundle if is_signed or digest else None
    waiver_file = waivers or _kept_file(vouched_for, "waivers")
    known_file = known_failures or _kept_file(vouched_for, "known_failures")
    capability_file = capabilities or _kept_file(bundle, "capabilities")
    given = {
        "waivers": waivers,
        "known_failures": known_failures,
        "capabilities": capabilities,
    }
    return Policy(
        now=today(),
        profile=Profile(profile),
        fail_on=fail_on,
        waivers=load_waivers(waiver_file) if waiver_file is not None else (),
        strict_waivers=strict_waivers,
        known_failures=load_known_failures(known_file)
        if known_file is not None
        else (),
        baseline=read_consistent_bundle(baseline)
        if baseline is not None
        else None,
        capabilities=load_capabilities(capability_file)
        if capability_file is not None
        else None,
        is_signed=is_signed,
        unsealed=tuple(
            KEPT[name]
            for name, file in given.items()
            if file is None
            and vouched_for is None
            and _kept_file(bundle, name)
        ),
    )


def demand_digest(bundle: Bundle, digest: str) -> None:
    """That the bundle is the one with this digest: a CI that keeps it apart notices any exchange. Raises
    BundleError."""
    if digest.removeprefix("sha256:").lower() != bundle.digest:
        raise BundleError(
            f"{bundle.folder}: its digest is {bundle.digest}, not {digest}; this is another bundle"
        )


def files_to_keep(
    options: Mapping[str, object],
) -> dict[str, bytes]:
    """The files by which a check is decided, under the names by which its bundle keeps them."""
    given = {KEPT[name]: options[name] for name in KEPT}
    return {
        name: path.read_bytes()
        for name, path in given.items()
        if isinstance(path, Path)
    }


def _kept_file(bundle: Bundle | None, name: str) -> Path | None:
    if bundle is None or KEPT[name] not in bundle.manifest.files:
        return None
    return bundle.folder / KEPT[name]
