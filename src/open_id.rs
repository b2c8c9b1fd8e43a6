//! Signing in at an identity provider: OpenID Connect, authorization code flow with PKCE.

use std::pin::Pin;
use std::time::{Duration, Instant};

use openidconnect::core::{
    CoreAuthenticationFlow, CoreClient, CoreClientAuthMethod, CoreIdToken, CoreIdTokenClaims, CoreProviderMetadata,
};
use openidconnect::{
    AsyncHttpClient, AuthType, AuthorizationCode, ClientId, ClientSecret, CsrfToken, EndpointMaybeSet, EndpointNotSet,
    EndpointSet, HttpRequest, HttpResponse, IssuerUrl, Nonce, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, Scope,
    TokenResponse,
};
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;

use crate::fetch::{FetchError, Key, Sender, Waits};
use crate::model::Identity;

/// How long is believed what the provider says of itself, its keys included.
const BELIEVED: Duration = Duration::from_secs(60 * 60);

/// How long it is not asked again after it did not answer.
const LEFT_ALONE: Duration = Duration::from_secs(5);

/// Largest response of the provider, in bytes.
const RESPONSE_BYTES: usize = 1024 * 1024;

const WAITS: Waits =
    Waits { first: Duration::from_secs(10), idle: Duration::from_secs(5), total: Duration::from_secs(20) };

/// Longest subject that a provider may give (OpenID Connect Core 1.0, section 2), in bytes.
const SUBJECT_BYTES: usize = 255;

type Client =
    CoreClient<EndpointSet, EndpointNotSet, EndpointNotSet, EndpointNotSet, EndpointMaybeSet, EndpointMaybeSet>;

/// What the settings say of a provider.
#[derive(Clone, Debug)]
pub struct Settings {
    pub issuer: String,
    pub client_id: String,
    /// Empty for a public client.
    pub client_secret: Key,
    /// The provider's name for people.
    pub name: String,
    /// What is asked for beside `openid`.
    pub scopes: Vec<String>,
    /// The page to which people are sent back.
    pub return_to: String,
    /// Whether somebody without an account gets one.
    pub creates_accounts: bool,
}

/// Where somebody goes to sign in, and what must be known when they come back.
#[derive(Debug)]
pub struct Departure {
    pub url: String,
    pub pending: Pending,
}

/// A sign-in that has begun. The browser that began it keeps this.
#[derive(Debug, Serialize, Deserialize)]
pub struct Pending {
    state: String,
    nonce: String,
    verifier: String,
}

/// Somebody whom the provider knows.
#[derive(Debug)]
pub struct Person {
    pub identity: Identity,
    /// What they may be called here, the best first.
    pub names: Vec<String>,
}

/// Why a sign-in at the provider failed.
#[derive(Debug, thiserror::Error)]
pub enum OpenIdError {
    /// The provider does not answer, or not as it should.
    #[error("the provider cannot be used: {0}")]
    Provider(String),
    /// The code or the token is not valid, or was not asked for here.
    #[error("the sign-in is not valid: {0}")]
    Invalid(String),
}

/// The identity provider.
#[derive(Debug)]
pub struct Provider {
    settings: Settings,
    issuer: IssuerUrl,
    return_to: RedirectUrl,
    http: Http,
    /// Held while it is asked: many who come at once ask once.
    metadata: Mutex<Option<Asked>>,
}

/// What the provider said of itself, or why it did not.
#[derive(Clone, Debug)]
struct Asked {
    at: Instant,
    said: Result<CoreProviderMetadata, String>,
}

impl Asked {
    fn is_recent(&self) -> bool {
        self.at.elapsed() < if self.said.is_ok() { BELIEVED } else { LEFT_ALONE }
    }
}

impl Provider {
    /// # Errors
    /// A message about the settings.
    pub fn new(settings: Settings) -> Result<Self, String> {
        let issuer = IssuerUrl::new(settings.issuer.clone()).map_err(|error| error.to_string())?;
        let return_to = RedirectUrl::new(settings.return_to.clone()).map_err(|error| error.to_string())?;
        Ok(Self { settings, issuer, return_to, http: Http(Sender::new()?), metadata: Mutex::default() })
    }

    /// Its name for people.
    pub fn name(&self) -> &str {
        &self.settings.name
    }

    /// Whether somebody without an account gets one.
    pub fn creates_accounts(&self) -> bool {
        self.settings.creates_accounts
    }

    /// Begins a sign-in.
    ///
    /// # Errors
    /// [`OpenIdError::Provider`].
    pub async fn depart(&self) -> Result<Departure, OpenIdError> {
        let client = self.client(self.metadata().await?);
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let flow = CoreAuthenticationFlow::AuthorizationCode;
        let request = client.authorize_url(flow, CsrfToken::new_random, Nonce::new_random);
        let scopes = self.settings.scopes.iter().cloned().map(Scope::new);
        let (url, state, nonce) = request.add_scopes(scopes).set_pkce_challenge(challenge).url();
        let pending =
            Pending { state: state.into_secret(), nonce: nonce.secret().clone(), verifier: verifier.into_secret() };
        Ok(Departure { url: url.into(), pending })
    }

    /// Who comes back with this code and state.
    pub async fn arrive(&self, pending: Pending, state: &str, code: String) -> Result<Person, OpenIdError> {
        if state != pending.state {
            return Err(OpenIdError::Invalid("it was not begun in this browser".into()));
        }
        let metadata = self.metadata().await?;
        let token = self.redeem(metadata.clone(), pending.verifier, code).await?;
        let nonce = Nonce::new(pending.nonce);
        let claims = match self.claims(metadata, &token, &nonce) {
            Ok(claims) => claims,
            // The provider may have new keys.
            Err(_) => {
                let is_new = |asked: &Asked| asked.at.elapsed() < LEFT_ALONE;
                self.claims(self.metadata_unless(is_new).await?, &token, &nonce)?
            }
        };
        self.person(&claims)
    }

    /// The ID token for a code.
    async fn redeem(
        &self,
        metadata: CoreProviderMetadata,
        verifier: String,
        code: String,
    ) -> Result<CoreIdToken, OpenIdError> {
        let invalid = |error: &dyn std::error::Error| OpenIdError::Invalid(chain(error));
        let client = self.client(metadata);
        let request = client.exchange_code(AuthorizationCode::new(code)).map_err(|error| invalid(&error))?;
        let request = request.set_pkce_verifier(PkceCodeVerifier::new(verifier));
        let response = request.request_async(&self.http).await.map_err(|error| invalid(&error))?;
        response.id_token().cloned().ok_or_else(|| OpenIdError::Invalid("there is no ID token".into()))
    }

    /// What a token says, if it is the provider's, for this server, valid now and from this sign-in.
    fn claims(
        &self,
        metadata: CoreProviderMetadata,
        token: &CoreIdToken,
        nonce: &Nonce,
    ) -> Result<CoreIdTokenClaims, OpenIdError> {
        let client = self.client(metadata);
        let claims = token.claims(&client.id_token_verifier(), nonce);
        claims.cloned().map_err(|error| OpenIdError::Invalid(chain(&error)))
    }

    fn person(&self, claims: &CoreIdTokenClaims) -> Result<Person, OpenIdError> {
        let subject = claims.subject().to_string();
        if subject.is_empty() || subject.len() > SUBJECT_BYTES {
            return Err(OpenIdError::Invalid("the subject is empty or too long".into()));
        }
        let name = claims.name().and_then(|name| name.get(None)).map(|name| name.to_string());
        let nickname = claims.nickname().and_then(|name| name.get(None)).map(|name| name.to_string());
        let mail = claims.email().and_then(|mail| mail.split('@').next()).map(str::to_owned);
        let preferred = claims.preferred_username().map(|name| name.to_string());
        let names = [preferred, nickname, name, mail].into_iter().flatten().collect();
        Ok(Person { identity: Identity { issuer: self.settings.issuer.clone(), subject }, names })
    }

    /// What the provider says of itself.
    async fn metadata(&self) -> Result<CoreProviderMetadata, OpenIdError> {
        self.metadata_unless(Asked::is_recent).await
    }

    /// The same, asked again unless what is known is good enough.
    async fn metadata_unless(&self, is_enough: impl Fn(&Asked) -> bool) -> Result<CoreProviderMetadata, OpenIdError> {
        let mut known = self.metadata.lock().await;
        let asked = match known.take().filter(is_enough) {
            Some(asked) => asked,
            None => {
                let found = CoreProviderMetadata::discover_async(self.issuer.clone(), &self.http).await;
                Asked { at: Instant::now(), said: found.map_err(|error| chain(&error)) }
            }
        };
        known.insert(asked).said.clone().map_err(OpenIdError::Provider)
    }

    fn client(&self, metadata: CoreProviderMetadata) -> Client {
        let methods = metadata.token_endpoint_auth_methods_supported();
        // Without a list it is HTTP Basic.
        let takes_basic = methods.is_none_or(|methods| methods.contains(&CoreClientAuthMethod::ClientSecretBasic));
        let secret = Some(&self.settings.client_secret).filter(|secret| !secret.is_empty());
        let secret = secret.map(|secret| ClientSecret::new(secret.reveal().to_owned()));
        CoreClient::from_provider_metadata(metadata, ClientId::new(self.settings.client_id.clone()), secret)
            .set_auth_type(if takes_basic { AuthType::BasicAuth } else { AuthType::RequestBody })
            .set_redirect_uri(self.return_to.clone())
    }
}

/// The HTTP client as the library wants it.
#[derive(Clone, Debug)]
struct Http(Sender);

impl<'c> AsyncHttpClient<'c> for Http {
    type Error = FetchError;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, FetchError>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(self.send(request))
    }
}

impl Http {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, FetchError> {
        let request = reqwest::Request::try_from(request).map_err(|_| FetchError::BadUrl)?;
        let incoming = self.0.send(request, WAITS).await?;
        let response = HttpResponse::new(Vec::new());
        let (mut head, _) = response.into_parts();
        head.status = incoming.status();
        if let Ok(media_type) = incoming.media_type().parse() {
            head.headers.insert(reqwest::header::CONTENT_TYPE, media_type);
        }
        match incoming.body(RESPONSE_BYTES).await? {
            (body, false) => Ok(HttpResponse::from_parts(head, body)),
            (_, true) => Err(FetchError::Broken),
        }
    }
}

/// An error with its causes: the library's own words are short.
fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
