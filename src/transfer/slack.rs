//! Slack's export of a workspace, unpacked: `channels.json`, `users.json`, and for each channel a folder with a file for each day.

use std::collections::HashMap;
use std::path::Path;

use serde::Deserialize;
use serde_json::Value;

use super::TransferError;
use super::lines::{MessageLine, RoomLine};
use super::source::{History, files, json, moment};
use crate::model::RoomKind;

#[derive(Deserialize)]
struct Channel {
    name: String,
    #[serde(default)]
    members: Vec<String>,
    #[serde(default)]
    topic: Described,
    #[serde(default)]
    purpose: Described,
}

#[derive(Default, Deserialize)]
struct Described {
    #[serde(default)]
    value: String,
}

#[derive(Deserialize)]
struct User {
    id: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    real_name: Option<String>,
    #[serde(default)]
    profile: Profile,
}

#[derive(Default, Deserialize)]
struct Profile {
    #[serde(default)]
    display_name: String,
    #[serde(default)]
    real_name: String,
}

#[derive(Deserialize)]
struct Said {
    #[serde(default)]
    subtype: Option<String>,
    #[serde(default)]
    user: Option<String>,
    #[serde(default)]
    username: Option<String>,
    #[serde(default)]
    text: String,
    ts: Value,
    #[serde(default)]
    files: Vec<Attached>,
}

#[derive(Deserialize)]
struct Attached {
    #[serde(default)]
    name: Option<String>,
}

/// What is told of a channel and not said in it.
const TOLD: [&str; 8] = [
    "channel_join",
    "channel_leave",
    "channel_topic",
    "channel_purpose",
    "channel_name",
    "group_join",
    "group_leave",
    "pinned_item",
];

pub(super) fn read(dir: &Path) -> Result<History, TransferError> {
    let users: Vec<User> = json(&dir.join("users.json"))?;
    let names: HashMap<String, String> = users.into_iter().map(|user| (user.id.clone(), name(user))).collect();
    let mut history = History::default();
    for (file, kind) in [("channels.json", RoomKind::Public), ("groups.json", RoomKind::Closed)] {
        let path = dir.join(file);
        // Only exports for owners have private channels.
        if kind == RoomKind::Closed && !path.exists() {
            continue;
        }
        for channel in json::<Vec<Channel>>(&path)? {
            let topic = if channel.topic.value.is_empty() { channel.purpose.value } else { channel.topic.value };
            let members = if kind == RoomKind::Closed { channel.members } else { Vec::new() };
            let members = members.iter().filter_map(|id| names.get(id).cloned()).collect();
            let folder = dir.join(&channel.name);
            history.rooms.push(RoomLine { kind, topic, members, ..RoomLine::named(&channel.name) });
            if !folder.is_dir() {
                continue;
            }
            for day in files(&folder, ".json")? {
                for said in json::<Vec<Said>>(&day)? {
                    history.messages.extend(message(&channel.name, said, &names));
                }
            }
        }
    }
    Ok(history.sorted())
}

fn name(user: User) -> String {
    let User { id, name, real_name, profile } = user;
    let names = [profile.display_name, profile.real_name, real_name.unwrap_or_default(), name];
    names.into_iter().find(|name| !name.trim().is_empty()).unwrap_or(id)
}

fn message(room: &str, said: Said, names: &HashMap<String, String>) -> Option<MessageLine> {
    if said.subtype.as_deref().is_some_and(|subtype| TOLD.contains(&subtype)) {
        return None;
    }
    let at = moment(&said.ts)?;
    let author = said.user.as_ref().and_then(|id| names.get(id).cloned()).or(said.username).or(said.user);
    let mut text = plain(&said.text, names);
    for file in said.files {
        let name = file.name.unwrap_or_else(|| "file".into());
        text.push_str(&format!("{}[{name}]", if text.is_empty() { "" } else { "\n" }));
    }
    let id = said.ts.as_str().map_or_else(|| said.ts.to_string(), str::to_owned);
    Some(MessageLine::said(room, format!("slack-{id}"), at, author.as_deref().unwrap_or("Slack"), text))
}

/// A text without Slack's marks: `<@U1>`, `<#C1|room>`, `<address|words>`, `<!here>`, and `&lt;`.
fn plain(text: &str, names: &HashMap<String, String>) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('<') {
        let Some((mark, behind)) = after.split_once('>') else { break };
        plain.push_str(before);
        let (target, words) = mark.split_once('|').map_or((mark, None), |(target, words)| (target, Some(words)));
        match target.as_bytes().first() {
            Some(b'@') => {
                let name = words.or_else(|| names.get(&target[1..]).map(String::as_str)).unwrap_or(&target[1..]);
                plain.push_str(&format!("@{name}"));
            }
            Some(b'#') => plain.push_str(&format!("#{}", words.unwrap_or(&target[1..]))),
            Some(b'!') => plain.push_str(&format!("@{}", words.unwrap_or(&target[1..]))),
            _ => match words {
                Some(words) if words != target => plain.push_str(&format!("{words} ({target})")),
                _ => plain.push_str(target),
            },
        }
        rest = behind;
    }
    plain.push_str(rest);
    plain.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_become_what_people_see() {
        let names = HashMap::from([("U1".to_owned(), "Ann".to_owned())]);
        for (text, expected) in [
            ("hi <@U1> in <#C1|garden>", "hi @Ann in #garden"),
            ("<https://a.example|the page> &amp; 1 &lt; 2", "the page (https://a.example) & 1 < 2"),
            ("<https://a.example>, <!here>", "https://a.example, @here"),
            ("a < b", "a < b"),
        ] {
            assert_eq!(plain(text, &names), expected);
        }
    }
}
