//! The endpoints for simple clients: one room; only `message`, `loading` and `error` frames.

use std::sync::Arc;

use super::super::App;
use super::super::caller::Caller;
use super::connection::{Connection, Event};
use super::pace::{FrameLimiter, Pace};
use super::{error_frame, timed};
use crate::accounts::Actor;
use crate::chat::{Membership, Post, Said, Seen};
use crate::model::{AuthorKind, BOT_HANDLE, MessageText, RoomName, SendId};
use crate::protocol::{CloseReason, MessageView, ServerFrame, SimpleFrame};
use crate::text::Text;

/// Serves a simple client in a room, or alone with the bot.
pub async fn serve(mut connection: Box<Connection>, app: Arc<App>, caller: Caller, room: Option<RoomName>) {
    let actor = caller.actor(None);
    let name = room.unwrap_or_else(|| actor.private_room.clone());
    let membership = match app.chat.join(&name, &actor, connection.outbox(), Seen::default()).await {
        Ok(membership) => membership,
        Err(error) => {
            connection.send(error_frame(&error, actor.locale, None, None));
            return connection.refuse(CloseReason::TooMany).await;
        }
    };
    let limiter = FrameLimiter::new(app.settings.messages_per_second, actor.role);
    let mut client = SimpleClient { app, actor, membership, limiter };
    // Boxed as below.
    Box::pin(client.greet(&mut connection)).await;
    loop {
        let text = match connection.next().await {
            Event::Text(text) => Some(text),
            Event::Binary => None,
            Event::Closed => return,
        };
        match (client.limiter.check(&client.app, &client.actor), text) {
            // Boxed, because its size would be part of every idle connection's task.
            (Pace::Fine, Some(text)) => timed(Box::pin(client.take(&mut connection, &text))).await,
            (Pace::Fine, None) => client.refuse(&mut connection, &Text::new("error-bad_frame-binary"), None),
            (Pace::TooFast(error), _) => client.refuse(&mut connection, &error, None),
            (Pace::Flood, _) => return connection.refuse(CloseReason::TooMany).await,
        }
    }
}

struct SimpleClient {
    app: Arc<App>,
    actor: Actor,
    membership: Membership,
    limiter: FrameLimiter,
}

impl SimpleClient {
    /// Sends the bot's greeting, if there is one, and the last messages.
    async fn greet(&self, connection: &mut Connection) {
        let room = self.membership.room();
        let greeting = match room.name().is_private() {
            true => Some(self.app.bots.greeting(self.actor.locale, self.actor.role, Some(room.name()))),
            false => room.greeting(self.actor.locale),
        };
        if let Some(message) = &greeting {
            let (room, handle, role) = (room.name().shown(), BOT_HANDLE, AuthorKind::Bot);
            connection.send(ServerFrame::Greeting { room, handle, role, message }.encode());
        }
        match self.app.chat.catch_up(&self.membership, Seen::default()).await {
            Ok(caught) => {
                for (seq, message) in &caught.messages {
                    let view = MessageView::new(room.name(), *seq, message);
                    connection.send(ServerFrame::Message(view).encode());
                }
            }
            Err(error) => self.refuse(connection, &error, None),
        }
    }

    async fn take(&mut self, connection: &mut Connection, text: &str) {
        let frame = match SimpleFrame::parse(text) {
            Ok(frame) => frame,
            Err(bad) => return self.refuse(connection, &bad.error, bad.id.as_deref()),
        };
        let id = frame.id.clone();
        if let Err(error) = self.say(connection, frame).await {
            self.refuse(connection, &error, id.as_deref());
        }
    }

    async fn say(&mut self, connection: &Connection, frame: SimpleFrame) -> Result<(), Text> {
        if let Some(handle) = self.app.handle_of(&self.actor, frame.handle.as_deref()).await? {
            self.actor = self.actor.renamed(handle);
            self.membership.rename(&self.actor);
        }
        let text = MessageText::new(frame.message, self.app.settings.message_chars)?;
        let id = frame.id.map(SendId::new).transpose()?;
        let (outbox, locale, sent_id) = (connection.outbox().clone(), self.actor.locale, id.clone());
        let then = move |said: Result<Said, Text>| {
            let waits = matches!(said, Ok(Said::Held { .. })).then(|| Text::new("error-held"));
            if let Some(error) = said.err().or(waits) {
                outbox.push(error_frame(&error, locale, sent_id.as_ref().map(SendId::as_str), None));
            }
        };
        self.app.chat.post(self.membership.room().clone(), &self.actor, Post::new(text, id), then).await;
        Ok(())
    }

    fn refuse(&self, connection: &mut Connection, error: &Text, id: Option<&str>) {
        connection.send(error_frame(error, self.actor.locale, id, None));
    }
}
