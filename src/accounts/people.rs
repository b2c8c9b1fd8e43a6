//! Accounts: making them by invitation, and looking after them.

use std::net::IpAddr;
use std::sync::Arc;

use webauthn_rs::Webauthn;

use super::keys::{digest, random_token};
use super::sessions::{SessionChange, SessionId, Sessions};
use super::throttle::Throttle;
use super::{Action, Actor, Visitor};
use super::{passkeys, passwords};
use crate::model::{
    Account, AccountId, Handle, Identity, Invitation, InvitationId, Principal, Role, RoomRecord, SanctionSubject,
    Timestamp,
};
use crate::protocol::{AccountView, SessionView};
use crate::store::{AccountAdded, Session, Store, UsedInvitation};
use crate::text::Text;

/// Maximum number of open invitations.
const MOST_INVITATIONS: u32 = 200;

/// Longest life of an invitation, in days.
const MOST_DAYS: u32 = 365;

/// Largest limited number of uses.
const MOST_USES: u32 = 10_000;

/// Maximum number of rooms to which an invitation leads.
const MOST_ROOMS: usize = 20;

/// How long the first invitation is open, in minutes.
const FIRST_MINUTES: i64 = 30;

const DAY: i64 = 24 * 60 * 60 * 1000;

/// What an invitation is to be for.
#[derive(Debug)]
pub struct InvitationTerms {
    pub role: Role,
    /// `None` for any number.
    pub uses: Option<u32>,
    pub days: u32,
    /// Numbers of rooms that the inviter may manage.
    pub rooms: Vec<u64>,
}

/// A change to an account.
#[derive(Debug, Default)]
pub struct AccountChange {
    pub role: Option<Role>,
    pub disabled: Option<bool>,
    pub password: Option<String>,
    /// Whether the second factor and the passkeys are removed, for somebody who lost them.
    pub resets_factors: bool,
}

/// Makes accounts, checks passwords, and lets those who may look after them.
pub struct Accounts {
    pub(super) store: Arc<Store>,
    pub(super) sessions: Arc<Sessions>,
    /// `None` where there can be no passkeys.
    pub(super) webauthn: Option<Arc<Webauthn>>,
    pub(super) by_address: Throttle<IpAddr>,
    /// Failures of browsers that are not known, by the name's skeleton.
    pub(super) by_name: Throttle<String>,
    /// Failures of browsers in which the account signed in before, by its id.
    pub(super) by_mark: Throttle<String>,
}

impl Accounts {
    /// `public_url` is that of the server, for whose name passkeys are made; it may be empty.
    pub fn new(store: Arc<Store>, sessions: Arc<Sessions>, public_url: &str) -> Self {
        Self {
            store,
            sessions,
            webauthn: passkeys::webauthn(public_url),
            by_address: Throttle::default(),
            by_name: Throttle::default(),
            by_mark: Throttle::default(),
        }
    }

    // --- making an account ---

    /// The token of an invitation that makes the owner's account, if there is no account yet. The one before is void.
    pub async fn first_invitation(&self) -> Result<Option<String>, Text> {
        if self.store.has_accounts().await? {
            return Ok(None);
        }
        let (token, now) = (random_token(), Timestamp::now());
        let invitation = Invitation {
            id: InvitationId::fresh(),
            role: Role::Owner,
            uses_left: Some(1),
            expires_at: Timestamp(now.0 + FIRST_MINUTES * 60 * 1000),
            created_at: now,
            created_by: None,
            rooms: Vec::new(),
            place: 0,
        };
        let is_replaced = self.store.replace_first_invitation(&digest(&token), &invitation).await?;
        // Another process made one at the same moment, and has told it.
        Ok(is_replaced.then_some(token))
    }

    /// The open invitation of a token.
    pub async fn invitation(&self, token: &str) -> Result<Invitation, Text> {
        let invitation = self.store.invitation(&digest(token)).await?;
        let invitation = invitation.filter(|invitation| invitation.is_open(Timestamp::now()));
        let invitation = invitation.ok_or_else(|| Text::new("error-bad_invitation"))?;
        // The server's own is for a server without accounts; one may have been made on the command line meanwhile.
        if invitation.created_by.is_none() && self.store.has_accounts().await? {
            return Err(Text::new("error-bad_invitation"));
        }
        Ok(invitation)
    }

    /// Makes an account by an invitation. What the visitor wrote and asked goes over to it. `effect` is what it causes in memory
    /// that the account is a member of a room.
    pub async fn join(
        &self,
        token: &str,
        name: Handle,
        password: String,
        visitor: Option<&Visitor>,
        effect: impl Fn(RoomRecord) + Clone + Send + 'static,
    ) -> Result<Account, Text> {
        let invitation = self.invitation(token).await?;
        passwords::check_new(&password, &name)?;
        let used = UsedInvitation { digest: digest(token), invitation };
        let role = used.invitation.role;
        let account = new_account(name, role, Some(passwords::hash(password, &passwords::EVERYBODY).await?), visitor);
        self.add(account, Some(used), effect).await
    }

    /// Makes an account for somebody. Without a password nobody can sign in until it gets one.
    pub async fn create(
        &self,
        name: Handle,
        role: Role,
        password: Option<String>,
        actor: &Actor,
    ) -> Result<Account, Text> {
        actor.may(Action::ManagePeople)?;
        actor.may(Action::GiveRole(role))?;
        let password = match password {
            Some(password) => {
                passwords::check_new(&password, &name)?;
                Some(passwords::hash(password, &passwords::KNOWN).await?)
            }
            None => None,
        };
        self.add(new_account(name, role, password, None), None, |_| ()).await
    }

    /// Makes an account for somebody whom the identity provider knows, with a name that is free.
    pub async fn create_for_identity(
        &self,
        identity: Identity,
        names: &[Handle],
        role: Role,
        visitor: Option<&Visitor>,
    ) -> Result<Account, Text> {
        for name in names {
            if self.check_guest(name).await.is_err() {
                continue;
            }
            let account = new_account(name.clone(), role, None, visitor);
            match self.add(Account { identity: Some(identity.clone()), ..account }, None, |_| ()).await {
                Err(text) if text.code() == "name_taken" => {}
                added => return added,
            }
        }
        Err(Text::new("error-bad_handle-none_free"))
    }

    async fn add(
        &self,
        mut account: Account,
        used: Option<UsedInvitation>,
        effect: impl Fn(RoomRecord) + Clone + Send + 'static,
    ) -> Result<Account, Text> {
        let mut added = self.store.add_account(&account, used.clone(), effect.clone()).await?;
        if added == AccountAdded::VisitorTaken {
            // Somebody else makes an account in the same browser: it begins with nothing.
            account.principal = Principal::account(&account.id);
            added = self.store.add_account(&account, used, effect).await?;
        }
        match added {
            AccountAdded::Added => Ok(account),
            AccountAdded::NameTaken => Err(Text::new("error-name_taken").with("name", account.name)),
            AccountAdded::IdentityTaken => Err(Text::new("error-wrong_state-identity_taken")),
            AccountAdded::VisitorTaken | AccountAdded::InvitationChanged => Err(Text::new("error-bad_invitation")),
        }
    }

    // --- looking after accounts ---

    /// Accounts whose name has `part` in it, in the order in which they were made, behind the one with the id `after`; and whether
    /// there are more than `limit`.
    pub async fn list(
        &self,
        part: &str,
        after: Option<&AccountId>,
        limit: usize,
        actor: &Actor,
    ) -> Result<(Vec<AccountView>, bool), Text> {
        actor.may(Action::ManagePeople)?;
        let part = part.trim().to_lowercase();
        let mut found = match part.as_str() {
            "" => self.store.accounts(after, limit + 1).await?,
            part => self.store.accounts_named(part, after, limit + 1).await?,
        };
        let more = found.len() > limit;
        found.truncate(limit);
        let mut views = Vec::new();
        for account in &found {
            views.push(self.view(account).await?);
        }
        Ok((views, more))
    }

    pub async fn show(&self, id: &AccountId, actor: &Actor) -> Result<Account, Text> {
        actor.may(Action::ManagePeople)?;
        self.store.account(id).await?.ok_or_else(no_such_account)
    }

    async fn view(&self, account: &Account) -> Result<AccountView, Text> {
        let sessions = self.sessions.of(&Principal::account(&account.id)).await?;
        Ok(AccountView::new(account, sessions.first().map(|(_, session)| session.last_seen_at)))
    }

    /// Changes somebody's account. Its connections are opened again with the new role; a disabled account, and one with a new
    /// password, has no sessions any more.
    pub async fn change(&self, id: &AccountId, change: AccountChange, actor: &Actor) -> Result<AccountView, Text> {
        let before = self.show(id, actor).await?;
        actor.may(Action::ManageAccount(&before))?;
        // Otherwise the last owner could lock everybody out with one click.
        if actor.has_account
            && actor.principal == before.principal
            && (change.disabled == Some(true) || change.role.is_some())
        {
            return Err(Text::new("error-wrong_state-own_account"));
        }
        change.role.map_or(Ok(()), |role| actor.may(Action::GiveRole(role)))?;
        let hash = match change.password {
            Some(password) => {
                passwords::check_new(&password, &before.name)?;
                Some(passwords::hash(password, &passwords::KNOWN).await?)
            }
            None => None,
        };
        let ends_sessions = change.disabled == Some(true) || hash.is_some() || change.resets_factors;
        let set = move |account: &mut Account| {
            account.role = change.role.unwrap_or(account.role);
            account.is_disabled = change.disabled.unwrap_or(account.is_disabled);
            if let Some(hash) = &hash {
                account.password = Some(hash.clone());
            }
            if change.resets_factors {
                account.second_factor = None;
                account.passkeys.clear();
            }
        };
        let connections = self.sessions.connections();
        let effect = move |account: &Account| {
            let subject = Principal::account(&account.id);
            let change = match ends_sessions {
                true => SessionChange::Ended(subject, None),
                false => SessionChange::Changed(subject),
            };
            connections.follow(&change);
            // Its programs have no sessions.
            connections.follow(&SessionChange::Of(SanctionSubject::Person(account.principal.clone())));
        };
        let changed = self.store.change_account(id, set, effect).await?.ok_or_else(no_such_account)?;
        if ends_sessions {
            self.sessions.end_of(&Principal::account(id), |_| true).await?;
        }
        self.view(&changed).await
    }

    /// Somebody's sessions, the one that was used last first; `own` is the one that asks.
    pub async fn sessions_of(&self, account: &Account, own: Option<&SessionId>) -> Result<Vec<SessionView>, Text> {
        let sessions = self.sessions.of(&Principal::account(&account.id)).await?;
        let view = |(id, session): (SessionId, Session)| SessionView {
            current: own == Some(&id),
            id: id.as_str().to_owned(),
            device: session.device,
            address: session.address,
            created_at: session.created_at,
            last_seen_at: session.last_seen_at,
        };
        Ok(sessions.into_iter().map(view).collect())
    }

    /// Signs somebody out everywhere.
    pub async fn sign_out(&self, id: &AccountId, actor: &Actor) -> Result<(), Text> {
        let account = self.show(id, actor).await?;
        actor.may(Action::ManageAccount(&account))?;
        self.sessions.end_of(&Principal::account(id), |_| true).await?;
        Ok(())
    }

    // --- invitations ---

    /// Makes an invitation and returns it with its token, which cannot be read later.
    pub async fn invite(&self, terms: InvitationTerms, actor: &Actor) -> Result<(Invitation, String), Text> {
        let InvitationTerms { role, uses, days, rooms } = terms;
        actor.may(Action::ManagePeople)?;
        actor.may(Action::GiveRole(role))?;
        if rooms.len() > MOST_ROOMS {
            return Err(Text::new("error-bad_invitation_terms-rooms").with("max", MOST_ROOMS));
        }
        if !(1..=MOST_DAYS).contains(&days) {
            return Err(Text::new("error-bad_invitation_terms-days").with("max", MOST_DAYS));
        }
        if uses.is_some_and(|uses| !(1..=MOST_USES).contains(&uses)) {
            return Err(Text::new("error-bad_invitation_terms-uses").with("max", MOST_USES));
        }
        let (token, now) = (random_token(), Timestamp::now());
        let invitation = Invitation {
            id: InvitationId::fresh(),
            role,
            uses_left: uses,
            expires_at: Timestamp(now.0 + i64::from(days) * DAY),
            created_at: now,
            created_by: Some(actor.handle.to_string()),
            rooms,
            place: 0,
        };
        self.store.remove_expired_invitations(now).await?;
        if self.store.add_invitation(&digest(&token), invitation.clone(), MOST_INVITATIONS).await? {
            Ok((invitation, token))
        } else {
            Err(Text::new("error-too_many_invitations").with("max", MOST_INVITATIONS))
        }
    }

    /// The open invitations that people made, oldest first.
    pub async fn invitations(&self, actor: &Actor) -> Result<Vec<Invitation>, Text> {
        actor.may(Action::ManagePeople)?;
        let now = Timestamp::now();
        let mut invitations = self.store.invitations().await?;
        invitations.retain(|invitation| invitation.created_by.is_some() && invitation.is_open(now));
        Ok(invitations)
    }

    /// Its link no longer works afterwards.
    pub async fn revoke(&self, id: &InvitationId, actor: &Actor) -> Result<(), Text> {
        actor.may(Action::ManagePeople)?;
        if self.store.remove_invitation(id).await? { Ok(()) } else { Err(Text::new("error-not_found-invitation")) }
    }

    // --- guests ---

    /// Whether a visitor's cookie became an account, or whoever had it is being removed: then it is worth nothing by itself.
    pub async fn is_void(&self, visitor: &Visitor) -> Result<bool, Text> {
        Ok(self.store.is_void(&visitor.principal).await?)
    }

    /// Refuses the name of an account or a program, and what looks like it, to those who are not signed in.
    pub async fn check_guest(&self, handle: &Handle) -> Result<(), Text> {
        let is_taken = self.store.account_of_name(handle).await?.is_some() || self.store.is_token_name(handle).await?;
        if is_taken { Err(Text::new("error-bad_handle-account").with("handle", handle)) } else { Ok(()) }
    }
}

fn new_account(name: Handle, role: Role, password: Option<String>, visitor: Option<&Visitor>) -> Account {
    let id = AccountId::fresh();
    let principal = visitor.map_or_else(|| Principal::account(&id), |visitor| visitor.principal.clone());
    Account { password, ..Account::new(id, principal, name, role) }
}

pub(super) fn no_such_account() -> Text {
    Text::new("error-not_found-account")
}
