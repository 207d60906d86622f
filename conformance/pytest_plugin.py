"""A pytest plugin: one test for each clause. `pytest --earwitness-target 'exec:./device'`, or
`--earwitness-bundle FOLDER`.

Works with -k, -n (xdist) and --junitxml: every worker sees the same items, and the check runs once, in
the process that starts them.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from earwitness.conformance.gate.judged import JudgedBundle
    from earwitness.conformance.gate.summary import ClauseLine

FOLDER = "earwitness_folder"
"""Under this name the first process tells its workers where the bundle is."""


class ClauseFailed(Exception):
    """A clause that the gate does not let through; pytest shows the message."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options of the plugin."""
    group = parser.getgroup("earwitness", "voice privacy")
    group.addoption(
        "--earwitness-target",
        help="judge this target, such as exec:./device; one test for each clause",
    )
    group.addoption(
        "--earwitness-bundle",
        help="judge nothing, read this bundle",
    )
    group.addoption(
        "--earwitness-pack",
        action="append",
        default=[],
        help="a shipped pack or a pack file",
    )
    group.addoption(
        "--earwitness-profile",
        default="core",
        choices=("core", "strict", "certification"),
    )
    group.addoption("--earwitness-waivers", help="a file of waivers")
    group.addoption(
        "--earwitness-capabilities",
        help="a capability file",
    )
    group.addoption(
        "--earwitness-budget",
        type=float,
        default=50.0,
        help="seconds for trying the target",
    )


@contextmanager
def told_in_a_sentence() -> Iterator[None]:
    """What is expected to go wrong, as pytest's error of usage: a sentence and a code, no traceback."""
    from earwitness.conformance.cli.errors import exit_of_error

    try:
        yield
    except Exception as error:
        if exit_of_error(error) is None:
            raise
        raise pytest.UsageError(f"earwitness: {error}") from None


def pytest_configure(config: pytest.Config) -> None:
    """Judge once, before workers start; a worker is told where the bundle is."""
    target = config.getoption("--earwitness-target")
    bundle = config.getoption("--earwitness-bundle")
    if hasattr(config, "workerinput"):
        folder = config.workerinput.get(FOLDER)
    elif bundle:
        folder = bundle
    elif target and not config.option.collectonly:
        with told_in_a_sentence():
            folder = _run_check(config, target)
    else:
        return
    if folder:
        config.pluginmanager.register(
            ClausePlugin(config, folder),
            "earwitness-clauses",
        )


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """xdist: tell a worker where the bundle is."""
    plugin = node.config.pluginmanager.get_plugin("earwitness-clauses")
    if plugin is not None:
        node.workerinput[FOLDER] = plugin.folder


def _run_check(config: pytest.Config, target: str) -> str:
    from earwitness.conformance.library import (
        check,
        load_pack,
    )

    out = Path(tempfile.mkdtemp(prefix="earwitness-"))
    packs = [
        load_pack(name) for name in config.getoption("--earwitness-pack")
    ] or None
    judged = check(
        target,
        packs,
        out=out,
        proofs=False,
        budget=config.getoption("--earwitness-budget"),
    )
    return str(judged.bundle.folder)


class ClausePlugin:
    """Adds the items, once a bundle is there."""

    def __init__(self, config: pytest.Config, folder: str) -> None:
        self.config = config
        self.folder = folder

    @pytest.hookimpl(hookwrapper=True)
    def pytest_collection_modifyitems(
        self,
        session: pytest.Session,
        items: list[pytest.Item],
    ) -> Iterator[None]:
        """Add one item a clause before -k and -m choose among all."""
        with told_in_a_sentence():
            judged = self.judge()
        file = ClauseFile.from_parent(
            session,
            path=Path(self.folder) / "results.json",
            judged=judged,
        )
        items += file.collect()
        yield

    def judge(self) -> JudgedBundle:
        """The bundle, decided by the options."""
        from earwitness.conformance.cli.gate_options import load_policy
        from earwitness.conformance.gate.judged import judge_bundle
        from earwitness.conformance.running.rejudge import (
            read_consistent_bundle,
        )

        bundle = read_consistent_bundle(Path(self.folder))
        option = self.config.getoption
        waivers, capabilities = (
            option("--earwitness-waivers"),
            option("--earwitness-capabilities"),
        )
        policy = load_policy(
            profile=option("--earwitness-profile"),
            fail_on="low",
            waivers=Path(waivers) if waivers else None,
            strict_waivers=False,
            known_failures=None,
            baseline=None,
            capabilities=Path(capabilities) if capabilities else None,
            bundle=bundle,
        )
        return judge_bundle(bundle, policy)


class ClauseFile(pytest.File):
    """Stands for the bundle."""

    def __init__(self, *, judged: JudgedBundle, **more: Any) -> None:
        super().__init__(**more)
        self.judged = judged

    def collect(self) -> list[pytest.Item]:
        """One item for each clause, and one for the run as a whole."""
        items: list[pytest.Item] = [
            ClauseItem.from_parent(self, name=line.id, line=line)
            for line in self.judged.summary.clauses
        ]
        return [
            *items,
            RunItem.from_parent(self, name="the-run"),
        ]


class _ItemOfOurs(pytest.Item):
    def repr_failure(
        self,
        excinfo: pytest.ExceptionInfo[BaseException],
        style: Any = None,
    ) -> str:
        """The message alone: the traceback of the plugin tells nobody anything."""
        return (
            str(excinfo.value)
            if isinstance(excinfo.value, ClauseFailed)
            else str(super().repr_failure(excinfo))
        )


class ClauseItem(_ItemOfOurs):
    """A clause as a test."""

    parent: ClauseFile

    def __init__(self, *, line: ClauseLine, **more: Any) -> None:
        super().__init__(**more)
        self.line = line

    def runtest(self) -> None:
        """Passes where the gate lets the clause pass, skips where it lets it through, fails otherwise."""
        from earwitness.conformance.gate.policy import Treatment

        self.add_report_section(
            "call",
            "evidence",
            f"{self.line.evidence or 'none'}; exercised {self.line.exercised}",
        )
        if self.line.treatment is Treatment.FAILS:
            raise ClauseFailed(self._failure_message())
        if self.line.treatment is not Treatment.PASSES:
            pytest.skip(
                f"{self.line.verdict.value}, {self.line.treatment.value}: {self.line.note}"
            )

    def _failure_message(self) -> str:
        from earwitness.conformance.cli.terminal import story_lines

        stories = [
            story
            for story in self.parent.judged.summary.stories
            if story.clause == self.line.id
        ]
        told = [text for story in stories for text in story_lines(story, 100)]
        again = [f"again: {story.command}" for story in stories]
        return "\n".join(
            [
                f"{self.line.title}: {self.line.problem}",
                *told,
                *again,
            ]
        )

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """How pytest names the item."""
        return (
            self.path,
            None,
            f"{self.line.id}: {self.line.title}",
        )


class RunItem(_ItemOfOurs):
    """The run as a whole: fails where something beyond the clauses keeps the gate from being green."""

    parent: ClauseFile

    def runtest(self) -> None:
        """The problems that belong to no clause."""
        problems = self.parent.judged.summary.problems
        if problems:
            raise ClauseFailed("\n".join(problems))

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """How pytest names the item."""
        return self.path, None, "the run as a whole"
