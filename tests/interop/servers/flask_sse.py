"""Flask on its own server, which has a thread for each stream."""

import queue

from flask import Flask, Response, abort, request

from common import HEARTBEAT, PORT, allowed, follow, frame

app = Flask(__name__)


@app.get("/api/v1/sse")
def sse():
    if not allowed(request.headers.get("Authorization"), request.args.get("token")):
        abort(401)
    last_event_id = request.headers.get("Last-Event-ID")

    def events():
        waiting = queue.SimpleQueue()
        unfollow = follow(last_event_id, waiting.put)
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

    return Response(events(), mimetype="text/event-stream", headers={"Cache-Control": "no-cache"})


app.run(host="127.0.0.1", port=PORT, threaded=True)
