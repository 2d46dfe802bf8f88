//! Ids, and what is asked for with them.

use crate::script::{Answer, RETRY, Script, once};

pub(crate) fn scripts() -> Vec<Script> {
    vec![
        once(
            "an id stays for the events after it",
            "id: 1\ndata: a\n\ndata: b\n\nid: 2\ndata: c\n\ndata: d\n\n",
        ),
        once("an id twice in an event", "id: 1\nid: 2\ndata: a\n\n"),
        once("an id without data", "id: 1\ndata: a\n\nid: 2\n\n"),
        once(
            "an id without data, and an event after it",
            "id: 1\n\ndata: a\n\n",
        ),
        once(
            "an id in an event that never ends",
            "id: 1\ndata: a\n\nid: 2\ndata: b\n",
        ),
        once("an id after the last event", "id: 1\ndata: a\n\nid: 2"),
        once("an empty id", "id: 1\ndata: a\n\nid:\ndata: b\n\n"),
        once("an empty id without a colon", "id: 1\ndata: a\n\nid\ndata: b\n\n"),
        once("an empty id alone", "id: 1\ndata: a\n\nid: \n\n"),
        once("an id with NUL", "id: 1\ndata: a\n\nid: 2\0x3\ndata: b\n\n"),
        once("only an id with NUL", "id: \0\ndata: b\n\n"),
        once(
            "an id with NUL takes the event's first one not back",
            "id: 5\nid: 6\0\ndata: b\n\n",
        ),
        once("an id with spaces", "id:  7  8 \ndata: a\n\n"),
        once("an id of one space", "id:  \ndata: a\n\n"),
        once("an id with a tab", "id: 7\t8\ndata: a\n\n"),
        once("an id of other letters", "id: größe-日本-🔔\ndata: a\n\n"),
        once("an id that is not UTF-8", b"id: a\xFF\xE9b\ndata: a\n\n"),
        once("an id with control characters", "id: a\x01b\x7Fc\ndata: a\n\n"),
        once("an id with DEL", "id: a\x7Fc\ndata: a\n\n"),
        once("an id like a query", "id: a&b=c?d#e%20f+g\ndata: a\n\n"),
        once("an id like JSON", "id: {\"a\":[1,\"x\"]}\ndata: a\n\n"),
        once("an id with commas and quotes", "id: \"a\", b;c='d'\ndata: a\n\n"),
        once(
            "an id of 1100 letters",
            format!("id: {}\ndata: a\n\n", "x".repeat(1_100)),
        ),
        once(
            "an id of 5000 letters",
            format!("id: {}\ndata: a\n\n", "x".repeat(5_000)),
        ),
        once(
            "an id of 8000 letters",
            format!("id: {}\ndata: a\n\n", "x".repeat(8_000)),
        ),
        once(
            "an id of 20000 letters",
            format!("id: 1\ndata: a\n\nid: {}\ndata: b\n\n", "x".repeat(20_000)),
        ),
        once(
            "an id of 4000 letters of four bytes",
            format!("id: {}\ndata: a\n\n", "🔔".repeat(1_000)),
        ),
        Script::new(
            "an id outlives a connection that brings none",
            [
                Answer::stream().send(RETRY).send("id: 1\ndata: a\n\n"),
                Answer::stream().send("data: b\n\n"),
                Answer::stream(),
                Answer::stream().send("data: c\n\nid: 2\n\n"),
            ],
        ),
        Script::new(
            "an id is taken back on the next connection",
            [
                Answer::stream().send(RETRY).send("id: 1\ndata: a\n\n"),
                Answer::stream().send("id\ndata: b\n\n"),
                Answer::stream().send("data: c\n\n"),
            ],
        ),
        Script::new(
            "an id that was not finished does not outlive its connection",
            [
                Answer::stream()
                    .send(RETRY)
                    .send("id: 1\ndata: a\n\nid: 2\ndata: b\n"),
                Answer::stream().send("data: c\n\n"),
            ],
        ),
        Script::new(
            "ids that go back",
            [
                Answer::stream()
                    .send(RETRY)
                    .send("id: 9\ndata: a\n\nid: 3\ndata: b\n\n"),
                Answer::stream().send("id: 3\ndata: b\n\nid: 1\ndata: c\n\n"),
            ],
        ),
        once("a query of its own", "id: 1\ndata: a\n\n").path("/sse?types=a,b&x=%20%C3%A9&empty=&flag"),
        once("a path with odd letters", "id: 1\ndata: a\n\n").path("/a%2Fb/c+d/~e;f=g/"),
        Script::new(
            "a query with an id in it",
            [
                Answer::stream().send(RETRY).send("id: 1\ndata: a\n\n"),
                Answer::stream().send("id: 2\ndata: b\n\n"),
            ],
        )
        .path("/sse?lastEventId=77&after=5"),
    ]
}
