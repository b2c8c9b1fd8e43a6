//! Stores rooms and messages from elsewhere, behind what is there.
//!
//! Each message is stored once however often it is imported, until a server was started with what was: then ids that are old
//! are forgotten.

use std::collections::HashMap;

use tokio::sync::oneshot;

use super::TransferError;
use super::lines::{MessageLine, RoomLine};
use super::source::History;
use crate::model::{
    AuthorKind, BotMode, Handle, Message, MessageText, Principal, Reactions, Role, RoomKind, RoomName, RoomRecord,
    SendId,
};
use crate::store::{NewMessage, Posted, RoomNumber, Store, StoreError};

/// Longest text of a message, in characters; longer ones are cut. What the server takes at most.
const MOST_CHARS: usize = 8000;

/// Messages that are being stored at a time: commits in groups are faster.
const UNDER_WAY: usize = 256;

/// What became of an import.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Imported {
    /// Rooms that were made.
    pub rooms: u64,
    pub messages: u64,
    /// Messages that were there already.
    pub repeated: u64,
    /// Messages without a text, or in rooms that have no place here.
    pub skipped: u64,
}

/// Imports a history; who has the name of an account is taken for that person. `bot` is when the bot answers in new rooms.
/// `watch` is called for each message.
///
/// # Errors
/// When something cannot be stored. What was stored before stays, and importing again goes on.
pub async fn import(
    store: &Store,
    history: History,
    bot: BotMode,
    watch: impl Fn(),
) -> Result<Imported, TransferError> {
    let mut importing =
        Importing { store, bot, imported: Imported::default(), rooms: HashMap::new(), people: HashMap::new() };
    for room in &history.rooms {
        importing.room(room).await?;
    }
    let mut under_way = Vec::with_capacity(UNDER_WAY);
    for message in history.messages {
        watch();
        under_way.extend(importing.message(message).await?);
        if under_way.len() == UNDER_WAY {
            importing.settle(&mut under_way).await?;
        }
    }
    importing.settle(&mut under_way).await?;
    Ok(importing.imported)
}

type Answer = oneshot::Receiver<Result<Posted, StoreError>>;

struct Importing<'a> {
    store: &'a Store,
    bot: BotMode,
    imported: Imported,
    /// By the names that the source gives them; `None` for those that have no place here.
    rooms: HashMap<String, Option<RoomNumber>>,
    people: HashMap<String, Person>,
}

#[derive(Clone)]
struct Person {
    handle: Handle,
    principal: Principal,
    role: Role,
}

impl Importing<'_> {
    /// Finds a room, or makes it. Of rooms that are some people's only closed ones can be made.
    async fn room(&mut self, line: &RoomLine) -> Result<Option<RoomNumber>, TransferError> {
        if let Some(known) = self.rooms.get(&line.name) {
            return Ok(*known);
        }
        let number = match RoomName::public(&line.name).or_else(|_| RoomName::public(&slug(&line.name))) {
            Ok(name) if line.kind.is_managed() => Some(self.store_room(name, line).await?),
            _ => None,
        };
        self.rooms.insert(line.name.clone(), number);
        Ok(number)
    }

    async fn store_room(&mut self, name: RoomName, line: &RoomLine) -> Result<RoomNumber, TransferError> {
        if let Some((number, _)) = self.store.room(&name).await? {
            return Ok(number);
        }
        let mut record = RoomRecord::new(name, self.bot, None);
        record.kind = line.kind;
        record.settings.title = line.title.chars().filter(|c| !c.is_control()).take(80).collect();
        record.settings.topic = line.topic.chars().filter(|c| !c.is_control()).take(300).collect();
        if line.kind == RoomKind::Closed {
            for member in line.members.iter().take(RoomRecord::MOST_MEMBERS) {
                let person = self.person(member).await?;
                if person.role >= Role::Member && !record.members.contains(&person.principal) {
                    record.members.push(person.principal);
                }
            }
        }
        let (number, _, is_new) = self.store.create_room(record).await?;
        self.imported.rooms += u64::from(is_new);
        Ok(number)
    }

    /// Begins to store a message, if there is something to store.
    async fn message(&mut self, line: MessageLine) -> Result<Option<Answer>, TransferError> {
        let room = self.room(&RoomLine::named(&line.room)).await?;
        let text = if line.deleted { Ok(MessageText::deleted()) } else { MessageText::cut(line.text, MOST_CHARS) };
        let (Some(room), Ok(text)) = (room, text) else {
            self.imported.skipped += 1;
            return Ok(None);
        };
        let person = match line.kind {
            AuthorKind::User => self.person(&line.author).await?,
            AuthorKind::Bot => Person { handle: Handle::bot(), principal: Principal::bot(), role: Role::default() },
            AuthorKind::System => Person { principal: Principal::server(), ..self.person(&line.author).await? },
        };
        let message = Message {
            // Ids of other chats are of any length.
            id: SendId::new(line.id.clone()).unwrap_or_else(|_| SendId::digest(line.id.as_bytes())),
            author: person.principal,
            handle: person.handle,
            role: line.kind,
            author_role: person.role,
            address: None,
            text,
            at: line.at,
            job: None,
            answer: None,
            reactions: Reactions::default(),
            deleted: line.deleted,
        };
        let (answer, stored) = oneshot::channel();
        let new = NewMessage {
            room,
            message: &message,
            is_repeatable: true,
            temporary: None,
            jobs: &[],
            quota: None,
            held: None,
        };
        self.store.post(new, move |outcome| drop(answer.send(outcome))).await;
        Ok(Some(stored))
    }

    /// Waits until all are stored.
    async fn settle(&mut self, under_way: &mut Vec<Answer>) -> Result<(), TransferError> {
        for answer in under_way.drain(..) {
            match answer.await.unwrap_or(Err(StoreError::Failed)) {
                Ok(Posted::New(_)) => self.imported.messages += 1,
                Ok(Posted::Repeated { .. }) => self.imported.repeated += 1,
                Ok(Posted::NotUnique | Posted::Gone | Posted::Full) => self.imported.skipped += 1,
                Err(StoreError::Full) => return Err(TransferError::Full),
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    async fn person(&mut self, name: &str) -> Result<Person, TransferError> {
        if let Some(person) = self.people.get(name) {
            return Ok(person.clone());
        }
        let handle = handle(name);
        let person = match self.store.account_of_name(&handle).await? {
            Some(account) => Person { handle: account.name, principal: account.principal, role: account.role },
            None => Person { principal: Principal::unknown(&handle), handle, role: Role::Guest },
        };
        self.people.insert(name.to_owned(), person.clone());
        Ok(person)
    }
}

/// A name that is none here, as it may be.
fn handle(name: &str) -> Handle {
    let shown: String = name.chars().filter(|c| !c.is_control()).collect();
    let shown: String = shown.trim_start_matches(['@', '/']).chars().take(Handle::MAX_CHARS).collect();
    let named = Handle::new(&shown)
        .or_else(|_| Handle::new(&format!("{} (imported)", shown.chars().take(12).collect::<String>())));
    named.unwrap_or_else(|_| Handle::guest(&Principal::nobody(name)))
}

/// A name of a room that cannot be one here, as one that can.
fn slug(name: &str) -> String {
    let letters: String = name.chars().map(|c| if c.is_alphanumeric() || c == '_' { c } else { '-' }).collect();
    let parts: Vec<_> = letters.split('-').filter(|part| !part.is_empty()).collect();
    parts.join("-").chars().take(RoomName::MAX_CHARS).collect()
}
