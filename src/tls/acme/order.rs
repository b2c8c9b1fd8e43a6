//! One attempt to get a certificate: account, order, proof that the names lead here, certificate.

use std::time::Duration;

use instant_acme::{
    Account, AuthorizationStatus, ChallengeType, Error, Identifier, NewAccount, NewOrder, Order, OrderStatus, Problem,
    RetryPolicy,
};

use super::Settings;
use super::folder::{Folder, SavedAccount, SavedCertificate};
use super::http::Http;
use crate::fetch::FetchError;
use crate::tls::Proof;
use crate::tls::shown::{Challenge, Shown};

/// How long the authority is asked whether it is done.
const PATIENCE: RetryPolicy = RetryPolicy::new().timeout(Duration::from_secs(120));

/// Why there is no certificate.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    #[error("the certificate authority does not know this server's account")]
    UnknownAccount,
    #[error("the certificate authority cannot be reached: {0}")]
    Unreachable(String),
    /// The authority looked whether the names lead here, and they did not.
    #[error("the certificate authority could not verify that the names lead to this server: {0}")]
    Unproven(String),
    #[error("{0}")]
    Refused(String),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        match error {
            Error::Api(problem) if is(&problem, "accountDoesNotExist") => Self::UnknownAccount,
            Error::Api(problem) => Self::Refused(words(&problem)),
            Error::Json(_) => Self::Unreachable("what answers there is no certificate authority".to_owned()),
            Error::Other(error) if error.is::<FetchError>() => Self::Unreachable(error.to_string()),
            error => Self::Refused(error.to_string()),
        }
    }
}

fn is(problem: &Problem, kind: &str) -> bool {
    let given = problem.r#type.as_deref().unwrap_or_default();
    given.strip_prefix("urn:ietf:params:acme:error:") == Some(kind)
}

/// What the authority says to people, with what it says of each name.
fn words(problem: &Problem) -> String {
    let kind = problem.r#type.as_deref().unwrap_or("an error without a name");
    let detail = problem.detail.as_deref().unwrap_or(kind);
    let of_names = problem.subproblems.iter().filter_map(|sub| sub.detail.clone());
    [detail.to_owned()].into_iter().chain(of_names).collect::<Vec<_>>().join("; ")
}

/// An attempt.
pub struct Attempt<'a> {
    pub settings: &'a Settings,
    pub folder: &'a Folder,
    pub shown: &'a Shown,
    pub http: &'a Http,
}

impl Attempt<'_> {
    /// A new certificate.
    pub async fn run(&self) -> Result<SavedCertificate, Failure> {
        let account = self.account().await?;
        match self.with(&account).await {
            Err(Failure::UnknownAccount) => self.with(&self.new_account().await?).await,
            ended => ended,
        }
    }

    /// Tries to prove in one way after the other.
    async fn with(&self, account: &Account) -> Result<SavedCertificate, Failure> {
        let mut unproven = Vec::new();
        for proof in &self.settings.proofs {
            match self.order(account, *proof).await {
                Err(Failure::Unproven(reason)) => unproven.push(format!("{proof} said: {reason}")),
                ended => return ended,
            }
        }
        Err(Failure::Unproven(unproven.join("; ")))
    }

    async fn account(&self) -> Result<Account, Failure> {
        let Some(saved) = self.folder.read::<SavedAccount>(&self.settings.directory).await else {
            return self.new_account().await;
        };
        let credentials = serde_json::from_value(saved.credentials.clone()).map_err(Error::from)?;
        let account = self.client().from_credentials(credentials).await?;
        if saved.email != self.settings.email {
            let contacts = self.contacts();
            account.update_contacts(&contacts.iter().map(String::as_str).collect::<Vec<_>>()).await?;
            self.save_account(SavedAccount { email: self.settings.email.clone(), ..saved }).await?;
        }
        Ok(account)
    }

    async fn new_account(&self) -> Result<Account, Failure> {
        let contacts = self.contacts();
        let terms = NewAccount {
            contact: &contacts.iter().map(String::as_str).collect::<Vec<_>>(),
            terms_of_service_agreed: true,
            only_return_existing: false,
        };
        let (directory, email) = (self.settings.directory.clone(), self.settings.email.clone());
        let (account, credentials) = self.client().create(&terms, directory.clone(), None).await?;
        let credentials = serde_json::to_value(credentials).map_err(Error::from)?;
        self.save_account(SavedAccount { directory, email, credentials }).await?;
        tracing::info!(directory = self.settings.directory, "registered with the certificate authority");
        Ok(account)
    }

    fn client(&self) -> instant_acme::AccountBuilder {
        Account::builder_with_http(Box::new(self.http.clone()))
    }

    async fn save_account(&self, account: SavedAccount) -> Result<(), Failure> {
        let saved = self.folder.write(&account).await;
        saved.map_err(|error| Failure::Refused(format!("cannot keep the account: {error}")))
    }

    fn contacts(&self) -> Vec<String> {
        let email = Some(&self.settings.email).filter(|email| !email.is_empty());
        email.map(|email| format!("mailto:{email}")).into_iter().collect()
    }

    async fn order(&self, account: &Account, proof: Proof) -> Result<SavedCertificate, Failure> {
        let identifiers: Vec<_> = self.settings.names.iter().cloned().map(Identifier::Dns).collect();
        let mut order = account.new_order(&NewOrder::new(&identifiers)).await.map_err(|error| match error {
            // So is said of an account that was deactivated.
            Error::Api(problem) if is(&problem, "unauthorized") => Failure::UnknownAccount,
            error => error.into(),
        })?;
        let challenges = self.prove(&mut order, proof).await?;
        let proven = order.poll_ready(&PATIENCE).await;
        drop(challenges);
        if !matches!(proven, Ok(OrderStatus::Ready)) {
            let reason = reason(&mut order).await?;
            return Err(reason.map_or_else(|| given_up(proven), Failure::Unproven));
        }
        let key = order.finalize().await?;
        let chain = order.poll_certificate(&PATIENCE).await?;
        Ok(SavedCertificate { directory: self.settings.directory.clone(), chain, key })
    }

    /// Prepares the answer for every name and says so. What is returned holds the answers.
    async fn prove(&self, order: &mut Order, proof: Proof) -> Result<Vec<Challenge<'_>>, Failure> {
        let mut challenges = Vec::new();
        let mut authorizations = order.authorizations();
        while let Some(authorization) = authorizations.next().await {
            let mut authorization = authorization?;
            // Proven before, for another order.
            if authorization.status == AuthorizationStatus::Valid {
                continue;
            }
            let name = authorization.identifier().to_string();
            let offered = authorization.challenge(match proof {
                Proof::TlsAlpn01 => ChallengeType::TlsAlpn01,
                Proof::Http01 => ChallengeType::Http01,
            });
            let mut offered =
                offered.ok_or_else(|| Failure::Unproven(format!("it is not offered for {name}, or was tried")))?;
            let answer = offered.key_authorization();
            challenges.push(match proof {
                Proof::TlsAlpn01 => self.shown.challenge(&name, answer.digest().as_ref()).map_err(|error| {
                    Failure::Refused(format!("cannot make the certificate that proves {name}: {error}"))
                })?,
                Proof::Http01 => self.shown.promise(&offered.token, answer.as_str()),
            });
            offered.set_ready().await?;
        }
        Ok(challenges)
    }
}

/// What the authority did not like about a proof, if that is why there is no certificate.
async fn reason(order: &mut Order) -> Result<Option<String>, Failure> {
    let mut authorizations = order.authorizations();
    while let Some(authorization) = authorizations.next().await {
        let mut authorization = authorization?;
        authorization.refresh().await?;
        let errors = authorization.challenges.iter().filter_map(|challenge| challenge.error.as_ref());
        if let Some(error) = errors.map(words).next() {
            return Ok(Some(format!("{}: {error}", authorization.identifier())));
        }
    }
    Ok(None)
}

fn given_up(ended: Result<OrderStatus, Error>) -> Failure {
    match ended {
        Ok(_) => Failure::Refused("the certificate authority gave the order up".to_owned()),
        Err(error) => error.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(kind: &str) -> Error {
        let json = serde_json::json!({"type": format!("urn:ietf:params:acme:error:{kind}"), "detail": "no",
            "subproblems": [{"type": "x", "detail": "a.example has no address"}]});
        Error::Api(serde_json::from_value(json).expect("a problem"))
    }

    #[test]
    fn an_account_that_is_gone_and_an_authority_that_is_away_are_told_from_a_refusal() {
        assert_eq!(Failure::from(problem("accountDoesNotExist")), Failure::UnknownAccount);
        let refused = Failure::Refused("no; a.example has no address".to_owned());
        assert_eq!(Failure::from(problem("rateLimited")), refused);
        let away = Failure::from(Error::Other(Box::new(FetchError::CannotConnect)));
        assert!(matches!(away, Failure::Unreachable(_)));
        assert!(matches!(Failure::from(Error::Str("nonce")), Failure::Refused(_)));
    }
}
