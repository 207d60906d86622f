"""Commands about bundles as evidence: `verify`, `sign`, `keygen`, `archive`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from earwitness.conformance.cli.common import A_FILE, A_FOLDER
from earwitness.conformance.cli.gate_options import demand_digest
from earwitness.conformance.evidence.bundle import (
    archive_bundle,
    read_bundle,
)
from earwitness.conformance.evidence.signature import (
    generate_key,
    sign_bundle,
    verify_signature,
)
from earwitness.conformance.evidence.verification import (
    bundle_packs,
    proof_faults,
)
from earwitness.conformance.gate.exits import Exit


@click.command()
@click.argument("bundle", type=A_FOLDER, default=Path("earwitness-run"))
@click.option(
    "--key",
    type=A_FILE,
    help="public key by which the bundle must be signed",
)
@click.option(
    "--digest",
    default="",
    metavar="SHA256",
    help="the bundle must be the very one whose digest its check printed",
)
@click.option(
    "--no-proofs",
    is_flag=True,
    help="do not re-check the proofs (they take seconds)",
)
def verify(
    bundle: Path, key: Path | None, digest: str, no_proofs: bool
) -> None:
    """Check a bundle against itself: digests, signature, verdicts, proofs.

    Every verdict on a formula is recomputed from the observations. Nothing is believed, and no network is
    used.
    """
    read = read_bundle(bundle)
    if digest:
        demand_digest(read, digest)
    click.echo(
        f"digests     {len(read.manifest.files)} files are as they were written; the bundle is {read.digest}"
    )
    beside = sorted(path.name for path in read.folder.glob("report.*"))
    if beside:
        click.echo(
            f"reports     not checked, since they are no evidence: {', '.join(beside)}; 'earwitness report' "
            "makes them again"
        )
    if key is not None:
        verify_signature(read, key)
        click.echo(f"signature   by {key}")
    from earwitness.conformance.running.rejudge import contradictions_of

    found = contradictions_of(read, bundle_packs(read))
    click.echo(
        f"verdicts    {len(read.results.clauses)} recomputed, {len(found)} contradictions"
    )
    if not no_proofs:
        faults = proof_faults(read)
        certificates = sum(
            len(proof.certificates) for proof in read.proofs.values()
        )
        click.echo(
            f"proofs      {certificates} certificates re-checked, {len(faults)} faults"
        )
        found += faults
    for text in found:
        click.echo(text, err=True)
    sys.exit((Exit.EVIDENCE_INVALID if found else Exit.SATISFIED).value)


@click.command()
@click.argument("bundle", type=A_FOLDER, default=Path("earwitness-run"))
@click.option(
    "--key",
    type=A_FILE,
    required=True,
    help="private key, from `earwitness keygen`",
)
def sign(bundle: Path, key: Path) -> None:
    """Sign a bundle."""
    click.echo(str(sign_bundle(read_bundle(bundle), key)))


@click.command()
@click.argument("file", type=A_FILE)
def keygen(file: Path) -> None:
    """Make a key to sign bundles with.

    A_FILE gets the private key, A_FILE.pub the public one. Keep the first, publish the second.
    """
    click.echo(f"{file} (keep it), {generate_key(file)} (publish it)")


@click.command()
@click.argument("bundle", type=A_FOLDER, default=Path("earwitness-run"))
@click.option(
    "--out",
    type=A_FILE,
    help="the tar file; beside the bundle unless given",
)
def archive(bundle: Path, out: Path | None) -> None:
    """Pack a bundle into a tar file, the same bytes each time."""
    read = read_bundle(bundle)
    path = out or read.folder.with_name(f"{read.manifest.id}.tar")
    path.write_bytes(archive_bundle(read))
    click.echo(str(path))
