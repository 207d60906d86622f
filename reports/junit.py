"""JUnit XML, for the test view of a CI: one case a clause. Whatever is not satisfied is a failure, an
error or skipped, never a pass."""

from __future__ import annotations

import re
from xml.etree import ElementTree

from junitparser import (
    Error,
    Failure,
    JUnitXml,
    Skipped,
    TestCase,
    TestSuite,
)

from earwitness.conformance.gate.judged import JudgedBundle
from earwitness.conformance.gate.policy import Treatment
from earwitness.conformance.gate.story import Story
from earwitness.conformance.gate.summary import ClauseLine
from earwitness.conformance.gate.verdict import Verdict
from earwitness.reports.format import Format

NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that no XML 1.0 document may hold."""


def render_junit(judged: JudgedBundle) -> bytes:
    """One suite a pack, one case a clause, and one case for the run itself."""
    manifest, summary = (
        judged.bundle.manifest,
        judged.summary,
    )
    stories = {story.clause: story for story in summary.stories}
    document = JUnitXml(name="earwitness")
    for pack in judged.packs:
        suite = TestSuite(f"{pack.name} {pack.version}")
        suite.timestamp = manifest.started.partition("+")[0]
        suite.add_property(
            "target",
            xml_text(f"{manifest.target.name} {manifest.target.version}"),
        )
        suite.add_property("bundle", judged.bundle.digest)
        for line in summary.clauses:
            if line.pack == pack.name:
                suite.add_testcase(_clause_case(line, stories.get(line.id)))
        document.add_testsuite(suite)
    document.add_testsuite(_run_suite(judged))
    document.update_statistics()  # type: ignore[no-untyped-call]
    return _as_jenkins_reads_it(bytes(document.tostring()))  # type: ignore[no-untyped-call]


def _as_jenkins_reads_it(content: bytes) -> bytes:
    """Without the count of skipped cases at the top, which the schema of Jenkins' xUnit refuses: each suite
    has its own."""
    root = ElementTree.fromstring(content)
    root.attrib.pop("skipped", None)
    text = ElementTree.tostring(root, "unicode")
    return f"<?xml version='1.0' encoding='utf-8'?>\n{text}".encode()


def xml_text(text: str) -> str:
    """The text without what XML cannot hold."""
    return NOT_XML.sub("�", text)


def _clause_case(line: ClauseLine, story: Story | None) -> TestCase:
    case = TestCase(
        f"{line.id} {xml_text(line.title)}",
        classname=f"earwitness.{line.pack}",
        time=0.0,
    )
    case.system_out = xml_text(
        f"{line.verdict.value}; evidence: {line.evidence or 'none'}; exercised {line.exercised}; "
        f"{line.pack} version {line.pack_version}, revision {line.revision}"
    )
    reason = xml_text(line.problem or line.note)
    if line.treatment is Treatment.PASSES:
        if line.verdict is not Verdict.SATISFIED:
            case.result = [Skipped(line.verdict.value)]
    elif line.treatment is not Treatment.FAILS:
        case.result = [
            Skipped(
                xml_text(
                    f"{line.verdict.value}, {line.treatment.value}: {line.note}"
                )
            )
        ]
    elif line.verdict is Verdict.VIOLATED:
        failure = Failure(reason, "violated")
        failure.text = (
            xml_text(_story_text(story)) if story is not None else reason
        )
        case.result = [failure]
    else:
        case.result = [Error(reason, line.verdict.value)]
    return case


def _story_text(story: Story) -> str:
    rows = (
        f"{row.number:>3}  {row.time:>12}  {row.words}{'  <- violates' * row.is_violation}"
        for row in story.rows
    )
    return "\n".join(
        [
            story.loses,
            f"expected: {story.expected}",
            f"exactly: {story.exactly}",
            f"seen: {story.seen}",
            *rows,
            f"again: {story.command}",
        ]
    )


def _run_suite(judged: JudgedBundle) -> TestSuite:
    """The run as a whole: it fails where something beyond the clauses keeps the gate from being green."""
    suite = TestSuite("earwitness run")
    case = TestCase(
        "the gate",
        classname="earwitness.gate",
        time=judged.bundle.manifest.seconds.all,
    )
    case.system_out = xml_text(judged.summary.sentence)
    if judged.summary.problems:
        case.result = [
            Error(xml_text(text), "run") for text in judged.summary.problems
        ]
    suite.add_testcase(case)
    return suite


FORMAT = Format("junit", "junit.xml", render_junit)
