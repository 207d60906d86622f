"""Writing a bundle as the run goes: a folder of its own, partial until the manifest is renamed into place."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import platform
import secrets
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from types import TracebackType

import msgspec

from earwitness.conformance.evidence.records import (
    FORMAT,
    FailureRecord,
    Manifest,
    PackRecord,
    ProofRecord,
    Results,
    Seconds,
    State,
    TargetRecord,
)
from earwitness.conformance.evidence.redaction import (
    Redactor,
    safe_text,
)
from earwitness.conformance.gate.verdict import Verdict
from earwitness.model.trace import Observation

MANIFEST, SEAL, PARTIAL, RESULTS, PROOFS = (
    "manifest.json",
    "manifest.sha256",
    "manifest.partial.json",
    "results.json",
    "proofs.json",
)
OBSERVATIONS, TARGET_LOG, LATEST = (
    "observations.jsonl",
    "target.log",
    "latest",
)
KEPT_ENVIRONMENT = (
    "CI",
    "GITHUB_SHA",
    "GITHUB_REF",
    "GITHUB_RUN_ID",
    "GITHUB_REPOSITORY",
    "CI_COMMIT_SHA",
    "CI_JOB_ID",
)
"""What of the environment stands in a manifest: who ran it, never a secret."""
EARLIER = "earlier.json"
"""Checks of the same target that were made before this one, where it is one of many."""
REFINEMENT = "refinement.jsonl"
"""The runs of the model that show what was seen, one a line, by run and device."""
STEPS = "steps.jsonl"
"""What was done in each run, one run a line."""
LARGEST_LOG = 1 << 20
"""Bytes of a target's standard error that are kept."""


def encode_record(
    record: msgspec.Struct | Mapping[str, object] | Sequence[msgspec.Struct],
) -> bytes:
    """Pretty JSON with keys in the order of their declaration: the same bytes for the same record."""
    return msgspec.json.format(msgspec.json.encode(record), indent=1) + b"\n"


class BundleWriter:
    """Writes one bundle into a new folder below `out`. Use it in a `with`: leaving by an exception keeps
    it partial.

    Nothing that it did not make is written, deleted or listed.
    """

    def __init__(
        self,
        out: Path,
        target: str,
        *,
        arguments: Iterable[str] = (),
        seed: int = 0,
        phrases: Iterable[str] = (),
    ) -> None:
        began = datetime.now(UTC)
        # Three random bytes keep apart runs that began in the same second.
        self.id = f"{began:%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}"
        self.folder = out / self.id
        self.redactor = Redactor(secrets.token_bytes(32), phrases)
        self.manifest = Manifest(
            format=FORMAT,
            state=State.PARTIAL,
            id=self.id,
            started=began.isoformat(timespec="seconds"),
            earwitness=version("earwitness"),
            python=platform.python_version(),
            platform=platform.platform(),
            target=TargetRecord(given=target),
            seed=seed,
            arguments=tuple(arguments),
            environment={
                name: os.environ[name]
                for name in KEPT_ENVIRONMENT
                if name in os.environ
            },
        )
        self._files: set[str] = set()
        self._counts: dict[int, int] = {}
        self._log_size = 0
        out.mkdir(parents=True, exist_ok=True)
        forget_latest(out)
        self.folder.mkdir()
        _write_whole(self.folder / PARTIAL, encode_record(self.manifest))
        _point_latest(out, self.id)
        self._observations = (self.folder / OBSERVATIONS).open("ab")
        self._files.add(OBSERVATIONS)

    def __enter__(self) -> BundleWriter:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        _: TracebackType | None,
    ) -> None:
        self._observations.close()
        if error is not None and not (self.folder / MANIFEST).exists():
            self._note_end(_describe_end(error))

    @property
    def proofs(self) -> Path:
        """The folder for certificates and counterexamples; what lies in it at the end belongs to the
        bundle."""
        return self.folder / "proofs"

    def observe(self, run: int, observations: Iterable[Observation]) -> None:
        """Append observations of a run, words replaced, and flush: a killed run keeps what it saw."""
        lines = []
        for seen in observations:
            entry = {
                "run": run,
                **self.redactor.observation(seen),
            }
            lines.append(
                json.dumps(entry, ensure_ascii=False).encode(
                    "utf-8", "backslashreplace"
                )
                + b"\n"
            )
        self._observations.write(b"".join(lines))
        self._observations.flush()
        self._counts[run] = self._counts.get(run, 0) + len(lines)

    def log_target(self, text: str) -> None:
        """Append to the log of what the target wrote to its standard error: safe to print, without words,
        bounded."""
        shown = self.redactor.text(safe_text(text, keep="\n\t")).encode(
            "utf-8"
        )[: LARGEST_LOG - self._log_size]
        with (self.folder / TARGET_LOG).open("ab") as log:
            log.write(shown)
        self._log_size += len(shown)
        self._files.add(TARGET_LOG)

    def keep_pack(
        self,
        name: str,
        pack_version: int,
        source: str,
        file: Path,
    ) -> PackRecord:
        """Copy a pack into the bundle, so that its verdicts can be recomputed from the bundle alone."""
        content = file.read_bytes()
        kept = self.keep_file(f"packs/{name}.yaml", content)
        sha256 = hashlib.sha256(content).hexdigest()
        return PackRecord(
            name=name,
            version=pack_version,
            source=source,
            file=kept,
            sha256=sha256,
        )

    def keep_file(self, name: str, content: bytes) -> str:
        """Add one file (a capability file, waivers ...) by its name in the bundle."""
        path = self.folder / name
        path.parent.mkdir(exist_ok=True)
        _write_whole(path, content)
        self._files.add(name)
        return name

    def store_failure(self, failure: FailureRecord) -> Path:
        """Keep a violation as soon as it is found; a shorter one of the same clause takes its place."""
        self.keep_file(
            f"failures/{failure.clause}.json",
            encode_record(failure),
        )
        return self.folder / "failures" / f"{failure.clause}.json"

    def store_proofs(self, proofs: Mapping[str, ProofRecord]) -> None:
        """Keep what became of the proofs."""
        self.keep_file(PROOFS, encode_record(dict(proofs)))

    def finish(
        self,
        results: Results,
        *,
        target: TargetRecord,
        packs: Iterable[PackRecord],
        seconds: Seconds,
        confinement: str = "open",
        model: str = "",
        budget: float = 0.0,
        state: State = State.COMPLETE,
        reason: str = "",
    ) -> str:
        """Write the results, then the manifest with all digests, and give the manifest's own digest."""
        self._observations.flush()
        os.fsync(self._observations.fileno())
        self.keep_file(RESULTS, encode_record(_of_what_applies(results)))
        if PROOFS not in self._files:
            self.store_proofs({})
        self._files |= {
            _name_in_folder(path, self.folder)
            for path in self.proofs.rglob("*")
            if path.is_file()
        }
        digests = {
            name: digest_file(self.folder / name)
            for name in sorted(self._files)
        }
        whole = msgspec.structs.replace(
            self.manifest,
            state=state,
            reason=reason,
            ended=datetime.now(UTC).isoformat(timespec="seconds"),
            target=target,
            packs=tuple(packs),
            seconds=seconds,
            confinement=confinement,
            model=model,
            budget=budget,
            files=digests,
        )
        content = encode_record(whole)
        digest = hashlib.sha256(content).hexdigest()
        # The seal first: the bundle is whole from the instant at which its manifest has its name, and at the
        # same instant no partial one is there any more.
        _write_whole(self.folder / SEAL, seal_text(digest).encode())
        _write_whole(self.folder / PARTIAL, content)
        (self.folder / PARTIAL).replace(self.folder / MANIFEST)
        self.manifest = whole
        return digest

    def _note_end(self, reason: str) -> None:
        """Say in the partial manifest why the run ended, if the disk still takes it."""
        ended = datetime.now(UTC).isoformat(timespec="seconds")
        noted = msgspec.structs.replace(
            self.manifest, ended=ended, reason=reason
        )
        with contextlib.suppress(OSError):
            _write_whole(self.folder / PARTIAL, encode_record(noted))


def _of_what_applies(results: Results) -> Results:
    """The results without deadlines of clauses that the target makes no claim to keep: a reader watches
    none of them, and would find one too many."""
    idle = {
        clause.id
        for clause in results.clauses
        if clause.verdict is Verdict.NOT_APPLICABLE
    }
    kept = tuple(
        near
        for near in results.near_misses
        if near.clause.rpartition(".")[0] not in idle
    )
    return msgspec.structs.replace(results, near_misses=kept)


def _describe_end(error: BaseException) -> str:
    if isinstance(error, KeyboardInterrupt):
        return "it was interrupted"
    return safe_text(f"{type(error).__name__}: {error}")[:500]


def seal_text(digest: str) -> str:
    """The digest of a manifest as `sha256sum -c` reads it.

    >>> seal_text("ab12")
    'ab12  manifest.json\\n'
    """
    return f"{digest}  {MANIFEST}\n"


def digest_file(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _name_in_folder(path: Path, folder: Path) -> str:
    return path.relative_to(folder).as_posix()


def _write_whole(path: Path, content: bytes) -> None:
    """The file is there with all its content, or as it was before."""
    draft = path.with_name(path.name + ".draft")
    try:
        with draft.open("wb") as out:
            out.write(content)
            out.flush()
            os.fsync(out.fileno())
        draft.replace(path)
    except OSError:
        draft.unlink(missing_ok=True)
        raise


def forget_latest(out: Path) -> None:
    """Let `latest` name no run, before anything of a new one can fail: an older bundle must not answer
    for it."""
    link = out / LATEST
    if link.is_symlink():
        link.unlink()


def _point_latest(out: Path, identity: str) -> None:
    """Let `latest` name this run from its first moment, so that an older bundle never speaks for a run that
    failed. A `latest` that is no link is somebody else's and stays."""
    link = out / LATEST
    if link.exists() and not link.is_symlink():
        return
    draft = out / f"{LATEST}.{identity}"
    draft.symlink_to(identity)
    draft.replace(link)
