//! An identity provider that speaks OpenID Connect, on a free port. Whoever comes is signed in as the person that the test names.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use chatbot::config::{Config, OpenIdConfig};
use chatbot::fetch::Key;
use data_encoding::{BASE64, BASE64URL_NOPAD};
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use openidconnect::core::{CoreJwsSigningAlgorithm, CoreRsaPrivateSigningKey};
use openidconnect::{JsonWebKeyId, PrivateSigningKey};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio::net::TcpListener;
use warp::Filter;
use warp::http::StatusCode;
use warp::reply::{Reply, Response};

pub const CLIENT: &str = "chat";
pub const SECRET: &str = "the client's secret";

/// A key of this provider alone, worth nothing elsewhere.
const SIGNING_KEY: &str = include_str!("../data/provider_key.pem");

/// What somebody was asked with, until the code is redeemed.
struct Asked {
    redirect_uri: String,
    nonce: String,
    challenge: String,
}

#[derive(Default)]
struct State {
    /// The claims about whoever signs in next.
    person: Value,
    /// Claims that are sent instead of the right ones.
    instead: Value,
    asked: HashMap<String, Asked>,
    redeemed: usize,
}

pub struct FakeProvider {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
}

impl FakeProvider {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let state = Arc::<Mutex<State>>::default();
        let service = TowerToHyperService::new(warp::service(routes(address, state.clone())));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let answering = http1::Builder::new().serve_connection(TokioIo::new(stream), service.clone());
                tokio::spawn(answering);
            }
        });
        Self { address, state }
    }

    pub fn issuer(&self) -> String {
        issuer(self.address)
    }

    /// Settings with which a server of this public URL uses the provider.
    pub fn used_by(&self, config: &mut Config, public_url: &str) {
        config.http.public_url = public_url.to_owned();
        config.open_id = OpenIdConfig {
            issuer: self.issuer(),
            client_id: CLIENT.into(),
            client_secret: Key::new(SECRET),
            name: "Example".into(),
            ..OpenIdConfig::default()
        };
    }

    /// Who signs in next: `sub`, and what else is told.
    pub fn knows(&self, person: Value) {
        self.state.lock().expect("whole").person = person;
    }

    /// Sends these claims instead of the right ones.
    pub fn lies(&self, instead: Value) {
        self.state.lock().expect("whole").instead = instead;
    }

    /// How many codes were redeemed.
    pub fn redeemed(&self) -> usize {
        self.state.lock().expect("whole").redeemed
    }

    /// Goes where a server sends somebody; what the provider sends back with them: `(code, state)`.
    pub async fn sign_in(&self, url: &str) -> (String, String) {
        let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().expect("a client");
        let response = client.get(url).send().await.expect("an answer");
        assert_eq!(response.status().as_u16(), 302, "{url}");
        let back = response.headers()["location"].to_str().expect("text");
        let back = reqwest::Url::parse(back).expect("an address");
        let value = |name: &str| {
            back.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned()).expect("a parameter")
        };
        (value("code"), value("state"))
    }
}

fn issuer(address: SocketAddr) -> String {
    format!("http://{address}/realm")
}

fn signing_key() -> CoreRsaPrivateSigningKey {
    CoreRsaPrivateSigningKey::from_pem(SIGNING_KEY, Some(JsonWebKeyId::new("one".into()))).expect("a key")
}

fn routes(address: SocketAddr, state: Arc<Mutex<State>>) -> warp::filters::BoxedFilter<(Response,)> {
    let here = issuer(address);
    let metadata = json!({
        "issuer": here, "authorization_endpoint": format!("{here}/authorize"), "token_endpoint": format!("{here}/token"),
        "jwks_uri": format!("{here}/keys"), "response_types_supported": ["code"], "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
    });
    let metadata = warp::path!("realm" / ".well-known" / "openid-configuration").map(move || json_reply(&metadata));
    let keys = json!({"keys": [signing_key().as_verification_key()]});
    let keys = warp::path!("realm" / "keys").map(move || json_reply(&keys));
    let asking = state.clone();
    let authorize = warp::path!("realm" / "authorize")
        .and(warp::query::<HashMap<String, String>>())
        .map(move |query| authorize(&asking, query));
    let token = warp::path!("realm" / "token")
        .and(warp::post())
        .and(warp::header::<String>("authorization"))
        .and(warp::body::form::<HashMap<String, String>>())
        .map(move |authorization, form| token(&here, &state, authorization, form));
    metadata.or(keys).unify().or(authorize).unify().or(token).unify().boxed()
}

fn json_reply(value: &Value) -> Response {
    warp::reply::json(value).into_response()
}

fn refused(status: StatusCode, error: &str) -> Response {
    warp::reply::with_status(warp::reply::json(&json!({"error": error})), status).into_response()
}

fn authorize(state: &Mutex<State>, query: HashMap<String, String>) -> Response {
    let value = |name: &str| query.get(name).cloned().unwrap_or_default();
    let is_right = value("client_id") == CLIENT
        && value("response_type") == "code"
        && value("scope").split(' ').any(|scope| scope == "openid")
        && value("code_challenge_method") == "S256";
    if !is_right {
        return refused(StatusCode::BAD_REQUEST, "invalid_request");
    }
    let asked =
        Asked { redirect_uri: value("redirect_uri"), nonce: value("nonce"), challenge: value("code_challenge") };
    let code = uuid::Uuid::new_v4().to_string();
    let back = format!("{}?code={code}&state={}", asked.redirect_uri, value("state"));
    state.lock().expect("whole").asked.insert(code, asked);
    warp::reply::with_header(StatusCode::FOUND, "location", back).into_response()
}

fn token(here: &str, state: &Mutex<State>, authorization: String, form: HashMap<String, String>) -> Response {
    let value = |name: &str| form.get(name).cloned().unwrap_or_default();
    // Both parts are form-encoded before (RFC 6749, 2.3.1).
    let login = format!("{CLIENT}:{}", SECRET.replace(' ', "+").replace('\'', "%27"));
    if authorization != format!("Basic {}", BASE64.encode(login.as_bytes())) {
        return refused(StatusCode::UNAUTHORIZED, "invalid_client");
    }
    let mut state = state.lock().expect("whole");
    let challenge = BASE64URL_NOPAD.encode(&Sha256::digest(value("code_verifier")));
    let asked = state.asked.remove(&value("code"));
    let asked = asked.filter(|asked| asked.challenge == challenge && asked.redirect_uri == value("redirect_uri"));
    let Some(asked) = asked else { return refused(StatusCode::BAD_REQUEST, "invalid_grant") };
    state.redeemed += 1;
    let now = chatbot::model::Timestamp::now().0 / 1000;
    let mut claims = json!({"iss": here, "aud": CLIENT, "exp": now + 300, "iat": now, "nonce": asked.nonce});
    for (name, value) in [&state.person, &state.instead].into_iter().filter_map(Value::as_object).flatten() {
        claims[name.as_str()] = value.clone();
    }
    json_reply(&json!({"access_token": "unused", "token_type": "Bearer", "id_token": signed(&claims)}))
}

fn signed(claims: &Value) -> String {
    let encode = |value: &Value| BASE64URL_NOPAD.encode(value.to_string().as_bytes());
    let message = format!("{}.{}", encode(&json!({"alg": "RS256", "typ": "JWT", "kid": "one"})), encode(claims));
    let signature = signing_key().sign(&CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256, message.as_bytes());
    format!("{message}.{}", BASE64URL_NOPAD.encode(&signature.expect("signed")))
}
