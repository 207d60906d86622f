"""An HTTP server that a driver plays: what it is sent waits until the driver replies, as the requests of a
speech server do; what is asked for by GET it gives at once."""

from __future__ import annotations

import contextlib
import queue
import threading
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from earwitness.conformance.targets.subjects.sound import LARGEST_MESSAGE
from earwitness.conformance.targets.subjects.subject import Refusal

LONGEST_WAIT = 60.0
"""Seconds after which a request that nobody answers ends; those who ask give up after 5 to 30."""
Reply = tuple[HTTPStatus, str]


class HttpService:
    """Hands the content of each POST to `take`, by way of `post`, and serves files by their names. Raises
    Refusal where somebody else has the port."""

    def __init__(
        self,
        port: int,
        post: Callable[[Callable[[], None]], None],
        take: Callable[[bytes], None],
    ) -> None:
        self._files: dict[str, bytes] = {}
        self._held: list[queue.SimpleQueue[Reply]] = []
        service = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                told = self.headers.get("Content-Length")
                size = min(int(told or 0), LARGEST_MESSAGE)
                content = self.rfile.read(size)
                reply: queue.SimpleQueue[Reply] = queue.SimpleQueue()
                service._held.append(reply)
                post(lambda: take(content))
                with contextlib.suppress(queue.Empty):
                    status, text = reply.get(timeout=LONGEST_WAIT)
                    self._write(status, text.encode())

            def do_GET(self) -> None:
                found = service._files.get(self.path)
                if found is None:
                    self._write(HTTPStatus.NOT_FOUND, b"")
                else:
                    self._write(HTTPStatus.OK, found)

            def _write(self, status: HTTPStatus, content: bytes) -> None:
                with contextlib.suppress(OSError):
                    self.send_response(status)
                    self.send_header("Content-Length", str(len(content)))
                    self.end_headers()
                    self.wfile.write(content)

            def log_message(self, format: str, *args: object) -> None:
                """Its words are no words of the subject."""

        try:
            self._server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        except OSError as error:
            raise Refusal(f"port {port} is taken: {error}") from None
        self._server.daemon_threads = True
        threading.Thread(
            target=self._server.serve_forever,
            # 20 ms: chosen, how late its end is seen.
            args=(0.02,),
            daemon=True,
        ).start()

    @property
    def is_asked(self) -> bool:
        """Whether somebody waits for a reply."""
        return bool(self._held)

    def reply(self, status: HTTPStatus, text: str = "") -> None:
        """To everybody who waits."""
        held, self._held = self._held, []
        for reply in held:
            reply.put((status, text))

    def serve_file(self, name: str, content: bytes) -> str:
        """The address at which it is found."""
        self._files[f"/{name}"] = content
        return f"http://127.0.0.1:{self._server.server_address[1]}/{name}"

    def close(self) -> None:
        """Nobody is let in any more."""
        self.reply(HTTPStatus.SERVICE_UNAVAILABLE)
        self._server.shutdown()
        self._server.server_close()
