//! Lines, fields and events.

use crate::script::{Answer, RETRY, Script, once};

pub(crate) fn scripts() -> Vec<Script> {
    vec![
        once("one event", "data: a\n\n"),
        once(
            "three events with types and ids",
            "id: 1\nevent: a\ndata: 1\n\nid: 2\nevent: b\ndata: 2\n\nid: 3\ndata: 3\n\n",
        ),
        once("data of three lines", "data: a\ndata: b\ndata: c\n\n"),
        once(
            "empty data lines",
            "data\n\ndata:\n\ndata: \n\ndata\ndata\n\ndata:\ndata: x\ndata:\n\n",
        ),
        once(
            "spaces after the colon",
            "data: a\n\ndata:b\n\ndata:  c\n\ndata:\td\n\ndata: e \n\n",
        ),
        once(
            "colons in values",
            "data: a: b\n\ndata::c\n\nevent: x:y\ndata: d\n\nid: 1:2\ndata: e\n\n",
        ),
        once(
            "unknown fields",
            "foo: bar\ndata: a\nfoo\n: x\ndat: b\ndataa: c\n\n",
        ),
        once(
            "names in capitals",
            "Data: a\nDATA: b\ndata: c\nEvent: x\nID: 7\nId: 8\n\n",
        ),
        once(
            "spaces before the name and the colon",
            " data: a\ndata : b\ndata: c\n\tdata: d\nid : 1\n id: 2\n\n",
        ),
        once(
            "comments",
            ":\n: x\n:data: y\ndata: a\n: between\ndata: b\n:\n\n:\n\n",
        ),
        once(
            "a long comment",
            [b":".as_slice(), &[b'x'; 300_000], b"\ndata: a\n\n"].concat(),
        ),
        once(
            "a long unknown field",
            [b"foo: ".as_slice(), &[b'x'; 300_000], b"\ndata: a\n\n"].concat(),
        ),
        once(
            "a type without data",
            "event: a\n\ndata: b\n\nevent: c\nid: 5\n\ndata: d\n\n",
        ),
        once(
            "an empty type",
            "event: a\nevent:\ndata: b\n\nevent: \ndata: c\n\nevent: d\nevent\ndata: e\n\n",
        ),
        once("a type twice", "event: a\ndata: 1\nevent: b\n\ndata: 2\n\n"),
        once(
            "types that a page knows otherwise",
            "event: open\ndata: 1\n\nevent: error\ndata: 2\n\nevent: message\ndata: 3\n\n\
             event: close\ndata: 4\n\nevent: toString\ndata: 5\n\n",
        ),
        once(
            "types of other letters",
            "event: größe\ndata: 1\n\nevent: a b\ndata: 2\n\nevent:  x \ndata: 3\n\n\
             event: 🔔\ndata: 4\n\nevent: Message\ndata: 5\n\n",
        ),
        once(
            "a type of ten thousand letters",
            format!("event: {}\ndata: 1\n\n", "x".repeat(10_000)),
        ),
        once("data before type and id", "data: a\nid: 1\nevent: x\n\n"),
        once("no stream, but lines", "\n\n\n\n\r\r\r\n\r\n"),
        once("nothing but a retry", ""),
        once("a page of text", "Hello\nworld: this is no stream\n\n<html>\n\n"),
        once(
            "an error event",
            "event: error\ndata: {\"status\":401,\"error\":\"unauthorized\"}\n\ndata: after\n\n",
        ),
        once(
            "an error event of words",
            "event: error\ndata: the database is busy\n\ndata: after\n\n",
        ),
        once(
            "a greeting and heartbeats",
            "event: connection_established\nid: 9\ndata: {\"heartbeatInterval\":30000}\n\n\
             event: heartbeat\ndata: {}\n\nevent: ping\ndata\n\ndata: after\n\n",
        ),
        once(
            "reconnection times that are none",
            "retry: abc\nretry: -1\nretry: 1.5\nretry:  300\nretry: 300 \n\
             retry: 0x10\nretry: +5\nretry: ١٢\ndata: a\n\n",
        ),
        once(
            "a reconnection time beyond numbers",
            "retry: 99999999999999999999999999\ndata: a\n\n",
        ),
        once(
            "a reconnection time with noughts",
            "retry: 000000000000000000000000000000200\ndata: a\n\n",
        ),
        once("a reconnection time of nought", "retry: 0\ndata: a\n\n"),
        once("an empty reconnection time", "retry:\nretry\ndata: a\n\n"),
        once(
            "a reconnection time in an event that never ends",
            "data: a\n\nretry: 150\ndata: b\n",
        ),
        once(
            "JSON over several lines",
            "data: {\ndata:   \"a\": 1\ndata: }\n\n",
        ),
        once(
            "JSON whose lines have no name",
            "data: {\n  \"a\": 1\n}\n\ndata: b\n\n",
        ),
        once(
            "two events with only an empty comment between",
            "data: a\n:\n\ndata: b\n\n",
        ),
        Script::new(
            "two thousand events at once",
            [Answer::stream().send(RETRY).send(
                (0..2000)
                    .map(|number| format!("id: {number}\ndata: {number}\n\n"))
                    .collect::<String>(),
            )],
        ),
        once("an event of a thousand lines", "data: x\n".repeat(1000) + "\n"),
        once(
            "a line of 1.5 MiB",
            ["data: ", &"x".repeat(3 << 19), "\n\ndata: after\n\n"].concat(),
        ),
        once(
            "an event of 3.5 MiB",
            format!("data: {}\n", "x".repeat(1 << 16)).repeat(56) + "\ndata: after\n\n",
        ),
        once(
            "an event of 6 MiB",
            format!("data: {}\n", "x".repeat(1 << 16)).repeat(96) + "\ndata: after\n\n",
        ),
        Script::new(
            "an event for each of three connections",
            [1, 2, 3].map(|n| {
                Answer::stream()
                    .send(RETRY)
                    .send(format!("id: {n}\ndata: {n}\n\n"))
            }),
        ),
        Script::new(
            "a type does not outlive its connection",
            [
                Answer::stream().send(RETRY).send("event: a\ndata: 1\n"),
                Answer::stream().send("data: 2\n\n"),
            ],
        ),
    ]
}
