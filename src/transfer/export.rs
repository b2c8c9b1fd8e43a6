//! Writes rooms and messages: a room at a time, a page of its messages at a time.

use std::fs;
use std::io::Write;
use std::path::Path;

use super::TransferError;
use super::html::Pages;
use super::lines::{Line, MessageLine, RoomLine, VERSION};
use crate::model::{Handle, Message, Principal, RoomName, RoomRecord};
use crate::store::{RoomNumber, Store};

/// Messages that are read at a time.
const PAGE: usize = 500;

/// What is exported.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    /// Only these rooms; empty for all, those that are not for everybody included.
    pub rooms: Vec<String>,
    /// Only what the account of this name said.
    pub person: Option<String>,
}

/// How much was exported.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Exported {
    pub rooms: u64,
    pub messages: u64,
}

/// Where it is written to.
trait Output {
    fn room(&mut self, line: RoomLine) -> Result<(), TransferError>;
    fn message(&mut self, line: MessageLine) -> Result<(), TransferError>;
}

/// Exports as lines of JSON.
///
/// # Errors
/// When there is no such room or person, or something cannot be read or written.
pub async fn export_lines(
    store: &Store,
    selection: &Selection,
    to: &mut impl Write,
) -> Result<Exported, TransferError> {
    let mut lines = Lines(to);
    lines.line(&Line::Export { version: VERSION, program: env!("CARGO_PKG_VERSION").into() })?;
    let exported = export(store, selection, &mut lines).await?;
    lines.0.flush()?;
    Ok(exported)
}

/// Exports as pages for a browser, into a folder that is made and must not be there.
///
/// # Errors
/// As for [`export_lines`].
pub async fn export_html(store: &Store, selection: &Selection, dir: &Path) -> Result<Exported, TransferError> {
    fs::create_dir(dir)?;
    let mut pages = Pages::new(dir);
    let exported = export(store, selection, &mut pages).await?;
    pages.finish()?;
    Ok(exported)
}

struct Lines<'a, W>(&'a mut W);

impl<W: Write> Lines<'_, W> {
    fn line(&mut self, line: &Line) -> Result<(), TransferError> {
        let mut text = serde_json::to_vec(line).map_err(std::io::Error::from)?;
        text.push(b'\n');
        Ok(self.0.write_all(&text)?)
    }
}

impl<W: Write> Output for Lines<'_, W> {
    fn room(&mut self, line: RoomLine) -> Result<(), TransferError> {
        self.line(&Line::Room(line))
    }

    fn message(&mut self, line: MessageLine) -> Result<(), TransferError> {
        self.line(&Line::Message(line))
    }
}

impl Output for Pages<'_> {
    fn room(&mut self, line: RoomLine) -> Result<(), TransferError> {
        Ok(Pages::room(self, line)?)
    }

    fn message(&mut self, line: MessageLine) -> Result<(), TransferError> {
        Ok(Pages::message(self, &line)?)
    }
}

async fn export(store: &Store, selection: &Selection, output: &mut impl Output) -> Result<Exported, TransferError> {
    let person = match &selection.person {
        Some(name) => Some(principal_of(store, name).await?),
        None => None,
    };
    let mut exported = Exported::default();
    for (number, record) in rooms(store, &selection.rooms).await? {
        // Of a person only rooms in which they said something.
        let mut is_begun = person.is_none();
        if is_begun {
            output.room(room_line(store, &record).await?)?;
            exported.rooms += 1;
        }
        let last = store.last_seq(number).await?;
        let mut next = store.oldest_kept(number).await?;
        while next <= last {
            let page = store.oldest_messages(number, next, last, PAGE).await?;
            let Some((newest, _)) = page.last() else { break };
            next = newest + 1;
            for (seq, message) in page {
                if person.as_ref().is_some_and(|person| message.author != *person) {
                    continue;
                }
                if !is_begun {
                    output.room(room_line(store, &record).await?)?;
                    exported.rooms += 1;
                    is_begun = true;
                }
                output.message(message_line(&record.name, seq, message))?;
                exported.messages += 1;
            }
        }
    }
    Ok(exported)
}

async fn rooms(store: &Store, names: &[String]) -> Result<Vec<(RoomNumber, RoomRecord)>, TransferError> {
    let mut rooms = Vec::new();
    if names.is_empty() {
        for number in store.room_numbers().await? {
            rooms.extend(store.find_room_record(number).await?.map(|record| (number, record)));
        }
    }
    for name in names {
        let found = match RoomName::given(name) {
            Ok(name) => store.room(&name).await?,
            Err(_) => None,
        };
        rooms.push(found.ok_or_else(|| TransferError::NoRoom(name.clone()))?);
    }
    Ok(rooms)
}

async fn principal_of(store: &Store, name: &str) -> Result<Principal, TransferError> {
    let none = || TransferError::NoPerson(name.to_owned());
    let handle = Handle::new(name).map_err(|_| none())?;
    Ok(store.account_of_name(&handle).await?.ok_or_else(none)?.principal)
}

async fn room_line(store: &Store, record: &RoomRecord) -> Result<RoomLine, TransferError> {
    let mut members = Vec::new();
    for member in &record.members {
        members.extend(store.account_of_principal(member).await?.map(|account| account.name.to_string()));
    }
    let (title, topic) = (record.settings.title.clone(), record.settings.topic.clone());
    Ok(RoomLine { name: record.name.as_str().to_owned(), kind: record.kind, title, topic, members })
}

fn message_line(room: &RoomName, seq: u64, message: Message) -> MessageLine {
    MessageLine {
        room: room.as_str().to_owned(),
        seq: Some(seq),
        id: message.id.as_str().to_owned(),
        at: message.at,
        author: message.handle.to_string(),
        kind: message.role,
        text: message.text.as_str().to_owned(),
        reply_to: message.answer.map(|answer| answer.reply_to),
        deleted: message.deleted,
    }
}
