//! Rejoins hard-wrapped lines into paragraphs; phrases that are split across lines cannot be found.

use super::hyphens::{Break, Words};

/// Widest margin in columns at which lines are broken by hand or by a program; what is wider was not broken at all.
const WIDEST_MARGIN: usize = 180;

/// Narrowest margin in columns that is taken for one; below it are verses, lists and addresses.
const NARROWEST_MARGIN: usize = 36;

/// Plain text: lines are joined that were broken at its margin, and what looks like a heading is none.
pub fn plain(text: &str) -> String {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let escaped: Vec<String> = text.split('\n').map(|line| not_a_heading(line).into_owned()).collect();
    joined(&escaped.join("\n"), 0.92)
}

/// A line of text that must not be taken for a heading.
pub fn not_a_heading(line: &str) -> std::borrow::Cow<'_, str> {
    if line.starts_with('#') { format!(" {line}").into() } else { line.into() }
}

/// Joins lines where the first word of the next one would not have fitted on the one before. `fill` is the part of the margin
/// that counts as full, since letters are not all of one width.
pub fn joined(text: &str, fill: f32) -> String {
    let Some(margin) = margin(text) else { return text.to_owned() };
    let full = (margin as f32 * fill) as usize;
    let words = Words::of(text.split(['\n', '\x0c']));
    let pages: Vec<String> = text.split('\x0c').map(|page| join_page(page, full, &words)).collect();
    pages.join("\x0c")
}

fn join_page(page: &str, full: usize, words: &Words) -> String {
    let mut text = String::with_capacity(page.len());
    let mut last = "";
    for (index, line) in page.split('\n').enumerate() {
        let line = line.trim_end();
        if goes_on(last, line, full) {
            glue(&mut text, line.trim_start(), words);
        } else {
            if index > 0 {
                text.push('\n');
            }
            text.push_str(line);
        }
        last = line;
    }
    text
}

/// Columns of the widest lines, if the text has a margin at all. One in twenty may stand out.
fn margin(text: &str) -> Option<usize> {
    let mut widths: Vec<usize> =
        text.split(['\n', '\x0c']).map(|line| width(line.trim_end())).filter(|width| *width > 0).collect();
    widths.sort_unstable();
    let widest = *widths.get((widths.len() * 19 / 20).min(widths.len().checked_sub(1)?))?;
    (NARROWEST_MARGIN..=WIDEST_MARGIN).contains(&widest).then_some(widest)
}

fn goes_on(line: &str, next: &str, full: usize) -> bool {
    may_go_on(line, next) && width(line) + first_word(next) >= full
}

/// Whether both lines may be of one paragraph, as far as their text tells.
pub fn may_go_on(line: &str, next: &str) -> bool {
    let is_text = |line: &str| !line.trim().is_empty() && !line.starts_with('#') && !is_row(line);
    is_text(line) && is_text(next) && !begins_item(next)
}

/// A row of a table: cells with bars or wide gaps between them.
fn is_row(line: &str) -> bool {
    let line = line.trim();
    line.starts_with('|') || line.contains(" | ") || line.contains("   ") || line.contains('\t')
}

/// A line that begins something: an item of a list, a numbered clause.
fn begins_item(line: &str) -> bool {
    let line = line.trim_start();
    let mut rest = line.chars();
    let Some(first) = rest.next() else { return false };
    if is_bullet(first) {
        return true;
    }
    if matches!(first, '-' | '*' | '+') {
        return rest.next().is_some_and(char::is_whitespace);
    }
    let after = after_number(line);
    let marks_number = matches!(after.chars().next(), Some('、' | ')' | '）' | '.' | '．' | '】'));
    // "3.5 million" goes on with a sentence.
    let is_decimal = after.starts_with('.') && after[1..].starts_with(|c: char| c.is_ascii_digit());
    let is_numbered = after.len() < line.len() && (marks_part(line, after) || (marks_number && !is_decimal));
    is_numbered || after_letter(line).is_some_and(|after| after.starts_with(char::is_whitespace))
}

/// Whether a text is nothing but what an item, a clause or a heading begins with.
pub fn is_mark(text: &str) -> bool {
    let text = text.trim();
    let mut chars = text.chars();
    match (chars.next(), chars.next()) {
        (None, _) => return false,
        (Some(first), None) => return is_bullet(first) || matches!(first, '-' | '*' | '+' | '✓' | '→'),
        _ => {}
    }
    let after = after_number(text);
    let ends = |after: &str| matches!(after, "、" | ")" | "）" | "." | "．" | "】");
    (after.len() < text.len() && (ends(after) || (marks_part(text, after) && after.chars().count() == 1)))
        || after_letter(text).is_some_and(str::is_empty)
        || is_section(text)
}

/// "1.2" or "3.1.4.", which only sections have.
fn is_section(text: &str) -> bool {
    let mut parts = text.trim_end_matches('.').split('.');
    let is_number = |part: &str| (1..=2).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit());
    text.ends_with('.') && parts.clone().count() > 1 && parts.all(is_number)
}

fn is_bullet(c: char) -> bool {
    matches!(c, '•' | '●' | '○' | '■' | '□' | '◆' | '▪' | '·' | '–' | '—' | '>' | '◦' | '‣' | '➢' | '①'..='⑳')
}

/// What follows the number that a line begins with.
fn after_number(line: &str) -> &str {
    let number = line.trim_start_matches(['(', '（', '第', '【']);
    let after = number.trim_start_matches(|c: char| c.is_ascii_digit() || is_numeral(c));
    let is_numbered = after.len() < number.len() && number.len() - after.len() <= 12;
    if is_numbered { after } else { line }
}

/// What follows a letter in brackets, "(a)", or before one, "a)".
fn after_letter(line: &str) -> Option<&str> {
    let is_letter = |c: char| c.is_ascii_lowercase();
    line.strip_prefix('(').unwrap_or(line).strip_prefix(is_letter)?.strip_prefix(')')
}

/// Whether the number of an article or a chapter goes before this.
fn marks_part(line: &str, after: &str) -> bool {
    line.starts_with('第') && matches!(after.chars().next(), Some('条' | '條' | '章' | '节' | '節' | '款'))
}

fn is_numeral(c: char) -> bool {
    matches!(c, '一' | '二' | '三' | '四' | '五' | '六' | '七' | '八' | '九' | '十' | '百' | '零' | '〇')
}

/// Adds a line to the one before: no space between Chinese characters, and a word that was broken is whole again.
pub fn glue(text: &mut String, next: &str, words: &Words) {
    let (Some(before), Some(after)) = (text.chars().next_back(), next.chars().next()) else { return };
    match words.at_break(text, next) {
        Some(Break::Soft) => {
            text.pop();
        }
        Some(Break::Hard) => {}
        Some(Break::Open) => text.push(' '),
        None if is_wide(before) || is_wide(after) || goes_on_in_address(text) => {}
        None => text.push(' '),
    }
    text.push_str(next);
}

/// Whether a text ends within an address, which has no spaces.
fn goes_on_in_address(text: &str) -> bool {
    let word = text.rsplit(char::is_whitespace).next().unwrap_or_default();
    word.contains("://") && word.ends_with(['/', '?', '&', '=', '_', '#'])
}

/// Columns, as a terminal shows it.
pub fn width(line: &str) -> usize {
    line.chars().map(|c| if is_wide(c) { 2 } else { 1 }).sum()
}

/// Columns that a line must have left for the next one's beginning to fit: a word with the space before it, or one Chinese
/// character with the mark behind it, which may not begin a line.
pub fn first_word(line: &str) -> usize {
    let line = line.trim_start();
    let mut rest = line.chars();
    match rest.next() {
        Some(first) if is_wide(first) => {
            2 + rest.next().filter(|c| is_wide(*c) && !c.is_alphanumeric()).map_or(0, |_| 2)
        }
        _ => 1 + line.chars().take_while(|c| !c.is_whitespace() && !is_wide(*c)).count(),
    }
}

/// Chinese and Japanese characters and the marks between them, which take two columns and no spaces.
pub fn is_wide(c: char) -> bool {
    matches!(c, '\u{2e80}'..='\u{a4cf}' | '\u{f900}'..='\u{faff}' | '\u{fe30}'..='\u{fe4f}' | '\u{ff00}'..='\u{ff60}'
        | '\u{ffe0}'..='\u{ffe6}' | '\u{20000}'..='\u{323af}' | '“' | '”' | '‘' | '’' | '…')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chinese_broken_at_the_margin_is_joined_without_spaces() {
        let text = "员工应当在三个工作日内提交报销单据，财务部门\n负责审核。出差前请填写申请表，并由部门经理签字\n确认。\n\n出差回来后\n一周内报销。";
        let expected = "员工应当在三个工作日内提交报销单据，财务部门负责审核。出差前请填写申请表，并由部门经理签字确认。\n\n出差回来后\n一周内报销。";
        assert_eq!(plain(text), expected);
    }

    #[test]
    fn english_is_joined_with_spaces_and_broken_words_are_whole_again() {
        let text = "Receipts are due within three working days after the infor-\nmation has been sent, and they are checked by the finance\ndepartment.\nThis begins a line of its own.";
        let expected = "Receipts are due within three working days after the information has been sent, and they are checked by the finance department.\nThis begins a line of its own.";
        assert_eq!(plain(text), expected);
    }

    #[test]
    fn lists_tables_verses_and_headings_keep_their_lines() {
        for text in [
            "The office opens at nine o'clock on all working days\n- and on Saturdays it opens at ten\n- but never on Sundays",
            "第一条 员工应当在三个工作日内提交报销单据，不得迟\n第二条 财务部门负责审核，出差前请填写申请表，并签\n（一）字确认，出差回来后一周内报销，逾期不予受理，",
            "Roses are red,\nViolets are blue,\nSugar is sweet,\nAnd so are you.",
            "Name               Amount      Date of payment here\nHotel              120.00      2026-01-31 and later",
            "Name | Amount | and so on and so on and so on and on\nHotel | 120 | and so on and so on and so on and on it",
        ] {
            assert_eq!(plain(text), text);
        }
        let text = "A first line that is as long as all the others in here\n# and here a mark";
        assert_eq!(joined(text, 0.9), text);
        assert_eq!(plain("# not one\n#tag"), " # not one\n #tag");
    }

    #[test]
    fn lines_that_were_never_broken_stay() {
        let line = "word ".repeat(100);
        let text = [line.trim(); 5].join("\n");
        assert_eq!(plain(&text), text);
        assert_eq!(plain(""), "");
    }

    #[test]
    fn pages_stay_apart() {
        let text = "One line that is long enough for the margin of it all\x0cand the next page";
        assert_eq!(plain(text), text);
    }
}
