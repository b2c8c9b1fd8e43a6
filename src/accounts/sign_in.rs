//! Signing in, and what somebody signs in with.

use std::net::IpAddr;

use super::passwords::Lane;
use super::people::Accounts;
use super::second_factor::{self, Enrollment};
use super::sessions::SessionId;
use super::{SignInError, passkeys, passwords, ticket};
use crate::model::{Account, AccountId, Handle, Identity, Principal, Timestamp, subscriber};
use crate::open_id::Pending;
use crate::text::Text;

/// How long after signing in nobody is asked again who they are, in milliseconds.
const FRESH: u64 = 10 * 60 * 1000;

/// What somebody gives to sign in.
#[derive(Debug)]
pub struct Credentials {
    pub name: String,
    pub password: String,
    /// Of the second factor, if the account has one.
    pub code: Option<String>,
    /// The mark of a browser in which this account signed in before, see [`Accounts::mark`].
    pub mark: Option<String>,
}

/// Why somebody goes to the identity provider.
#[derive(Clone, Debug)]
pub enum Errand {
    SignIn,
    /// To link an account with whom it knows.
    Link(AccountId),
}

impl Errand {
    fn purpose(&self) -> String {
        match self {
            Self::SignIn => "sign in at the provider".to_owned(),
            Self::Link(account) => format!("link {account} with the provider"),
        }
    }
}

/// By what failures to sign in are counted.
struct Counted {
    from: IpAddr,
    /// The skeleton of the name, whether an account has it or not.
    skeleton: String,
    /// The account, in a browser in which it signed in before: whoever attacks it from elsewhere does not lock its owner out.
    known: Option<String>,
}

impl Accounts {
    /// The account of these credentials. Failures are counted by address and by name; names that nobody has are answered as
    /// others are, after the same time.
    pub async fn sign_in(&self, credentials: Credentials, address: IpAddr) -> Result<Account, SignInError> {
        let Credentials { name, password, code, mark } = credentials;
        let name = Handle::new(&name).ok();
        let account = match &name {
            Some(name) => self.store.account_of_name(name).await?,
            None => None,
        };
        let known = account.as_ref().zip(mark).filter(|(account, mark)| self.mark(account) == *mark);
        let counted = Counted {
            from: subscriber(address),
            skeleton: name.as_ref().map(Handle::skeleton).unwrap_or_default(),
            known: known.map(|(account, _)| account.id.as_str().to_owned()),
        };
        self.admit(&counted)?;
        let usable = account.filter(|account| !account.is_disabled);
        let lane = if counted.known.is_some() { &passwords::KNOWN } else { &passwords::EVERYBODY };
        let checked = self.checked(usable, password, code, lane).await;
        self.count(&counted, &checked);
        checked
    }

    /// The account, if the password is its own, and the code, where it has a second factor.
    async fn checked(
        &self,
        account: Option<Account>,
        password: String,
        code: Option<String>,
        lane: &'static Lane,
    ) -> Result<Account, SignInError> {
        let hash = account.as_ref().and_then(|account| account.password.clone());
        let is_right = passwords::verify(password, hash, lane).await?;
        let account = account.filter(|_| is_right).ok_or(SignInError::WrongPassword)?;
        if account.second_factor.is_none() {
            return Ok(account);
        }
        let code = code.ok_or(SignInError::CodeNeeded)?;
        let (checked, now) = (account.password.clone(), Timestamp::now());
        let take = move |account: &mut Account| match &mut account.second_factor {
            _ if account.password != checked => Err(SignInError::WrongPassword),
            Some(factor) => second_factor::take(factor, &code, now).map_err(|_| SignInError::WrongCode),
            None => Ok(()),
        };
        let taken = self.store.try_change_account(&account.id, take, |_| ()).await?;
        taken.ok_or(SignInError::WrongPassword)?
    }

    fn admit(&self, counted: &Counted) -> Result<(), SignInError> {
        let admitted = match &counted.known {
            Some(known) => self.by_mark.admit(known),
            None => self.by_address.admit(&counted.from).and_then(|()| self.by_name.admit(&counted.skeleton)),
        };
        admitted.map_err(|seconds| SignInError::TryLater { seconds })
    }

    fn count<T>(&self, counted: &Counted, checked: &Result<T, SignInError>) {
        match (checked, &counted.known) {
            (Ok(_), known) => {
                self.by_address.forget(&counted.from);
                known.iter().for_each(|known| self.by_mark.forget(known));
            }
            (Err(SignInError::WrongPassword | SignInError::WrongCode), known) => {
                tracing::warn!(address = %counted.from, "wrong password or code");
                match known {
                    Some(known) => self.by_mark.count_failure(known),
                    None => {
                        self.by_address.count_failure(&counted.from);
                        self.by_name.count_failure(&counted.skeleton);
                    }
                }
            }
            // Who has the password alone has not failed yet, and what is refused for other reasons says nothing.
            (Err(_), _) => {}
        }
    }

    /// The mark of a browser in which an account signed in. It opens nothing, but the browser is not locked out by the failures of
    /// others. A new password makes it void.
    pub fn mark(&self, account: &Account) -> String {
        self.store.sign(&["device", account.id.as_str(), account.password.as_deref().unwrap_or_default()])
    }

    // --- the own account ---

    /// Makes sure that it is the account's owner who asks, and not somebody who found a signed-in browser: by the password or,
    /// without one, by a session that has just begun.
    pub async fn confirm(
        &self,
        account: &Account,
        own: &SessionId,
        password: Option<String>,
    ) -> Result<(), SignInError> {
        let Some(hash) = account.password.clone() else { return self.confirm_fresh(account, own).await };
        let password = password.ok_or_else(|| Text::new("error-bad_password-confirm"))?;
        let known = account.id.as_str().to_owned();
        self.by_mark.admit(&known).map_err(|seconds| SignInError::TryLater { seconds })?;
        if passwords::verify(password, Some(hash), &passwords::KNOWN).await? {
            self.by_mark.forget(&known);
            return Ok(());
        }
        self.by_mark.count_failure(&known);
        Err(Text::new("error-bad_password-current").into())
    }

    async fn confirm_fresh(&self, account: &Account, own: &SessionId) -> Result<(), SignInError> {
        let sessions = self.sessions.of(&Principal::account(&account.id)).await?;
        let began = sessions.into_iter().find(|(id, _)| id == own).map(|(_, session)| session.created_at);
        let is_fresh = began.is_some_and(|began| Timestamp::now().since(began) <= FRESH);
        if is_fresh { Ok(()) } else { Err(Text::new("error-bad_password-fresh").into()) }
    }

    /// Sets one's own password and ends all other sessions. It must be [confirmed](Self::confirm).
    pub async fn set_password(&self, account: &Account, own: &SessionId, new: String) -> Result<Account, Text> {
        passwords::check_new(&new, &account.name)?;
        let (hash, before) = (passwords::hash(new, &passwords::KNOWN).await?, account.password.clone());
        let set = move |account: &mut Account| {
            // Somebody else set another one meanwhile.
            if account.password != before {
                return Err(Text::new("error-bad_password-current"));
            }
            account.password = Some(hash.clone());
            Ok(())
        };
        let changed = self.try_change(&account.id, set).await?;
        self.sessions.end_of(&Principal::account(&account.id), |session| session != own).await?;
        Ok(changed)
    }

    /// What an app needs for a second factor, to be [confirmed](Self::add_second_factor).
    pub fn enroll(&self, account: &Account, issuer: &str) -> Result<Enrollment, Text> {
        if account.password.is_none() {
            return Err(Text::new("error-wrong_state-no_password"));
        }
        Enrollment::new(&account.name, issuer)
    }

    /// Asks for codes of this app from now on. The recovery codes, which cannot be read later.
    pub async fn add_second_factor(&self, account: &Account, secret: &str, code: &str) -> Result<Vec<String>, Text> {
        let (factor, codes) = second_factor::confirmed(secret, code, Timestamp::now())?;
        let add = move |account: &mut Account| match account.password {
            None => Err(Text::new("error-wrong_state-no_password")),
            Some(_) => {
                account.second_factor = Some(factor.clone());
                Ok(())
            }
        };
        self.try_change(&account.id, add).await?;
        Ok(codes)
    }

    /// Asks for the password alone from now on.
    pub async fn remove_second_factor(&self, account: &Account) -> Result<(), Text> {
        let remove = |account: &mut Account| {
            account.second_factor = None;
            Ok(())
        };
        self.try_change(&account.id, remove).await.map(drop)
    }

    /// New recovery codes in place of all before.
    pub async fn renew_recovery_codes(&self, account: &Account) -> Result<Vec<String>, Text> {
        let codes = second_factor::new_recovery_codes();
        let renewed = codes.clone();
        let renew = move |account: &mut Account| {
            let factor =
                account.second_factor.as_mut().ok_or_else(|| Text::new("error-wrong_state-no_second_factor"))?;
            second_factor::renew_recovery_codes(factor, &renewed);
            Ok(())
        };
        self.try_change(&account.id, renew).await?;
        Ok(codes)
    }

    /// Changes an account that exists.
    pub(super) async fn try_change(
        &self,
        id: &AccountId,
        change: impl Fn(&mut Account) -> Result<(), Text> + Send,
    ) -> Result<Account, Text> {
        let changed = self.store.try_change_account(id, change, |_| ()).await?;
        changed.ok_or_else(|| Text::new("error-not_found-account"))?
    }

    // --- the identity provider ---

    /// What the browser keeps of an errand until it comes back.
    pub fn issue_errand(&self, errand: &Errand, pending: Pending) -> Result<String, Text> {
        ticket::issue(&self.store, &errand.purpose(), pending)
    }

    /// The same, once it is back from that errand.
    pub fn redeem_errand(&self, errand: &Errand, ticket: &str) -> Result<Pending, Text> {
        ticket::redeem(&self.store, &errand.purpose(), ticket).map(|(pending, _)| pending)
    }

    /// The account of somebody whom the identity provider knows, if there is one.
    pub async fn account_of_identity(&self, identity: &Identity) -> Result<Option<Account>, Text> {
        let account = self.store.account_of_identity(identity).await?;
        match account.filter(|account| account.identity.as_ref() == Some(identity)) {
            Some(account) if account.is_disabled => Err(Text::new("error-forbidden-disabled")),
            account => Ok(account),
        }
    }

    /// Lets somebody sign in to their account as whom the identity provider knows them.
    pub async fn link_identity(&self, account: &Account, identity: Identity) -> Result<(), Text> {
        match self.store.link_identity(&account.id, &identity).await? {
            Some(true) => Ok(()),
            Some(false) => Err(Text::new("error-wrong_state-identity_taken")),
            None => Err(Text::new("error-not_found-account")),
        }
    }

    /// The identity provider opens the account no more.
    pub async fn unlink_identity(&self, account: &Account) -> Result<(), Text> {
        self.store.unlink_identity(&account.id, passkeys::keeps_a_way_in).await?.unwrap_or(Ok(()))
    }
}
