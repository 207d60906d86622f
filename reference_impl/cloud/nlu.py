"""Understanding: intents by hassil's templates; where speech was misheard, slot values by nearest spelling
(rapidfuzz)."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, reduce
from importlib.resources import files
from typing import Any

import yaml
from hassil import Intents, TextSlotList, parse_sentence, recognize_best
from hassil.sample import sample_expression
from rapidfuzz import fuzz

NEAR = 82
"""Similarity, of 100, from which a misheard slot value counts."""


@dataclass(frozen=True, slots=True)
class Understanding:
    """An intent, the skill that handles it and its slots."""

    intent: str
    skill: str
    slots: Mapping[str, str]


@cache
def _load_domain() -> dict[str, Any]:
    text = (
        files("earwitness.reference_impl.cloud")
        .joinpath("domain.yaml")
        .read_text("utf-8")
    )
    loaded: dict[str, Any] = yaml.safe_load(text)
    return loaded


@cache
def _values_of_slot(slot: str) -> tuple[str, ...]:
    """Every value a slot's templates stand for."""
    found = (
        value
        for template in _load_domain()["lists"][slot]
        for value in sample_expression(parse_sentence(template).expression)
    )
    return tuple(dict.fromkeys(" ".join(value.split()) for value in found))


@cache
def _grammar_of(
    asking: str | None,
) -> tuple[Intents, dict[str, TextSlotList]]:
    """What may be said: in answer to that skill's question, ('') of one's own accord, or (None) at all."""
    chosen = {
        name: i
        for name, i in _load_domain()["intents"].items()
        if asking is None or i.get("after", "") == asking
    }
    entry = {
        "language": "en",
        "intents": {
            name: {"data": [{"sentences": i["sentences"]}]}
            for name, i in chosen.items()
        },
    }
    lists = {
        name: TextSlotList.from_strings(_values_of_slot(name), name=name)
        for name in _load_domain()["lists"]
    }
    return Intents.from_dict(entry), lists


def fits_whole(text: str) -> bool:
    """Whether a sentence of some skill fits the text whole."""
    intents, lists = _grammar_of(None)
    return (
        recognize_best(
            text,
            intents,
            slot_lists=lists,
        )
        is not None
    )


def understand_text(text: str, asking: str = "") -> Understanding | None:
    """The understanding of one text, or None: what no template fits is rejected, not guessed. `asking` is
    the skill whose question is answered, if one asked; intents that are answers count only then."""
    text = text.removeprefix("alexa ").strip()
    if not text:
        return None
    for intents, lists in (
        (_grammar_of(asking), _grammar_of(""))
        if asking
        else (_grammar_of(""),)
    ):
        found = recognize_best(
            text,
            intents,
            slot_lists=lists,
        )
        if found is not None:
            name = found.intent.name
            entry = _load_domain()["intents"][name]
            return Understanding(
                name,
                entry["skill"],
                {
                    **entry.get("slots", {}),
                    **{
                        k: str(e.value).strip()
                        for k, e in found.entities.items()
                    },
                },
            )
    return _understand_nearly(text)


NOT_ORDERED = frozenset({"city", "duration", "number", "drinks"})
"""Slots that no order of one drink has."""


def _understand_nearly(text: str) -> Understanding | None:
    """The fuzzy step: by the slot values that stand, nearly, in the text."""
    near = {
        name: _nearest_value(text, _values_of_slot(name))
        for name in _load_domain()["lists"]
    }
    slots = {name: value for name, value in near.items() if value is not None}
    # 'for' is near 'four', so a number must be there as it is; that of a size or of a time counts nothing.
    of_others = [slots.get(name, "") for name in ("size", "duration")]
    rest = reduce(lambda left, part: left.replace(part, ""), of_others, text)
    number = next(
        (word for word in rest.split() if word in _values_of_slot("number")),
        None,
    )
    if "drinks" in slots and number is not None:
        several = {"number": number, "drinks": slots["drinks"]}
        return Understanding(
            "OrderDrink",
            "room_service",
            several,
        )
    if set(text.split()) & set(_values_of_slot("drinks")):
        # Several, and nobody knows how many: to bring one would be a guess.
        return None
    if "drink" in slots:
        one = {
            name: value
            for name, value in slots.items()
            if name not in NOT_ORDERED
        }
        return Understanding(
            "OrderDrink",
            "room_service",
            one,
        )
    if "weather" in text or "whether" in text:
        place = {
            name: value for name, value in slots.items() if name == "city"
        }
        return Understanding(
            "GetWeather",
            "weather",
            place,
        )
    if "timer" in text and "duration" in slots:
        return Understanding(
            "SetTimer",
            "timer",
            {"duration": slots["duration"]},
        )
    return None


def _nearest_value(text: str, values: Iterable[str]) -> str | None:
    words = text.split()
    best, score = None, float(NEAR)
    for value in values:
        size = len(value.split())
        for begin in range(len(words) - size + 1):
            likeness = fuzz.ratio(
                value,
                " ".join(words[begin : begin + size]),
                # 0.1 a letter: chosen, so that of two that fit alike the longer one is taken.
            ) + 0.1 * len(value)
            if likeness > score:
                best, score = value, likeness
    return best


# 1,500 sentences a template: chosen, not measured.
def sentences_of_domain(each: int = 1500) -> Iterator[str]:
    """Sentences of the domain for the language model: random picks from the templates, the same each time."""
    # Any seed would do, as long as it stays the same.
    dice = random.Random(7)
    for intent in _load_domain()["intents"].values():
        for template in intent["sentences"]:
            # Templates of over 60 letters hold more choices; short ones get a fifth. Chosen.
            for _ in range(each if len(template) > 60 else each // 5):
                yield " ".join(_expand_template(template, dice).split())


def _expand_template(template: str, dice: random.Random) -> str:
    """One sentence of a template: optional parts and alternatives by chance."""
    out, i = "", 0
    while i < len(template):
        mark = template[i]
        if mark in "[({":
            depth, j = 1, i + 1
            while depth:
                depth += (template[j] in "[({") - (template[j] in "])}")
                j += 1
            inner = template[i + 1 : j - 1]
            if mark == "{":
                out += _expand_template(
                    dice.choice(_load_domain()["lists"][inner]), dice
                )
            elif mark == "(" or dice.random() < 0.5:
                out += _expand_template(
                    dice.choice(_split_alternatives(inner)), dice
                )
            i = j
        else:
            out += mark
            i += 1
    return out


def _split_alternatives(inner: str) -> list[str]:
    parts, depth = [""], 0
    for mark in inner:
        depth += (mark in "[({") - (mark in "])}")
        if mark == "|" and not depth:
            parts.append("")
        else:
            parts[-1] += mark
    return parts
