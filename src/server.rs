//! Assembles all parts of the server, and shuts them down in order.
//!
//! Takes the listener and the signal to stop from outside, so that tests run the real server on a free port.

mod custom_commands;
mod listeners;

use std::future::Future;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use parking_lot::Mutex;
use tokio::net::{TcpListener, UnixListener};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::accounts::{
    Accounts, AuditLog, CommandRules, FrontDoor, Hooks, Keys, Merges, Sanctions, Sessions, Standing, Tokens,
    random_token,
};
use crate::answers::Answers;
use crate::backup::Backups;
use crate::bots::custom::Callbacks;
use crate::bots::{Ask, Bots, Planning, Runner};
use crate::budgets::Budgets;
use crate::chat::{Chat, RoomAnnouncer, Rooms};
use crate::config::Config;
use crate::doctor;
use crate::documents::{self, Extractor, Recogniser};
use crate::durable;
use crate::embedding::Embedder;
use crate::fetch::Client;
use crate::groups::LocalBroker;
use crate::http::{
    App, BURST_SECONDS, Checkup, ConnectionLimits, Door, Listener, Reads, RequestLimits, Settings, Sockets,
    UnknownProxy, Vitals,
};
use crate::jobs::{Concurrency, JobSettings, Jobs, Stats, Webhooks};
use crate::library::{Intake, IntakeLimits, Library};
use crate::local::{Announced, LocalAccess};
use crate::memory;
use crate::moderation::Moderation;
use crate::open_id::Provider;
use crate::open_telemetry::Traces;
use crate::personal_data::Erasures;
use crate::process::Programs;
use crate::protocol::CloseReason;
use crate::schedule::Zone;
use crate::search::Search;
use crate::store::{Closing, Files, Space, Store, StoreOptions};
use crate::text::Locale;
use crate::threads;
use crate::tls::{OWN_NAME, Tls, Upkeep};
pub use custom_commands::CustomCommands;
pub use listeners::{Address, Listeners, Listening};

/// A server that accepts connections.
pub struct Server {
    address: Address,
    first_invitation: Option<String>,
    stop_within: Duration,
    app: Arc<App>,
    runner: Arc<Runner>,
    custom_commands: CustomCommands,
    connections: TaskTracker,
    deliveries: TaskTracker,
    closing: Closing,
    failure: Failure,
    announced: Announced,
}

/// The running binary, even if its file was replaced meanwhile.
const OWN_PROGRAM: &str = "/proc/self/exe";

/// What closing the store may take at least, however much of the time for a stop others took: a busy disk's worst syncs.
const CLOSING: Duration = Duration::from_secs(5);

/// Why the store failed, once it did.
#[derive(Clone, Default)]
struct Failure {
    reason: Arc<Mutex<Option<String>>>,
    happened: CancellationToken,
}

impl Failure {
    fn set(&self, reason: String) {
        tracing::error!(%reason, "the store failed; stopping");
        *self.reason.lock() = Some(reason);
        self.happened.cancel();
    }

    fn into_result(self) -> anyhow::Result<()> {
        match self.reason.lock().take() {
            Some(reason) => Err(anyhow::anyhow!("the store failed: {reason}")),
            None => Ok(()),
        }
    }
}

impl Server {
    /// Opens the store, resumes unfinished jobs and starts to accept connections.
    ///
    /// # Errors
    /// A message for the operator, if the store cannot be opened.
    pub async fn start(config: &Config, listeners: impl Into<Listeners>) -> anyhow::Result<Self> {
        let Listeners { main, redirect } = listeners.into();
        let failure = Failure::default();
        let (tls, upkeep) = open_tls(config).await?.unzip();
        let (store, closing) = open_store(config, failure.clone()).await?;
        let keys = Keys::open(store.clone(), config.owner_key()).await.context("cannot read the owner's key")?;
        let address = main.address().context("cannot tell the port")?;
        let local_key = random_token();
        let keys = keys.with_local_key(&local_key);
        let announced = announce(config, local_access(&address, local_key, tls.as_deref())).await?;

        let search = search(config, store.clone())?;
        let client = Client::new(&config.http.allow_private_hosts);
        let webhooks = Arc::new(webhooks(config)?);
        let deliveries = TaskTracker::new();
        let broker = LocalBroker::new(deliveries.clone());
        let (sockets, callbacks) = (Arc::<Sockets>::default(), Arc::<Callbacks>::default());
        let front_door = FrontDoor::open(store.clone(), sockets.clone()).await.context("cannot read the settings")?;
        let sanctions = Sanctions::open(store.clone(), sockets.clone()).await.context("cannot read the sanctions")?;
        let (front_door, sanctions) = (Arc::new(front_door), Arc::new(sanctions));
        let merges = Merges::open(store.clone(), sockets.clone()).await.context("cannot read the merges of people")?;
        let standing = Standing::new(store.clone(), front_door.clone(), sanctions.clone(), merges.clone());
        let standing = Arc::new(standing);
        let command_rules = CommandRules::open(store.clone()).await.context("cannot read the rules for commands")?;
        let rooms =
            Rooms::new(store.clone(), config.rooms.bot, config.rooms.retention(), broker.clone(), deliveries.clone());
        let moderation = Moderation::open(store.clone(), config.moderation.clone()).await;
        let moderation = moderation
            .map_err(|text| anyhow::anyhow!("cannot read the filter: {}", text.in_locale(Locale::English)))?;
        let announcer = Arc::new(RoomAnnouncer::new(rooms.clone()));
        let budgets = Arc::new(Budgets::new(&config.budgets.rates()));
        let jobs = Jobs::new(
            store.clone(),
            announcer,
            webhooks.clone(),
            job_settings(config),
            command_rules.clone(),
            standing,
            budgets.clone(),
            broker,
            deliveries.clone(),
        );
        let hidden = secret_paths(config).await?;
        let library = open_library(config, store.clone(), jobs.clone(), client.clone(), hidden.clone()).await?;
        let ask = ask(config, &library)?;
        let bots = Bots::new(command_rules.clone(), client.clone(), &planning(config)?, webhooks, ask, library.clone());
        let sessions = Arc::new(Sessions::new(store.clone(), sockets.clone(), keys.owner_key()));
        let custom_commands =
            CustomCommands::new(config, hidden, bots.clone(), jobs.clone(), sockets.clone(), client, callbacks.clone());
        custom_commands.set(config)?;
        let chat = Chat::new(
            store.clone(),
            jobs.clone(),
            rooms,
            budgets.clone(),
            moderation.clone(),
            sockets.clone(),
            deliveries.clone(),
        );
        let chat = chat.await.context("cannot read what waits for approval")?;
        let unfinished = store.open_jobs().await.context("cannot read unfinished jobs")?;
        let minutes = store.job_minutes(Stats::first_minute()).await.context("cannot read what jobs did")?;
        jobs.stats().restore(minutes);
        let keep = Duration::from_secs(config.jobs.keep_days * 24 * 60 * 60);
        let runner = Runner::start(chat.clone(), jobs.clone(), bots.clone(), config.jobs.workers, unfinished, keep);
        let runner = runner.await.context("cannot resume unfinished jobs")?;

        let connections = TaskTracker::new();
        let erasures = Erasures::new(
            store.clone(),
            chat.clone(),
            jobs.clone(),
            sessions.clone(),
            sanctions.clone(),
            merges.clone(),
            library.clone(),
        );
        let stopping = CancellationToken::new();
        let plan = config.backup.build().map_err(|(key, problem)| anyhow::anyhow!("{key}: {problem}"))?;
        let backups = Backups::open(store.clone(), library.files().clone(), plan, stopping.clone());
        let backups = Arc::new(backups.await.context("cannot read when the last backup was made")?);
        let app = Arc::new(App {
            chat,
            bots,
            jobs,
            accounts: Accounts::new(store.clone(), sessions.clone(), &config.http.public_url),
            front_door,
            tokens: Tokens::new(store.clone(), sockets.clone()),
            sanctions,
            command_rules,
            moderation,
            merges,
            audit_log: AuditLog::new(store.clone()),
            backups,
            compacting: Semaphore::new(1),
            exports: Arc::default(),
            erasures,
            keys,
            sessions,
            hooks: Hooks::new(store.clone()),
            provider: provider(config)?,
            store,
            search,
            reads: Reads::default(),
            sockets,
            vitals: Vitals::default(),
            checkup: checkup(config),
            callbacks,
            library,
            connections: ConnectionLimits::new(config.limits.connections, config.limits.connections_per_address),
            budgets,
            tls: tls.clone(),
            unknown_proxy: UnknownProxy::default(),
            hook_posts: RequestLimits::new(config.limits.messages_per_second, BURST_SECONDS),
            tasks: connections.clone(),
            settings: settings(config, &address, tls.as_deref()),
            stopping,
        });
        if let Some(traces) = traces(config)? {
            connections.spawn(traces.export(app.stopping.clone()));
        }
        let first_invitation = app.accounts.first_invitation().await;
        let first_invitation = first_invitation
            .map_err(|text| anyhow::anyhow!("cannot invite an owner: {}", text.in_locale(Locale::English)))?;
        let stopping = app.stopping.clone();
        connections.spawn(async move {
            stopping.run_until_cancelled(memory::release_from_time_to_time()).await;
        });
        let (kept, stopping) = (app.clone(), app.stopping.clone());
        connections.spawn(async move {
            stopping.run_until_cancelled(kept.library.keep_up()).await;
        });
        let (kept, stopping) = (app.clone(), app.stopping.clone());
        connections.spawn(async move {
            if let Err(error) = kept.sessions.prune().await {
                tracing::warn!(%error, "cannot forget sessions that have expired");
            }
            stopping.run_until_cancelled(kept.chat.maintain()).await;
        });
        if let Some(keep) = config.accounts.keep_audit_log() {
            let (kept, stopping) = (app.clone(), app.stopping.clone());
            connections.spawn(async move {
                stopping.run_until_cancelled(kept.audit_log.prune(keep)).await;
            });
        }
        let (erased, stopping) = (app.clone(), app.stopping.clone());
        connections.spawn(async move {
            stopping.run_until_cancelled(erased.erasures.keep_up()).await;
        });
        let kept = app.backups.clone();
        connections.spawn(async move { kept.keep_up().await });
        let (unused, stopping) = (app.library.clone(), app.stopping.clone());
        connections.spawn(async move {
            stopping.run_until_cancelled(unused.give_back_when_unused()).await;
        });
        let (sampled, stopping) = (app.clone(), app.stopping.clone());
        connections.spawn(async move {
            stopping.run_until_cancelled(sampled.vitals.keep(&sampled)).await;
        });
        let (counted, stopping) = (app.clone(), app.stopping.clone());
        connections.spawn(async move {
            stopping.run_until_cancelled(counted.jobs.keep_stats()).await;
        });
        if let Some((tls, upkeep)) = tls.zip(upkeep) {
            let stopping = app.stopping.clone();
            connections.spawn(async move {
                stopping.run_until_cancelled(tls.keep_up(upkeep)).await;
            });
        }
        let listener = Listener::new(app.clone(), connections.clone());
        let main = match main {
            Listening::Tcp(main) => TcpListener::from_std(main).map(Door::Main),
            Listening::Unix(main) => UnixListener::from_std(main).map(Door::Unix),
        };
        connections.spawn(listener.clone().run(main.context("cannot listen")?));
        if let Some(redirect) = redirect {
            let redirect = TcpListener::from_std(redirect).context("cannot listen")?;
            connections.spawn(listener.run(Door::Redirect(redirect)));
        }
        let stop_within = Duration::from_secs(config.server.stop_seconds);
        Ok(Self {
            address,
            first_invitation,
            stop_within,
            app,
            runner,
            custom_commands,
            connections,
            deliveries,
            closing,
            failure,
            announced,
        })
    }

    /// Where it listens.
    pub fn address(&self) -> &Address {
        &self.address
    }

    /// The token of the link that makes the owner's account, as long as there is no account.
    pub fn first_invitation(&self) -> Option<&str> {
        self.first_invitation.as_deref()
    }

    /// What encrypts connections, if anything does.
    pub fn tls(&self) -> Option<Arc<Tls>> {
        self.app.tls.clone()
    }

    /// Handle for replacing the custom commands while the server runs.
    pub fn custom_commands(&self) -> CustomCommands {
        self.custom_commands.clone()
    }

    /// Serves until `shutdown` completes or the store fails, then shuts down in order, within the configured time.
    pub async fn run(self, shutdown: impl Future<Output = ()>) -> anyhow::Result<()> {
        tokio::select! {
            () = shutdown => tracing::info!("stopping"),
            () = self.failure.happened.cancelled() => {}
        }
        self.stop().await
    }

    /// From the top layer down: no new connections, close the sockets, end or put back jobs, close the store.
    async fn stop(self) -> anyhow::Result<()> {
        let deadline = tokio::time::Instant::now() + self.stop_within;
        self.app.stopping.cancel();
        self.app.library.intake().stop();
        let sockets_closed = tokio::time::timeout_at(deadline, self.app.sockets.close(CloseReason::GoingAway)).await;
        // Running jobs are put back a little before the deadline, because that takes a commit.
        self.runner.stop(deadline - self.stop_within / 5).await;
        self.app.jobs.save_stats().await;
        self.connections.close();
        self.deliveries.close();
        let (custom_commands, connections, deliveries) = (self.custom_commands, self.connections, self.deliveries);
        let library = self.app.library.clone();
        let ended = async move {
            custom_commands.all_ended().await;
            connections.wait().await;
            deliveries.wait().await;
            // After the tasks that wait for its results.
            library.intake().all_ended().await;
        };
        let ended = tokio::time::timeout_at(deadline, ended).await;
        if sockets_closed.is_err() || ended.is_err() {
            tracing::warn!("some connections did not end in time");
        }
        let (search, closing, announced) = (self.app.search.clone(), self.closing, self.announced);
        // These hold the last references to the store; its writer closes it then.
        drop((self.app, self.runner));
        let closed = threads::blocking(move || {
            search.stop();
            drop(search);
            // First: once the store is closed another server may announce itself here.
            drop(announced);
            closing.wait();
        });
        // Not closed, it would be checked at the next start, which takes longer than this.
        let closing_until = deadline.max(tokio::time::Instant::now() + CLOSING);
        if tokio::time::timeout_at(closing_until, closed).await.is_err() {
            tracing::warn!("the store was not closed in time; it will be checked at the next start");
        }
        tracing::info!("stopped");
        self.failure.into_result()
    }
}

/// Opening reads, and after a crash checks, the whole database.
async fn open_store(config: &Config, failure: Failure) -> anyhow::Result<(Arc<Store>, Closing)> {
    const MIB: u64 = 1024 * 1024;
    let options = StoreOptions {
        cache_bytes: config.store.cache_mb * MIB,
        min_free_bytes: config.store.min_free_mb.saturating_mul(MIB),
        quotas: config.quotas(),
    };
    let dir = config.server.data_dir.clone();
    let opened = threads::blocking(move || -> anyhow::Result<_> {
        durable::private_dir(&dir).with_context(|| format!("cannot use the folder {}", dir.display()))?;
        let opened = Store::open(&dir.join("store"), options, move |reason| failure.set(reason))?;
        drop_indexes_of_another(&dir.join("index"), opened.0.epoch()).context("cannot look after the indexes")?;
        Ok(opened)
    });
    opened.await?
}

fn local_access(address: &Address, key: String, tls: Option<&Tls>) -> LocalAccess {
    match (address, tls) {
        (Address::Unix(path), _) => LocalAccess::at_socket(path, key),
        (Address::Tcp(address), None) => LocalAccess::new(*address, key),
        (Address::Tcp(address), Some(tls)) => LocalAccess::encrypted(*address, key, OWN_NAME, tls.own_certificate()),
    }
}

async fn open_tls(config: &Config) -> anyhow::Result<Option<(Arc<Tls>, Upkeep)>> {
    let Some(source) = config.tls.source(&config.server.data_dir) else { return Ok(None) };
    Ok(Some(Tls::open(source).await.map_err(anyhow::Error::msg)?))
}

/// Removes indexes of another epoch: the same numbers may be those of other messages and documents there. They are rebuilt.
fn drop_indexes_of_another(dir: &Path, epoch: &str) -> std::io::Result<()> {
    let note = dir.join("epoch");
    match std::fs::read_to_string(&note) {
        Ok(noted) if noted == epoch => return Ok(()),
        Ok(_) => {
            tracing::info!("the indexes are not of this store; they are rebuilt");
            std::fs::remove_dir_all(dir)?;
        }
        // Not noted yet.
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    std::fs::create_dir_all(dir)?;
    durable::write(&note, epoch.as_bytes())
}

/// Search over messages; dates are read in the server's zone where the asker's is not known.
fn search(config: &Config, store: Arc<Store>) -> anyhow::Result<Arc<Search>> {
    let zone = config.zone().context("no time zone has the name of server.time_zone")?;
    if !config.search.messages {
        return Ok(Search::off(store, zone));
    }
    Search::start(store, &config.server.data_dir.join("index"), zone).context("cannot follow the messages")
}

/// Opens the document library.
async fn open_library(
    config: &Config,
    store: Arc<Store>,
    jobs: Arc<Jobs>,
    client: Client,
    hidden: Vec<PathBuf>,
) -> anyhow::Result<Arc<Library>> {
    const MIB: u64 = 1024 * 1024;
    let dir = config.server.data_dir.clone();
    let limits = IntakeLimits { file: config.documents.file_mb * MIB, text: config.documents.text_mb * MIB as usize };
    let source = config.embedding.source().map_err(|(key, problem)| anyhow::anyhow!("{key}: {problem}"))?;
    let reading =
        documents::ExtractLimits { file: limits.file, text: limits.text, ..documents::ExtractLimits::default() };
    let programs = Programs::new(OWN_PROGRAM.into());
    let recogniser =
        Recogniser::new(programs.clone(), config.documents.ocr_languages.clone(), dir.join("files"), hidden);
    let min_free = config.store.min_free_mb.saturating_mul(MIB);
    let opening = threads::blocking(move || {
        let files = Arc::new(Files::open(&dir.join("files"), min_free).context("cannot open the folder of files")?);
        let extractor = Extractor::new(programs, reading, Some(recogniser));
        let intake = Intake::new(files.clone(), extractor, client, limits);
        let embedder = Arc::new(Embedder::new(source).map_err(anyhow::Error::msg)?);
        let opened =
            Library::open(store, jobs, files, intake, embedder, &dir.join("index"), Space::new(&dir, min_free));
        opened.map_err(|text| anyhow::anyhow!("cannot open the documents: {}", text.in_locale(Locale::English)))
    });
    opening.await?
}

/// The canonical paths of what programs of commands may not read. What is not there needs no hiding.
async fn secret_paths(config: &Config) -> anyhow::Result<Vec<PathBuf>> {
    let paths = config.secret_paths();
    Ok(threads::blocking(move || paths.iter().filter_map(|path| path.canonicalize().ok()).collect()).await?)
}

fn planning(config: &Config) -> anyhow::Result<Planning> {
    let zone = config.zone().context("no time zone has the name of server.time_zone")?;
    let names_none = std::env::var_os("TZ").is_some_and(|name| !name.is_empty()) && !Zone::is_system_known();
    if config.server.time_zone.is_empty() && names_none {
        tracing::warn!(
            "TZ is no time zone, so times are in UTC; set server.time_zone to a name such as \"Europe/Berlin\""
        );
    }
    let (per_person, missed) = (config.jobs.schedules_per_person, config.jobs.missed_runs);
    Ok(Planning { zone, per_person, guest_interval: config.budgets.guest_interval(), missed })
}

/// The `ask` command. Its time limit allows for two requests to the model and some overhead.
fn ask(config: &Config, library: &Arc<Library>) -> anyhow::Result<Ask> {
    let model = config.language_model.build().map_err(|(key, problem)| anyhow::anyhow!("{key}: {problem}"))?;
    let answers = Answers::new(Arc::new(library.clone()), model, config.language_model.beyond_documents);
    let time_limit = Duration::from_secs(2 * config.language_model.total_seconds + 60);
    let gaps = config.documents.note_unanswered.then(|| library.clone());
    Ok(Ask::new(Arc::new(answers), gaps, time_limit))
}

fn job_settings(config: &Config) -> JobSettings {
    let jobs = &config.jobs;
    JobSettings {
        queue: jobs.queue,
        concurrency: Concurrency {
            workers: jobs.workers,
            per_person: jobs.per_person_at_once,
            per_room: jobs.per_room_at_once,
        },
        per_person: jobs.per_person,
        schedules: config.budgets.schedules(jobs.schedules_per_person),
        guest_schedule_ms: config.budgets.guest_schedule_ms(),
    }
}

/// Lets commands on this machine find the server.
async fn announce(config: &Config, access: LocalAccess) -> anyhow::Result<Announced> {
    let dir = config.server.data_dir.clone();
    let announced = threads::blocking(move || access.announce(&dir)).await?;
    announced.with_context(|| format!("cannot write to {}", config.server.data_dir.display()))
}

fn provider(config: &Config) -> anyhow::Result<Option<Provider>> {
    let built = config.open_id.build(&config.http.public_url);
    built.map_err(|(key, problem)| anyhow::anyhow!("{key}: {problem}"))
}

fn traces(config: &Config) -> anyhow::Result<Option<Traces>> {
    config.traces.build().map_err(|(key, problem)| anyhow::anyhow!("{key}: {problem}"))
}

fn webhooks(config: &Config) -> anyhow::Result<Webhooks> {
    let built: Result<_, _> = config.webhooks.iter().map(|webhook| webhook.build()).collect();
    built.map(Webhooks::new).map_err(|(key, problem)| anyhow::anyhow!("webhooks.{key}: {problem}"))
}

fn checkup(config: &Config) -> Checkup {
    let config = Arc::new(config.clone());
    Box::new(move |observed| Box::pin(doctor::from_inside(config.clone(), observed)))
}

fn settings(config: &Config, address: &Address, tls: Option<&Tls>) -> Settings {
    let port = match address {
        Address::Tcp(address) => address.port(),
        Address::Unix(_) => config.server.port,
    };
    let (https_host, https_port) = config.https_host().unzip();
    // A certificate says by which names browsers come.
    let certified = tls.and_then(Tls::certificate).map(|certificate| certificate.names.clone()).unwrap_or_default();
    Settings {
        allowed_origins: config.http.allowed_origins.clone(),
        hosts: config.hosts().into_iter().chain(certified).collect(),
        https_host,
        https_port: https_port.unwrap_or(port),
        // At home, the same name also leads to what has no HTTPS.
        insists_on_https: !config.tls.local,
        trusted_proxies: config.trusted_proxies(),
        counts_addresses: config.budgets.factor > 0,
        messages_per_second: config.limits.messages_per_second,
        message_chars: config.limits.message_chars,
        frame_bytes: config.limits.frame_bytes,
        rooms_per_connection: config.limits.rooms_per_connection,
        stall: Duration::from_secs(config.limits.stall_seconds),
        document_bytes: config.documents.file_mb * 1024 * 1024,
        document_text_bytes: config.documents.text_mb * 1024 * 1024,
        language_model: Some(config.language_model.model.clone()).filter(|name| !name.is_empty()),
    }
}
