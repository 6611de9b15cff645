"""The web bundle, read into memory once: no path of a request ever reaches the file system."""

import gzip
import hashlib
import html
import mimetypes
from collections.abc import Mapping
from pathlib import Path
from typing import Final
from urllib.parse import quote

from attrs import field, frozen
from starlette.datastructures import Headers
from starlette.responses import Response

__all__ = ["Bundle", "MissingBundleError", "load_bundle"]

_HASHED: Final = "public, max-age=31536000, immutable"
"""For ``assets/``, whose names change with their content."""

_FRESH: Final = "no-cache"
_COMPRESSIBLE: Final = ("text/", "application/javascript", "application/json", "application/wasm", "image/svg")
_MIN_COMPRESSED: Final = 512


class MissingBundleError(Exception):
    """There is no web bundle; the message is one line for the user."""


@frozen
class _File:
    content: bytes
    gzipped: bytes | None
    media_type: str
    etag: str
    cache_control: str

    def response(self, request: Headers) -> Response:
        headers = {"cache-control": self.cache_control, "etag": self.etag, "vary": "accept-encoding"}
        if self.etag in request.get("if-none-match", ""):
            return Response(status_code=304, headers=headers)
        content = self.content
        if self.gzipped is not None and "gzip" in request.get("accept-encoding", ""):
            headers["content-encoding"] = "gzip"
            content = self.gzipped
        return Response(content, headers=headers, media_type=self.media_type)


@frozen
class Bundle:
    """The files of the web bundle by their path, such as ``assets/index-1a2b.js``."""

    files: Mapping[str, _File]
    _pages: dict[str, _File] = field(factory=dict[str, _File])

    def page(self, request: Headers, prefix: str = "") -> Response:
        """The page itself, for each of its routes. `prefix` is the path that the application is mounted at."""
        page = self.files["index.html"]
        if prefix:
            page = self._pages.get(prefix) or self._pages.setdefault(prefix, _based(page, prefix))
        return page.response(request)

    def file(self, path: str, request: Headers) -> Response | None:
        """A file, or `None` when the bundle has none of that path."""
        found = self.files.get(path)
        return found.response(request) if found else None


def load_bundle(directory: Path) -> Bundle:
    """Read a bundle.

    Raises:
        MissingBundleError: there is no ``index.html``.
    """
    if not (directory / "index.html").is_file():
        raise MissingBundleError(
            f"the web bundle is missing ({directory}/index.html); in a checkout start with `make run`, which builds it"
        )
    paths = [path for path in sorted(directory.rglob("*")) if path.is_file()]
    return Bundle({path.relative_to(directory).as_posix(): _read(path, directory) for path in paths})


def _based(page: _File, prefix: str) -> _File:
    """The page at a place of its own: every address in it is relative to its ``<base>``."""
    base = f'<base href="{html.escape(quote(prefix))}/"'
    return _file(page.content.replace(b'<base href="/"', base.encode(), 1), page.media_type, page.cache_control)


def _read(path: Path, directory: Path) -> _File:
    content = path.read_bytes()
    media_type = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    if path.suffix in {".js", ".mjs"}:  # some systems' tables say text/plain, which browsers refuse for modules
        media_type = "text/javascript"
    hashed = path.relative_to(directory).parts[0] == "assets"
    return _file(content, media_type, _HASHED if hashed else _FRESH)


def _file(content: bytes, media_type: str, cache_control: str) -> _File:
    compress = media_type.startswith(_COMPRESSIBLE) and len(content) >= _MIN_COMPRESSED
    return _File(
        content=content,
        gzipped=gzip.compress(content, mtime=0) if compress else None,
        media_type=media_type,
        etag=f'"{hashlib.sha256(content).hexdigest()[:32]}"',
        cache_control=cache_control,
    )
