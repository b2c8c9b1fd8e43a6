//! Tokens of programs; their keys are the digests of the tokens.

use super::claims::{Claim, free_number};
use super::writer::WriteKind;
use super::{Batch, Outcome, Store, StoreError, Table, decode, encode, prefix_range, scopes};
use crate::model::{AccountId, Handle, Timestamp, Token, TokenId};

/// How often a token looks for a free place that others take at the same time.
const TRIES: usize = 20;

/// What became of a new token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenAdded {
    Added,
    /// Another token has the name, or one that looks like it.
    NameTaken,
    /// The account has as many as one may have.
    TooMany,
}

/// A token with what it claims and where it is found.
pub(super) fn insert(batch: Batch, digest: &[u8], token: &Token) -> Batch {
    claims_of(token)
        .into_iter()
        .fold(batch, |batch, claim| batch.claim(&claim, token.id.as_str()))
        .put(Table::TokensOf, of_key(&token.account, digest), [])
        .put(Table::Tokens, digest, encode(token))
}

fn claims_of(token: &Token) -> [Claim; 2] {
    [Claim::token_place(&token.account, token.place), Claim::token_name(&token.name)]
}

fn of_key(account: &AccountId, digest: &[u8]) -> Vec<u8> {
    [account.as_str().as_bytes(), &[0], digest].concat()
}

impl Store {
    /// The token with this digest.
    pub async fn token(&self, digest: &[u8]) -> Result<Option<Token>, StoreError> {
        self.engine.get(Table::Tokens, digest).await?.map(|value| decode(&value)).transpose()
    }

    /// The tokens of an account with their digests, oldest first; they are no more than there are places.
    pub async fn tokens_of(&self, account: &AccountId) -> Result<Vec<(Vec<u8>, Token)>, StoreError> {
        let prefix = of_key(account, &[]);
        let mut pages = self.pages(Table::TokensOf, prefix_range(&prefix));
        let mut tokens = Vec::new();
        while let Some((key, _)) = pages.next().await? {
            let digest = key.get(prefix.len()..).unwrap_or_default().to_vec();
            tokens.extend(self.token(&digest).await?.map(|token| (digest, token)));
        }
        tokens.sort_by(|(_, a), (_, b)| a.id.cmp(&b.id));
        Ok(tokens)
    }

    /// The token of that id. Reads all tokens.
    pub async fn token_of_id(&self, id: &TokenId) -> Result<Option<Token>, StoreError> {
        let mut pages = self.pages_of(Table::Tokens);
        while let Some((_, value)) = pages.next().await? {
            let token: Token = decode(&value)?;
            if token.id == *id {
                return Ok(Some(token));
            }
        }
        Ok(None)
    }

    /// Tokens of all accounts behind this one, an account at a time in the order in which they were made, until there are `limit`
    /// or more; and whether there are others.
    pub async fn tokens_behind(
        &self,
        after: Option<&AccountId>,
        limit: usize,
    ) -> Result<(Vec<Token>, bool), StoreError> {
        // Behind all keys of an account: ids are hexadecimal.
        let from = after.map_or_else(Vec::new, |id| [id.as_str().as_bytes(), &[1]].concat());
        let mut keys = self.pages(Table::TokensOf, from..vec![u8::MAX]);
        let mut tokens: Vec<Token> = Vec::new();
        while let Some((key, _)) = keys.next().await? {
            let digest = key.splitn(2, |byte| *byte == 0).nth(1).unwrap_or_default();
            let Some(token) = self.token(digest).await? else { continue };
            if tokens.len() >= limit && tokens.last().is_some_and(|last| last.account != token.account) {
                return Ok((tokens, true));
            }
            tokens.push(token);
        }
        Ok((tokens, false))
    }

    /// Whether a token has this name, or one that looks like it.
    pub async fn is_token_name(&self, name: &Handle) -> Result<bool, StoreError> {
        Ok(self.holder(&Claim::token_name(name)).await?.is_some())
    }

    /// Stores a new token, if its account has fewer than `most`.
    pub async fn add_token(&self, digest: &[u8], mut token: Token, most: u32) -> Result<TokenAdded, StoreError> {
        for _ in 0..TRIES {
            if self.is_token_name(&token.name).await? {
                return Ok(TokenAdded::NameTaken);
            }
            let taken = self.holders(&Claim::token_place(&token.account, 0)).await?;
            let Some(place) = free_number(&taken, most) else { return Ok(TokenAdded::TooMany) };
            token.place = place;
            let batch = insert(Batch::new(scopes::ADD_TOKEN), digest, &token);
            if matches!(self.commit(batch, WriteKind::Growth).await?, Outcome::Written { .. }) {
                return Ok(TokenAdded::Added);
            }
        }
        Err(StoreError::Busy)
    }

    /// Notes that a token was used.
    pub async fn note_token_used(&self, digest: &[u8], now: Timestamp) -> Result<(), StoreError> {
        let Some(before) = self.engine.get(Table::Tokens, digest).await? else { return Ok(()) };
        let token = Token { last_used_at: Some(now), ..decode(&before)? };
        let batch = Batch::new(scopes::CHANGE_TOKEN).if_equal(Table::Tokens, digest, before).put(
            Table::Tokens,
            digest,
            encode(&token),
        );
        // Whoever came before has just used it too.
        self.commit_if(batch, WriteKind::Maintenance, || ()).await.map(drop)
    }

    /// Removes an account's token; `None` if it has none of that id. `effect` is called once that is durable.
    pub async fn remove_token(
        &self,
        account: &AccountId,
        id: &TokenId,
        effect: impl FnOnce() + Clone + Send + 'static,
    ) -> Result<Option<Token>, StoreError> {
        for _ in 0..TRIES {
            let tokens = self.tokens_of(account).await?;
            let Some((digest, token)) = tokens.into_iter().find(|(_, token)| token.id == *id) else { return Ok(None) };
            let batch = Batch::new(scopes::REMOVE_TOKEN)
                .if_equal(Table::Tokens, digest.clone(), encode(&token))
                .delete(Table::TokensOf, of_key(account, &digest))
                .delete(Table::Tokens, digest);
            let batch = claims_of(&token).iter().fold(batch, Batch::release);
            if self.commit_if(batch, WriteKind::Maintenance, effect.clone()).await? {
                return Ok(Some(token));
            }
        }
        Err(StoreError::Busy)
    }
}
