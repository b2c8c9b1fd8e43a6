//! Decides whether a message is for the bot, and which command it requests. Pure text processing.

use crate::model::{BOT_HANDLE, BotMode, JobRequest};

/// Maximum length of a command name, in characters; longer ones are truncated.
const MAX_NAME: usize = 32;

/// The command in a message, if the message is for the bot in a room of that mode.
pub fn request(mode: BotMode, text: &str) -> Option<JobRequest> {
    read(mode, text, |_| true)
}

/// The request in a message in a room of that mode. A slash introduces a command. Other text for the bot is a command if it
/// begins with a word that `is_command` accepts; otherwise it is a question.
pub fn read(mode: BotMode, text: &str, is_command: impl Fn(&str) -> bool) -> Option<JobRequest> {
    let text = text.trim();
    let line = match (mode, beside_mention(text)) {
        (BotMode::Never, _) => return None,
        (_, Some(line)) => line,
        (BotMode::Always, None) => text,
        (BotMode::Mention, None) => return after_slash(text).map(split),
    };
    if let Some(line) = after_slash(line) {
        return Some(split(line));
    }
    let request = split(line);
    let is_meant = request.name.is_empty() || is_command(&request.name);
    Some(if is_meant { request } else { JobRequest::question(line.trim()) })
}

/// Whether a message says itself that it is for the bot.
pub fn is_addressed(text: &str) -> bool {
    after_slash(text.trim()).is_some() || beside_mention(text.trim()).is_some()
}

/// The text after a slash, including the full-width slash of Chinese input methods.
fn after_slash(text: &str) -> Option<&str> {
    text.strip_prefix(['/', '／'])
}

/// Words that come before a name when somebody is spoken to.
const GREETINGS: [&str; 12] =
    ["hey", "hi", "hello", "ok", "okay", "dear", "please", "你好", "您好", "嗨", "请问", "請問"];

/// What is said to the bot in a message that calls it: first, after a greeting, or at the end of a question. Somebody who only
/// talks about it, as in "ask @bot later", does not mean it.
fn beside_mention(text: &str) -> Option<&str> {
    after_mention(text).or_else(|| after_mention(after_greeting(text)?)).or_else(|| before_mention(text))
}

fn after_greeting(text: &str) -> Option<&str> {
    let greeting = GREETINGS.iter().find(|word| {
        let begins = text.get(..word.len()).is_some_and(|begun| begun.eq_ignore_ascii_case(word));
        begins && !text[word.len()..].starts_with(|c: char| c.is_alphanumeric() && !is_ideograph(c))
    })?;
    Some(text[greeting.len()..].trim_start_matches(|c: char| c.is_whitespace() || ",，、!！".contains(c)))
}

/// The text before a closing `@bot`, if it is a question, or the mention is set apart by a comma.
fn before_mention(text: &str) -> Option<&str> {
    let end = text.trim_end_matches(|c: char| c.is_whitespace() || "?？!！.。".contains(c));
    let mention = end.rfind(['@', '＠'])?;
    // Not a part of an address.
    let is_word = !end[..mention].ends_with(|c: char| c.is_alphanumeric() && !is_ideograph(c));
    let is_mention = is_word && end[mention..].trim_start_matches(['@', '＠']).eq_ignore_ascii_case(BOT_HANDLE);
    let before = end[..mention].trim_end();
    let said = before.trim_end_matches([',', '，', '、']);
    let is_question = text[end.len()..].contains(['?', '？']) || before.ends_with(['?', '？']);
    (is_mention && !said.trim().is_empty() && (is_question || said.len() < before.len())).then_some(said)
}

/// The text after a leading `@bot`, if that is a whole word: `@bottle` is somebody else. Chinese is written without spaces,
/// so an ideograph ends the mention.
fn after_mention(text: &str) -> Option<&str> {
    let name = text.strip_prefix(['@', '＠'])?;
    let rest = name.get(BOT_HANDLE.len()..)?;
    if !name[..BOT_HANDLE.len()].eq_ignore_ascii_case(BOT_HANDLE)
        || rest.starts_with(|c: char| c.is_alphanumeric() && !is_ideograph(c))
    {
        return None;
    }
    Some(rest.trim_start_matches(|c: char| c.is_whitespace() || ",:，：、".contains(c)))
}

/// The common ones: the unified ideographs and the extension before them.
fn is_ideograph(c: char) -> bool {
    matches!(c, '\u{3400}'..='\u{9fff}')
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
        for text in [
            "sum 12 32",
            "ask @bot later",
            "I will ask @bot",
            "hey, @bottle sum",
            "who is @bottle?",
            "they say hi @bot",
            "hidden @bot how long",
            "a@bot.example",
            "is it ann@bot?",
            "@bottle sum",
            "@bo",
            "@",
            "@ 字",
            "hello",
        ] {
            check(BotMode::Mention, text, None);
        }
        check(BotMode::Never, "/sum 12 32", None);
    }

    #[test]
    fn words_that_begin_with_no_command_are_a_question() {
        let read = |mode, text: &str| read(mode, text, |name| ["sum", "smu"].contains(&name));
        let check = |mode, text: &str, name: &str, arguments: &str| {
            let expected = Some(JobRequest { name: name.into(), arguments: arguments.into() });
            assert_eq!(read(mode, text), expected, "{mode:?} {text:?}");
        };
        for (mode, before) in [(BotMode::Mention, "@bot "), (BotMode::Always, ""), (BotMode::Always, "@bot, ")] {
            check(mode, &format!("{before}How long  is it?"), "ask", "How long  is it?");
            check(mode, &format!("{before}退款要多久？"), "ask", "退款要多久？");
            check(mode, &format!("{before}Sum 1 2"), "sum", "1 2");
            check(mode, &format!("{before}smu 1 2"), "smu", "1 2");
            check(mode, &format!("{before}/what is it"), "what", "is it");
        }
        check(BotMode::Mention, "@bot", "", "");
        check(BotMode::Mention, "@bot退款要多久？", "ask", "退款要多久？");
        check(BotMode::Mention, "/what is it", "what", "is it");
        for text in
            ["hey @bot how long is it?", "Hi, @Bot: how long is it?", "how long is it? @bot", "how long is it?, @bot"]
        {
            check(BotMode::Mention, text, "ask", "how long is it?");
        }
        check(BotMode::Mention, "how long is it, @bot?", "ask", "how long is it");
        check(BotMode::Mention, "你好@bot 退款要多久？", "ask", "退款要多久？");
        check(BotMode::Mention, "请问 @bot，退款要多久？", "ask", "退款要多久？");
        check(BotMode::Mention, "please @bot sum 1 2", "sum", "1 2");
        assert_eq!(read(BotMode::Mention, "How long?"), None);
        assert_eq!(read(BotMode::Never, "@bot how long?"), None);
    }

    #[test]
    fn where_the_bot_always_answers_no_mark_is_needed() {
        check(BotMode::Always, "sum 12 32", Some(("sum", "12 32")));
        check(BotMode::Always, "/sum 12 32", Some(("sum", "12 32")));
    }
}
