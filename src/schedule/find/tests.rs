use super::*;
use crate::schedule::Zone;
use crate::text::Locale;

/// A Saturday afternoon.
const NOW: &str = "2026-11-21T14:22:17+08:00";

fn asker(now: &str, zone: &str) -> Asker {
    let now = Timestamp::parse(now).expect("a time");
    Asker { now, zone: Zone::named(zone).expect("a zone"), locale: Locale::English }
}

#[test]
fn what_stands_in_the_middle_of_a_long_text_is_no_time() {
    let far = "word ".repeat(200);
    let text = format!("in 10m {far}tomorrow 25:00 {far}end");
    let read = read(&text, &asker(NOW, "Asia/Taipei")).map(|found| found.1.len());
    assert_eq!(read, Ok(text.len() - "in 10m ".len()));
}

#[test]
fn any_text_is_read_in_little_time() {
    let start = std::time::Instant::now();
    let parts = [
        "一", "9", "in ", "1h", "下", "明天", "at ", "星期", "two and ", " ", "🏔", "2026-", "every ", "差", "UTC+",
        "the ",
    ];
    for part in parts {
        let text = part.repeat(8000 / part.chars().count());
        let _ = read(&text, &asker(NOW, "UTC"));
        let _ = crate::schedule::read_recurrence(&text, &asker(NOW, "UTC"));
    }
    assert!(start.elapsed() < std::time::Duration::from_secs(2), "{:?}", start.elapsed());
}

/// Numbers that look random, the same at each run.
struct Random(u64);

impl Random {
    fn below(&mut self, most: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % most
    }

    fn of<'a>(&mut self, words: &[&'a str]) -> &'a str {
        words[self.below(words.len())]
    }
}

/// What phrases are made of in a language.
struct Words {
    days: &'static [&'static str],
    clocks: &'static [&'static str],
    zones: &'static [&'static str],
    spans: &'static [&'static str],
    /// What looks like a part of a time and is not understood.
    unclear: &'static [&'static str],
    noise: &'static [&'static str],
    space: &'static str,
}

const ENGLISH: Words = Words {
    days: &[
        "tomorrow",
        "on monday",
        "next friday",
        "friday next week",
        "Dec 24",
        "on the 1st",
        "24.12.2026",
        "end of the month",
        "the 5th of next month",
        "this weekend",
        "2026-12-24",
    ],
    clocks: &[
        "5.30pm",
        "at 17h30",
        "9:00",
        "half past five",
        "quarter to six",
        "at noon",
        "5 pm",
        "at 5p",
        "9:30 a.m.",
    ],
    zones: &["EST", "UTC+05:30", "Europe/London", "(CET)", "London time"],
    spans: &["in 10m", "in an hour and a half", "a week from monday", "three days later", "in a couple of hours"],
    unclear: &[
        "25:00",
        "13am",
        "9:75",
        "30 Feb",
        "2026-13-01",
        "at 1730",
        "UTC+99",
        "every day",
        "from monday",
        "in a few hours",
    ],
    noise: &[
        "call mom",
        "buy 2 l milk",
        "about 3 apples",
        "take the bread out",
        "look after Ann",
        "pay Bob",
        "water plants",
    ],
    space: " ",
};

const CHINESE: Words = Words {
    days: &["明天", "后天", "大后天", "下周三", "下个月1号", "月底", "12月24日", "週末", "明年一月一號", "下下周三"],
    clocks: &["下午三点", "九点一刻", "差一刻九点", "晚上8點", "17:30", "早上九点半", "中午", "傍晚"],
    zones: &["UTC+8", "Europe/London", "（北京时间）"],
    spans: &["十分钟后", "一个半小时后", "三天之后", "半小时後", "再过两个小时"],
    unclear: &["25点", "32号", "13:75", "每天", "几分钟后"],
    noise: &["开会", "买两斤苹果", "给妈妈打电话", "关火", "交房租"],
    space: "",
};

/// A time from parts that fit together, and the text beside it.
fn phrase_of(words: &Words, random: &mut Random) -> (String, &'static str) {
    let mut parts = match random.below(4) {
        0 => vec![random.of(words.spans)],
        1 => vec![random.of(words.days)],
        2 => vec![random.of(words.clocks)],
        _ => vec![random.of(words.days), random.of(words.clocks)],
    };
    let has_clock = parts.iter().any(|part| words.clocks.contains(part) && !["中午", "傍晚"].contains(part));
    if has_clock && random.below(3) == 0 {
        parts.push(random.of(words.zones));
    } else if parts.len() == 2 && random.below(3) == 0 {
        parts.swap(0, 1);
    }
    (parts.join(" "), random.of(words.noise))
}

#[test]
fn what_is_made_of_known_parts_is_understood_whole() {
    let mut random = Random(1);
    let asker = asker(NOW, "Asia/Taipei");
    for _ in 0..600 {
        for words in [&ENGLISH, &CHINESE] {
            let (time, noise) = phrase_of(words, &mut random);
            let space = if words.space.is_empty() && time.is_ascii() { " " } else { words.space };
            for text in [format!("{time}{space}{noise}"), format!("{noise} {time}"), format!("{time}: {noise}")] {
                match read(&text, &asker) {
                    Ok((_, rest)) => assert_eq!(rest, noise, "{text}"),
                    // "This weekend at noon" may be past.
                    Err(error) => {
                        let words = error.in_locale(Locale::English);
                        assert!(words.contains("has passed already"), "{text}: {words}");
                    }
                }
            }
        }
    }
}

#[test]
fn what_is_not_understood_is_named_wherever_it_stands_beside_the_time() {
    let mut random = Random(2);
    let asker = asker(NOW, "Asia/Taipei");
    for _ in 0..600 {
        for words in [&ENGLISH, &CHINESE] {
            let (time, noise) = phrase_of(words, &mut random);
            let unclear = random.of(words.unclear);
            let text = match random.below(3) {
                0 => format!("{time} {unclear} {noise}"),
                1 => format!("{noise} {unclear} {time}"),
                _ => format!("{time} {noise} {unclear}"),
            };
            let error = read(&text, &asker).expect_err(&text);
            let words = error.in_locale(Locale::English);
            let left = error.argument("left").or(error.argument("words")).unwrap_or_default();
            let is_named = left.contains(unclear) || unclear.contains(left) && !left.is_empty();
            assert!(is_named || words.contains("has passed already"), "{text}: {words}");
        }
    }
}

#[test]
fn no_text_is_too_strange() {
    const PIECES: &str = "1|12|2026|３|：|:|.|/|-|－|+|＋|UTC|ＥＳＴ|EST|pm|ｐｍ|at|in|每|一|十|点|點|半|差|周|月|日|年|后|下|的|\
        明天|tomorrow|monday|'|’s|\u{301}|🏔|é| |　|\n";
    let pieces: Vec<_> = PIECES.split('|').collect();
    let mut random = Random(3);
    let asker = asker(NOW, "Asia/Taipei");
    for _ in 0..4000 {
        let length = 1 + random.below(8);
        let text: String = (0..length).map(|_| random.of(&pieces)).collect();
        if let Ok((_, rest)) = read(&text, &asker) {
            assert!(text.contains(rest), "{text:?}: {rest:?}");
        }
        if let Ok((_, rest)) = crate::schedule::read_recurrence(&text, &asker) {
            assert!(text.trim().ends_with(rest), "{text:?}: {rest:?}");
        }
    }
}
