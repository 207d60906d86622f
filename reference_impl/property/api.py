"""The property's HTTP side: an interface for programs under /api, and a page without scripts for people."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from importlib.resources import files
from urllib.parse import parse_qs

from jinja2 import Environment, Template
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import (
    HTMLResponse,
    JSONResponse,
    RedirectResponse,
    Response,
)
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from earwitness.reference_impl.messages import (
    WAKE_WORDS,
    Json,
    PropertyAnswer,
)
from earwitness.reference_impl.property import requests
from earwitness.reference_impl.property.access import NEEDS, Person
from earwitness.reference_impl.property.device_register import (
    RegisteredDevice,
    UnknownDevice,
)
from earwitness.reference_impl.property.disclosure import (
    Disclosures,
    RefusedByStore,
)

COOKIE = "earwitness"
LARGEST = 4096
"""Bytes of a request's body."""
HEADERS = {
    # Nothing of the page is loaded from anywhere; its style is in it, and it has no scripts.
    "content-security-policy": (
        "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none';"
        " frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    # What is on the page is for the person who entered, not for who uses the browser next.
    "cache-control": "no-store",
}
NO_FIGURES = ("skills", "unit", "settings")
"""They are lists, and have places of their own on the page."""
FIGURES = {
    role: tuple(kind for kind in kinds if kind not in NO_FIGURES)
    for role, kinds in NEEDS.items()
}
"""What the page shows to whom, where the policy permits."""
TITLES = {
    "device_count": "devices",
    "active_devices": "active today",
    "top_domains": "Domains",
    "top_skills": "Skills",
    "intent_distribution": "Intents",
    "daily_dialogues": "Own skills by day",
    "skill_metrics": "Dialogues of your skills by day",
    "own_logs": "What your skills logged",
    "service_metrics": "The service",
}
Handler = Callable[[Request, Person], Awaitable[Response]]
NONSENSE = (ValueError, KeyError, TypeError, RecursionError)
"""What a request that makes no sense ends in."""


def make_application(disclosures: Disclosures) -> Starlette:
    """The interface over what may be told to whom."""
    service = Service(disclosures)
    known = service.known
    return Starlette(
        routes=[
            Route("/", known(service.page)),
            Route("/enter", service.enter, methods=["POST"]),
            Route("/leave", service.leave, methods=["POST"]),
            Route("/act", known(service.act), methods=["POST"]),
            Route(
                "/api/devices/{device}",
                known(service.change),
                methods=["PUT"],
            ),
            Route(
                "/api/devices/{device}/skills/{skill}",
                known(service.enable),
                methods=["PUT"],
            ),
            Route("/api/devices/{device}/{kind}", known(service.read)),
        ],
        middleware=[Middleware(SafeHeaders)],
    )


class SafeHeaders:
    """Adds to every answer what keeps a browser from doing more with it than show it."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(
        self, scope: Scope, receive: Receive, send: Send
    ) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                added = [
                    (name.encode(), value.encode())
                    for name, value in HEADERS.items()
                ]
                message = {
                    **message,
                    "headers": [*message["headers"], *added],
                }
            await send(message)

        await self.app(scope, receive, send_with_headers)


@dataclass(frozen=True, slots=True)
class PlacedDevice:
    """A device of an organisation, with the skills that are enabled on it: a row of its page."""

    placed: RegisteredDevice
    skills: frozenset[str]


class Service:
    """Who asks is told by a bearer token, on the page by a cookie that scripts and other sites cannot use."""

    def __init__(self, disclosures: Disclosures) -> None:
        self.disclosures = disclosures
        self.template = load_page()

    def known(
        self, handler: Handler
    ) -> Callable[[Request], Awaitable[Response]]:
        """The handler for whoever is known; whatever goes wrong in it is told in a sentence."""

        async def endpoint(request: Request) -> Response:
            person = self.disclosures.person(token_of(request))
            if person is None:
                return self.refuse_stranger(request)
            try:
                return await handler(request, person)
            except (UnknownDevice, requests.UnknownKind) as error:
                return JSONResponse({"error": str(error)}, 404)
            except RefusedByStore as error:
                return JSONResponse({"error": str(error)}, 409)
            except NONSENSE as error:
                return refuse_request(error)

        return endpoint

    def refuse_stranger(self, request: Request) -> Response:
        if request.url.path == "/":
            return HTMLResponse(self.template.render(person=None), 401)
        return JSONResponse({"error": "who asks? send a token"}, 401)

    # For programs

    async def read(self, request: Request, person: Person) -> Response:
        asked = request.path_params
        return respond_with(
            await run_in_threadpool(
                requests.read_resource,
                self.disclosures,
                person,
                asked["device"],
                asked["kind"],
            )
        )

    async def change(self, request: Request, person: Person) -> Response:
        wanted = await read_object(request)
        device = request.path_params["device"]
        return respond_with(
            await run_in_threadpool(
                requests.change_setting,
                self.disclosures,
                person,
                device,
                wanted,
            )
        )

    async def enable(self, request: Request, person: Person) -> Response:
        wanted = await read_object(request)
        asked = request.path_params
        return respond_with(
            await run_in_threadpool(
                requests.enable_skill,
                self.disclosures,
                person,
                asked["device"],
                asked["skill"],
                wanted,
            )
        )

    # For people

    async def page(self, request: Request, person: Person) -> Response:
        return HTMLResponse(await run_in_threadpool(self.render, person))

    def render(self, person: Person) -> str:
        return self.template.render(
            person=person,
            devices=self.devices_of(person),
            figures=self.figures_for(person),
            store=self.disclosures.admitted_listings(),
            words=WAKE_WORDS,
            titles=TITLES,
        )

    def devices_of(self, person: Person) -> list[PlacedDevice]:
        """What an organisation controls, with what is enabled on each."""
        if person.role != "organisation":
            return []
        own = self.disclosures.register.devices(person.party)
        return [
            PlacedDevice(
                device, self.disclosures.register.skills(device.name)
            )
            for device in own
        ]

    def figures_for(self, person: Person) -> dict[str, Json]:
        """What the policy lets this person see. What belongs to no device is asked through any."""
        through = (
            self.disclosures.register.devices(person.party)
            or self.disclosures.register.devices()
        )
        answers = {
            kind: self.disclosures.read_record(
                person,
                through[0].name,
                kind,
            )
            for kind in FIGURES.get(person.role, ())
            if through
        }
        return {
            kind: answer.data
            for kind, answer in answers.items()
            if answer.decision.permitted
        }

    async def act(self, request: Request, person: Person) -> Response:
        """What a button of the page asks for."""
        form = await read_form(request)
        entry = await run_in_threadpool(
            self.carry_out,
            person,
            form,
        )
        if entry["decision"] != "permit":
            return JSONResponse({"error": "not permitted"}, 403)
        return RedirectResponse("/", 303)

    def carry_out(
        self, person: Person, form: dict[str, str]
    ) -> PropertyAnswer:
        device = form["device"]
        match form:
            case {"tone": wanted}:
                return requests.change_setting(
                    disclosures=self.disclosures,
                    person=person,
                    device=device,
                    wanted={"tone": wanted == "on"},
                )
            case {"word": word}:
                return requests.change_setting(
                    disclosures=self.disclosures,
                    person=person,
                    device=device,
                    wanted={"wake_word": word},
                )
            case {"unit": unit}:
                return requests.change_setting(
                    disclosures=self.disclosures,
                    person=person,
                    device=device,
                    wanted={"unit": unit},
                )
        enabled = {"enabled": form["enabled"] == "on"}
        return requests.enable_skill(
            disclosures=self.disclosures,
            person=person,
            device=device,
            skill=form["skill"],
            wanted=enabled,
        )

    async def enter(self, request: Request) -> Response:
        try:
            token = (await read_form(request)).get("token", "").strip()
        except NONSENSE as error:
            return refuse_request(error)
        if self.disclosures.person(token) is None:
            return HTMLResponse(
                self.template.render(
                    person=None,
                    wrong=True,
                ),
                401,
            )
        response = RedirectResponse("/", 303)
        response.set_cookie(
            COOKIE,
            token,
            httponly=True,
            secure=True,
            samesite="strict",
        )
        return response

    async def leave(self, request: Request) -> Response:
        """Forget in this browser who entered."""
        response = RedirectResponse("/", 303)
        response.delete_cookie(
            COOKIE, httponly=True, secure=True, samesite="strict"
        )
        return response


def load_page() -> Template:
    text = (
        files("earwitness.reference_impl.property")
        .joinpath("page.html")
        .read_text("utf-8")
    )
    return Environment(
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    ).from_string(text)


def token_of(request: Request) -> str:
    given = request.headers.get("authorization", "").removeprefix("Bearer ")
    return given or request.cookies.get(COOKIE, "")


def respond_with(entry: PropertyAnswer) -> Response:
    """A decision and what it lets one see; 403 where that is nothing."""
    permitted = entry["decision"] == "permit"
    return JSONResponse(entry, 200 if permitted else 403)


def refuse_request(error: Exception) -> Response:
    # The error may repeat odd characters of the request, which JSON can carry only in this form.
    reason = str(error).encode("ascii", "backslashreplace").decode()
    return JSONResponse(
        {"error": f"the request makes no sense: {reason}"}, 400
    )


async def read_body(request: Request) -> bytes:
    """The body, if it is small. Raises ValueError."""
    found = b""
    async for piece in request.stream():
        found += piece
        if len(found) > LARGEST:
            raise ValueError(f"more than {LARGEST} bytes")
    return found


async def read_object(request: Request) -> dict[str, Json]:
    """A JSON object. Raises ValueError."""
    entry = json.loads(await read_body(request) or b"null")
    if not isinstance(entry, dict):
        raise ValueError("send a JSON object")
    return entry


async def read_form(request: Request) -> dict[str, str]:
    """The fields of a form; of several with one name the last. Raises ValueError."""
    fields = parse_qs((await read_body(request)).decode())
    return {name: values[-1] for name, values in fields.items()}
