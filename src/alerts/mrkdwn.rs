//! Slack's markup, "mrkdwn", as the text of a message.

use super::emoji;
use super::note::labelled;
use crate::model::Timestamp;

/// Turns links, mentions and dates into words, `*bold*` into `**bold**`, and names of emoji into emoji. Code stays as it is.
pub fn readable(text: &str) -> String {
    let plain = without_marks(text);
    let mut parts = plain.split("```");
    let mut shown = parts.next().map(of_lines).unwrap_or_default();
    for (index, part) in parts.enumerate() {
        shown.push_str("```");
        shown.push_str(&if index % 2 == 0 { part.to_owned() } else { of_lines(part) });
    }
    shown
}

/// The same for text in which only links, mentions and emoji have a meaning.
pub fn plain(text: &str) -> String {
    emoji::replaced(&without_marks(text))
}

fn of_lines(text: &str) -> String {
    let lines: Vec<String> = text.split('\n').map(of_line).collect();
    lines.join("\n")
}

/// What stands between backticks is code, which is not bold as well.
fn of_line(line: &str) -> String {
    let mut parts: Vec<&str> = line.split('`').collect();
    for code in (1..parts.len().saturating_sub(1)).step_by(2) {
        if let (Some(before), Some(behind)) = (parts[code - 1].strip_suffix('*'), parts[code + 1].strip_prefix('*')) {
            parts[code - 1] = before;
            parts[code + 1] = behind;
        }
    }
    let shown = |(index, part): (usize, &&str)| if index % 2 == 0 { styled(part) } else { (*part).to_owned() };
    parts.iter().enumerate().map(shown).collect::<Vec<_>>().join("`")
}

fn styled(text: &str) -> String {
    emoji::replaced(&bold(text))
}

/// `*bold*` as Slack has it becomes `**bold**`; what has two asterisks is bold already.
fn bold(text: &str) -> String {
    let (mut shown, mut rest) = (String::with_capacity(text.len()), text);
    while let Some(at) = rest.find('*') {
        let (before, from) = rest.split_at(at);
        shown.push_str(before);
        let length = if opens(&shown, from) { bold_length(from) } else { None };
        match length {
            Some(length) => {
                shown.push_str(&strong(&from[1..length - 1]));
                rest = &from[length..];
            }
            None => {
                let stars = from.len() - from.trim_start_matches('*').len();
                shown.push_str(&from[..stars]);
                rest = &from[stars..];
            }
        }
    }
    shown.push_str(rest);
    shown
}

/// Bold words, without the addresses among them, which are links by themselves.
pub fn strong(words: &str) -> String {
    if !words.contains("://") {
        return format!("**{words}**");
    }
    match words.rsplit_once(" (") {
        Some((label, address)) if address.ends_with(')') && !label.contains("://") => format!("**{label}** ({address}"),
        _ => words.to_owned(),
    }
}

fn opens(before: &str, from: &str) -> bool {
    let is_free = !before.ends_with(|c: char| c.is_ascii_alphanumeric() || c == '*');
    is_free && from[1..].starts_with(|c: char| !c.is_whitespace() && !matches!(c, '*' | '.' | ',' | ';' | ')' | '/'))
}

/// How long the bold text is that begins here, with its asterisks.
fn bold_length(from: &str) -> Option<usize> {
    let end = 1 + from[1..].find('*')?;
    let (inside, behind) = (&from[1..end], &from[end + 1..]);
    let closes =
        !inside.ends_with(char::is_whitespace) && !behind.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '*');
    closes.then_some(end + 1)
}

/// Converts Slack's markup for links and mentions to plain text, and unescapes three characters.
fn without_marks(text: &str) -> String {
    let (mut shown, mut rest) = (String::with_capacity(text.len()), text);
    while let Some((before, after)) = rest.split_once('<') {
        shown.push_str(before);
        // Marks are not within each other: so nothing is looked at twice.
        let end = after.find(['<', '>']).filter(|end| after[*end..].starts_with('>'));
        match end.and_then(|end| Some((mark(&after[..end])?, end))) {
            Some((mark, end)) => {
                shown.push_str(&mark);
                rest = &after[end + 1..];
            }
            None => {
                shown.push('<');
                rest = after;
            }
        }
    }
    shown.push_str(rest);
    unescaped(&shown)
}

fn unescaped(text: &str) -> String {
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
}

/// The content of `<…>`, if it is Slack markup.
fn mark(inside: &str) -> Option<String> {
    let (target, label) = inside.split_once('|').unwrap_or((inside, ""));
    let named = |sign: &str, target: &str| {
        let name = if label.is_empty() { target } else { label };
        format!("{sign}{}", name.trim_start_matches(sign))
    };
    match target.chars().next()? {
        '@' => Some(named("@", &target[1..])),
        '#' => Some(named("#", &target[1..])),
        '!' => match target[1..].split_once('^') {
            Some(("date", date)) => Some(of_date(date, label)),
            Some(("subteam", group)) => Some(named("@", group)),
            // `<!here>`, `<!channel>`, `<!everyone>`
            _ => Some(named("@", &target[1..])),
        },
        // What Discord has besides: `<t:SECONDS:FORMAT>`, and emoji of its own, `<a:NAME:ID>`.
        't' if target.starts_with("t:") => moment(target.split(':').nth(1)?.parse().ok()?),
        ':' | 'a' if target.matches(':').count() == 2 && !target.contains("://") => {
            Some(format!(":{}:", target.split(':').nth(1)?))
        }
        _ if target.starts_with("mailto:") || target.starts_with("tel:") => {
            Some(if label.is_empty() { target.split_once(':')?.1 } else { label }.to_owned())
        }
        _ if target.contains("://") => Some(labelled(label, target)),
        _ => None,
    }
}

/// `SECONDS^FORMAT^LINK`: its label is what stands there for who cannot tell the reader's time zone.
fn of_date(date: &str, label: &str) -> String {
    let mut parts = date.split('^');
    let seconds = parts.next().and_then(|seconds| seconds.parse().ok());
    let link = parts.nth(1).unwrap_or_default();
    let words =
        if label.is_empty() { seconds.and_then(moment).unwrap_or_else(|| date.to_owned()) } else { label.to_owned() };
    labelled(&words, link)
}

/// A moment as people read it, in seconds since 1970.
pub fn moment(seconds: i64) -> Option<String> {
    let shown = Timestamp(seconds.checked_mul(1000)?).to_string();
    Some(format!("{} UTC", shown.get(..16)?.replace('T', " ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slacks_marks_become_what_people_would_write() {
        let check = |text: &str, expected: &str| assert_eq!(readable(text), expected);
        check("<https://a.example/x|the log> &amp; more", "the log (https://a.example/x) & more");
        check("<https://a.example> <https://a.example|a.example>", "https://a.example https://a.example");
        check("<!here> <!channel|channel> <@U1|ann> <@U2> <#C1|ops>", "@here @channel @ann @U2 #ops");
        check("<!subteam^S1|@devs> <!subteam^S2>", "@devs @S2");
        check("<mailto:a@b.example|a@b.example>", "a@b.example");
        check("1 &lt; 2 &amp;lt; Vec<u8> a<b <", "1 < 2 &lt; Vec<u8> a<b <");
        check("<!date^1392734382^{date}|18 February>", "18 February");
        check("<!date^1392734382^{date}^https://a.example|18 February>", "18 February (https://a.example)");
        check("<!date^1392734382^{date}>", "2014-02-18 14:39 UTC");
        check(
            "<t:1392734382:R> <:party:12> <a:party:12> <t:x> <a:b>",
            "2014-02-18 14:39 UTC :party: :party: <t:x> <a:b>",
        );
        check("你好，<https://a.example/好|日志>。", "你好，日志 (https://a.example/好)。");
    }

    #[test]
    fn bold_is_written_as_in_messages_and_code_is_left_alone() {
        let check = |text: &str, expected: &str| assert_eq!(readable(text), expected);
        check("*failed* on *main*: _why_ ~not~", "**failed** on **main**: _why_ ~not~");
        check(
            "**Firing** *<https://a.example|web>* *https://a.example*",
            "**Firing** **web** (https://a.example) https://a.example",
        );
        check("*`web-1`* is *`down`*", "`web-1` is `down`");
        check("* one\n* two*\n2*3*4 rm *.log *.tmp", "* one\n* two*\n2*3*4 rm *.log *.tmp");
        check("`*a* :x:` *b* ```*c*\n:x:``` *d* :x:", "`*a* :x:` **b** ```*c*\n:x:``` **d** ❌");
        check("*磁盘*已满", "**磁盘**已满");
        check("* a*b*", "* a*b*");
    }
}
