//! The endpoint for the page and full clients: many rooms on one socket, all frames of the protocol.

use std::sync::Arc;

use super::super::App;
use super::super::caller::{Caller, user_view};
use super::super::reads;
use super::connection::{Connection, Event};
use super::pace::{FrameLimiter, Pace};
use super::{error_frame, timed};
use crate::accounts::Actor;
use crate::budgets::Spender;
use crate::chat::{Membership, Page, Post, Said, Seen};
use crate::groups::Subscription;
use crate::model::{JobId, Message, MessageText, PRIVATE_ROOM, RoomName, SendId};
use crate::protocol::{
    BadFrame, ClientFrame, CloseReason, HeldView, LimitsView, MessageView, PROTOCOL, RoomSettingsView, ServerFrame,
};
use crate::text::{Locale, Text};

/// Serves a full client.
pub async fn serve(mut connection: Box<Connection>, mut client: Box<FullClient>) {
    loop {
        let text = match connection.next().await {
            Event::Text(text) => Some(text),
            Event::Binary => None,
            Event::Closed => return,
        };
        let taken = match (client.limiter.check(&client.app, &client.actor), text) {
            // Boxed, because its size would be part of every idle connection's task.
            (Pace::Fine, Some(text)) => timed(Box::pin(client.take(&mut connection, &text))).await,
            (Pace::Fine, None) => Err(Text::new("error-bad_frame-binary").into()),
            (Pace::TooFast(error), Some(text)) => Err(too_fast(error, &text)),
            (Pace::TooFast(error), None) => Err(error.into()),
            (Pace::Flood, _) => return connection.refuse(CloseReason::TooMany).await,
        };
        if let Err(refused) = taken {
            client.refuse(&mut connection, refused);
        }
    }
}

/// A refused frame.
struct Refused {
    error: Text,
    id: Option<String>,
    room: Option<String>,
}

impl From<Text> for Refused {
    fn from(error: Text) -> Self {
        Self { error, id: None, room: None }
    }
}

impl From<BadFrame> for Refused {
    fn from(bad: BadFrame) -> Self {
        Self { error: bad.error, id: bad.id, room: None }
    }
}

/// Says which `send` was refused, so that the client can try it again.
fn too_fast(error: Text, text: &str) -> Refused {
    match ClientFrame::parse(text) {
        Ok(ClientFrame::Send { room, id, .. }) => Refused { error, id, room: Some(room) },
        _ => error.into(),
    }
}

/// What a connection's task keeps of its client. Boxed, because a future stores its arguments twice.
pub struct FullClient {
    app: Arc<App>,
    actor: Actor,
    limiter: FrameLimiter,
    /// Usually one, rarely more than a few.
    rooms: Vec<Membership>,
    has_said_hello: bool,
    /// The subscription to job changes, while watching.
    watch: Option<Subscription>,
}

impl FullClient {
    pub fn new(app: Arc<App>, caller: &Caller) -> Box<Self> {
        let actor = caller.actor(None);
        let limiter = FrameLimiter::new(app.settings.messages_per_second, actor.role);
        Box::new(Self { app, actor, limiter, rooms: Vec::new(), has_said_hello: false, watch: None })
    }

    async fn take(&mut self, connection: &mut Connection, text: &str) -> Result<(), Refused> {
        match ClientFrame::parse(text)? {
            ClientFrame::Hello { handle, locale, time_zone } => {
                self.hello(connection, handle, locale.as_deref(), time_zone).await?;
            }
            ClientFrame::Join { room, after, version, epoch } => {
                let seen = Seen { after, version, epoch: epoch.as_deref() };
                let joined = self.join(connection, &room, seen).await;
                joined.map_err(|error| Refused { error, id: None, room: Some(room) })?;
            }
            ClientFrame::Leave { room } => {
                let name = self.room_name(&room)?;
                self.leave(connection, &name);
                connection.send(ServerFrame::Left { room: name.shown() }.encode());
            }
            ClientFrame::Send { room, message, id } => {
                let sent = self.say(connection, &room, message, id.clone()).await;
                sent.map_err(|error| Refused { error, id, room: Some(room) })?;
            }
            ClientFrame::Typing { room } => {
                let membership = self.membership(&self.room_name(&room)?);
                let membership = membership.ok_or_else(|| Text::new("error-not_joined"))?;
                self.app.chat.typing(membership, &self.actor);
            }
            ClientFrame::History { room, before, after, limit } => {
                let shown = self.history(connection, &room, Page { before, after, limit }).await;
                shown.map_err(|error| Refused { error, id: None, room: Some(room) })?;
            }
            ClientFrame::Cancel { job } => self.cancel(connection, &job).await?,
            ClientFrame::Watch => {
                self.watch = Some(self.app.jobs.watch(&self.actor, connection.outbox()));
                connection.send(ServerFrame::Watching.encode());
            }
            ClientFrame::Unwatch => {
                self.watch = None;
                connection.send(ServerFrame::Unwatched.encode());
            }
            ClientFrame::Ping => connection.send(ServerFrame::Pong.encode()),
        }
        Ok(())
    }

    fn refuse(&self, connection: &mut Connection, refused: Refused) {
        let Refused { error, id, room } = refused;
        connection.send(error_frame(&error, self.actor.locale, id.as_deref(), room.as_deref()));
    }

    /// The room a client means.
    fn room_name(&self, text: &str) -> Result<RoomName, Text> {
        if text == PRIVATE_ROOM { Ok(self.actor.private_room.clone()) } else { RoomName::given(text) }
    }

    fn membership(&self, name: &RoomName) -> Option<&Membership> {
        self.rooms.iter().find(|membership| membership.room().name() == name)
    }

    /// Frames of the room that are still queued are sent first: none may follow the answer to `leave`, or be repeated after
    /// an answer to another `join`.
    fn leave(&mut self, connection: &mut Connection, name: &RoomName) {
        if let Some(index) = self.rooms.iter().position(|membership| membership.room().name() == name) {
            self.rooms.swap_remove(index);
            connection.send_waiting();
        }
    }

    async fn hello(
        &mut self,
        connection: &mut Connection,
        handle: Option<String>,
        locale: Option<&str>,
        time_zone: Option<String>,
    ) -> Result<(), Text> {
        if let Some(locale) = locale.and_then(Locale::from_tag) {
            self.actor.locale = locale;
        }
        if time_zone.is_some() {
            self.actor.set_zone(time_zone);
        }
        if let Some(handle) = self.app.handle_of(&self.actor, handle.as_deref()).await? {
            self.actor = self.actor.renamed(handle);
            for membership in &mut self.rooms {
                membership.rename(&self.actor);
            }
        }
        self.has_said_hello = true;
        // Before reading the commands, so that a change in between is announced.
        self.app.sockets.note_reader(connection.outbox().id(), self.actor.locale, self.actor.role);
        let settings = &self.app.settings;
        let welcome = ServerFrame::Welcome {
            protocol: PROTOCOL,
            server: concat!("chatbot/", env!("CARGO_PKG_VERSION")),
            user: user_view(&self.actor),
            limits: LimitsView {
                message_chars: settings.message_chars,
                frame_bytes: settings.frame_bytes,
                messages_per_second: settings.messages_per_second,
                rooms: settings.rooms_per_connection,
            },
            locale: self.actor.locale,
            commands: &self.app.bots.describe(self.actor.locale, self.actor.role),
        };
        connection.send(welcome.encode());
        Ok(())
    }

    async fn join(&mut self, connection: &mut Connection, room: &str, seen: Seen<'_>) -> Result<(), Text> {
        let name = self.room_name(room)?;
        // Joining again sends everything again.
        self.leave(connection, &name);
        let max = self.app.settings.rooms_per_connection;
        if self.rooms.len() >= max {
            return Err(Text::new("error-too_many_rooms").with("max", max));
        }
        let chat = &self.app.chat;
        let (payer, role) = (self.actor.payer(), self.actor.role);
        let spender = Spender { role, payer: &payer, room: None };
        let membership = chat.join(&name, &self.actor, connection.outbox(), seen).await?;
        let caught = reads::paid(&self.app.budgets, spender, chat.catch_up(&membership, seen)).await?;
        let room = membership.room();
        let messages = views(&name, &caught.messages);
        let deleted: Vec<_> =
            caught.changed.iter().filter(|(_, message)| message.deleted).map(|(seq, _)| *seq).collect();
        // Who gives no version does not know of other changes.
        let changed = if seen.version.is_some() { views(&name, &caught.changed) } else { Vec::new() };
        let jobs = self.app.jobs.of_room(room.name()).await?;
        let (members, count) = room.members();
        let record = room.record();
        let title = chat.title_for(&record, &self.actor).await?;
        let held = chat.held_of(room, &self.actor).await?;
        let greeting = match name.is_private() {
            true => Some(self.app.bots.greeting(self.actor.locale, self.actor.role, Some(&name))),
            false => room.greeting(self.actor.locale),
        };
        let joined = ServerFrame::Joined {
            room: name.shown(),
            epoch: chat.epoch(),
            last: caught.last,
            oldest: room.oldest(),
            version: caught.version,
            messages: &messages,
            complete: caught.complete,
            members: &members,
            count,
            settings: RoomSettingsView { title: &title, ..RoomSettingsView::new(&record, chat.retention()) },
            may: &self.actor.abilities_in(&record),
            jobs: &jobs,
            deleted: &deleted,
            changed: &changed,
            greeting: greeting.as_deref(),
            held: &held.iter().map(|held| HeldView::new(&held.id, &held.record)).collect::<Vec<_>>(),
        };
        // Sent before the outbox, which holds later messages.
        connection.send(joined.encode());
        self.rooms.push(membership);
        Ok(())
    }

    async fn say(&self, connection: &Connection, room: &str, message: String, id: Option<String>) -> Result<(), Text> {
        let name = self.room_name(room)?;
        let text = MessageText::new(message, self.app.settings.message_chars)?;
        let id = id.map(SendId::new).transpose()?;
        let room = match self.membership(&name) {
            Some(membership) => membership.room().clone(),
            None => self.app.chat.open_room(&name, &self.actor).await?.0,
        };
        let (outbox, locale, sent_id) = (connection.outbox().clone(), self.actor.locale, id.clone());
        let has_said_hello = self.has_said_hello;
        let then = move |said: Result<Said, Text>| {
            let frame = match &said {
                Ok(Said::Posted(sent)) => {
                    let id = sent_id.as_ref().unwrap_or(&sent.message.id);
                    ServerFrame::Ack { id: id.as_str(), room: name.shown(), seq: sent.seq }.encode()
                }
                // All of the author's connections that have said hello have been told.
                Ok(Said::Held { is_new: true, .. }) if has_said_hello => return,
                Ok(Said::Held { id, message, .. }) => ServerFrame::Held(HeldView::new(id, message)).encode(),
                Err(error) => error_frame(error, locale, sent_id.as_ref().map(SendId::as_str), Some(name.shown())),
            };
            outbox.push(frame);
        };
        self.app.chat.post(room, &self.actor, Post::new(text, id), then).await;
        Ok(())
    }

    async fn history(&self, connection: &mut Connection, room: &str, page: Page) -> Result<(), Text> {
        let name = self.room_name(room)?;
        let room = match self.membership(&name) {
            Some(membership) => membership.room().clone(),
            None => self.app.chat.find_room(&name, &self.actor).await?,
        };
        let payer = self.actor.payer();
        let spender = Spender { role: self.actor.role, payer: &payer, room: None };
        let history = reads::paid(&self.app.budgets, spender, self.app.chat.history(&room, page)).await?;
        let messages = views(&name, &history.messages);
        let Page { before, after, .. } = page;
        let frame = ServerFrame::History { room: name.shown(), messages: &messages, more: history.more, before, after };
        connection.send(frame.encode());
        Ok(())
    }

    async fn cancel(&self, connection: &mut Connection, job: &str) -> Result<(), Text> {
        let id = JobId::parse(job).ok_or_else(|| Text::new("error-not_found-job"))?;
        let view = self.app.jobs.cancel(&id, &self.actor).await?;
        connection.send(ServerFrame::Job { room: &view.room, job: &view, watched: false }.encode());
        Ok(())
    }
}

fn views<'a>(room: &'a RoomName, messages: &'a [(u64, Message)]) -> Vec<MessageView<'a>> {
    messages.iter().map(|(seq, message)| MessageView::new(room, *seq, message)).collect()
}
