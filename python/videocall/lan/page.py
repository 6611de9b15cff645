"""The page at ``/ca``: this server's certificate authority for other devices, and how each takes it."""

import html
import re
from pathlib import Path
from string import Template
from typing import Final

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route

from videocall.lan.authority import Authority

__all__ = ["ca_page", "landing"]

_FILES: Final = Path(__file__).parent / "static"
_HOST: Final = re.compile(r"(?P<host>[A-Za-z0-9.\-]+|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?")
_FRESH: Final = {"cache-control": "no-cache"}


def ca_page(authority: Authority, https_port: int) -> Starlette:
    """An application for ``/ca``, ``/ca.crt``, ``/ca.pem`` and ``/ca/...``."""
    template = _template(authority)

    async def page(request: Request) -> Response:
        return _page(template, request, https_port, "/")

    return Starlette(routes=[Route("/ca", page), *_file_routes(authority)])


def landing(authority: Authority, https_port: int) -> Starlette:
    """An application for plain HTTP: every page leads to its HTTPS twin, by way of the authority where that is news."""
    template = _template(authority)

    async def page(request: Request) -> Response:
        return _page(template, request, https_port, "/")

    async def forward(request: Request) -> Response:
        path = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        return _page(template, request, https_port, path, forward=True)

    return Starlette(routes=[Route("/ca", page), *_file_routes(authority), Route("/{path:path}", forward)])


def _template(authority: Authority) -> Template:
    name = authority.certificate.subject.rfc4514_string().removeprefix("CN=")
    known = {"fingerprint": authority.fingerprint, "name": html.escape(name)}
    return Template(Template((_FILES / "index.html").read_text("utf-8")).safe_substitute(known))


def _file_routes(authority: Authority) -> list[Route]:
    async def trusted(_: Request) -> Response:
        # Only reached by who trusts the certificate; the page that asks came over plain HTTP, from another origin.
        return Response(status_code=204, headers={"access-control-allow-origin": "*", "cache-control": "no-store"})

    return [
        _file("/ca.crt", authority.der, "application/x-x509-ca-cert", download="videocall-ca.crt"),
        _file("/ca.pem", authority.pem, "application/x-pem-file", download="videocall-ca.pem"),
        _file("/ca/page.css", (_FILES / "page.css").read_bytes(), "text/css"),
        _file("/ca/page.js", (_FILES / "page.js").read_bytes(), "text/javascript"),
        Route("/ca/trusted", trusted),
    ]


def _file(path: str, content: bytes, media_type: str, *, download: str | None = None) -> Route:
    headers = _FRESH | ({"content-disposition": f'attachment; filename="{download}"'} if download else {})

    async def answer(_: Request) -> Response:
        return Response(content, media_type=media_type, headers=headers)

    return Route(path, answer)


def _page(template: Template, request: Request, https_port: int, path: str, *, forward: bool = False) -> Response:
    host = _HOST.fullmatch(request.headers.get("host", ""))
    if host is None:
        return PlainTextResponse("The Host header is missing or wrong.\n", 400)
    target = html.escape(f"https://{host['host']}:{https_port}{path}")
    page = template.substitute(target=target, forward="yes" if forward else "no")
    return HTMLResponse(page, headers=_FRESH)
