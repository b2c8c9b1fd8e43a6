//! Passkeys (WebAuthn): made for an account, and used to sign in without a name.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;
use webauthn_rs::prelude::{
    AuthenticationResult, CredentialID, DiscoverableAuthentication, PasskeyRegistration, PublicKeyCredential,
    RegisterPublicKeyCredential, Url, Webauthn, WebauthnBuilder, WebauthnError,
};

use super::{Accounts, SignInError, ticket};
use crate::model::{Account, AccountId, Passkey, Timestamp, subscriber};
use crate::text::Text;
use crate::threads::blocking;

/// Maximum number of passkeys of an account.
const MOST: usize = 20;

/// Longest name of a passkey, in characters.
const NAME_CHARS: usize = 64;

const MAKING: &str = "make a passkey";
const SIGNING_IN: &str = "sign in with a passkey";

/// What is asked of the browser.
#[derive(Debug)]
pub struct Challenge {
    /// The argument of `navigator.credentials.create` or `get`, with binary data in Base64url.
    pub options: Value,
    /// To be sent back with the answer.
    pub ticket: String,
}

/// For whom a passkey is made, and with what it must agree.
#[derive(Serialize, Deserialize)]
struct Making {
    account: AccountId,
    state: PasskeyRegistration,
}

/// What checks the answers of browsers, for the server of this URL; `None` where passkeys cannot be.
pub fn webauthn(public_url: &str) -> Option<Arc<Webauthn>> {
    let url = Url::parse(public_url).ok()?;
    let host = url.domain()?.to_owned();
    // Browsers have passkeys only for pages that nobody can have changed on the way.
    let is_safe = url.scheme() == "https" || host == "localhost" || host.ends_with(".localhost");
    if !is_safe {
        return None;
    }
    let built = WebauthnBuilder::new(&host, &url).and_then(|builder| builder.rp_name(&host).build());
    built.inspect_err(|error| tracing::warn!(%error, "passkeys cannot be used")).ok().map(Arc::new)
}

impl Accounts {
    /// Whether there can be passkeys.
    pub fn has_passkeys(&self) -> bool {
        self.webauthn.is_some()
    }

    fn webauthn(&self) -> Result<&Arc<Webauthn>, Text> {
        self.webauthn.as_ref().ok_or_else(|| Text::new("error-wrong_state-passkeys"))
    }

    /// Begins to make a passkey for an account.
    pub fn start_passkey(&self, account: &Account) -> Result<Challenge, Text> {
        if account.passkeys.len() >= MOST {
            return Err(Text::new("error-too_many_passkeys").with("max", MOST));
        }
        let known = account.passkeys.iter().filter_map(|passkey| credential(passkey).ok());
        let known: Vec<CredentialID> = known.map(|credential| credential.cred_id().clone()).collect();
        let name = account.name.to_string();
        let started = self.webauthn()?.start_passkey_registration(handle_of(account), &name, &name, Some(known));
        let (options, state) = started.map_err(refused)?;
        let mut options = to_json(&options)?;
        // One that the device can find by itself signs in without a name. A key without room for it is made all the same.
        options["publicKey"]["authenticatorSelection"]["residentKey"] = json!("preferred");
        let making = Making { account: account.id.clone(), state };
        Ok(Challenge { options, ticket: ticket::issue(&self.store, MAKING, making)? })
    }

    /// Adds the passkey that a browser made.
    pub async fn finish_passkey(
        &self,
        account: &Account,
        ticket: &str,
        answer: RegisterPublicKeyCredential,
        name: &str,
    ) -> Result<Passkey, Text> {
        let name = checked_name(name)?;
        let (making, issued_at) = ticket::redeem::<Making>(&self.store, MAKING, ticket)?;
        if making.account != account.id {
            return Err(Text::new("error-bad_ticket"));
        }
        let webauthn = self.webauthn()?.clone();
        let made = blocking(move || webauthn.finish_passkey_registration(&answer, &making.state)).await;
        let made = made.map_err(|_| Text::new("error-busy"))?.map_err(refused)?;
        let passkey = Passkey {
            id: id_of(made.cred_id()),
            name,
            credential: to_json(&made)?,
            created_at: Timestamp::now(),
            last_used_at: None,
            challenged_at: issued_at,
        };
        let added = passkey.clone();
        let add = move |account: &mut Account| {
            if account.passkeys.len() >= MOST {
                return Err(Text::new("error-too_many_passkeys").with("max", MOST));
            }
            if account.passkeys.iter().any(|kept| kept.id == added.id) {
                return Err(Text::new("error-bad_passkey"));
            }
            account.passkeys.push(added.clone());
            Ok(())
        };
        self.try_change(&account.id, add).await?;
        Ok(passkey)
    }

    /// Removes a passkey; whoever is signed in by it stays so.
    pub async fn remove_passkey(&self, account: &Account, id: &str) -> Result<(), Text> {
        let id = id.to_owned();
        let remove = move |account: &mut Account| {
            let before = account.passkeys.len();
            account.passkeys.retain(|passkey| passkey.id != id);
            if account.passkeys.len() == before {
                return Err(Text::new("error-not_found-passkey"));
            }
            keeps_a_way_in(account)
        };
        self.try_change(&account.id, remove).await.map(drop)
    }

    /// Asks for any passkey of this server.
    pub fn start_passkey_sign_in(&self) -> Result<Challenge, Text> {
        let (options, state) = self.webauthn()?.start_discoverable_authentication().map_err(refused)?;
        let mut options = to_json(&options)?;
        // The library's are for suggestions in a field; whoever asked for passkeys shall see them.
        options.as_object_mut().map(|options| options.remove("mediation"));
        Ok(Challenge { options, ticket: ticket::issue(&self.store, SIGNING_IN, state)? })
    }

    /// The account whose passkey answered. Failures are counted by address.
    pub async fn sign_in_with_passkey(
        &self,
        ticket: &str,
        answer: PublicKeyCredential,
        address: std::net::IpAddr,
    ) -> Result<Account, SignInError> {
        let from = subscriber(address);
        self.by_address.admit(&from).map_err(|seconds| SignInError::TryLater { seconds })?;
        let (state, issued_at) = ticket::redeem::<DiscoverableAuthentication>(&self.store, SIGNING_IN, ticket)?;
        match self.answered(state, issued_at, answer).await {
            Ok(account) => {
                self.by_address.forget(&from);
                Ok(account)
            }
            Err(text) => {
                if text.code() == "bad_passkey" {
                    tracing::warn!(%address, "wrong passkey");
                    self.by_address.count_failure(&from);
                }
                Err(text.into())
            }
        }
    }

    async fn answered(
        &self,
        state: DiscoverableAuthentication,
        issued_at: Timestamp,
        answer: PublicKeyCredential,
    ) -> Result<Account, Text> {
        let unknown = || Text::new("error-bad_passkey");
        let webauthn = self.webauthn()?.clone();
        let (handle, id) = webauthn.identify_discoverable_authentication(&answer).map_err(|_| unknown())?;
        let (account, id) = (self.store.account(&handle.into()).await?, id_of(id));
        let account = account.filter(|account| !account.is_disabled).ok_or_else(unknown)?;
        let passkey = account.passkeys.iter().find(|passkey| passkey.id == id).ok_or_else(unknown)?;
        let credential = credential(passkey)?;
        let checked = blocking(move || {
            let result = webauthn.finish_discoverable_authentication_v2(&answer, state, &credential);
            result.map(|result| (result, credential))
        });
        let (result, credential) = checked.await.map_err(|_| Text::new("error-busy"))?.map_err(refused)?;
        let used = move |account: &mut Account| note_use(account, &id, &result, &credential, issued_at);
        self.try_change(&account.id, used).await
    }
}

/// Keeps what the answer says of the passkey. Refuses an answer to a challenge that is not newer than the last: it was seen before.
fn note_use(
    account: &mut Account,
    id: &str,
    result: &AuthenticationResult,
    credential: &webauthn_rs::prelude::Passkey,
    issued_at: Timestamp,
) -> Result<(), Text> {
    let unknown = || Text::new("error-bad_passkey");
    let passkey = account.passkeys.iter_mut().find(|passkey| passkey.id == id).ok_or_else(unknown)?;
    if account.is_disabled || passkey.challenged_at >= issued_at {
        return Err(unknown());
    }
    let mut credential = credential.clone();
    if credential.update_credential(result) == Some(true) {
        passkey.credential = to_json(&credential)?;
    }
    passkey.challenged_at = issued_at;
    passkey.last_used_at = Some(Timestamp::now());
    Ok(())
}

/// Refuses to remove the last that somebody can sign in with.
pub(super) fn keeps_a_way_in(account: &Account) -> Result<(), Text> {
    let has_one = account.password.is_some() || account.identity.is_some() || !account.passkeys.is_empty();
    if has_one { Ok(()) } else { Err(Text::new("error-wrong_state-last_way_in")) }
}

fn checked_name(name: &str) -> Result<String, Text> {
    let name = name.trim();
    let fits = (1..=NAME_CHARS).contains(&name.chars().count()) && !name.chars().any(char::is_control);
    if fits { Ok(name.to_owned()) } else { Err(Text::new("error-bad_passkey_name").with("max", NAME_CHARS)) }
}

/// By what a passkey knows its account.
fn handle_of(account: &Account) -> Uuid {
    Uuid::try_parse(account.id.as_str()).unwrap_or_default()
}

fn id_of(credential: &[u8]) -> String {
    data_encoding::BASE64URL_NOPAD.encode(credential)
}

fn credential(passkey: &Passkey) -> Result<webauthn_rs::prelude::Passkey, Text> {
    serde_json::from_value(passkey.credential.clone()).map_err(|error| {
        tracing::error!(%error, "a passkey cannot be read");
        Text::new("error-bad_passkey")
    })
}

fn to_json(value: &impl Serialize) -> Result<Value, Text> {
    serde_json::to_value(value).map_err(|error| {
        tracing::error!(%error, "a passkey that JSON cannot hold");
        Text::new("error-store_failed")
    })
}

fn refused(error: WebauthnError) -> Text {
    tracing::debug!(%error, "a passkey was refused");
    Text::new("error-bad_passkey")
}
