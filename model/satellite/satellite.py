"""A satellite: a microphone in the room, a wake service on a server of the same house, mute in
software, and a server that calls in.

Everything it hears leaves the device, as long as it is not muted: that is what the model is for. A
mute that is software holds as long as the software does; `prove --trusted-base` shows the difference
to a switch in the wire."""

from __future__ import annotations

from earwitness.model.expression import (
    TRUE,
    Const,
    Expression,
    Sort,
    at_most,
    minus,
    plus,
)
from earwitness.model.systems.datasheet import Datasheet, Rating
from earwitness.model.systems.model import Model
from earwitness.model.systems.transition_system import (
    ENVIRONMENT,
    TIME,
    Component,
    Enabled,
    Layer,
    Limit,
    StateVariable,
    Table,
    Transition,
    all_of,
    any_of,
    count,
    counts,
    equals,
    flag,
    flags,
    negation,
    values,
    word,
)

MICROPHONE = Component("satellite microphone", Layer.HARDWARE)
SATELLITE = Component("satellite software", Layer.DEVICE)
WAKE_SERVICE = Component("wake service", Layer.CLOUD)
SERVER = Component("home server", Layer.CLOUD)

PHASES = ("off", "idle", "streaming")
CAUSES = ("wake_word", "follow_up")

powered, online = flag("powered"), flag("online")
muted, mute_wanted, mute_at = (
    flag("muted"),
    flag("mute_wanted"),
    count("mute_at"),
)
opened, opened_at, heard_from = (
    flag("open"),
    count("opened_at"),
    count("heard_from"),
)
lit = flag("lit")
phase, called, called_at = word("phase"), word("called"), count("called_at")
ANY_FROM, ANY_CAUSE, ANY_KEPT = (
    count("any.from"),
    word("any.cause"),
    count("any.buffered"),
)
CAN_HEAR = all_of(powered, negation(muted))

DATASHEET = Datasheet(
    (
        Rating(
            name="mute",
            component=SATELLITE,
            at_most=60_000,
            origin="ours: one turn of the satellite's event loop",
        ),
        Rating(
            name="light",
            component=SATELLITE,
            at_most=120_000,
            origin="ours: two turns of the loop, before a stream is sent",
        ),
        Rating(
            name="call",
            component=SERVER,
            at_most=1_500_000,
            origin="ours: how long the server's call stays good",
        ),
        Rating(
            name="turn",
            component=SATELLITE,
            at_most=20_000_000,
            origin="ours: the satellite ends a request that nobody ends",
        ),
        Rating(
            name="preroll",
            component=SATELLITE,
            at_most=400_000,
            origin="ours: five blocks of sound",
        ),
    )
)


def satellite_tables(sheet: Datasheet) -> tuple[Table, ...]:
    """The satellite, and the house that calls in."""
    return (_table_of_device(sheet), _table_of_house(sheet))


def _table_of_device(sheet: Datasheet) -> Table:
    return Table(
        name="satellite",
        control="phase",
        variables=(
            StateVariable(
                name="phase", sort=Sort.TEXT, initial=("off",), values=PHASES
            ),
            StateVariable("online", Sort.BOOL, (True,)),
            *flags(powered, muted, mute_wanted, opened, lit),
            *counts(mute_at, opened_at, heard_from),
        ),
        transitions=(
            *_rows_of_environment(),
            *_rows_of_mute(),
            *_rows_of_sound(sheet),
        ),
        limits=(
            Limit(
                "mute",
                SATELLITE,
                condition=all_of(
                    powered, any_of(*_ways_to_differ(mute_wanted, muted))
                ),
                since=mute_at,
                bound=sheet["mute"],
                discharge=("mute", "unmute", "close_stream"),
                reason="the software obeys within one turn of its loop",
            ),
            Limit(
                "turn",
                SATELLITE,
                condition=opened,
                since=opened_at,
                bound=sheet["turn"],
                discharge=("close_stream",),
                reason="no request lasts longer than the watchdog",
            ),
        ),
    )


def _ways_to_differ(
    first: Expression, second: Expression
) -> tuple[Expression, Expression]:
    return all_of(first, negation(second)), all_of(negation(first), second)


def _rows_of_environment() -> tuple[Transition, ...]:
    return (
        Transition(
            "plug_in",
            ENVIRONMENT,
            guard=negation(powered),
            updates=values(
                powered=True, phase="idle", muted=False, mute_wanted=False
            ),
            emits="power",
            attributes=values(on=True, kind="speaker"),
            reason="assumption: power comes at any time; a mute in software is forgotten then",
        ),
        Transition(
            "unplug",
            ENVIRONMENT,
            guard=powered,
            updates=values(
                powered=False,
                phase="off",
                open=False,
                lit=False,
                muted=False,
                mute_wanted=False,
            ),
            emits="power",
            attributes=values(on=False, kind="speaker"),
            reason="assumption: power goes at any time",
        ),
        Transition(
            "change_network",
            ENVIRONMENT,
            guard=TRUE,
            updates=values(online=negation(online)),
            emits="network",
            attributes=values(on=negation(online)),
            reason="assumption: the network is lost and comes back at any time",
        ),
        Transition(
            "ask_for_mute",
            ENVIRONMENT,
            guard=all_of(powered, *_hints_when_settled()),
            updates=values(mute_wanted=negation(mute_wanted), mute_at=TIME),
            emits=None,
            reason="assumption: somebody taps mute in an app; the next tap counts once this one is obeyed",
        ),
    )


def _hints_when_settled() -> tuple[Expression, ...]:
    return tuple(
        negation(condition)
        for condition in _ways_to_differ(mute_wanted, muted)
    )


def _rows_of_mute() -> tuple[Transition, ...]:
    return (
        Transition(
            "mute",
            SATELLITE,
            guard=all_of(
                powered, mute_wanted, negation(muted), negation(opened)
            ),
            updates=values(muted=True),
            emits="mute",
            attributes=values(on=True, by="app"),
            reason="the software stops reading the microphone; a stream has been closed first",
        ),
        Transition(
            "unmute",
            SATELLITE,
            guard=all_of(powered, negation(mute_wanted), muted),
            updates=values(muted=False),
            emits="mute",
            attributes=values(on=False, by="app"),
            reason="the software reads the microphone again",
        ),
    )


def _rows_of_sound(sheet: Datasheet) -> tuple[Transition, ...]:
    earliest = minus(called_at, Const(sheet["preroll"]))
    in_time = at_most(TIME, plus(called_at, Const(sheet["call"])))
    return (
        Transition(
            "capture",
            MICROPHONE,
            guard=all_of(
                CAN_HEAR,
                at_most(Const(0), ANY_KEPT),
                at_most(ANY_KEPT, Const(sheet["preroll"])),
            ),
            emits="audio.captured",
            # 2,560 bytes: 80 ms of 16-bit samples at 16 kHz, which the satellite captures at once.
            attributes=values(bytes=2560, buffered=ANY_KEPT),
            reason="a microphone that is read gives sound all the time",
        ),
        Transition(
            "show_light",
            SATELLITE,
            guard=all_of(
                powered, negation(lit), negation(equals(called, "nobody"))
            ),
            updates=values(lit=True),
            emits="light",
            attributes=values(color="blue", on=True),
            reason="a person sees it before anything is sent",
        ),
        Transition(
            "open_stream",
            SATELLITE,
            guard=all_of(
                CAN_HEAR,
                online,
                lit,
                negation(mute_wanted),
                negation(opened),
                negation(equals(called, "nobody")),
                equals(ANY_CAUSE, called),
                at_most(Const(0), ANY_FROM),
                at_most(earliest, ANY_FROM),
                at_most(ANY_FROM, TIME),
                in_time,
            ),
            updates=values(
                open=True,
                phase="streaming",
                opened_at=TIME,
                heard_from=ANY_FROM,
                called="nobody",
            ),
            emits="stream.open",
            attributes={
                "stream": Const(0),
                "cause": ANY_CAUSE,
                "from": ANY_FROM,
            },
            reason="the server calls in, for a wake word it heard or a question it asked",
        ),
        Transition(
            "send_sound",
            SATELLITE,
            guard=all_of(
                opened,
                CAN_HEAR,
                online,
                at_most(heard_from, ANY_FROM),
                at_most(ANY_FROM, TIME),
            ),
            emits="stream.audio",
            attributes=values(
                stream=0,
                # 2,560 bytes: the same 80 ms, sent as they were captured.
                bytes=2560,
                encrypted=False,
                voice=True,
            )
            | {"from": ANY_FROM, "to": TIME},
            reason="in the house it is sent in the clear",
        ),
        Transition(
            "close_stream",
            SATELLITE,
            guard=opened,
            updates=values(open=False, phase="idle"),
            emits="stream.close",
            attributes=values(stream=0),
            reason="when the request is done, or mute is wanted, or the watchdog says so",
        ),
        Transition(
            "hide_light",
            SATELLITE,
            guard=all_of(lit, negation(opened)),
            updates=values(lit=False),
            emits="light",
            attributes=values(color="blue", on=False),
            reason="never while a stream is open",
        ),
    )


def _table_of_house(sheet: Datasheet) -> Table:
    """The wake service hears elsewhere; the home server asks back, and may call in only for these two."""
    return Table(
        name="house",
        control="called",
        variables=(
            StateVariable(
                name="called",
                sort=Sort.TEXT,
                initial=("nobody",),
                values=("nobody", *CAUSES),
            ),
            *counts(called_at),
        ),
        transitions=(
            Transition(
                "hear_wake_word",
                WAKE_SERVICE,
                guard=all_of(CAN_HEAR, online, negation(opened)),
                updates=values(called="wake_word", called_at=TIME),
                emits="wake_word",
                attributes=values(word="other"),
                reason="the word is heard in what the satellite sends; any word the house chose",
            ),
            Transition(
                "ask_back",
                SERVER,
                guard=all_of(powered, online, negation(opened)),
                updates=values(called="follow_up", called_at=TIME),
                emits="skill.response",
                attributes=values(skill="any", markup=True, follow_up=True),
                reason="the server asks something and waits for the answer",
            ),
            Transition(
                "give_up_call",
                SERVER,
                guard=negation(equals(called, "nobody")),
                updates=values(called="nobody"),
                emits=None,
                reason="a call that nobody answers is forgotten",
            ),
        ),
    )


SATELLITE_MODEL = Model(
    name="satellite",
    package="earwitness.model.satellite",
    datasheet=DATASHEET,
    build_tables=satellite_tables,
    free={"any.cause": CAUSES},
    possible={
        "mute": (
            Enabled("ask_for_mute", all_of(powered, *_hints_when_settled())),
        )
    },
    small={"mute": 1, "light": 1, "call": 1, "turn": 2, "preroll": 1},
)
