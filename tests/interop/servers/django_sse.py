"""Django's StreamingHttpResponse: an asynchronous view under uvicorn (asgi), a plain one under gunicorn (wsgi)."""

import asyncio
import queue
import sys

import django
from django.conf import settings
from django.core.handlers.asgi import ASGIHandler
from django.core.handlers.wsgi import WSGIHandler
from django.http import HttpResponse, StreamingHttpResponse
from django.urls import path

from common import HEARTBEAT, PORT, allowed, follow, frame

settings.configure(ALLOWED_HOSTS=["*"], ROOT_URLCONF=__name__, SECRET_KEY="of no use", MIDDLEWARE=[])
django.setup()


def refusal(request):
    if not allowed(request.headers.get("Authorization"), request.GET.get("token")):
        return HttpResponse(status=401)


def streaming(events):
    return StreamingHttpResponse(events, content_type="text/event-stream", headers={"Cache-Control": "no-cache"})


async def sse(request):
    if refused := refusal(request):
        return refused
    loop = asyncio.get_running_loop()
    waiting = asyncio.Queue()
    # Events come from another thread.
    unfollow = follow(
        request.headers.get("Last-Event-ID"),
        lambda event: loop.call_soon_threadsafe(waiting.put_nowait, event),
    )

    async def events():
        try:
            while True:
                try:
                    event = await asyncio.wait_for(waiting.get(), HEARTBEAT)
                except TimeoutError:
                    yield ":\n\n"
                    continue
                if event is None:
                    return
                yield frame(event)
        finally:
            unfollow()

    return streaming(events())


def sse_in_a_thread(request):
    def events():
        waiting = queue.SimpleQueue()
        unfollow = follow(request.headers.get("Last-Event-ID"), waiting.put)
        try:
            while True:
                try:
                    event = waiting.get(timeout=HEARTBEAT)
                except queue.Empty:
                    yield ":\n\n"
                    continue
                if event is None:
                    return
                yield frame(event)
        finally:
            unfollow()

    return refusal(request) or streaming(events())


if sys.argv[-1] == "asgi":
    import uvicorn

    urlpatterns = [path("api/v1/sse", sse)]
    # Without a limit it waits for the streams to end, which they do not.
    uvicorn.run(ASGIHandler(), host="127.0.0.1", port=PORT, log_level="warning", timeout_graceful_shutdown=1)
else:
    urlpatterns = [path("api/v1/sse", sse_in_a_thread)]
    application = WSGIHandler()
