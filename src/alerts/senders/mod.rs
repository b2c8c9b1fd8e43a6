//! Who sent it: one reader for each sender's format, and the recogniser that finds the one whose shape a body has.

mod alertmanager;
mod dingtalk;
mod discord;
mod feishu;
mod generic;
mod github;
mod gitlab;
mod google_chat;
mod grafana;
mod jenkins;
mod push;
mod sentry;
mod slack;
mod teams;
mod uptime_kuma;

use serde_json::Value;

use super::note::Note;

/// A sender's format: which bodies have it, and what people read of such a body.
struct Format {
    has: fn(&Value) -> bool,
    read: fn(&Value) -> Note,
    /// The names that its objects have, between spaces. What somebody added to them is shown as lines; nothing is if this is empty,
    /// because such bodies have much in them that nobody wants to read.
    names: &'static str,
}

/// The first one that a body has counts: those that have more in common with others come later.
const FORMATS: [Format; 17] = [
    Format { has: teams::is_message_card, read: teams::message_card, names: teams::NAMES },
    Format { has: teams::has_adaptive_card, read: teams::adaptive_cards, names: teams::CARD_NAMES },
    Format { has: grafana::is_alert, read: grafana::alert, names: "" },
    Format { has: alertmanager::is_notification, read: alertmanager::notification, names: "" },
    Format { has: gitlab::is_event, read: gitlab::event, names: "" },
    Format { has: github::is_event, read: github::event, names: "" },
    Format { has: uptime_kuma::is_heartbeat, read: uptime_kuma::heartbeat, names: "heartbeat monitor msg" },
    Format { has: sentry::is_event, read: sentry::event, names: "" },
    Format { has: jenkins::is_build, read: jenkins::build, names: "" },
    Format { has: discord::is_message, read: discord::message, names: discord::NAMES },
    Format { has: dingtalk::is_message, read: dingtalk::message, names: "" },
    Format { has: feishu::is_message, read: feishu::message, names: "" },
    Format { has: google_chat::is_message, read: google_chat::message, names: "" },
    Format { has: push::is_notification, read: push::notification, names: push::NAMES },
    Format { has: slack::is_message, read: slack::message, names: slack::NAMES },
    Format { has: slack::is_part, read: slack::part, names: slack::PART_NAMES },
    Format { has: |_| true, read: generic::body, names: "" },
];

impl Format {
    fn note(&self, body: &Value) -> Note {
        let mut note = (self.read)(body);
        if !note.is_empty() && !self.names.is_empty() {
            note.append(generic::rest(body, self.names));
        }
        note
    }
}

/// What people read of a body. A reader that finds nothing was wrong about the format, and so the next one is asked.
pub fn note(body: &Value) -> Note {
    let formats = FORMATS.iter().filter(|format| (format.has)(body));
    formats.map(|format| format.note(body)).find(|note| !note.is_empty()).unwrap_or_default()
}
