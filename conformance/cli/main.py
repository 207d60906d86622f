"""The command line: it parses and prints; every verb is a function of the library. A command is loaded
when it is called."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import NoReturn

import click

from earwitness.conformance.gate.exits import (
    Exit,
    describe_exits,
    describe_precedence,
)

HERE = "earwitness.conformance.cli"
PROJECT_FILE = "earwitness.toml"


@dataclass(frozen=True, slots=True)
class Lazy:
    """Where a command is, and what it is for. The command says the same of itself."""

    module: str
    name: str
    purpose: str


COMMANDS: Mapping[str, Lazy] = {
    "check": Lazy(
        "check",
        "check_target",
        "Judge a target, prove the promises on the model, write a bundle and its reports.",
    ),
    "gate": Lazy(
        "gate",
        "gate_bundle",
        "Decide a bundle by a profile, waivers, known failures and a baseline.",
    ),
    "judge": Lazy(
        "judge",
        "judge_logs",
        "Judge logs by whole packs: observations in JSON Lines, or what an importer reads.",
    ),
    "report": Lazy("report", "report", "Make reports from a bundle."),
    "matrix": Lazy(
        "report",
        "matrix",
        "Show clauses down and implementations across, from several bundles.",
    ),
    "replay": Lazy(
        "replay",
        "replay_failure",
        "Run a stored failure again, on the target of its bundle or another.",
    ),
    "difference": Lazy(
        "difference",
        "difference",
        "Say at which step a new firmware shows something else than the one before.",
    ),
    "vectors": Lazy(
        "vectors",
        "vectors",
        "Carry out the shortest stimuli that reach every transition and clause.",
    ),
    "verify": Lazy(
        "evidence",
        "verify",
        "Check a bundle against itself: digests, signature, verdicts, proofs.",
    ),
    "sign": Lazy("evidence", "sign", "Sign a bundle."),
    "keygen": Lazy(
        "evidence",
        "keygen",
        "Make a key to sign bundles with.",
    ),
    "archive": Lazy(
        "evidence",
        "archive",
        "Pack a bundle into a tar file, the same bytes each time.",
    ),
    "init": Lazy(
        "init",
        "init",
        "Write a working set of files into a project, and explain each.",
    ),
    "waivers": Lazy(
        "waivers",
        "waivers",
        "Files by which a gate is decided: waivers, known failures, capabilities.",
    ),
    "policy": Lazy("policy", "policy", "Packs of clauses."),
    "prove": Lazy("prove", "prove", "Prove the clauses on the model."),
    "verify-proof": Lazy(
        "model",
        "verify_proof",
        "Check a proof from its files, by a small program that shares nothing with the prover.",
    ),
    "refresh": Lazy(
        "refresh",
        "refresh",
        "Say what is stale of all that is derived, and remake just that.",
    ),
    "mutate": Lazy(
        "model",
        "mutate",
        "Measure how strong a pack is: which small faults it notices.",
    ),
    "promela": Lazy(
        "model",
        "write_promela",
        "Write the finite model and each provable clause for Spin.",
    ),
    "diagrams": Lazy(
        "model",
        "diagrams",
        "Print the model as a page of Markdown.",
    ),
    "targets": Lazy(
        "targets",
        "targets",
        "List the kinds of targets that are installed.",
    ),
    "control": Lazy(
        "targets",
        "control",
        "Ask a target for the weather: is it heard, streamed, answered?",
    ),
    "doctor": Lazy(
        "targets",
        "doctor",
        "Compare what a target declares with what it does.",
    ),
    "calibrate": Lazy(
        "calibrate",
        "calibrate",
        "Show what the harness catches of the reference's seeded faults.",
    ),
}


class LazyGroup(click.Group):
    """Knows its commands by name and purpose; `--help` loads none of them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [*COMMANDS, *super().list_commands(ctx)]

    def get_command(
        self, ctx: click.Context, cmd_name: str
    ) -> click.Command | None:
        lazy = COMMANDS.get(cmd_name)
        if lazy is None:
            return super().get_command(ctx, cmd_name)
        loaded: click.Command = getattr(
            import_module(f"{HERE}.{lazy.module}"),
            lazy.name,
        )
        return loaded

    def invoke(self, ctx: click.Context) -> object:
        """Click would end with 1 where standard output is closed, which here means a violation."""
        try:
            result: object = super().invoke(ctx)
            sys.stdout.flush()
        except BrokenPipeError:
            _end_quietly()
        return result

    def format_commands(
        self,
        ctx: click.Context,
        formatter: click.HelpFormatter,
    ) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(
                [(name, lazy.purpose) for name, lazy in COMMANDS.items()]
            )

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if (
            args
            and not args[0].startswith("-")
            and args[0] not in self.list_commands(ctx)
        ):
            from earwitness.model.vocabulary import nearest

            raise click.UsageError(
                f"there is no command '{args[0]}'.{nearest(args[0], self.list_commands(ctx))}"
            )
        return super().resolve_command(ctx, args)


HELP = f"""Does this voice assistant keep its promises about what it hears?

\b
Exit codes; where several apply, the first of {describe_precedence()}:
{describe_exits()}

What earwitness.toml says stands in for options; `earwitness init` writes one.
Completion: eval "$(_EARWITNESS_COMPLETE=bash_source earwitness)", likewise for zsh and fish.
"""


@click.group(
    cls=LazyGroup,
    help=HELP,
    context_settings={
        "help_option_names": ["-h", "--help"],
        # The widest line of our own pages; help in longer lines is hard to read.
        "max_content_width": 110,
    },
)
@click.version_option(package_name="earwitness")
@click.pass_context
def cli(ctx: click.Context) -> None:
    """The commands."""
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        ctx.color = False
    project = Path(PROJECT_FILE)
    if project.is_file():
        from earwitness.conformance.cli.project import load_project

        ctx.default_map = load_project(project, COMMANDS)


def main() -> None:
    """The entry point: every error becomes one sentence and its exit code. SIGTERM ends as Ctrl-C does."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        cli.main(standalone_mode=False, prog_name="earwitness")
    except click.exceptions.Exit as end:
        sys.exit(end.exit_code)
    except (KeyboardInterrupt, click.exceptions.Abort):
        click.echo("interrupted", err=True)
        sys.exit(Exit.INTERRUPTED.value)
    except click.ClickException as error:
        error.show()
        sys.exit(Exit.USAGE.value)
    except Exception as error:
        sys.exit(exit_explained(error).value)


def exit_explained(error: Exception) -> Exit:
    from earwitness.conformance.cli.errors import exit_of_error
    from earwitness.conformance.evidence.redaction import safe_text

    if isinstance(error, ModuleNotFoundError) and not _is_ours(error):
        return _explain_missing(error)
    known = exit_of_error(error)
    if known is not None:
        # chr(10) is the end of a line, which a message may have.
        told = f"earwitness: {safe_text(str(error), keep=chr(10))}"
        click.echo(_fit_terminal(told), err=True)
        return known
    if os.environ.get("EARWITNESS_DEBUG"):
        import traceback

        traceback.print_exc()
    what = safe_text(f"{type(error).__name__}: {error}")
    click.echo(
        f"earwitness: our own bug, please report it: {what} (EARWITNESS_DEBUG=1 shows more)",
        err=True,
    )
    return Exit.BUG


def _is_ours(error: ModuleNotFoundError) -> bool:
    """A module of ours that is missing is a fault of ours, and nothing that could be installed."""
    return str(error.name).startswith("earwitness.")


def _fit_terminal(text: str) -> str:
    """The text with no word broken at the edge of a terminal; as it is where a program reads it."""
    if not sys.stderr.isatty():
        return text
    import textwrap

    from earwitness.conformance.cli.terminal import terminal_width

    return "\n".join(
        textwrap.fill(
            line,
            terminal_width(),
            subsequent_indent="  ",
            break_long_words=False,
            break_on_hyphens=False,
        )
        for line in text.splitlines()
    )


def _explain_missing(error: ModuleNotFoundError) -> Exit:
    """A package that an extra brings: what judges is installed without the reference, and without some
    formats."""
    click.echo(
        f"earwitness: this needs the package '{error.name}', which is not installed; "
        "pip install 'earwitness[reference]' brings the reference, 'earwitness[reports]' the other "
        "report formats",
        err=True,
    )
    return Exit.NOT_DRIVABLE


def _end_quietly() -> NoReturn:
    """Whoever read our output has gone: that is no verdict. Standard output must not be flushed again at
    the end."""
    os.dup2(
        os.open(os.devnull, os.O_WRONLY),
        sys.stdout.fileno(),
    )
    sys.exit(Exit.INTERRUPTED.value)
