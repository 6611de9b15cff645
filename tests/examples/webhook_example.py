"""Takes what a server tells by webhook: no more than once, and from nobody else."""

import os

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from videocall import webhooks

seen: set[str] = set()  # a real one would ask its database


async def videocall(request: Request) -> Response:
    try:
        event = webhooks.verify(os.environ["VIDEOCALL_WEBHOOK_SECRET"], request.headers, await request.body())
    except webhooks.WebhookError as error:
        return Response(str(error), 400)
    if event["id"] not in seen:
        seen.add(event["id"])
        print(event["event"], event["data"]["roomId"])
    return Response(status_code=204)


app = Starlette(routes=[Route("/videocall", videocall, methods=["POST"])])
