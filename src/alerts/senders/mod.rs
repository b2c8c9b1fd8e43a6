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
}

/// The first one that a body has counts: those that have more in common with others come later.
const FORMATS: [Format; 17] = [
    Format { has: teams::is_message_card, read: teams::message_card },
    Format { has: teams::has_adaptive_card, read: teams::adaptive_cards },
    Format { has: grafana::is_alert, read: grafana::alert },
    Format { has: alertmanager::is_notification, read: alertmanager::notification },
    Format { has: gitlab::is_event, read: gitlab::event },
    Format { has: github::is_event, read: github::event },
    Format { has: uptime_kuma::is_heartbeat, read: uptime_kuma::heartbeat },
    Format { has: sentry::is_event, read: sentry::event },
    Format { has: jenkins::is_build, read: jenkins::build },
    Format { has: discord::is_message, read: discord::message },
    Format { has: dingtalk::is_message, read: dingtalk::message },
    Format { has: feishu::is_message, read: feishu::message },
    Format { has: google_chat::is_message, read: google_chat::message },
    Format { has: push::is_notification, read: push::notification },
    Format { has: slack::is_message, read: slack::message },
    Format { has: slack::is_part, read: slack::part },
    Format { has: |_| true, read: generic::body },
];

/// What people read of a body. A reader that finds nothing was wrong about the format, and so the next one is asked.
pub fn note(body: &Value) -> Note {
    let readers = FORMATS.iter().filter(|format| (format.has)(body));
    readers.map(|format| (format.read)(body)).find(|note| !note.is_empty()).unwrap_or_default()
}
