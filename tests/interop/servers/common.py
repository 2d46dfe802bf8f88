"""What a Gloria backend has besides its framework, as in common.mjs: the same environment, the same commands."""

import json
import os
import sys
import threading
from pathlib import Path

PORT = int(os.environ["PORT"])
HEARTBEAT = int(os.environ["HEARTBEAT"]) / 1000

_file = Path(os.environ["HISTORY"])
_history = [json.loads(line) for line in _file.read_text().splitlines()] if _file.exists() else []
_streams = []
_lock = threading.Lock()


def allowed(authorization, token):
    """Whether a request may listen, by either way that the token travels."""
    expected = os.environ["TOKEN"]
    return authorization == f"Bearer {expected}" or token == expected


def follow(last_event_id, put):
    """Puts the events after the last one seen, then each new one, and None when the stream is to end.

    All that until what it returns is called. A server that sends the head at once follows before that: a client may
    count on what is created after the head.
    """

    def unfollow():
        with _lock:
            _streams.remove(put)

    with _lock:
        if last_event_id:
            ids = [event["id"] for event in _history]
            seen = ids.index(last_event_id) + 1 if last_event_id in ids else 0
            for event in _history[seen:]:
                put(event)
        _streams.append(put)
    return unfollow


def frame(event):
    """An event as it is sent, for frameworks that leave that to their users."""
    return f"id: {event['id']}\nevent: {event['event']}\ndata: {event['data']}\n\n"


def end_streams():
    """Ends every stream in good order."""
    with _lock:
        for put in _streams:
            put(None)


def _push(notifications):
    for data in notifications:
        with _lock:
            event = {
                "id": f"e-{len(_history) + 1}",
                "event": "notification.created",
                "data": json.dumps(data),
            }
            _history.append(event)
            with _file.open("a") as file:
                file.write(json.dumps(event) + "\n")
            for put in _streams:
                put(event)


def _listen():
    for line in sys.stdin:
        command = json.loads(line)
        if "push" in command:
            _push(command["push"])
        if "end" in command:
            end_streams()


threading.Thread(target=_listen, daemon=True).start()
