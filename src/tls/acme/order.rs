//! One attempt to get a certificate: account, order, proof that the names lead here, certificate.

use std::collections::HashMap;
use std::time::Duration;

use instant_acme::{
    Account, AuthorizationStatus, CertificateIdentifier, ChallengeType, Error, Identifier, NewAccount, NewOrder, Order,
    OrderStatus, Problem, RenewalInfo, RetryPolicy,
};
use tokio_rustls::rustls::pki_types::Der;

use super::Settings;
use super::folder::{Folder, SavedAccount, SavedCertificate};
use super::http::Http;
use crate::fetch::FetchError;
use crate::tls::Proof;
use crate::tls::certificate::CertificateId;
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
    /// It is asked too often, or for too much.
    #[error("the certificate authority limits how often it is asked: {0}")]
    RateLimited(String),
    /// It would work at another time.
    #[error("the certificate authority could not do it for now: {0}")]
    Passing(String),
    #[error("{0}")]
    Refused(String),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        match error {
            Error::Api(problem) if is(&problem, "accountDoesNotExist") => Self::UnknownAccount,
            Error::Api(problem) if is(&problem, "rateLimited") => Self::RateLimited(words(&problem)),
            Error::Api(problem) if is(&problem, "badNonce") || is(&problem, "serverInternal") => {
                Self::Passing(words(&problem))
            }
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

/// What became of an order.
enum Ordered {
    Certificate(SavedCertificate),
    /// The names that were not proven, and why.
    Unproven(Vec<(String, String)>),
}

/// By which proof each name is tried: they may lead here by different ways.
struct Ways<'a> {
    proofs: &'a [Proof],
    /// By name: what those that were tried before led to.
    failed: HashMap<String, Vec<String>>,
}

impl Ways<'_> {
    fn proof(&self, name: &str) -> Option<Proof> {
        self.proofs.get(self.failed.get(name).map_or(0, Vec::len)).copied()
    }

    /// Goes on to the next proof for a name.
    ///
    /// # Errors
    /// When there is none.
    fn fail(&mut self, name: String, reason: &str) -> Result<(), Failure> {
        let proof = self.proof(&name).map(|proof| proof.to_string()).unwrap_or_default();
        let reasons = self.failed.entry(name.clone()).or_default();
        reasons.push(format!("{proof} said: {name}: {reason}"));
        if reasons.len() < self.proofs.len() { Ok(()) } else { Err(Failure::Unproven(reasons.join("; "))) }
    }
}

impl Attempt<'_> {
    /// A new certificate, in place of `replaced`, if that is given: authorities limit such orders less.
    pub async fn run(&self, replaced: Option<&CertificateId>) -> Result<SavedCertificate, Failure> {
        let account = match self.account().await {
            Ok(Some(account)) => account,
            Ok(None) | Err(Failure::UnknownAccount) => self.new_account().await?,
            Err(failure) => return Err(failure),
        };
        match self.with(&account, replaced).await {
            Err(Failure::UnknownAccount) => {
                tracing::warn!(
                    "the certificate authority does not know this server's account any more; making another"
                );
                self.with(&self.new_account().await?, None).await
            }
            ended => ended,
        }
    }

    /// When the authority wants a certificate of its own to be renewed; `None` if it does not say such things, or there is no
    /// account yet.
    pub async fn renewal_info(&self, id: &CertificateId) -> Result<Option<(RenewalInfo, Duration)>, Failure> {
        let Some(account) = self.account().await? else { return Ok(None) };
        match account.renewal_info(&identifier(id)).await {
            Err(Error::Unsupported(_)) => Ok(None),
            said => Ok(Some(said?)),
        }
    }

    /// Tries to prove each name in one way after the other.
    async fn with(&self, account: &Account, replaced: Option<&CertificateId>) -> Result<SavedCertificate, Failure> {
        let mut ways = Ways { proofs: &self.settings.proofs, failed: HashMap::new() };
        loop {
            match self.order(account, &ways, replaced).await? {
                Ordered::Certificate(saved) => return Ok(saved),
                Ordered::Unproven(names) => {
                    names.into_iter().try_for_each(|(name, reason)| ways.fail(name, &reason))?;
                }
            }
        }
    }

    /// The account there is.
    async fn account(&self) -> Result<Option<Account>, Failure> {
        let Some(saved) = self.folder.read::<SavedAccount>(&self.settings.directory).await else { return Ok(None) };
        let credentials = serde_json::from_value(saved.credentials.clone()).map_err(Error::from)?;
        let account = self.client().from_credentials(credentials).await?;
        if saved.email != self.settings.email {
            let contacts = self.contacts();
            account.update_contacts(&contacts.iter().map(String::as_str).collect::<Vec<_>>()).await?;
            self.save_account(SavedAccount { email: self.settings.email.clone(), ..saved }).await?;
        }
        Ok(Some(account))
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

    async fn order(
        &self,
        account: &Account,
        ways: &Ways<'_>,
        replaced: Option<&CertificateId>,
    ) -> Result<Ordered, Failure> {
        let mut order = self.begin(account, replaced).await?;
        // Before any of them is looked at: an order that is given up in the middle counts as a failed proof.
        let not_offered = not_offered(&mut order, ways).await?;
        if !not_offered.is_empty() {
            return Ok(Ordered::Unproven(not_offered));
        }
        let challenges = match self.prove(&mut order, ways).await? {
            Ok(challenges) => challenges,
            Err(unproven) => return Ok(Ordered::Unproven(vec![unproven])),
        };
        let proven = order.poll_ready(&PATIENCE).await;
        drop(challenges);
        if !matches!(proven, Ok(OrderStatus::Ready)) {
            let reasons = reasons(&mut order).await?;
            return if reasons.is_empty() { Err(given_up(proven)) } else { Ok(Ordered::Unproven(reasons)) };
        }
        let key = order.finalize().await?;
        let chain = order.poll_certificate(&PATIENCE).await?;
        Ok(Ordered::Certificate(SavedCertificate { directory: self.settings.directory.clone(), chain, key }))
    }

    async fn begin(&self, account: &Account, replaced: Option<&CertificateId>) -> Result<Order, Failure> {
        let identifiers: Vec<_> = self.settings.names.iter().cloned().map(Identifier::Dns).collect();
        let new = || NewOrder::new(&identifiers);
        let mut begun = match replaced {
            Some(id) => account.new_order(&new().replaces(identifier(id))).await,
            None => account.new_order(&new()).await,
        };
        // Where it does not know of such things, or of that certificate; or somebody has replaced it.
        if replaced.is_some()
            && begun.is_err()
            && !matches!(&begun, Err(Error::Api(problem)) if is(problem, "rateLimited"))
        {
            begun = account.new_order(&new()).await;
        }
        begun.map_err(|error| match error {
            // So is said of an account that was deactivated.
            Error::Api(problem) if is(&problem, "unauthorized") => Failure::UnknownAccount,
            error => error.into(),
        })
    }

    /// Prepares the answer for every name and says so. What is returned holds the answers; or else it is a name for which there
    /// is no such proof.
    async fn prove(
        &self,
        order: &mut Order,
        ways: &Ways<'_>,
    ) -> Result<Result<Vec<Challenge<'_>>, (String, String)>, Failure> {
        let mut challenges = Vec::new();
        let mut authorizations = order.authorizations();
        while let Some(authorization) = authorizations.next().await {
            let mut authorization = authorization?;
            // Proven before, for another order.
            if authorization.status == AuthorizationStatus::Valid {
                continue;
            }
            let name = authorization.identifier().to_string();
            let proof = ways.proof(&name).ok_or_else(|| Failure::Refused(format!("{name} was not asked for")))?;
            let Some(mut offered) = authorization.challenge(challenge_type(proof)) else {
                return Ok(Err((name, NOT_OFFERED.to_owned())));
            };
            let answer = offered.key_authorization();
            challenges.push(match proof {
                Proof::TlsAlpn01 => self.shown.challenge(&name, answer.digest().as_ref()).map_err(|error| {
                    Failure::Refused(format!("cannot make the certificate that proves {name}: {error}"))
                })?,
                Proof::Http01 => self.shown.promise(&offered.token, answer.as_str()),
            });
            // It may look at once, and answer with what it found.
            if let Err(error) = offered.set_ready().await {
                return match Failure::from(error) {
                    Failure::Refused(words) => Ok(Err((name, words))),
                    failure => Err(failure),
                };
            }
        }
        Ok(Ok(challenges))
    }
}

const NOT_OFFERED: &str = "it is not offered, or was tried";

/// The names that cannot be proven as they are to be, and why.
async fn not_offered(order: &mut Order, ways: &Ways<'_>) -> Result<Vec<(String, String)>, Failure> {
    let mut names = Vec::new();
    let mut authorizations = order.authorizations();
    while let Some(authorization) = authorizations.next().await {
        let mut authorization = authorization?;
        let name = authorization.identifier().to_string();
        let is_open = authorization.status != AuthorizationStatus::Valid;
        if let Some(proof) = ways.proof(&name)
            && is_open
            && authorization.challenge(challenge_type(proof)).is_none()
        {
            names.push((name, NOT_OFFERED.to_owned()));
        }
    }
    Ok(names)
}

fn challenge_type(proof: Proof) -> ChallengeType {
    match proof {
        Proof::TlsAlpn01 => ChallengeType::TlsAlpn01,
        Proof::Http01 => ChallengeType::Http01,
    }
}

fn identifier(id: &CertificateId) -> CertificateIdentifier<'static> {
    CertificateIdentifier::new(Der::from_slice(&id.authority), Der::from_slice(&id.serial)).into_owned()
}

/// What the authority did not like about the proofs, by name.
async fn reasons(order: &mut Order) -> Result<Vec<(String, String)>, Failure> {
    let mut reasons = Vec::new();
    let mut authorizations = order.authorizations();
    while let Some(authorization) = authorizations.next().await {
        let mut authorization = authorization?;
        authorization.refresh().await?;
        let error = authorization.challenges.iter().find_map(|challenge| challenge.error.as_ref()).map(words);
        reasons.extend(error.map(|error| (authorization.identifier().to_string(), error)));
    }
    Ok(reasons)
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
        let words = "no; a.example has no address".to_owned();
        assert_eq!(Failure::from(problem("rateLimited")), Failure::RateLimited(words.clone()));
        assert_eq!(Failure::from(problem("serverInternal")), Failure::Passing(words.clone()));
        assert_eq!(Failure::from(problem("caa")), Failure::Refused(words));
        let away = Failure::from(Error::Other(Box::new(FetchError::CannotConnect)));
        assert!(matches!(away, Failure::Unreachable(_)));
        assert!(matches!(Failure::from(Error::Str("nonce")), Failure::Refused(_)));
    }

    #[test]
    fn each_name_goes_its_own_way_until_there_is_none_left() {
        let proofs = [Proof::TlsAlpn01, Proof::Http01];
        let mut ways = Ways { proofs: &proofs, failed: HashMap::new() };
        assert_eq!(ways.fail("a.example".to_owned(), "refused"), Ok(()));
        assert_eq!([ways.proof("a.example"), ways.proof("b.example")], [Some(Proof::Http01), Some(Proof::TlsAlpn01)]);
        let words = "tls-alpn-01 said: a.example: refused; http-01 said: a.example: 404";
        assert_eq!(ways.fail("a.example".to_owned(), "404"), Err(Failure::Unproven(words.to_owned())));
    }
}
