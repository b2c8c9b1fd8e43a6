//! The table `phrases.tsv`: what is understood of phrases in three languages, and what is not.

use super::*;

/// One row of the table, under the one that says who writes it.
struct Row<'a> {
    asker: &'a Asker,
    columns: Vec<&'a str>,
}

/// A moment on the asker's clocks, without seconds that are 0.
fn shown(moment: Timestamp, asker: &Asker) -> String {
    let moment = asker.zone.at(moment);
    let format = if moment.second() == 0 { "%Y-%m-%d %H:%M" } else { "%Y-%m-%d %H:%M:%S" };
    moment.strftime(format).to_string()
}

fn in_english(text: &crate::text::Text) -> String {
    text.in_locale(Locale::English)
}

impl Row<'_> {
    /// What is wrong with it, if anything.
    fn check(&self) -> Result<(), String> {
        let (found, expected) = match self.columns.as_slice() {
            ["once", phrase, moment, rest] => (self.once(phrase), format!("{moment} | {rest}")),
            ["partly", phrase, moment, left] => (self.once(phrase), format!("{moment} but not {left}")),
            ["refused", phrase, words] => (words_in(self.once(phrase), words), (*words).to_owned()),
            ["every", phrase, pattern, next] => (self.every(phrase), format!("{pattern} | {next}")),
            ["never", phrase, words] => (words_in(self.every_of(phrase), words), (*words).to_owned()),
            _ => return Err("no such kind of row".to_owned()),
        };
        if found == expected { Ok(()) } else { Err(format!("{found}\n    instead of {expected}")) }
    }

    fn once(&self, phrase: &str) -> String {
        match read_phrase(phrase, self.asker) {
            Ok((moment, rest)) => format!("{} | {rest}", shown(moment, self.asker)),
            Err(text) => match (text.argument("time"), text.argument("left")) {
                (Some(time), Some(left)) => format!("{} but not {left}", self.moment_of(time)),
                _ => in_english(&text),
            },
        }
    }

    /// The moment that an answer shows in words, found by trying: `tomorrow at 09:00 (Asia/Taipei)`.
    fn moment_of(&self, words: &str) -> String {
        let [.., _, moment, _] = self.columns.as_slice() else { return words.to_owned() };
        let moment = moment.trim();
        let parsed = moment.parse::<jiff::civil::DateTime>().ok();
        let at = parsed.and_then(|at| at.to_zoned(self.asker.zone.time_zone().clone()).ok());
        let at = at.map(|at| Timestamp(at.timestamp().as_millisecond()));
        match at.filter(|at| self.asker.zone.words(*at, self.asker.now, self.asker.locale) == words) {
            Some(_) => moment.to_owned(),
            None => words.to_owned(),
        }
    }

    /// A recurrence and its next three times; an echo behind it is left.
    fn every(&self, phrase: &str) -> String {
        let with_command = format!("{phrase} echo  hi");
        match (read_recurrence(phrase, self.asker), read_recurrence(&with_command, self.asker)) {
            (Ok((asked, "")), Ok((also, "echo  hi"))) if asked.recurrence.pattern() == also.recurrence.pattern() => {
                let zone = asked.zone.as_ref().unwrap_or(&self.asker.zone);
                let first = asked.recurrence.next_after(self.asker.now, zone);
                let next = |last: &Timestamp| asked.recurrence.next_after(*last, zone);
                let next: Vec<_> =
                    std::iter::successors(first, next).take(3).map(|moment| shown(moment, self.asker)).collect();
                format!("{} | {}", asked.recurrence.pattern(), next.join(", "))
            }
            (Ok((_, rest)), Ok((_, other))) => format!("{rest:?} and {other:?} are left"),
            (Err(text), _) | (_, Err(text)) => in_english(&text),
        }
    }

    fn every_of(&self, phrase: &str) -> String {
        match read_recurrence(phrase, self.asker) {
            Ok((asked, rest)) => format!("{} | {rest}", asked.recurrence.pattern()),
            Err(text) => in_english(&text),
        }
    }
}

fn words_in(found: String, words: &str) -> String {
    if found.contains(words) { words.to_owned() } else { found }
}

#[test]
fn phrases_are_understood_as_the_table_says() {
    let mut asker = None;
    let (mut wrong, mut count) = (Vec::new(), 0);
    for line in include_str!("phrases.tsv").lines().filter(|line| !line.starts_with('#')) {
        let columns: Vec<_> = line.split('\t').collect();
        if let ["asker", zone, locale, now] = columns.as_slice() {
            let zone = Zone::named(zone).expect("a zone");
            let locale = Locale::from_tag(locale).expect("a language");
            asker = Some(Asker { now: Timestamp::parse(now).expect("a time"), zone, locale });
            continue;
        }
        let asker = asker.as_ref().expect("who writes it");
        count += 1;
        if let Err(problem) = (Row { asker, columns }).check() {
            wrong.push(format!("{line}\n    {problem}"));
        }
    }
    assert!(wrong.is_empty(), "{} of {count} rows are wrong:\n{}", wrong.len(), wrong.join("\n"));
}
