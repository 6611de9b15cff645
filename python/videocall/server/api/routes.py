"""The REST API over HTTP: who may, what was asked, what went wrong."""

import logging
import re
from collections.abc import Awaitable, Callable, Mapping
from contextlib import aclosing
from typing import Any, Final, cast

import msgspec
import trio
from attrs import field, frozen
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from videocall.protocol import MAX_MESSAGE_BYTES, ErrorCode, ProtocolError
from videocall.protocol.limits import check_bounds
from videocall.protocol.results import ErrorBody
from videocall.server.access import Access
from videocall.server.answers import json_response
from videocall.server.api import openapi
from videocall.server.api.handlers import Backend, Call
from videocall.server.api.operations import OPERATIONS, PATH_PARAMETERS, STATUS, Operation
from videocall.server.api.types import ErrorAnswer
from videocall.signaling.failures import to_protocol_error
from videocall.signaling.log import fields
from videocall.signaling.rates import AddressLimiter, Rate

__all__ = ["Api", "routes"]

_METHODS: Final = ["GET", "POST", "PATCH", "DELETE", "PUT"]
_WRONG_KEYS: Final = Rate(20, 0.2)
"""Of one address: nobody finds a key by trying."""

logger = logging.getLogger("videocall.server")


@frozen
class Api:
    """The API of a server."""

    backend: Backend
    access: Access
    wrong_keys: AddressLimiter = field(factory=lambda: AddressLimiter(_WRONG_KEYS))


class _HttpError(Exception):
    """A refusal whose status is not its code's own."""

    def __init__(self, status: int, error: ProtocolError, headers: Mapping[str, str] | None = None) -> None:
        self.status = status
        self.error = error
        self.headers = headers or {}
        super().__init__(str(error))


def routes(api: Api) -> list[BaseRoute]:
    """The routes of the API, and what answers for all that is beside them."""
    by_path: dict[str, dict[str, Operation]] = {}
    for operation in OPERATIONS:
        by_path.setdefault(operation.path, {})[operation.method] = operation
    document = json_response(openapi.document()).body

    async def describe(_: Request) -> Response:
        return Response(document, headers={"cache-control": "no-store"}, media_type="application/json")

    async def nowhere(_: Request) -> Response:
        raise ProtocolError(ErrorCode.NOT_FOUND, f"The API has no such path; {openapi.PREFIX}/openapi.json has them.")

    def route(path: str, answer: Callable[[Request], Awaitable[Response]]) -> Route:
        async def endpoint(request: Request) -> Response:
            return await _guarded(api, request, answer)

        return Route(openapi.PREFIX + path, endpoint, methods=_METHODS)

    paths = [route(path, _dispatcher(api, operations)) for path, operations in by_path.items()]
    return [*paths, route("/openapi.json", describe), route("/{path:path}", nowhere), route("", nowhere)]


def _dispatcher(api: Api, operations: Mapping[str, Operation]) -> Callable[[Request], Awaitable[Response]]:
    allowed = ", ".join(operations)

    async def answer(request: Request) -> Response:
        operation = operations.get(request.method)
        if operation is None:
            error = ProtocolError(ErrorCode.UNSUPPORTED, f"This path takes {allowed}.")
            raise _HttpError(405, error, {"allow": allowed})
        if api.backend.hub.draining and operation.method != "GET":
            raise ProtocolError(ErrorCode.DRAINING)
        call = Call(_path(request), _query(operation, request), await _body(operation, request))
        result = await operation.handler(api.backend, call)
        if operation.method != "GET":
            _log(request, operation)
        return json_response(result, operation.status)

    return answer


async def _guarded(api: Api, request: Request, answer: Callable[[Request], Awaitable[Response]]) -> Response:
    try:
        _authorize(api, request)
        return await answer(request)
    except _HttpError as error:
        return _refusal(error.error, error.status, error.headers)
    except Exception as error:
        refusal = to_protocol_error(error)
        if refusal is None:
            logger.exception("API request failed", extra=fields(method=request.method, path=request.url.path[:200]))
            refusal = ProtocolError(ErrorCode.INTERNAL)
        return _refusal(refusal, STATUS[refusal.code])


def _authorize(api: Api, request: Request) -> None:
    if not api.access.configured:
        raise ProtocolError(ErrorCode.FORBIDDEN, "The API is off: the server has no api_key.")
    if api.access.has_key(request):
        return
    address = request.client.host if request.client else ""
    if not api.wrong_keys.take(address, trio.current_time()):
        raise ProtocolError(ErrorCode.RATE_LIMITED, "Too many requests without a right API key; wait a moment.")
    logger.warning("API key missing or wrong", extra=fields(address=address))
    error = ProtocolError(ErrorCode.TOKEN_INVALID, "The API key is missing or wrong: Authorization: Bearer KEY.")
    raise _HttpError(STATUS[error.code], error, {"www-authenticate": 'Bearer realm="videocall"'})


def _path(request: Request) -> Mapping[str, str]:
    for name, value in request.path_params.items():
        try:
            msgspec.convert(value, PATH_PARAMETERS[name])
        except msgspec.ValidationError:
            raise ProtocolError(ErrorCode.NOT_FOUND, f"That is no {name}.") from None
    return request.path_params


def _query(operation: Operation, request: Request) -> Mapping[str, Any]:
    kinds = {parameter.name: parameter.kind for parameter in operation.query}
    values: dict[str, Any] = {}
    for name, text in request.query_params.items():
        if name not in kinds:
            raise ProtocolError(ErrorCode.BAD_REQUEST, f"This takes no parameter {name[:64]!r}.")
        try:
            values[name] = msgspec.convert(text, kinds[name], strict=False)
        except msgspec.ValidationError as error:
            raise ProtocolError(ErrorCode.BAD_REQUEST, f"{name}: {error}") from None
    return values


async def _body(operation: Operation, request: Request) -> Any:  # noqa: ANN401 - what the operation takes
    if operation.takes is None:
        return None
    body = bytearray()
    _check_size(_announced_size(request))
    async with aclosing(request.stream()) as stream:
        async for chunk in stream:
            body += chunk
            _check_size(len(body))
    check_bounds(bytes(body))
    try:
        return cast("object", msgspec.json.decode(bytes(body) or b"{}", type=operation.takes))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ProtocolError(ErrorCode.BAD_REQUEST, _explain(error)) from None


def _announced_size(request: Request) -> int:
    length = request.headers.get("content-length", "")
    return int(length) if re.fullmatch("[0-9]{1,18}", length) else 0


def _check_size(size: int) -> None:
    if size > MAX_MESSAGE_BYTES:
        error = ProtocolError(ErrorCode.BAD_REQUEST, f"A body may have {MAX_MESSAGE_BYTES} bytes at most.")
        raise _HttpError(413, error, {"connection": "close"})


def _explain(error: Exception) -> str:
    """The error with the path of the field in front, as in ``rooms.daily: Invalid enum value 'x'``."""
    problem, _, path = str(error).partition(" - at `$")
    where = re.sub(r"^\.", "", path.rstrip("`"))
    return f"{where}: {problem}" if where else problem


def _log(request: Request, operation: Operation) -> None:
    where = request.path_params
    address = request.client.host if request.client else None
    extra = fields(room=where.get("roomId"), participant=where.get("participantId"), address=address)
    logger.info(f"API {operation.name}", extra=extra)


def _refusal(error: ProtocolError, status: int, headers: Mapping[str, str] | None = None) -> Response:
    answer = json_response(ErrorAnswer(ErrorBody(error.code, error.message)), status)
    answer.headers.update(headers or {})
    return answer
