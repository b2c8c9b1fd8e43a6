//! Whether a message is for the bot, and what it asks for. Pure text; knows no list of commands.

use crate::model::{BOT_HANDLE, BotMode, JobRequest};

/// Longest command name that is looked at, in characters: enough for any, and for an error that quotes it.
const MAX_NAME: usize = 32;

/// The request in a message, if it is for the bot of such a room.
pub fn request(mode: BotMode, text: &str) -> Option<JobRequest> {
    let text = text.trim();
    let addressed = after_slash(text).or_else(|| after_mention(text));
    match (mode, addressed) {
        (BotMode::Never, _) | (BotMode::Mention, None) => None,
        (_, Some(rest)) => Some(split(rest)),
        (BotMode::Always, None) => Some(split(text)),
    }
}

/// What follows a slash; the full-width one too, which Chinese input methods write.
fn after_slash(text: &str) -> Option<&str> {
    text.strip_prefix(['/', '／'])
}

/// What follows `@bot` at the beginning, if that is the whole word.
fn after_mention(text: &str) -> Option<&str> {
    let name = text.strip_prefix(['@', '＠'])?;
    let rest = name.get(BOT_HANDLE.len()..)?;
    if !name[..BOT_HANDLE.len()].eq_ignore_ascii_case(BOT_HANDLE) || rest.starts_with(|c: char| c.is_alphanumeric()) {
        return None;
    }
    let rest = rest.trim_start_matches(|c: char| c.is_whitespace() || ",:，：、".contains(c));
    Some(after_slash(rest).unwrap_or(rest))
}

fn split(line: &str) -> JobRequest {
    let line = line.trim();
    let (name, arguments) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    JobRequest { name: name.to_lowercase().chars().take(MAX_NAME).collect(), arguments: arguments.trim().to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(mode: BotMode, text: &str, expected: Option<(&str, &str)>) {
        let found = request(mode, text);
        let found = found.as_ref().map(|request| (request.name.as_str(), request.arguments.as_str()));
        assert_eq!(found, expected, "{mode:?} {text:?}");
    }

    #[test]
    fn a_slash_or_a_mention_asks_the_bot() {
        check(BotMode::Mention, "/sum 12 32", Some(("sum", "12 32")));
        check(BotMode::Mention, "  @Bot, Sum  12 32 ", Some(("sum", "12 32")));
        check(BotMode::Mention, "＠bot：／echo 你好  世界", Some(("echo", "你好  世界")));
        check(BotMode::Mention, "@bot", Some(("", "")));
        check(BotMode::Mention, "/help\nplease", Some(("help", "please")));
    }

    #[test]
    fn talk_among_people_is_left_alone() {
        for text in ["sum 12 32", "ask @bot later", "@bottle sum", "@bo", "@", "@ 字", "hello"] {
            check(BotMode::Mention, text, None);
        }
        check(BotMode::Never, "/sum 12 32", None);
    }

    #[test]
    fn where_the_bot_always_answers_no_mark_is_needed() {
        check(BotMode::Always, "sum 12 32", Some(("sum", "12 32")));
        check(BotMode::Always, "/sum 12 32", Some(("sum", "12 32")));
    }
}
