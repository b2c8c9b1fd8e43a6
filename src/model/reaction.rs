//! Reactions: emojis that people put on a message.

use serde::{Deserialize, Serialize};

use super::{Erasure, Handle, Principal};
use crate::text::Text;

/// An emoji, in the form that Unicode recommends.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Emoji(String);

impl Emoji {
    /// Parses an untrusted one; other forms of the same emoji become equal.
    pub fn parse(text: &str) -> Result<Self, Text> {
        let emoji = emojis::get(text).ok_or_else(|| Text::new("error-bad_emoji"))?;
        Ok(Self(emoji.as_str().to_owned()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What it says about an answer, if it rates one.
    fn verdict(&self) -> Option<Verdict> {
        match self.as_str() {
            "👍" => Some(Verdict::Good),
            "👎" => Some(Verdict::Bad),
            _ => None,
        }
    }
}

/// How somebody rates an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Good,
    Bad,
}

/// One person's emoji on a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reaction {
    pub emoji: Emoji,
    /// Whose it is, whatever they call themselves. Not for clients.
    pub by: Principal,
    pub handle: Handle,
}

/// The reactions to a message, oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Reactions(Vec<Reaction>);

impl Reactions {
    /// Largest number of reactions to a message: a record has a limit.
    pub const MOST: usize = 100;

    /// Largest number of different emojis on a message.
    pub const MOST_KINDS: usize = 20;

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Each emoji with the handles of those who put it there, in the order of the first of each.
    pub fn by_emoji(&self) -> Vec<(&Emoji, Vec<&Handle>)> {
        let mut kinds: Vec<(&Emoji, Vec<&Handle>)> = Vec::new();
        for Reaction { emoji, handle, .. } in &self.0 {
            match kinds.iter_mut().find(|(kind, _)| *kind == emoji) {
                Some((_, handles)) => handles.push(handle),
                None => kinds.push((emoji, vec![handle])),
            }
        }
        kinds
    }

    /// How many rate an answer as bad.
    pub fn bad_ratings(&self) -> u32 {
        let bad = self.0.iter().filter(|reaction| reaction.emoji.verdict() == Some(Verdict::Bad)).count();
        u32::try_from(bad).unwrap_or(u32::MAX)
    }

    /// With one more. Whoever rates an answer the other way takes the first rating back. `is_own` is for all principals of that person.
    ///
    /// # Errors
    /// If there are as many as there may be.
    pub fn with(&self, new: Reaction, is_own: impl Fn(&Principal) -> bool) -> Result<Self, Text> {
        let is_replaced = |one: &Reaction| {
            let is_other_verdict = one.emoji.verdict().is_some() && new.emoji.verdict().is_some();
            is_own(&one.by) && (one.emoji == new.emoji || is_other_verdict)
        };
        let mut reactions: Vec<Reaction> = self.0.iter().filter(|one| !is_replaced(one)).cloned().collect();
        let is_new = !reactions.iter().any(|one| one.emoji == new.emoji);
        reactions.push(new);
        let these = Self(reactions);
        let is_over = these.0.len() > Self::MOST || (is_new && these.by_emoji().len() > Self::MOST_KINDS);
        if is_over { Err(Text::new("error-too_many_reactions").with("max", Self::MOST)) } else { Ok(these) }
    }

    /// Without that person's reaction.
    #[must_use]
    pub fn without(&self, emoji: &Emoji, is_own: impl Fn(&Principal) -> bool) -> Self {
        Self(self.0.iter().filter(|one| one.emoji != *emoji || !is_own(&one.by)).cloned().collect())
    }

    /// The emojis that somebody put there.
    pub fn of(&self, is_own: impl Fn(&Principal) -> bool) -> impl Iterator<Item = &Emoji> {
        self.0.iter().filter(move |one| is_own(&one.by)).map(|one| &one.emoji)
    }

    /// Whether somebody who is removed has one.
    pub fn has_of(&self, erasure: &Erasure) -> bool {
        self.0.iter().any(|one| erasure.is_of(&one.by))
    }

    /// Without those of somebody who is removed.
    #[must_use]
    pub fn without_those_of(&self, erasure: &Erasure) -> Self {
        Self(self.0.iter().filter(|one| !erasure.is_of(&one.by)).cloned().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reaction(emoji: &str, who: &str) -> Reaction {
        let emoji = Emoji::parse(emoji).expect("an emoji");
        let handle = Handle::new(who).expect("a handle");
        Reaction { emoji, by: Principal::visitor(who), handle }
    }

    fn own(who: &str) -> impl Fn(&Principal) -> bool + use<> {
        let who = Principal::visitor(who);
        move |principal| *principal == who
    }

    fn shown(reactions: &Reactions) -> Vec<(&str, usize)> {
        reactions.by_emoji().iter().map(|(emoji, handles)| (emoji.as_str(), handles.len())).collect()
    }

    #[test]
    fn an_emoji_is_one_in_its_usual_form_and_nothing_else() {
        for text in ["👍", "❤️", "👩‍🚀", "🇩🇪", "1️⃣", "👍🏽"] {
            assert_eq!(Emoji::parse(text).expect("an emoji").as_str(), text);
        }
        assert_eq!(Emoji::parse("❤"), Emoji::parse("❤️"), "without a variation selector");
        for text in ["", "a", "1", "👍👍", "👍 ", "<b>", "字", ":smile:", "\u{200d}"] {
            assert_eq!(Emoji::parse(text), Err(Text::new("error-bad_emoji")), "{text:?}");
        }
    }

    #[test]
    fn each_emoji_is_once_from_each_person_and_an_answer_has_one_rating_from_each() {
        let mut reactions = Reactions::default();
        for (emoji, who) in [("👍", "Ann"), ("👍", "Ann"), ("🎉", "Ann"), ("👍", "Bo"), ("👎", "Ann")] {
            reactions = reactions.with(reaction(emoji, who), own(who)).expect("put there");
        }
        assert_eq!(shown(&reactions), [("🎉", 1), ("👍", 1), ("👎", 1)]);
        assert_eq!(reactions.bad_ratings(), 1);
        let down = Emoji::parse("👎").expect("an emoji");
        assert_eq!(reactions.without(&down, own("Bo")), reactions, "it is not Bo's");
        assert_eq!(shown(&reactions.without(&down, own("Ann"))), [("🎉", 1), ("👍", 1)]);
    }

    #[test]
    fn reactions_are_limited_in_number_and_kind() {
        let mut many = Reactions::default();
        for number in 0..Reactions::MOST {
            let who = format!("p{number}");
            many = many.with(reaction("👍", &who), own(&who)).expect("put there");
        }
        assert!(many.with(reaction("👍", "late"), own("late")).is_err());
        assert!(many.with(reaction("👍", "p3"), own("p3")).is_ok(), "that one is there");
        let mut kinds = Reactions::default();
        for emoji in emojis::iter().take(Reactions::MOST_KINDS) {
            kinds = kinds.with(reaction(emoji.as_str(), "Ann"), own("Ann")).expect("put there");
        }
        assert!(kinds.with(reaction("🛼", "Ann"), own("Ann")).is_err());
    }
}
