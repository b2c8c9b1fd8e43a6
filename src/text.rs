//! The server's texts for users, in all languages.
//!
//! The texts are in `locales/*.ftl` (Fluent); code refers to them by key.

use std::borrow::Cow;
use std::fmt::Display;
use std::sync::LazyLock;

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource};
use serde::{Deserialize, Serialize};
use unic_langid::{LanguageIdentifier, langid};

/// A language of server and page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Locale {
    #[default]
    #[serde(rename = "en")]
    English,
    #[serde(rename = "zh-Hans")]
    SimplifiedChinese,
    #[serde(rename = "zh-Hant")]
    TraditionalChinese,
}

impl Locale {
    pub const ALL: [Self; 3] = [Self::English, Self::SimplifiedChinese, Self::TraditionalChinese];

    /// The supported language for a tag such as `zh-TW`, if there is one.
    pub fn from_tag(tag: &str) -> Option<Self> {
        let tag = tag.trim().to_ascii_lowercase();
        let mut subtags = tag.split(['-', '_']);
        match subtags.next()? {
            "en" => Some(Self::English),
            // Script first, then the places that write traditional Chinese (CLDR's likely subtags).
            "zh" if subtags.any(|part| matches!(part, "hant" | "tw" | "hk" | "mo")) && !tag.contains("hans") => {
                Some(Self::TraditionalChinese)
            }
            "zh" => Some(Self::SimplifiedChinese),
            _ => None,
        }
    }

    /// The best supported language for an `Accept-Language` header; English by default.
    pub fn from_accept_language(header: &str) -> Self {
        let mut best = (0.0, Self::default());
        for entry in header.split(',').take(20) {
            let mut parts = entry.split(';');
            let Some(locale) = parts.next().and_then(Self::from_tag) else { continue };
            let quality = parts
                .find_map(|part| part.trim().strip_prefix("q="))
                .map_or(1.0, |value| value.parse::<f32>().unwrap_or(0.0));
            if quality > best.0 {
                best = (quality, locale);
            }
        }
        best.1
    }

    /// The language tag in the protocol.
    pub fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::SimplifiedChinese => "zh-Hans",
            Self::TraditionalChinese => "zh-Hant",
        }
    }
}

/// A text from the configuration: one for all languages, or one per language.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(untagged, expecting = "expected a text, or texts under en, zh-Hans and zh-Hant")]
pub enum Translations {
    Same(String),
    Each(Each),
}

/// Texts for some of the languages.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Each {
    #[serde(skip_serializing_if = "Option::is_none")]
    en: Option<String>,
    #[serde(rename = "zh-Hans", skip_serializing_if = "Option::is_none")]
    zh_hans: Option<String>,
    #[serde(rename = "zh-Hant", skip_serializing_if = "Option::is_none")]
    zh_hant: Option<String>,
}

impl Each {
    /// The words for a language, or for the one that its readers understand best among those there are.
    pub fn in_locale(&self, locale: Locale) -> Option<&str> {
        let order = match locale {
            Locale::English => [&self.en, &self.zh_hans, &self.zh_hant],
            Locale::SimplifiedChinese => [&self.zh_hans, &self.zh_hant, &self.en],
            Locale::TraditionalChinese => [&self.zh_hant, &self.zh_hans, &self.en],
        };
        order.into_iter().flatten().map(String::as_str).find(|words| !words.trim().is_empty())
    }

    /// Whether there is no text in any language.
    pub fn is_empty(&self) -> bool {
        self.in_locale(Locale::English).is_none()
    }

    /// Length of the longest one, in characters.
    pub fn longest(&self) -> usize {
        let all = [&self.en, &self.zh_hans, &self.zh_hant];
        all.into_iter().flatten().map(|words| words.chars().count()).max().unwrap_or(0)
    }
}

impl Default for Translations {
    fn default() -> Self {
        Self::Same(String::new())
    }
}

impl Translations {
    /// The words for a language, or for the one that its readers understand best among those there are.
    pub fn in_locale(&self, locale: Locale) -> &str {
        match self {
            Self::Same(words) => words,
            Self::Each(each) => each.in_locale(locale).unwrap_or_default(),
        }
    }

    /// Whether nothing is said.
    pub fn is_empty(&self) -> bool {
        Locale::ALL.iter().all(|locale| self.in_locale(*locale).is_empty())
    }
}

/// An untranslated text: a catalog key and its arguments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text {
    key: Cow<'static, str>,
    arguments: Vec<(&'static str, String)>,
}

impl Text {
    pub fn new(key: impl Into<Cow<'static, str>>) -> Self {
        Self { key: key.into(), arguments: Vec::new() }
    }

    /// Sets the argument `name`.
    pub fn with(mut self, name: &'static str, value: impl Display) -> Self {
        self.arguments.push((name, value.to_string()));
        self
    }

    /// The value of an argument, if it has one of that name.
    pub fn argument(&self, name: &str) -> Option<&str> {
        self.arguments.iter().find(|(other, _)| *other == name).map(|(_, value)| value.as_str())
    }

    /// For errors, the key's middle part is the stable code: `error-bad_room-long` is a `bad_room`.
    pub fn code(&self) -> &str {
        let rest = self.key.strip_prefix("error-").unwrap_or(&self.key);
        rest.split('-').next().unwrap_or(rest)
    }

    /// Translates into one language. A missing key is shown as is; tests rule that out.
    pub fn in_locale(&self, locale: Locale) -> String {
        let bundle = &CATALOGS[locale as usize];
        let Some(pattern) = bundle.get_message(&self.key).and_then(|message| message.value()) else {
            tracing::error!(key = %self.key, locale = locale.tag(), "no words for this key");
            return self.key.to_string();
        };
        let mut arguments = FluentArgs::new();
        for (name, value) in &self.arguments {
            arguments.set(*name, value.as_str());
        }
        bundle.format_pattern(pattern, Some(&arguments), &mut Vec::new()).into_owned()
    }
}

/// One bundle per language, in the order of [`Locale::ALL`].
static CATALOGS: LazyLock<[FluentBundle<FluentResource>; 3]> = LazyLock::new(|| {
    [
        catalog(langid!("en"), include_str!("locales/en.ftl")),
        catalog(langid!("zh-Hans"), include_str!("locales/zh-Hans.ftl")),
        catalog(langid!("zh-Hant"), include_str!("locales/zh-Hant.ftl")),
    ]
});

fn catalog(language: LanguageIdentifier, source: &str) -> FluentBundle<FluentResource> {
    let resource = FluentResource::try_new(source.into()).unwrap_or_else(|(resource, errors)| {
        tracing::error!(%language, ?errors, "catalog has entries that cannot be read");
        resource
    });
    let mut bundle = FluentBundle::new_concurrent(vec![language]);
    // Bidi isolation marks around arguments would appear in answers that scripts read.
    bundle.set_use_isolating(false);
    bundle.add_resource_overriding(resource);
    bundle
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn sources() -> [&'static str; 3] {
        [include_str!("locales/en.ftl"), include_str!("locales/zh-Hans.ftl"), include_str!("locales/zh-Hant.ftl")]
    }

    /// `(key, arguments)` of every entry.
    fn entries(source: &str) -> BTreeSet<(String, BTreeSet<String>)> {
        let mut found: Vec<(String, BTreeSet<String>)> = Vec::new();
        for line in source.lines() {
            let is_entry = line.starts_with(|c: char| c.is_ascii_alphabetic());
            if let (true, Some((key, _))) = (is_entry, line.split_once(" =")) {
                found.push((key.to_owned(), BTreeSet::new()));
            }
            let gaps = line.split("$").skip(1).map(|rest| rest.split([' ', '}']).next().unwrap_or_default().to_owned());
            if let Some((_, all)) = found.last_mut() {
                all.extend(gaps);
            }
        }
        found.into_iter().collect()
    }

    #[test]
    fn catalogs_are_well_formed_and_say_the_same_things() {
        let english = entries(sources()[0]);
        assert!(english.len() > 20);
        for source in sources() {
            assert!(FluentResource::try_new(source.into()).is_ok());
            assert_eq!(entries(source), english);
        }
    }

    #[test]
    fn every_key_named_in_the_code_has_words() {
        let keys: BTreeSet<String> = entries(sources()[0]).into_iter().map(|(key, _)| key).collect();
        let mut folders = vec![std::path::PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/src"))];
        let mut named = 0;
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).expect("source folder").map(|entry| entry.expect("entry").path()) {
                if entry.is_dir() {
                    folders.push(entry);
                    continue;
                }
                let source = std::fs::read_to_string(&entry).unwrap_or_default();
                for part in source.split("Text::new(\"").skip(1) {
                    let key = part.split('"').next().unwrap_or_default();
                    named += 1;
                    assert!(keys.contains(key), "{key} in {}", entry.display());
                }
            }
        }
        assert!(named > 20);
    }

    #[test]
    fn browsers_get_the_language_they_prefer() {
        let check = |header: &str, expected| assert_eq!(Locale::from_accept_language(header), expected, "{header}");
        check("zh-TW,zh;q=0.9,en;q=0.8", Locale::TraditionalChinese);
        check("zh-CN,zh;q=0.9", Locale::SimplifiedChinese);
        check("zh-Hans-HK", Locale::SimplifiedChinese);
        check("fr, en;q=0.3, zh-HK;q=0.7", Locale::TraditionalChinese);
        check("fr;q=1, *", Locale::English);
        check(";;,q=,zh;q=x", Locale::English);
    }
}
