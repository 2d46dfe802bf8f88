//! The driver over a transport without sockets: a day passes in a moment, and nothing needs a network.

use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use gloria_stream::machine::{Chunk, Head};
use gloria_stream::{
    Answer, Command, Delivery, DialError, Frame, Heard, Incoming, Request, Status, StreamHandle, Timing,
    Transport,
};
use tokio::sync::mpsc;

use crate::rig::Provider;

/// Responds to each attempt with a channel, whose sender goes to the test together with the requested cursor.
struct Pipes(mpsc::UnboundedSender<(Arc<str>, mpsc::UnboundedSender<Heard>)>);

struct Pipe(mpsc::UnboundedReceiver<Heard>);

impl Transport for Pipes {
    fn dial(&mut self, request: Request) -> BoxFuture<'static, Result<Answer, DialError>> {
        let (sender, receiver) = mpsc::unbounded_channel();
        let dialled = self.0.send((Arc::clone(request.cursor()), sender));
        async move {
            dialled.map_err(|_| DialError::ConnectionRefused)?;
            request.credential().await?;
            Ok(Answer {
                date: None,
                head: Head::accepted(),
                peer: None,
                incoming: Box::new(Pipe(receiver)),
            })
        }
        .boxed()
    }
}

impl Incoming for Pipe {
    fn poll_heard(&mut self, context: &mut Context<'_>) -> Poll<Option<Heard>> {
        Poll::Ready(ready!(self.0.poll_recv(context)))
    }
}

fn event(id: &str) -> Heard {
    let id: Arc<str> = Arc::from(id);
    let frame = Frame {
        event: Arc::from("heartbeat"),
        data: "{}".to_owned(),
        id: Arc::clone(&id),
    };
    Heard {
        bytes: 20,
        chunks: vec![Chunk {
            frames: vec![frame],
            last_id: id,
            ..Chunk::default()
        }],
        ..Heard::default()
    }
}

#[tokio::test(start_paused = true)]
async fn a_day_over_memory_is_one_connection_and_its_end_another() {
    let (dialled, mut dials) = mpsc::unbounded_channel();
    let (sender, mut deliveries) = mpsc::channel(16);
    let provider = Arc::new(Provider::anonymous());
    let stream = StreamHandle::spawn_over(
        Box::new(Pipes(dialled)),
        Timing::default(),
        7,
        Arc::clone(&provider) as _,
        sender,
    );
    stream.send(Command::Start {
        cursor: Some("0".to_owned()),
    });
    let (cursor, server) = dials.recv().await.unwrap();
    assert_eq!(&*cursor, "0");
    const BEATS: u64 = 24 * 3600 / 30;
    let mut events = 0;
    for beat in 1..=BEATS {
        server.send(event(&beat.to_string())).unwrap();
        tokio::time::sleep(Duration::from_secs(30)).await;
        while let Ok(delivery) = deliveries.try_recv() {
            match delivery {
                Delivery::Frames(frames) => events += frames.len() as u64,
                Delivery::Status(Status::Connecting { .. } | Status::Connected { .. }) => {}
                other => panic!("{other:?} within the day"),
            }
        }
    }
    assert_eq!((events, stream.totals()), (BEATS, (20 * BEATS, BEATS)));
    assert_eq!(provider.asked(), [false], "one attempt");
    // The server sends no more.
    let (cursor, _server) = dials.recv().await.unwrap();
    assert_eq!(*cursor, *BEATS.to_string());
    assert!(server.is_closed(), "the old connection is hung up");
    let Some(Delivery::Status(Status::Waiting { cause, .. })) = deliveries.recv().await else {
        panic!("it does not say why")
    };
    assert_eq!(cause.to_string(), "nothing heard for 75 s");
}
