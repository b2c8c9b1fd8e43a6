//! Tokens of programs: made by people with an account, for whom the programs act.

use std::sync::Arc;

use super::keys::{digest, random_token};
use super::{Action, Actor, Connections, SessionChange};
use crate::model::{Account, AccountId, Handle, RoomName, SanctionSubject, Timestamp, Token, TokenId, TokenScope};
use crate::store::{Store, TokenAdded};
use crate::text::Text;

/// What every token begins with, so that it is told from the owner's key, and found by those who look for leaked ones.
const PREFIX: &str = "cbt_";

/// Maximum number of tokens of an account.
const MOST: u32 = 50;

/// Maximum number of rooms that a token is limited to.
const MOST_ROOMS: usize = 100;

/// Longest life of a token that ends by itself, in days.
const MOST_DAYS: u32 = 3650;

/// How exactly it is known when a token was used last, in milliseconds: noting it takes a commit.
const USED_EVERY: u64 = 60 * 60 * 1000;

const DAY: i64 = 24 * 60 * 60 * 1000;

/// A token to be made.
#[derive(Clone, Debug)]
pub struct NewToken {
    pub name: Handle,
    pub scopes: Vec<TokenScope>,
    pub rooms: Vec<RoomName>,
    /// `None` for a token that does not end by itself.
    pub days: Option<u32>,
}

/// Makes tokens, finds and revokes them.
pub struct Tokens {
    store: Arc<Store>,
    connections: Arc<dyn Connections>,
}

impl Tokens {
    pub fn new(store: Arc<Store>, connections: Arc<dyn Connections>) -> Self {
        Self { store, connections }
    }

    /// Whether a key is meant as a token.
    pub fn is_token(key: &str) -> bool {
        key.starts_with(PREFIX)
    }

    /// The program whose token this is, with the account that it acts for.
    pub async fn find(&self, token: &str) -> Result<Option<(Token, Account)>, Text> {
        let (digest, now) = (digest(token), Timestamp::now());
        let found = self.store.token(&digest).await?;
        let Some(token) = found.filter(|token| token.expires_at.is_none_or(|until| until > now)) else {
            return Ok(None);
        };
        let account = self.store.account(&token.account).await?;
        let Some(account) = account.filter(|account| !account.is_disabled) else { return Ok(None) };
        if token.last_used_at.is_none_or(|used| now.since(used) > USED_EVERY) {
            self.store.note_token_used(&digest, now).await?;
        }
        Ok(Some((token, account)))
    }

    /// The tokens of an account, oldest first.
    pub async fn of(&self, account: &Account) -> Result<Vec<Token>, Text> {
        Ok(self.store.tokens_of(&account.id).await?.into_iter().map(|(_, token)| token).collect())
    }

    /// Tokens of all accounts behind this one, each with its account, at least `limit` unless there are no more; and whether there
    /// are others.
    pub async fn of_all(
        &self,
        after: Option<&AccountId>,
        limit: usize,
        actor: &Actor,
    ) -> Result<(Vec<(Token, Account)>, bool), Text> {
        actor.may(Action::ManagePeople)?;
        let (tokens, more) = self.store.tokens_behind(after, limit).await?;
        let mut found = Vec::new();
        for token in tokens {
            // An account that was deleted meanwhile takes its tokens along.
            found.extend(self.store.account(&token.account).await?.map(|account| (token, account)));
        }
        Ok((found, more))
    }

    /// Makes somebody's token worthless.
    pub async fn revoke_of(&self, account: &AccountId, id: &TokenId, actor: &Actor) -> Result<Token, Text> {
        actor.may(Action::ManagePeople)?;
        let account = self.store.account(account).await?.ok_or_else(|| Text::new("error-not_found-token"))?;
        actor.may(Action::ManageAccount(&account))?;
        self.revoke(id, &account).await
    }

    /// Makes a token and returns it; it cannot be read later.
    pub async fn make(&self, new: NewToken, account: &Account) -> Result<(Token, String), Text> {
        let NewToken { name, mut scopes, rooms, days } = new;
        scopes.dedup();
        if scopes.is_empty() {
            return Err(Text::new("error-bad_token-scopes"));
        }
        if rooms.len() > MOST_ROOMS || days.is_some_and(|days| !(1..=MOST_DAYS).contains(&days)) {
            return Err(Text::new("error-bad_token-terms").with("rooms", MOST_ROOMS).with("days", MOST_DAYS));
        }
        let name_taken = || Text::new("error-name_taken").with("name", &name);
        if self.store.account_of_name(&name).await?.is_some_and(|other| other.id != account.id) {
            return Err(name_taken());
        }
        let (secret, now) = (format!("{PREFIX}{}", random_token()), Timestamp::now());
        let token = Token {
            id: TokenId::fresh(),
            name: name.clone(),
            account: account.id.clone(),
            scopes,
            rooms,
            expires_at: days.map(|days| Timestamp(now.0 + i64::from(days) * DAY)),
            last_used_at: None,
            created_at: now,
            place: 0,
        };
        match self.store.add_token(&digest(&secret), token.clone(), MOST).await? {
            TokenAdded::Added => Ok((token, secret)),
            TokenAdded::NameTaken => Err(name_taken()),
            TokenAdded::TooMany => Err(Text::new("error-bad_token-many").with("max", MOST)),
        }
    }

    /// Makes a token worthless and closes the connections that were opened with it.
    pub async fn revoke(&self, id: &TokenId, account: &Account) -> Result<Token, Text> {
        let (connections, subject) = (self.connections.clone(), crate::model::Principal::token(id));
        let effect = move || connections.follow(&SessionChange::Of(SanctionSubject::Person(subject)));
        let removed = self.store.remove_token(&account.id, id, effect).await?;
        removed.ok_or_else(|| Text::new("error-not_found-token"))
    }
}
