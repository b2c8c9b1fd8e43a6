//! I/O of one WebSocket: reads messages, writes shared frames, detects stalled clients.
//!
//! Reading, with all of RFC 6455 that a server meets (fragments, masks, control frames, close codes, UTF-8), is tungstenite's,
//! which here gets its bytes from the socket and leaves its replies in the same queue as everybody's frames. Writing is
//! one vectored write of all queued frames. Independent of the frames' contents.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::io::{self, ErrorKind, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::time::{Instant, Sleep};
use tungstenite::error::{CapacityError, Error, ProtocolError};
use tungstenite::protocol::frame::coding::CloseCode;
use tungstenite::protocol::{CloseFrame, Message, Role, WebSocketConfig, WebSocketContext};

use super::super::stream::Stream;
use super::Places;
use crate::groups::Outbox;
use crate::protocol::CloseReason;
use crate::telemetry::metrics;

/// tungstenite's read buffer, in bytes: filled with zeros and so resident for every connection. Chat frames are small, and of a
/// longer one the rest is read at once.
const READ_BUFFER: usize = 512;

/// Frames in one vectored write.
const MAX_SLICES: usize = 64;

/// While this many bytes are unwritten, nothing is read from the client: it could send requests faster than it reads responses.
const MAX_UNREAD: usize = 256 * 1024;

/// Interval of pings to idle clients; less than the 30 s after which some routers drop a connection.
const PING_EVERY: Duration = Duration::from_secs(25);

/// Number of unanswered pings after which a client counts as gone.
const MAX_PINGS: u32 = 2;

/// Time for a client to answer the server's close frame.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(2);

/// Limits of a connection.
#[derive(Clone, Copy, Debug)]
pub struct SocketLimits {
    /// Largest frame, and largest message of several.
    pub frame_bytes: usize,
    /// A client that accepts no data for this long is disconnected.
    pub stall: Duration,
}

/// What a client did.
pub enum Event {
    Text(String),
    /// Binary messages are not part of the protocol.
    Binary,
    /// The connection is closed, by either side; nothing more can be sent.
    Closed,
}

/// A WebSocket.
pub struct Connection {
    stream: Stream,
    context: WebSocketContext,
    outbox: Arc<Outbox>,
    writing: Writing,
    limits: SocketLimits,
    /// Wakes the task to check the two fields below.
    timer: Pin<Box<Sleep>>,
    /// Since when a write has been blocked.
    stalled_since: Option<Instant>,
    /// Pings since the client was last heard.
    unanswered_pings: u32,
    _places: Places,
}

/// The write queue: blocks of whole frames, of which the first may be partly written.
#[derive(Default)]
struct Writing {
    blocks: VecDeque<Bytes>,
    /// Number of bytes of the first block that are written.
    offset: usize,
    /// Waiting in all.
    bytes: usize,
}

impl Writing {
    fn push(&mut self, block: Bytes) {
        self.bytes += block.len();
        self.blocks.push_back(block);
    }

    /// As [`Writing::push`] for each.
    fn append(&mut self, blocks: VecDeque<Bytes>) {
        self.bytes += blocks.iter().map(Bytes::len).sum::<usize>();
        if self.blocks.is_empty() {
            self.blocks = blocks;
        } else {
            self.blocks.extend(blocks);
        }
    }

    /// Memory used by the queue, in bytes: even a pong of two bytes takes a block.
    fn cost(&self) -> usize {
        /// Approximate overhead of a block.
        const BLOCK: usize = 96;
        self.bytes + self.blocks.len() * BLOCK
    }

    /// Fills the slices for one write; returns their number.
    fn fill<'a>(&'a self, slices: &mut [IoSlice<'a>; MAX_SLICES]) -> usize {
        for (index, (slice, block)) in slices.iter_mut().zip(&self.blocks).enumerate() {
            *slice = IoSlice::new(if index == 0 { &block[self.offset..] } else { block });
        }
        self.blocks.len().min(MAX_SLICES)
    }

    fn advance(&mut self, written: usize) {
        self.bytes -= written;
        self.offset += written;
        while let Some(first) = self.blocks.front() {
            if self.offset < first.len() {
                return;
            }
            self.offset -= first.len();
            self.blocks.pop_front();
        }
        // Most connections have nothing to write most of the time.
        self.blocks = VecDeque::new();
    }

    /// Drops everything except the rest of a partly written frame, so that another frame can follow.
    fn keep_begun_frame(&mut self) {
        let begun = self.blocks.pop_front().map(|block| block.slice(self.offset..end_of_frame(&block, self.offset)));
        *self = Self::default();
        begun.filter(|rest| !rest.is_empty()).into_iter().for_each(|rest| self.push(rest));
    }
}

/// Where the frame ends that the byte before `offset` belongs to. `block` holds whole frames of the server, which are not masked
/// (RFC 6455, 5.2).
fn end_of_frame(block: &[u8], offset: usize) -> usize {
    let mut end = 0;
    while end < offset {
        let length = |from: usize, to: usize| {
            let bytes = block.get(end + from..end + to).unwrap_or_default();
            bytes.iter().fold(0, |length, byte| (length << 8) | usize::from(*byte))
        };
        end += match length(1, 2) {
            126 => 4 + length(2, 4),
            127 => 10 + length(2, 10),
            short => 2 + short,
        };
    }
    end.min(block.len())
}

/// What ended [`Connection::poll_event`]'s work.
enum Step {
    Event(Event),
    /// The server wants to close.
    Close(CloseReason),
    /// The client closed; its close frame is answered in the queue.
    PeerClosed,
    /// The connection is gone.
    Gone,
}

impl Connection {
    /// `leftover` are bytes that were read after the upgrade request.
    pub fn new(stream: Stream, leftover: Vec<u8>, outbox: Arc<Outbox>, limits: SocketLimits, places: Places) -> Self {
        let config = WebSocketConfig::default()
            .read_buffer_size(READ_BUFFER)
            // Replies go to the queue at once; tungstenite buffers none.
            .write_buffer_size(0)
            .max_frame_size(Some(limits.frame_bytes))
            .max_message_size(Some(limits.frame_bytes));
        let context = WebSocketContext::from_partially_read(leftover, Role::Server, Some(config));
        Self {
            stream,
            context,
            outbox,
            writing: Writing::default(),
            limits,
            timer: Box::pin(tokio::time::sleep(PING_EVERY)),
            stalled_since: None,
            unanswered_pings: 0,
            _places: places,
        }
    }

    /// The queue by which others reach this client.
    pub fn outbox(&self) -> &Arc<Outbox> {
        &self.outbox
    }

    /// Sends frames ahead of what waits in the outbox.
    pub fn send(&mut self, frames: Bytes) {
        self.writing.push(frames);
    }

    /// Sends what waits in the outbox ahead of what is sent next.
    pub fn send_waiting(&mut self) {
        // A reason to close stays in the outbox and is found with the next event.
        self.writing.append(self.outbox.take().frames);
    }

    /// Closes a connection that is not to be served.
    pub async fn refuse(mut self: Box<Self>, reason: CloseReason) {
        self.close(reason).await;
    }

    /// Waits for the client's next event, and writes queued frames meanwhile.
    pub async fn next(&mut self) -> Event {
        match poll_fn(|context| self.poll_event(context)).await {
            Step::Event(event) => {
                metrics().frames_received.inc();
                return event;
            }
            Step::Close(reason) => self.close(reason).await,
            Step::PeerClosed => {
                note_closed("client");
                self.finish().await;
            }
            Step::Gone => note_closed("lost"),
        }
        Event::Closed
    }

    fn poll_event(&mut self, context: &mut Context<'_>) -> Poll<Step> {
        if let Poll::Ready(drained) = self.outbox.poll_drain(context) {
            self.writing.append(drained.frames);
            if let Some(reason) = drained.close {
                return Poll::Ready(Step::Close(reason));
            }
        }
        if let Poll::Ready(Err(_)) = self.poll_write(context) {
            return Poll::Ready(Step::Gone);
        }
        self.outbox.note_unwritten(self.writing.bytes);
        if self.writing.cost() < MAX_UNREAD
            && let Poll::Ready(step) = self.poll_read(context)
        {
            return Poll::Ready(step);
        }
        self.poll_timer(context)
    }

    /// Writes until nothing waits or the socket takes no more. What is encrypted may wait in the stream, too.
    fn poll_write(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.writing.blocks.is_empty() {
            let mut slices = [IoSlice::new(&[]); MAX_SLICES];
            let count = self.writing.fill(&mut slices);
            match Pin::new(&mut self.stream).poll_write_vectored(context, &slices[..count]) {
                Poll::Ready(Ok(0)) => return Poll::Ready(Err(ErrorKind::WriteZero.into())),
                Poll::Ready(Ok(written)) => {
                    metrics().websocket_bytes_sent.inc_by(written as u64);
                    self.writing.advance(written);
                    self.stalled_since = None;
                }
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                Poll::Pending => {
                    self.note_stall();
                    return Poll::Pending;
                }
            }
        }
        let flushed = Pin::new(&mut self.stream).poll_flush(context);
        match flushed {
            Poll::Ready(_) => self.stalled_since = None,
            Poll::Pending => self.note_stall(),
        }
        flushed
    }

    fn note_stall(&mut self) {
        if self.stalled_since.is_some() {
            return;
        }
        let now = Instant::now();
        self.stalled_since = Some(now);
        if self.timer.deadline() > now + self.limits.stall {
            self.timer.as_mut().reset(now + self.limits.stall);
        }
    }

    /// Reads until there is a message, or nothing more to read.
    fn poll_read(&mut self, context: &mut Context<'_>) -> Poll<Step> {
        loop {
            let mut duplex = Duplex {
                stream: &mut self.stream,
                context,
                writing: &mut self.writing,
                unanswered_pings: &mut self.unanswered_pings,
            };
            let step = match self.context.read(&mut duplex) {
                Ok(Message::Text(text)) => Step::Event(Event::Text(text.as_str().to_owned())),
                Ok(Message::Binary(_)) => Step::Event(Event::Binary),
                // The reply is queued already; stops reading while too much is unwritten.
                Ok(_) if self.writing.cost() < MAX_UNREAD => continue,
                Ok(_) => return self.flush_replies(context),
                Err(Error::Io(error)) if error.kind() == ErrorKind::WouldBlock => return self.flush_replies(context),
                Err(Error::ConnectionClosed) => Step::PeerClosed,
                Err(Error::Capacity(CapacityError::MessageTooLong { .. })) => Step::Close(CloseReason::TooBig),
                Err(Error::Utf8(_)) => Step::Close(CloseReason::InvalidText),
                Err(Error::Protocol(ProtocolError::ResetWithoutClosingHandshake)) => Step::Gone,
                Err(Error::Protocol(_)) => Step::Close(CloseReason::ProtocolError),
                Err(_) => Step::Gone,
            };
            return Poll::Ready(step);
        }
    }

    /// Pongs must not wait for the next message.
    fn flush_replies(&mut self, context: &mut Context<'_>) -> Poll<Step> {
        match self.poll_write(context) {
            Poll::Ready(Err(_)) => Poll::Ready(Step::Gone),
            _ => Poll::Pending,
        }
    }

    fn poll_timer(&mut self, context: &mut Context<'_>) -> Poll<Step> {
        loop {
            ready!(self.timer.as_mut().poll(context));
            let now = Instant::now();
            if let Some(since) = self.stalled_since {
                let deadline = since + self.limits.stall;
                if deadline <= now {
                    return Poll::Ready(Step::Close(CloseReason::TooSlow));
                }
                self.timer.as_mut().reset(deadline);
                continue;
            }
            if self.unanswered_pings == MAX_PINGS {
                return Poll::Ready(Step::Gone);
            }
            self.unanswered_pings += 1;
            self.writing.push(Bytes::from_static(&PING));
            self.timer.as_mut().reset(now + PING_EVERY);
            if let Poll::Ready(Err(_)) = self.poll_write(context) {
                return Poll::Ready(Step::Gone);
            }
        }
    }

    /// Sends a close frame, waits briefly for the client's, and ends the connection.
    async fn close(&mut self, reason: CloseReason) {
        tracing::debug!(code = reason.code(), reason = reason.words(), "closing a connection");
        note_closed(reason.label());
        let frame = CloseFrame { code: CloseCode::from(reason.code()), reason: reason.words().into() };
        if reason == CloseReason::TooSlow {
            self.writing.keep_begun_frame();
            self.make_room();
        }
        let mut queue = Queue(&mut self.writing);
        if self.context.close(&mut queue, Some(frame)).is_ok() {
            self.finish().await;
        }
    }

    /// Enlarges the kernel's send buffer for the last frames to a client that does not read: it receives them when it reads
    /// again, long after this task is gone.
    fn make_room(&self) {
        let socket = self.stream.socket();
        let room = socket.send_buffer_size().unwrap_or_default() + self.writing.bytes + CLOSE_ROOM;
        if let Err(error) = socket.set_send_buffer_size(room) {
            tracing::debug!(%error, "a slow client will not be told why it was dropped");
        }
    }

    /// Writes what waits, ends the sending side, and reads until the client does too, so that no unread byte turns the
    /// last frames into a reset.
    async fn finish(&mut self) {
        let ending = async {
            poll_fn(|context| self.poll_write(context)).await?;
            self.stream.shutdown().await?;
            // On the heap: an array would enlarge every connection's task.
            let mut scratch = vec![0; 4096];
            while self.stream.read(&mut scratch).await? > 0 {}
            io::Result::Ok(())
        };
        // Whatever happens now, the connection is over.
        let _ = tokio::time::timeout(CLOSE_TIMEOUT, ending).await;
    }
}

/// Counts a connection that ends.
fn note_closed(why: &str) {
    metrics().websockets_closed.with_label_values(&[why]).inc();
}

/// More than a close frame takes, with the kernel's own cost for it.
const CLOSE_ROOM: usize = 16 * 1024;

/// An empty ping frame (RFC 6455, 5.5.2).
const PING: [u8; 2] = [0x89, 0];

/// Where tungstenite reads from and writes to: the socket, and the queue.
struct Duplex<'a, 'b> {
    stream: &'a mut Stream,
    context: &'a mut Context<'b>,
    writing: &'a mut Writing,
    unanswered_pings: &'a mut u32,
}

impl io::Read for Duplex<'_, '_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut buffer = ReadBuf::new(buffer);
        match Pin::new(&mut *self.stream).poll_read(self.context, &mut buffer) {
            Poll::Ready(read) => {
                *self.unanswered_pings = 0;
                read.map(|()| buffer.filled().len())
            }
            Poll::Pending => Err(ErrorKind::WouldBlock.into()),
        }
    }
}

impl io::Write for Duplex<'_, '_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Queue(self.writing).write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The queue alone, for the server's own close frame.
struct Queue<'a>(&'a mut Writing);

impl io::Read for Queue<'_> {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Err(ErrorKind::WouldBlock.into())
    }
}

impl io::Write for Queue<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.push(Bytes::copy_from_slice(bytes));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::ServerFrame;

    fn frame(length: usize) -> Bytes {
        let words = "x".repeat(length);
        ServerFrame::Error { code: "c", message: &words, id: None, room: None }.encode()
    }

    #[test]
    fn of_a_block_only_the_begun_frame_is_kept() {
        let frames = [frame(10), frame(300), frame(70_000), frame(0)];
        let block: Bytes = frames.concat().into();
        let mut start = 0;
        for frame in &frames {
            for written in [1, 2, 5, frame.len() - 1, frame.len()] {
                let mut writing = Writing::default();
                writing.push(block.clone());
                writing.push(block.clone());
                writing.advance(start + written);
                writing.keep_begun_frame();
                assert_eq!(writing.bytes, frame.len() - written, "{written} of {} written", frame.len());
                assert!(writing.blocks.iter().all(|rest| frame.ends_with(rest)));
            }
            start += frame.len();
        }
    }

    #[test]
    fn what_is_written_is_taken_off_across_blocks() {
        let mut writing = Writing::default();
        for length in [10, 20, 30] {
            writing.push(Bytes::from(vec![0; length]));
        }
        writing.advance(15);
        assert_eq!((writing.bytes, writing.offset, writing.blocks.len()), (45, 5, 2));
        writing.advance(45);
        assert_eq!((writing.bytes, writing.offset, writing.blocks.len()), (0, 0, 0));
    }
}
