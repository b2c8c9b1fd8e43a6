//! The persona of a room's bot.

use serde::{Deserialize, Serialize};

use crate::text::{Each, Locale, Text};

/// Texts of a room's bot, in some or all languages; the defaults apply to omitted ones.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Persona {
    /// Greeting shown on joining, at most 500 characters.
    #[serde(default, skip_serializing_if = "Each::is_empty")]
    pub greeting: Each,
    /// Instructions for the language model, at most 4000 characters.
    #[serde(default, skip_serializing_if = "Each::is_empty")]
    pub instructions: Each,
    /// Shown while it works, at most 100 characters.
    #[serde(default, skip_serializing_if = "Each::is_empty")]
    pub working: Each,
}

impl Persona {
    /// Validates untrusted input; a room's record is read as a whole on joining.
    pub fn checked(self) -> Result<Self, Text> {
        for (field, words, max) in [
            ("greeting", &self.greeting, 500),
            ("instructions", &self.instructions, 4000),
            ("working", &self.working, 100),
        ] {
            if words.longest() > max {
                return Err(Text::new("error-too_long-persona").with("field", field).with("max", max));
            }
        }
        Ok(self)
    }

    /// Whether all texts are empty.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    pub fn greeting(&self, locale: Locale) -> Option<&str> {
        self.greeting.in_locale(locale)
    }

    pub fn instructions(&self, locale: Locale) -> Option<&str> {
        self.instructions.in_locale(locale)
    }

    pub fn working(&self, locale: Locale) -> Option<&str> {
        self.working.in_locale(locale)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Persona {
        serde_json::from_str(json).expect("a persona")
    }

    #[test]
    fn everybody_is_greeted_in_the_language_they_understand_best() {
        let persona = read(r#"{"greeting": {"zh-Hans": "您好", "en": " "}}"#);
        for locale in Locale::ALL {
            assert_eq!(persona.greeting(locale), Some("您好"));
        }
        let both = read(r#"{"greeting": {"zh-Hans": "您好", "en": "Hello"}}"#);
        let greetings = Locale::ALL.map(|locale| both.greeting(locale).unwrap_or_default());
        assert_eq!(greetings, ["Hello", "您好", "您好"]);
        assert_eq!(both.working(Locale::English), None);
    }

    #[test]
    fn what_is_too_long_or_unknown_is_refused() {
        let long = Persona {
            working: read(&format!(r#"{{"working": {{"en": "{}"}}}}"#, "x".repeat(101))).working,
            ..Persona::default()
        };
        assert_eq!(long.checked().map_err(|error| error.code().to_owned()), Err("too_long".into()));
        assert!(serde_json::from_str::<Persona>(r#"{"greting": {}}"#).is_err());
        assert!(serde_json::from_str::<Persona>(r#"{"greeting": {"fr": "Bonjour"}}"#).is_err());
    }
}
