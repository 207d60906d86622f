"""`earwitness init`: a working set of files for a project."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import click

FILES = {
    "earwitness.toml": "what every command uses unless it is told otherwise",
    "capabilities.yaml": "what the product has, and why it lacks the rest; switching a capability off "
    "needs a reason here",
    "waivers.yaml": "decisions to let a clause fail for a while, each with a reason, a risk and an end",
    "known-failures.yaml": "failures that are known; each must still fail, or the gate says so",
    ".github/workflows/earwitness.yml": "a workflow that is red for the right reason",
    ".gitlab-ci.yml": "the same for GitLab",
}
"""What is written, and what each is for. The texts lie in the folder `templates`."""


@click.command()
@click.argument(
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("."),
)
@click.option(
    "--target",
    default="exec:./device",
    show_default=True,
    help="the implementation to judge",
)
def init(folder: Path, target: str) -> None:
    """Write a working set of files into a project, and explain each.

    A file that is there already stays as it is.
    """
    for name, purpose in FILES.items():
        path = folder / name
        if path.exists():
            click.echo(f"kept     {name:36} {purpose}")
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(template_text(name, target), "utf-8")
        click.echo(f"written  {name:36} {purpose}")
    click.echo("\nNext: earwitness check")


def template_text(name: str, target: str) -> str:
    """A file of the set, for a target."""
    source = files("earwitness.conformance.cli").joinpath(
        "templates", name.replace("/", "_")
    )
    # TOML and YAML read a JSON string in the same way: quotes and backslashes are escaped alike.
    quoted = target.replace("\\", "\\\\").replace('"', '\\"')
    return source.read_text("utf-8").replace("@TARGET@", quoted)
