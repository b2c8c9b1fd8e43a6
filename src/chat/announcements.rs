//! What people in rooms are told of jobs, and what the bot says there besides its answers.

use std::sync::Arc;

use async_trait::async_trait;
use tokio::runtime::Handle as Runtime;

use super::managing::no_such_room;
use super::{Chat, Room, Rooms};
use crate::groups::Audience;
use crate::jobs::{Announcement, Announcer};
use crate::model::{
    Answer, AuthorKind, Handle, Job, JobId, Message, MessageText, Principal, Reactions, Role, RoomName, SendId,
    Timestamp,
};
use crate::protocol::{JobView, ServerFrame};
use crate::store::{NewMessage, Posted, StoreError};
use crate::text::Text;

/// Tells rooms of the jobs that were asked for in them.
pub struct RoomAnnouncer {
    rooms: Arc<Rooms>,
    runtime: Runtime,
}

impl RoomAnnouncer {
    /// Needs a running runtime.
    pub fn new(rooms: Arc<Rooms>) -> Self {
        Self { rooms, runtime: Runtime::current() }
    }

    /// Shows a frame in a job's room, if somebody is there to see it.
    fn publish(&self, job: &Job, frame: &ServerFrame<'_>) {
        if let Some(room) = job.room.as_ref().and_then(|name| self.rooms.live(name)) {
            room.publish(frame, Audience::Full);
        }
    }
}

#[async_trait]
impl Announcer for RoomAnnouncer {
    async fn answer(&self, ended: &Job, text: MessageText, answer: Answer) -> Result<Announcement, Text> {
        let name = ended.room.as_ref().ok_or_else(|| Text::new("error-not_found-room"))?;
        let room = job_room(&self.rooms, name).await?;
        let number = self.rooms.store(&room, &ended.principal).await?;
        let message = bot_message(text, Some(ended.id.clone()), Some(answer));
        let publish = Box::new(move |stored, message: &Message| room.publish_message(stored, message));
        Ok(Announcement { room: number, message, publish })
    }

    fn changed(&self, job: &Job, view: &JobView) {
        self.publish(job, &ServerFrame::Job { room: &view.room, job: view, watched: false });
        if job.state.has_ended()
            && let Some(room) = job.room.as_ref().and_then(|name| self.rooms.live(name))
        {
            self.rooms.clear_when_left(&room, &self.runtime);
        }
    }

    fn piece(&self, job: &Job, text: &str, n: u64) {
        if let Some(room) = &job.room {
            self.publish(job, &ServerFrame::Delta { room: room.shown(), job: &job.id, text, n });
        }
    }
}

impl Chat {
    /// The room in which a job was asked for.
    pub async fn room_of_job(&self, name: &RoomName) -> Result<Arc<Room>, Text> {
        job_room(&self.rooms, name).await
    }

    /// Lets the bot say something in a job's room besides its answer; nothing where it was asked for in none.
    pub async fn bot_says(&self, job: &Job, text: String) -> Result<(), Text> {
        let Some(name) = &job.room else { return Ok(()) };
        let room = self.room_of_job(name).await?;
        let message = bot_message(MessageText::from_bot(text), None, None);
        let number = self.rooms.store(&room, &job.principal).await?;
        let kept = message.clone();
        let (done, durable) = tokio::sync::oneshot::channel();
        let on_durable = move |posted: Result<Posted, StoreError>| {
            if let Ok(Posted::New(stored)) = &posted {
                room.publish_message(*stored, &message);
            }
            // The receiver is gone if the job was cancelled meanwhile.
            let _ = done.send(posted.map(drop).map_err(Text::from));
        };
        let new = NewMessage {
            room: number,
            message: &kept,
            is_repeatable: false,
            temporary: None,
            jobs: &[],
            quota: None,
            held: None,
        };
        self.store.post(new, on_durable).await;
        durable.await.unwrap_or_else(|_| Err(Text::new("error-store_failed")))
    }
}

fn bot_message(text: MessageText, job: Option<JobId>, answer: Option<Answer>) -> Message {
    Message {
        id: SendId::fresh(),
        author: Principal::bot(),
        handle: Handle::bot(),
        role: AuthorKind::Bot,
        author_role: Role::Guest,
        address: None,
        text,
        at: Timestamp::now(),
        job,
        answer,
        reactions: Reactions::default(),
        deleted: false,
    }
}

/// The room in which a job was asked for. A private one is there whenever somebody is; others may have been deleted.
async fn job_room(rooms: &Rooms, name: &RoomName) -> Result<Arc<Room>, Text> {
    if name.is_private() {
        return Ok(rooms.open_private(name).await?);
    }
    rooms.find(name).await?.ok_or_else(|| no_such_room(name))
}
