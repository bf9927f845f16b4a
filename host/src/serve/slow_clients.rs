//! A connection whose client takes nothing is cut off: no answer may wait for ever for somebody who does not read.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::watch;

/// Time that a client which takes nothing has left once the server stops.
const LAST_TIME: Duration = Duration::from_secs(1);

/// A stream on which a write that makes no progress for a while fails.
pub struct Patient<S> {
    stream: S,
    patience: Duration,
    stopped: watch::Receiver<bool>,
    /// Runs while a write waits.
    deadline: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
}

impl<S> Patient<S> {
    pub fn new(stream: S, patience: Duration, stopped: watch::Receiver<bool>) -> Patient<S> {
        Patient {
            stream,
            patience,
            stopped,
            deadline: None,
        }
    }

    /// Starts the deadline with the first write that has to wait, ends it with the first that does not.
    fn watch<T>(
        &mut self,
        written: Poll<io::Result<T>>,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.deadline = None;
            return written;
        }
        let deadline = self
            .deadline
            .get_or_insert_with(|| Box::pin(wait(self.patience, self.stopped.clone())));
        ready!(deadline.as_mut().poll(context));
        Poll::Ready(Err(io::Error::new(
            io::ErrorKind::TimedOut,
            "the client takes nothing of what it asked for",
        )))
    }
}

async fn wait(patience: Duration, mut stopped: watch::Receiver<bool>) {
    let stop = async { stopped.wait_for(|stopped| *stopped).await.is_ok() };
    let is_stopped = tokio::select! {
        () = tokio::time::sleep(patience) => false,
        is_stopped = stop => is_stopped,
    };
    if is_stopped {
        tokio::time::sleep(LAST_TIME.min(patience)).await;
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Patient<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Patient<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.watch(written, context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, slices);
        self.watch(written, context)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.stream).poll_flush(context);
        match flushed.is_pending() {
            true => self.watch(flushed, context),
            // Nothing was written by that: a write that waits goes on waiting.
            false => flushed,
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let shut = Pin::new(&mut self.stream).poll_shutdown(context);
        self.watch(shut, context)
    }
}
