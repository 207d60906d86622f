"""Packs: loading, validation with exact places, and the compiled form of each clause."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft202012Validator

from earwitness.model.assistant.assistant import ENABLED
from earwitness.model.assistant.cloud import OBSERVED
from earwitness.model.logic.formula import Formula
from earwitness.model.logic.monitor import Monitor, compile_formula
from earwitness.model.logic.parser import UNITS, FormulaError, Scope, parse_formula
from earwitness.model.vocabulary import nearest, vocabulary

LARGEST_PACK = 1 << 20
"""Bytes: a pack is written by people."""


class PackError(ValueError):
    """One sentence a line: file:line:column, the clause, what is wrong."""


class Kind(Enum):
    """What a clause quantifies over: one run (always), two runs, or what is possible in every reachable state."""

    ALWAYS = "always"
    TWO_RUN = "two_run"
    ENABLED = "enabled"


class Way(Enum):
    """How a clause can be known."""

    PROVED = "P"
    SEARCHED = "C"
    WITNESSED = "W"
    AUDITED = "A"


@dataclass(frozen=True, slots=True)
class Clause:
    """One promise. `formula` and `monitor` are None for kinds other than ALWAYS."""

    id: str
    title: str
    source: tuple[str, ...]
    severity: str
    ways: frozenset[Way]
    kind: Kind
    capability: str | None
    each: tuple[str, ...]
    text: str
    formula: Formula | None
    monitor: Monitor | None
    transition: str | None = None
    observer: str | None = None


@dataclass(frozen=True, slots=True)
class Pack:
    """Clauses with the parameters and states they use. `file` is where they were read."""

    name: str
    version: int
    source: str
    parameters: Mapping[str, int]
    states: Mapping[str, Mapping[str, str]]
    clauses: tuple[Clause, ...]
    file: Path

    def clause(self, identity: str) -> Clause:
        """The clause of that id. Raises PackError naming the nearest."""
        for clause in self.clauses:
            if clause.id == identity:
                return clause
        known = [c.id for c in self.clauses]
        raise PackError(f"pack {self.name} has no clause '{identity}'.{nearest(identity, known)}")


def shipped_packs() -> dict[str, Path]:
    """The packs that come with Earwitness, by name."""
    folder = Path(str(files("earwitness.policies").joinpath("packs")))
    return {path.parent.name: path for path in sorted(folder.glob("*/pack.yaml"))}


def shipped_file(pack: str, name: str) -> Path:
    """A file that lies beside a shipped pack: what is known of its promises."""
    return shipped_packs()[pack].with_name(name)


@cache
def _validator() -> Draft202012Validator:
    return Draft202012Validator(
        json.loads(files("earwitness.policies").joinpath("schema.json").read_text("utf-8"))
    )


class _Loader(yaml.SafeLoader):
    """SafeLoader in which words are words (on, off, yes), a key stands once, and there are no aliases (no billion laughs)."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            mark = self.get_event().start_mark  # type: ignore[no-untyped-call]
            raise yaml.MarkedYAMLError(
                problem="aliases are not used in packs; write the value out", problem_mark=mark
            )
        return super().compose_node(parent, index)

    def construct_mapping(self, node: Any, deep: bool = False) -> Any:
        seen = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise yaml.MarkedYAMLError(problem="a key must be a word", problem_mark=key.start_mark)
            if key.value in seen:
                raise yaml.MarkedYAMLError(
                    problem=f"key '{key.value}' stands twice", problem_mark=key.start_mark
                )
            seen.add(key.value)
        return super().construct_mapping(node, deep)


_Loader.yaml_implicit_resolvers = {
    first: [
        (tag, pattern)
        for tag, pattern in resolvers
        if tag not in ("tag:yaml.org,2002:bool", "tag:yaml.org,2002:timestamp")
    ]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def _node_at(root: yaml.Node, path: list[Any]) -> yaml.Node:
    node = root
    for part in path:
        if isinstance(node, yaml.SequenceNode):
            node = node.value[part]
        elif isinstance(node, yaml.MappingNode):
            node = next((value for key, value in node.value if key.value == str(part)), node)
    return node


def _place(file: str, node: yaml.Node, line: int = 1, column: int = 1) -> str:
    """Where in the file the given line and column of a scalar stand."""
    start = node.start_mark
    if getattr(node, "style", None) in ("|", ">"):
        return f"{file}:{start.line + 1 + line}:{column + _indent(node)}"
    return f"{file}:{start.line + line}:{start.column + column}"


def _indent(node: yaml.Node) -> int:
    mark = node.start_mark
    following = (mark.buffer or "")[mark.pointer :].split("\n")[1:2]
    return len(following[0]) - len(following[0].lstrip(" ")) if following else 0


def load(path: Path, instead: Mapping[str, int] | None = None) -> Pack:
    """A pack from a file. Raises PackError with every fault found, one a line."""
    name = str(path)
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise PackError(
            f"{name}: cannot be read ({error.strerror}); name a pack file or one of {', '.join(shipped_packs())}"
        ) from None
    if len(raw) > LARGEST_PACK:
        raise PackError(f"{name}: larger than {LARGEST_PACK} bytes; a pack is a short text")
    try:
        text = raw.decode("utf-8")
        loader = _Loader(text)
        root = loader.get_single_node()
        entry = loader.construct_document(root) if root is not None else None
    except UnicodeDecodeError as error:
        raise PackError(f"{name}: not UTF-8 at byte {error.start + 1}; save the file as UTF-8") from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        raise PackError(
            f"{name}:{mark.line + 1 if mark else 1}:{mark.column + 1 if mark else 1}: {error.problem}"
        ) from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise PackError(f"{name}: not YAML ({str(error).splitlines()[0]})") from None
    if root is None or entry is None:
        raise PackError(f"{name}: the file is empty; a pack needs pack, version, source and clauses")
    faults = [
        f"{_place(name, _node_at(root, list(f.absolute_path)))}: {'.'.join(map(str, f.absolute_path)) or 'pack'}: {f.message[:200]}"
        for f in sorted(
            _validator().iter_errors(entry), key=lambda f: [str(part) for part in f.absolute_path]
        )
    ]
    if faults:
        raise PackError("\n".join(faults))
    return _build(name, root, entry, instead or {})


def _build(name: str, root: yaml.Node, entry: Mapping[str, Any], instead: Mapping[str, int]) -> Pack:
    parameters = {
        key: instead.get(key, p["value"] * UNITS.get(p["unit"], 1))
        for key, p in entry.get("parameters", {}).items()
    }
    scope = Scope(parameters, entry.get("states", {}))
    faults: list[str] = []
    clauses: list[Clause] = []
    for state, patterns in scope.states.items():
        for value, text in patterns.items():
            try:
                parse_formula(text, Scope(parameters, {}))
            except FormulaError as error:
                place = _place(name, _node_at(root, ["states", state, value]), error.line, error.column)
                faults.append(f"{place}: state {state} {value}: {error}")
    if faults:
        raise PackError("\n".join(faults))
    for number, item in enumerate(entry["clauses"]):
        formulas: dict[str, Formula] = {}
        for part in ("formula", "trigger"):
            if part in item:
                try:
                    formulas[part] = parse_formula(item[part], scope)
                except FormulaError as error:
                    node = _node_at(root, ["clauses", number, part])
                    faults.append(f"{_place(name, node, error.line, error.column)}: {item['id']}: {error}")
        each = tuple(item.get("each", ["device"]))
        if each[0] != "device" or any(a not in vocabulary().attributes for a in each[1:]):
            faults.append(
                f"{_place(name, _node_at(root, ['clauses', number, 'each']))}: {item['id']}: each must be device, or device and an attribute"
            )
        if item["id"] in {c.id for c in clauses}:
            faults.append(
                f"{_place(name, _node_at(root, ['clauses', number, 'id']))}: {item['id']}: this id stands twice"
            )
        for part, known in (("transition", ENABLED), ("observer", OBSERVED)):
            if part in item and item[part] not in known:
                place = _place(name, _node_at(root, ["clauses", number, part]))
                faults.append(
                    f"{place}: {item['id']}: the model has no {part} '{item[part]}'.{nearest(item[part], known)}"
                )
        clauses.append(
            Clause(
                id=item["id"],
                title=item["title"],
                source=tuple(item["source"]),
                severity=item["severity"],
                ways=frozenset(map(Way, item["ways"])),
                kind=Kind(item.get("kind", "always")),
                capability=item.get("capability"),
                each=each,
                text=item.get("formula", "").strip(),
                formula=formulas.get("formula"),
                monitor=compile_formula(formulas["formula"], formulas.get("trigger"))
                if "formula" in formulas
                else None,
                transition=item.get("transition"),
                observer=item.get("observer"),
            )
        )
    if faults:
        raise PackError("\n".join(faults))
    return Pack(
        entry["pack"], entry["version"], entry["source"], parameters, scope.states, tuple(clauses), Path(name)
    )


def find(name: str, instead: Mapping[str, int] | None = None) -> Pack:
    """A shipped pack by name, or a pack file by path, read as if its parameters had the values of `instead`."""
    return load(shipped_packs().get(name, Path(name)), instead)
