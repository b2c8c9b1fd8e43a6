//! Emoji by the names that people write between colons.

/// Names that other chats have for what GitHub calls differently.
const OTHER_NAMES: [(&str, &str); 6] = [
    ("helmet_with_white_cross", "rescue_worker_helmet"),
    ("heavy_exclamation_mark", "exclamation"),
    ("large_green_circle", "green_circle"),
    ("large_orange_circle", "orange_circle"),
    ("large_yellow_circle", "yellow_circle"),
    ("simple_smile", "slightly_smiling_face"),
];

/// Longest name that is looked up, in bytes.
const LONGEST: usize = 60;

/// The emoji of a name, such as `rocket`.
pub fn named(name: &str) -> Option<&'static str> {
    let other = OTHER_NAMES.iter().find(|(known, _)| *known == name).map(|(_, other)| *other);
    emojis::get_by_shortcode(other.unwrap_or(name)).map(|emoji| emoji.as_str())
}

/// Replaces `:rocket:`; names that no emoji has stay as they are.
pub fn replaced(text: &str) -> String {
    let (mut shown, mut rest) = (String::with_capacity(text.len()), text);
    while let Some((before, after)) = rest.split_once(':') {
        shown.push_str(before);
        let is_inside_word = shown.ends_with(|c: char| c.is_ascii_alphanumeric());
        let found = after.split_once(':').filter(|(name, _)| !is_inside_word && is_name(name));
        match found.and_then(|(name, rest)| Some((named(name)?, rest))) {
            Some((emoji, behind)) => {
                shown.push_str(emoji);
                rest = without_skin_tone(behind);
            }
            None => {
                shown.push(':');
                rest = after;
            }
        }
    }
    shown.push_str(rest);
    shown
}

fn is_name(text: &str) -> bool {
    (1..=LONGEST).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'_' | b'-' | b'+'))
}

/// Slack writes `:wave::skin-tone-2:`.
fn without_skin_tone(text: &str) -> &str {
    let tone = text.strip_prefix(":skin-tone-").and_then(|rest| rest.split_once(':'));
    tone.filter(|(number, _)| number.len() == 1).map_or(text, |(_, rest)| rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_between_colons_become_emoji() {
        for (text, shown) in [
            (":rocket: up :tada::x:", "🚀 up 🎉❌"),
            (":helmet_with_white_cross: Gatus", "⛑️ Gatus"),
            (":wave::skin-tone-2: hi", "👋 hi"),
            (":nothing_of_this_name: 10:100:30 a: b:", ":nothing_of_this_name: 10:100:30 a: b:"),
            ("部署完成:rocket:", "部署完成🚀"),
            (":", ":"),
        ] {
            assert_eq!(replaced(text), shown);
        }
    }
}
