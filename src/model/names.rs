//! Names of rooms and people.

use std::fmt;

use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use super::{AccountId, HookId, TokenId};
use crate::text::Text;

/// The name of a client's private room with the bot.
pub const PRIVATE_ROOM: &str = "@bot";

/// The bot's handle; reserved.
pub const BOT_HANDLE: &str = "bot";

/// The handle of everybody who was removed; reserved.
const DELETED_HANDLE: &str = "deleted user";

/// Handles that nobody may take, nor one that looks like them.
const RESERVED: [&str; 8] =
    [BOT_HANDLE, "system", "chatbot", "owner", "admin", "administrator", "moderator", DELETED_HANDLE];

/// Stands before the id of a private room.
const PRIVATE_MARK: char = '@';

/// Stands before the id of a direct room.
const DIRECT_MARK: char = '~';

/// The name of a room as it is stored: public, or the opaque id of a private room, behind a mark.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RoomName(String);

impl RoomName {
    /// Hexadecimal digits of a direct room's id.
    const DIRECT_DIGITS: usize = 24;

    /// Longest public name, in characters.
    pub const MAX_CHARS: usize = 64;

    /// What the stored names of temporary rooms begin with; other private ids are hexadecimal.
    pub const TEMPORARY_PREFIX: &str = "@t";

    /// A public room's name: lower-cased, in normal form C, of letters and digits of any script, `-` and `_`.
    pub fn public(text: &str) -> Result<Self, Text> {
        let lowered: String = text.trim().to_lowercase();
        let name: String = lowered.nfc().collect();
        let length = name.chars().count();
        if length == 0 {
            return Err(Text::new("error-bad_room-empty"));
        }
        if length > Self::MAX_CHARS {
            return Err(Text::new("error-bad_room-long").with("max", Self::MAX_CHARS));
        }
        match name.chars().find(|&c| !(c.is_alphanumeric() || is_combining_mark(c) || c == '-' || c == '_')) {
            Some(found) => Err(Text::new("error-bad_room-character").with("found", found.escape_debug())),
            None => Ok(Self(name)),
        }
    }

    /// The private room of that opaque id, which does not tell whose it is. The mark in front cannot occur in a public name.
    pub fn private(id: &str) -> Self {
        Self(format!("{PRIVATE_MARK}{id}"))
    }

    /// A private room for a client that could not find it again.
    pub fn temporary() -> Self {
        Self(format!("{}{}", Self::TEMPORARY_PREFIX, uuid::Uuid::new_v4().simple()))
    }

    /// The direct room of that id, of which only the first digits count. The mark in front cannot occur in a public name.
    pub fn direct(id: &str) -> Self {
        Self(format!("{DIRECT_MARK}{}", id.chars().take(Self::DIRECT_DIGITS).collect::<String>()))
    }

    /// A name as people give it: that of a public or closed room, or of a direct one.
    pub fn given(text: &str) -> Result<Self, Text> {
        let is_digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        match text.strip_prefix(DIRECT_MARK) {
            Some(id) if id.len() == Self::DIRECT_DIGITS && id.bytes().all(is_digit) => Ok(Self(text.to_owned())),
            _ => Self::public(text),
        }
    }

    /// Whether only the people in it talk here.
    pub fn is_direct(&self) -> bool {
        self.0.starts_with(DIRECT_MARK)
    }

    /// The stored form; unlike [`RoomName::shown`] it is unique for private rooms.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name clients use: a private room is `@bot` to the one person who sees it.
    pub fn shown(&self) -> &str {
        if self.is_private() { PRIVATE_ROOM } else { &self.0 }
    }

    /// Whether this is somebody's own room with the bot.
    pub fn is_private(&self) -> bool {
        self.0.starts_with(PRIVATE_MARK)
    }

    /// Whether nobody can enter this room any more once its connection is closed.
    pub fn is_temporary(&self) -> bool {
        self.0.starts_with(Self::TEMPORARY_PREFIX)
    }
}

/// Identity of an author, independent of the handle: decides whether a repeated `id` is by "the same author".
///
/// Never sent to clients; frames contain handles.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Principal(String);

impl Principal {
    /// A visitor with the page's cookie, by the cookie's digest.
    pub fn visitor(digest: &str) -> Self {
        Self(format!("v{digest}"))
    }

    /// Whether this is a visitor, or the account that one made.
    pub fn is_visitor(&self) -> bool {
        self.0.starts_with('v')
    }

    /// A client that cannot be recognized when it comes back, by a random text: a handle and an address anybody may have.
    pub fn nobody(random: &str) -> Self {
        Self(format!("n{random}"))
    }

    /// Whether this is a client that cannot come back.
    pub fn is_nobody(&self) -> bool {
        self.0.starts_with('n')
    }

    /// An account.
    pub fn account(id: &AccountId) -> Self {
        Self(format!("u{}", id.as_str()))
    }

    /// The account that this is, if it is one.
    pub fn account_id(&self) -> Option<AccountId> {
        AccountId::parse(self.0.strip_prefix('u')?)
    }

    /// The program that this is, if it is one.
    pub fn token_id(&self) -> Option<TokenId> {
        TokenId::parse(self.0.strip_prefix('t')?)
    }

    /// A program with a token.
    pub fn token(id: &TokenId) -> Self {
        Self(format!("t{}", id.as_str()))
    }

    /// Whoever has the owner's key.
    pub fn owner() -> Self {
        Self("k".to_owned())
    }

    /// The bot.
    pub fn bot() -> Self {
        Self("b".to_owned())
    }

    /// Everybody who was removed: they cannot be told apart.
    pub fn deleted() -> Self {
        Self("d".to_owned())
    }

    /// Somebody of whom nothing is known any more but what they called themselves.
    pub fn unknown(handle: &Handle) -> Self {
        Self(format!("?{handle}"))
    }

    /// Whether this is the server itself, or what it does for a webhook: nobody asked for that.
    pub fn is_of_server(&self) -> bool {
        *self == Self::server() || self.0.starts_with('o')
    }

    /// The server itself, for internal jobs.
    pub fn server() -> Self {
        Self("s".to_owned())
    }

    /// An incoming hook.
    pub fn hook(id: &HookId) -> Self {
        Self(format!("w{}", id.as_str()))
    }

    /// An outgoing webhook, by name.
    pub fn webhook(name: &str) -> Self {
        Self(format!("o{name}"))
    }
}

impl fmt::Display for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A person's display name.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Handle(String);

impl Handle {
    /// Longest handle, in characters.
    pub const MAX_CHARS: usize = 32;

    /// Validates a handle: normalization form C, single spaces; not empty, too long, unprintable or reserved.
    pub fn new(text: &str) -> Result<Self, Text> {
        let spaced = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let name: String = spaced.nfc().collect();
        if name.is_empty() {
            return Err(Text::new("error-bad_handle-empty"));
        }
        if name.chars().count() > Self::MAX_CHARS {
            return Err(Text::new("error-bad_handle-long").with("max", Self::MAX_CHARS));
        }
        if name.chars().any(is_invisible) || name.starts_with(['@', '/']) {
            return Err(Text::new("error-bad_handle-character"));
        }
        let handle = Self(name);
        if RESERVED.iter().any(|reserved| skeleton(reserved) == handle.skeleton()) {
            return Err(Text::new("error-bad_handle-reserved").with("handle", &handle));
        }
        Ok(handle)
    }

    /// The same for all handles that look alike, such as "paypal" and "раураl" with Cyrillic letters.
    pub fn skeleton(&self) -> String {
        skeleton(&self.0)
    }

    /// A generated handle, deterministic for each person; the owner's key is called what it is.
    pub fn guest(principal: &Principal) -> Self {
        if *principal == Principal::owner() {
            return Self("owner".into());
        }
        // FNV-1a: any stable hash will do; it need not be secure.
        let hash =
            principal.0.bytes().fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
        Self(format!("guest-{:04}", hash % 10_000))
    }

    /// The handle of somebody who was removed, which [`Handle::new`] refuses.
    pub fn deleted() -> Self {
        Self(DELETED_HANDLE.into())
    }

    /// The bot's handle, which [`Handle::new`] refuses.
    pub fn bot() -> Self {
        Self(BOT_HANDLE.into())
    }
}

impl fmt::Display for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The skeleton by Unicode's security mechanisms (UTS 39, 4) of a text in compatibility form and lower case. That of a part of a
/// text is part of the text's.
pub fn skeleton(text: &str) -> String {
    let folded: String = text.nfkc().collect::<String>().to_lowercase();
    unicode_security::skeleton(&folded).collect()
}

/// Control characters and those that reorder or hide text: Unicode's bidi controls and default-ignorable characters.
fn is_invisible(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{00ad}' | '\u{034f}' | '\u{061c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}' | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_room(text: &str, expected: Option<&str>) {
        let name = RoomName::public(text).ok();
        assert_eq!(name.as_ref().map(RoomName::as_str), expected, "{text:?}");
    }

    #[test]
    fn room_names_are_lowered_and_composed() {
        check_room("Lobby", Some("lobby"));
        check_room("cafe\u{301}", Some("café"));
        check_room("हिन्दी", Some("हिन्दी"));
        check_room("大厅-2_b", Some("大厅-2_b"));
        check_room(&"字".repeat(64), Some(&"字".repeat(64)));
    }

    #[test]
    fn room_names_with_anything_else_are_refused() {
        for text in ["", " ", "a b", "a/b", "@bot", "../x", "a\u{202e}b", &"x".repeat(65)] {
            check_room(text, None);
        }
    }

    #[test]
    fn handles_cannot_pass_for_the_bot() {
        for text in [
            "bot",
            " BOT ",
            "ｂｏｔ",
            "System",
            "b\u{200b}ot",
            "@ann",
            "",
            "a\u{202e}b",
            "b\u{ad}ot",
            "b\u{43e}t",
            "\u{430}dmin",
        ] {
            assert!(Handle::new(text).is_err(), "{text:?}");
        }
        assert_eq!(Handle::new("  王  小明 ").map(|handle| handle.to_string()), Ok("王 小明".into()));
    }
}
