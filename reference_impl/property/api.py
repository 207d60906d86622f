"""The property's HTTP side: an interface for programs under /api, and a page without scripts for people."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from importlib.resources import files
from typing import Any
from urllib.parse import parse_qs

from jinja2 import Environment
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from earwitness.reference_impl.property import requests
from earwitness.reference_impl.property.access import Person
from earwitness.reference_impl.property.office import WORDS, Office, Refused
from earwitness.reference_impl.property.registry import UnknownDevice

COOKIE = "earwitness"
LARGEST = 4096
"""Bytes of a request's body."""
FIGURES = {
    "organisation": (
        "device_count",
        "active_devices",
        "top_domains",
        "top_skills",
        "intent_distribution",
        "daily_dialogues",
    ),
    "skill_developer": ("skill_metrics", "own_logs"),
    "operator": ("service_metrics",),
}
"""What the page shows to whom, where the policy permits."""
TITLES = {
    "device_count": "devices", "active_devices": "active today", "top_domains": "Domains", "top_skills": "Skills", "intent_distribution": "Intents",
    "daily_dialogues": "Own skills by day", "skill_metrics": "Dialogues of your skills by day", "own_logs": "What your skills logged",
    "service_metrics": "The service",
}  # fmt: skip
Handler = Callable[[Request, Person], Awaitable[Response]]


def application(office: Office) -> Starlette:
    """The interface over an office. Who asks is told by a bearer token, on the page by a cookie that scripts and other sites cannot use."""
    template = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True).from_string(
        files("earwitness.reference_impl.property").joinpath("page.html").read_text("utf-8")
    )

    def known(handler: Handler) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            token = request.headers.get("authorization", "").removeprefix("Bearer ") or request.cookies.get(
                COOKIE, ""
            )
            person = office.person(token)
            if person is None:
                return (
                    HTMLResponse(template.render(person=None), 401)
                    if request.url.path == "/"
                    else JSONResponse({"error": "who asks? send a token"}, 401)
                )
            try:
                return await handler(request, person)
            except (UnknownDevice, requests.UnknownKind) as error:
                return JSONResponse({"error": str(error)}, 404)
            except Refused as error:
                return JSONResponse({"error": str(error)}, 409)
            except (ValueError, KeyError, TypeError) as error:
                return JSONResponse({"error": f"the request makes no sense: {error}"}, 400)

        return endpoint

    async def read(request: Request, person: Person) -> Response:
        asked = request.path_params
        return told(await run_in_threadpool(requests.read, office, person, asked["device"], asked["kind"]))

    async def change(request: Request, person: Person) -> Response:
        device, wanted = request.path_params["device"], await body(request)
        return told(await run_in_threadpool(requests.change, office, person, device, wanted))

    async def enable(request: Request, person: Person) -> Response:
        asked, wanted = request.path_params, await body(request)
        return told(
            await run_in_threadpool(requests.enable, office, person, asked["device"], asked["skill"], wanted)
        )

    async def page(request: Request, person: Person) -> Response:
        return HTMLResponse(await run_in_threadpool(render, person))

    def render(person: Person) -> str:
        own = office.registry.devices(person.party) if person.role == "organisation" else ()
        # What belongs to no device is asked through any.
        through = own[:1] if person.role == "organisation" else office.registry.devices()[:1]
        answers = {
            kind: office.read(person, placed.name, kind)
            for placed in through
            for kind in FIGURES.get(person.role, ())
        }
        figures = {kind: answer.data for kind, answer in answers.items() if answer.decision.permitted}
        devices = [{"placed": placed, "skills": office.registry.skills(placed.name)} for placed in own]
        store = [x for x in office.host.listings.values() if office.admits(x)]
        return template.render(
            person=person, devices=devices, figures=figures, store=store, words=WORDS, titles=TITLES
        )

    async def act(request: Request, person: Person) -> Response:
        form = {k: v[-1] for k, v in parse_qs((await limited(request)).decode()).items()}
        device = form["device"]
        if "tone" in form:
            answer = await run_in_threadpool(office.want_tone, person, device, form["tone"] == "on")
        elif "word" in form:
            answer = await run_in_threadpool(office.choose, person, device, form["word"])
        elif "unit" in form:
            answer = await run_in_threadpool(office.move, person, device, form["unit"][:40])
        else:
            answer, _ = await run_in_threadpool(
                office.enable, person, device, form["skill"], form["enabled"] == "on"
            )
        return (
            RedirectResponse("/", 303)
            if answer.decision.permitted
            else JSONResponse({"error": "not permitted"}, 403)
        )

    async def enter(request: Request) -> Response:
        token = parse_qs((await limited(request)).decode()).get("token", [""])[-1].strip()
        if office.person(token) is None:
            return HTMLResponse(template.render(person=None, wrong=True), 401)
        response = RedirectResponse("/", 303)
        response.set_cookie(COOKIE, token, httponly=True, secure=True, samesite="strict")
        return response

    return Starlette(
        routes=[
            Route("/", known(page)),
            Route("/enter", enter, methods=["POST"]),
            Route("/act", known(act), methods=["POST"]),
            Route("/api/devices/{device}", known(change), methods=["PUT"]),
            Route("/api/devices/{device}/skills/{skill}", known(enable), methods=["PUT"]),
            Route("/api/devices/{device}/{kind}", known(read)),
        ]
    )


def told(entry: requests.Entry) -> Response:
    """A decision and what it lets one see; 403 where that is nothing."""
    return JSONResponse(entry, 200 if entry["decision"] == "permit" else 403)


async def limited(request: Request) -> bytes:
    """The body, if it is small. Raises ValueError."""
    found = b""
    async for piece in request.stream():
        found += piece
        if len(found) > LARGEST:
            raise ValueError(f"more than {LARGEST} bytes")
    return found


async def body(request: Request) -> dict[str, Any]:
    """A JSON object. Raises ValueError."""
    entry = json.loads(await limited(request) or b"null")
    if not isinstance(entry, dict):
        raise ValueError("send a JSON object")
    return entry
