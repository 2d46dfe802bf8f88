"""FastAPI with sse-starlette, under uvicorn."""

import asyncio

import uvicorn
from fastapi import FastAPI, HTTPException, Request
from sse_starlette import EventSourceResponse

from common import HEARTBEAT, PORT, allowed, follow

app = FastAPI()


@app.get("/api/v1/sse")
async def sse(request: Request, token: str | None = None):
    if not allowed(request.headers.get("Authorization"), token):
        raise HTTPException(401)

    loop = asyncio.get_running_loop()
    queue = asyncio.Queue()
    # Events come from another thread.
    unfollow = follow(
        request.headers.get("Last-Event-ID"),
        lambda event: loop.call_soon_threadsafe(queue.put_nowait, event),
    )

    async def events():
        try:
            while (event := await queue.get()) is not None:
                yield event
        finally:
            unfollow()

    return EventSourceResponse(events(), ping=HEARTBEAT)


uvicorn.run(app, host="127.0.0.1", port=PORT, log_level="warning")
