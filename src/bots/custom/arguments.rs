//! Splitting of typed arguments into argv.

/// A shell's comment character; it has no meaning here.
const COMMENT: &str = "#";

/// Placeholder for it while splitting. Messages contain no control characters.
const NO_COMMENT: &str = "\u{1}";

/// The space and the quotation marks of Chinese keyboards and of phones that "correct" them, and what they stand for.
const OTHER_FORMS: [(char, &str); 3] = [('\u{3000}', " "), ('“', "\""), ('”', "\"")];

/// Splits like a shell, with quotes and backslashes, but without substitutions. If that fails, as with unbalanced
/// apostrophes, splits at white space.
pub fn split(arguments: &str) -> Vec<String> {
    let usual = OTHER_FORMS
        .iter()
        .fold(arguments.replace(COMMENT, NO_COMMENT), |text, (form, usual)| text.replace(*form, usual));
    let words = shlex::split(&usual);
    match words {
        Some(words) => words.into_iter().map(|word| word.replace(NO_COMMENT, COMMENT)).collect(),
        None => arguments.split_whitespace().map(str::to_owned).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(arguments: &str, expected: &[&str]) {
        assert_eq!(split(arguments), expected, "{arguments:?}");
    }

    #[test]
    fn words_are_split_as_a_shell_would_and_nothing_is_substituted() {
        check("", &[]);
        check("  Ulm \n tomorrow ", &["Ulm", "tomorrow"]);
        check("\"New York\" 'a b'c", &["New York", "a bc"]);
        check(r"a\ b", &["a b"]);
        check("$HOME `id` $(id) * ~ ; rm | > x", &["$HOME", "`id`", "$(id)", "*", "~", ";", "rm", "|", ">", "x"]);
        check("a #1 #", &["a", "#1", "#"]);
        check("it's raining", &["it's", "raining"]);
        check("明天　北京", &["明天", "北京"]);
        check("“New York” tomorrow", &["New York", "tomorrow"]);
        check("5” pipe", &["5”", "pipe"]);
    }
}
