//! WebSocket: the same JSON, a text message for each event; `{"position": …}` where events were filtered out.

use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade, close_code};
use axum::response::Response;
use futures_util::SinkExt as _;
use tokio::time::timeout;

use super::feed::{Feed, News};
use crate::book::SubscribedEvent;
use crate::model::{Result, Seq};

/// Bytes that a client may send in one message: it has nothing to say but pings and its leave.
const MESSAGE_BYTES_MAX: usize = 4 << 10;
const READ_BUFFER_BYTES: usize = 4 << 10;
/// Messages are written out together when they have so many bytes.
const WRITE_BUFFER_BYTES: usize = 64 << 10;
/// Bytes per second that a message has at least, beside the time any message has.
const BYTES_PER_SECOND_MIN: u64 = 64 << 10;
/// Time for a client to answer the end of the conversation.
const FAREWELL: Duration = Duration::from_secs(1);

pub fn answer(upgrade: WebSocketUpgrade, feed: Feed) -> Response {
    upgrade
        .read_buffer_size(READ_BUFFER_BYTES)
        .write_buffer_size(WRITE_BUFFER_BYTES)
        .max_message_size(MESSAGE_BYTES_MAX)
        .max_frame_size(MESSAGE_BYTES_MAX)
        .on_upgrade(|socket| async move {
            // The connection stalls for good at the whole time; before that there is a chance to say why.
            let patience = feed.book().server().options().slow_client_time * 4 / 5;
            let mut sending = Sending {
                socket,
                told: feed.position(),
                patience,
                is_silent: false,
            };
            let end = sending.run(feed).await;
            sending.close(end).await;
        })
}

/// Why a conversation ends.
enum End {
    /// The client left, or its connection broke.
    Gone,
    Stop,
    Slow,
    /// It sent what is not for here.
    Talking,
    Fault,
}

struct Sending {
    socket: WebSocket,
    /// A client that takes everything sent so far may resume here.
    told: Seq,
    patience: Duration,
    /// A ping was sent, and nothing came back since.
    is_silent: bool,
}

impl Sending {
    async fn run(&mut self, mut feed: Feed) -> End {
        let told = self.tell(feed.position()).await;
        if let Err(end) = told {
            return end;
        }
        loop {
            let next = match self.next(&mut feed).await {
                Ok(Ok(next)) => next,
                Ok(Err(error)) => {
                    tracing::error!(%error, "a subscription ends");
                    return End::Fault;
                }
                Err(end) => return end,
            };
            let sent = match next {
                News::Events(events) => self.send_all(events).await,
                News::Tasks(steps) => self.send_steps(steps).await,
                News::Heartbeat => self.heartbeat(feed.position()).await,
                News::Stop => return End::Stop,
            };
            if let Err(end) = sent {
                return end;
            }
        }
    }

    /// What comes next, while the client is listened to. The read goes on whatever the client sends: else pings could
    /// start one after another.
    async fn next(&mut self, feed: &mut Feed) -> Result<Result<News>, End> {
        let mut next = std::pin::pin!(feed.next());
        loop {
            tokio::select! {
                biased;
                heard = self.socket.recv() => self.hear(heard)?,
                next = &mut next => return Ok(next),
            }
        }
    }

    fn hear(&mut self, heard: Option<Result<Message, axum::Error>>) -> Result<(), End> {
        self.is_silent = false;
        match heard {
            // A ping is answered by the protocol itself.
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => Ok(()),
            Some(Ok(Message::Text(_) | Message::Binary(_))) => Err(End::Talking),
            Some(Ok(Message::Close(_)) | Err(_)) | None => Err(End::Gone),
        }
    }

    async fn send_all(&mut self, events: Vec<SubscribedEvent>) -> Result<(), End> {
        for event in events {
            self.feed(Message::text(event.json)).await?;
            self.told = event.seq;
        }
        self.flush().await
    }

    async fn send_steps(&mut self, steps: Vec<String>) -> Result<(), End> {
        for json in steps {
            self.feed(Message::text(format!("{{\"task\":{json}}}")))
                .await?;
        }
        self.flush().await
    }

    async fn heartbeat(&mut self, position: Seq) -> Result<(), End> {
        // Nobody answered since the last heartbeat.
        if self.is_silent {
            return Err(End::Slow);
        }
        self.is_silent = true;
        self.feed(Message::Ping(Default::default())).await?;
        match position > self.told {
            true => self.tell(position).await,
            false => self.flush().await,
        }
    }

    async fn tell(&mut self, position: Seq) -> Result<(), End> {
        self.feed(Message::text(position_json(position))).await?;
        self.told = position;
        self.flush().await
    }

    /// Puts a message behind those that wait to be written, once there is room.
    async fn feed(&mut self, message: Message) -> Result<(), End> {
        let bytes = match &message {
            Message::Text(text) => text.len() as u64,
            _ => 0,
        };
        let patience = self.patience + Duration::from_secs(bytes / BYTES_PER_SECOND_MIN);
        in_time(patience, self.socket.feed(message)).await
    }

    async fn flush(&mut self) -> Result<(), End> {
        in_time(self.patience, self.socket.flush()).await
    }

    async fn close(mut self, end: End) {
        let code = match end {
            End::Gone => return,
            End::Stop => close_code::AWAY,
            End::Slow => close_code::AGAIN,
            End::Talking => close_code::POLICY,
            End::Fault => close_code::ERROR,
        };
        let frame = CloseFrame {
            code,
            reason: position_json(self.told).into(),
        };
        let farewell = async {
            if self.socket.send(Message::Close(Some(frame))).await.is_err() {
                return;
            }
            // Closing with something unread would take back what the client has not read yet.
            while let Some(Ok(_)) = self.socket.recv().await {}
        };
        let _ = timeout(FAREWELL.max(self.patience / 4), farewell).await;
    }
}

fn position_json(position: Seq) -> String {
    format!("{{\"position\":{position}}}")
}

async fn in_time(
    patience: Duration,
    sent: impl Future<Output = Result<(), axum::Error>>,
) -> Result<(), End> {
    match timeout(patience, sent).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(_)) => Err(End::Gone),
        Err(_) => Err(End::Slow),
    }
}
