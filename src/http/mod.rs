//! The HTTP layer. The only module that uses `warp`.
//!
//! Filters match requests, handlers call the modules below; no decision about rooms, jobs or bots is made here.

mod api;
mod assets;
mod caller;
mod concerns;
mod encoding;
mod hosts;
mod limits;
mod listener;
mod local_authority;
mod methods;
mod peer;
mod reads;
mod redirects;
mod refusals;
mod request_id;
mod socket;
mod stream;
mod unknown_proxy;
mod vitals;

use std::sync::Arc;

use futures_util::future::BoxFuture;
use ipnet::IpNet;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use warp::filters::BoxedFilter;
use warp::reply::Response;
use warp::{Filter, Reply};

pub use limits::{ConnectionLimits, RequestLimits};
pub use listener::{Door, Listener, bind, bind_unix, prepare};
pub use reads::Reads;
pub use socket::Sockets;
pub use unknown_proxy::UnknownProxy;
pub use vitals::Vitals;

use self::api::MethodTable;
use crate::accounts::{
    Accounts, Actor, AuditLog, CommandRules, FrontDoor, Hooks, Keys, Merges, Sanctions, Sessions, Tokens,
};
use crate::backup::Backups;
use crate::bots::Bots;
use crate::bots::custom::Callbacks;
use crate::budgets::Budgets;
use crate::chat::Chat;
use crate::jobs::Jobs;
use crate::library::Library;
use crate::model::{Diagnosis, Handle, HookId, Observed};
use crate::moderation::Moderation;
use crate::open_id::Provider;
use crate::personal_data::{Erasures, Exports};
use crate::search::Search;
use crate::store::Store;
use crate::text::Text;
use crate::tls::Tls;

/// Messages in a burst, as a multiple of those per second on average.
pub const BURST_SECONDS: u32 = 20;

/// Examines this server; from the module that builds it, which alone knows all settings.
pub type Checkup = Box<dyn Fn(Observed) -> BoxFuture<'static, Vec<Diagnosis>> + Send + Sync>;

/// Application state shared by all handlers.
pub struct App {
    pub chat: Arc<Chat>,
    pub bots: Arc<Bots>,
    pub jobs: Arc<Jobs>,
    pub keys: Keys,
    pub sessions: Arc<Sessions>,
    pub accounts: Accounts,
    pub front_door: Arc<FrontDoor>,
    pub tokens: Tokens,
    pub sanctions: Arc<Sanctions>,
    pub command_rules: Arc<CommandRules>,
    pub moderation: Arc<Moderation>,
    pub merges: Arc<Merges>,
    pub audit_log: AuditLog,
    pub backups: Arc<Backups>,
    /// For the one compaction of the store that is under way.
    pub compacting: Semaphore,
    pub exports: Arc<Exports>,
    pub erasures: Erasures,
    pub store: Arc<Store>,
    pub search: Arc<Search>,
    pub reads: Reads,
    pub sockets: Arc<Sockets>,
    pub vitals: Vitals,
    pub checkup: Checkup,
    pub callbacks: Arc<Callbacks>,
    pub library: Arc<Library>,
    pub connections: Arc<ConnectionLimits>,
    pub hooks: Hooks,
    /// Where people may sign in instead of here.
    pub provider: Option<Provider>,
    pub budgets: Arc<Budgets>,
    /// Encrypts connections; `None` where none are, or a proxy does it.
    pub tls: Option<Arc<Tls>>,
    pub unknown_proxy: UnknownProxy,
    /// By hook.
    pub hook_posts: RequestLimits<HookId>,
    /// Tracks work that must complete even if the client disconnects.
    pub tasks: TaskTracker,
    pub settings: Settings,
    /// Set when the server begins to stop.
    pub stopping: CancellationToken,
}

impl App {
    /// The handle that a client wants, if it has another one now. Guests may not have that of an account.
    pub async fn handle_of(&self, actor: &Actor, wanted: Option<&str>) -> Result<Option<Handle>, Text> {
        let handle = wanted.map(Handle::new).transpose()?.filter(|handle| *handle != actor.handle);
        if let Some(handle) = handle.as_ref().filter(|_| !actor.has_own_name()) {
            self.accounts.check_guest(handle).await?;
            self.moderation.check(actor.role, &handle.to_string())?;
        }
        Ok(handle)
    }
}

/// Settings of the HTTP layer.
#[derive(Clone, Debug)]
pub struct Settings {
    pub allowed_origins: Vec<String>,
    /// Names by which this server is called, beside those that are not in the public DNS.
    pub hosts: Vec<String>,
    /// The host of the public address, if that begins with `https`.
    pub https_host: Option<String>,
    /// The port at which browsers reach this server over HTTPS, where it encrypts connections itself.
    pub https_port: u16,
    /// Whether browsers that came over HTTPS are told to come over nothing else.
    pub insists_on_https: bool,
    pub trusted_proxies: Vec<IpNet>,
    /// Whether guests of one address are counted together.
    pub counts_addresses: bool,
    pub messages_per_second: u32,
    pub message_chars: usize,
    pub frame_bytes: usize,
    pub rooms_per_connection: usize,
    pub stall: std::time::Duration,
    /// Maximum size of a document's file, in bytes.
    pub document_bytes: u64,
    /// Maximum size of a document's text, in bytes.
    pub document_text_bytes: usize,
    /// Name of the language model.
    pub language_model: Option<String>,
}

/// Every route.
pub fn routes(app: &Arc<App>) -> (BoxedFilter<(Response,)>, MethodTable) {
    let (interface, methods) = api::routes(app);
    let routes = socket::routes(app).or(interface).unify().or(local_authority::routes(app)).unify();
    let routes = routes.or(assets::routes(app)).unify();
    (routes.recover(refusals::recover).map(Reply::into_response).boxed(), methods)
}
