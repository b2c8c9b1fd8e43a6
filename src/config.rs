//! Settings: defaults, file, environment variables and flags, in increasing precedence; validated once.
//!
//! Only [`server`](crate::server) and [`doctor`](crate::doctor) read [`Config`]; other modules get plain values. `config.example.toml` shows every key with
//! its default, and a test compares the two.

mod backup;
mod commands;
mod embedding;
mod language_model;
mod layers;
mod open_id;
mod shown;
mod tls;
mod traces;
mod update;
mod webhooks;

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

pub use backup::BackupConfig;
pub use commands::{AfterRestart, AllowedTo, CommandConfig, CommandPermission, Urgency};
pub use embedding::{EmbeddingChoice, EmbeddingConfig};
pub use language_model::{LanguageModelConfig, read_key};
pub use layers::{ConfigError, Examined, Sources, environment, examine, load};
pub use open_id::OpenIdConfig;
pub use tls::TlsConfig;
pub use traces::TracesConfig;
pub use update::UpdateConfig;
pub use webhooks::WebhookConfig;

use crate::budgets::{Rate, Rates};
use crate::model::{BotMode, MissedRuns, ModerationSettings, Retention, RoomRecord};
use crate::moderation::Filter;
use crate::schedule::Zone;
use crate::store::{Quotas, ScheduleLimits};
use crate::text::Locale;

/// All settings.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    pub server: ServerConfig,
    pub http: HttpConfig,
    pub tls: TlsConfig,
    pub limits: LimitsConfig,
    pub budgets: BudgetsConfig,
    pub rooms: RoomsConfig,
    pub moderation: ModerationSettings,
    pub jobs: JobsConfig,
    pub store: StoreConfig,
    pub backup: BackupConfig,
    pub accounts: AccountsConfig,
    pub open_id: OpenIdConfig,
    pub language_model: LanguageModelConfig,
    pub documents: DocumentsConfig,
    pub embedding: EmbeddingConfig,
    pub search: SearchConfig,
    pub log: LogConfig,
    pub traces: TracesConfig,
    pub update: UpdateConfig,
    /// Custom commands; only from the file.
    #[serde(skip)]
    pub commands: Vec<CommandConfig>,
    /// Who may run which built-in command; only from the file.
    #[serde(skip)]
    pub command_permissions: BTreeMap<String, CommandPermission>,
    /// Outgoing webhooks; only from the file.
    #[serde(skip)]
    pub webhooks: Vec<WebhookConfig>,
    /// The file, if there is one.
    #[serde(skip)]
    pub file: Option<PathBuf>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServerConfig {
    /// IP address to listen on; empty for all, IPv4 and IPv6.
    pub host: String,
    pub port: u16,
    /// Unix socket to listen at instead; empty for none. Whoever connects there is a proxy that is trusted.
    pub socket: PathBuf,
    pub data_dir: PathBuf,
    /// Time limit of a shutdown, in seconds.
    pub stop_seconds: u64,
    /// Time zone of users whose client sends none, as an IANA name; empty for the system's.
    pub time_zone: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HttpConfig {
    /// Origins of other sites' pages that may use this server.
    pub allowed_origins: Vec<String>,
    /// Hosts with private addresses, or addresses in this machine's own networks, that commands may access.
    pub allow_private_hosts: Vec<String>,
    /// Names by which browsers reach this server, beside that of `public_url` and those that are not in the public DNS.
    pub hosts: Vec<String>,
    /// Public URL of this server, such as `https://chat.example`; empty if it has none.
    pub public_url: String,
    /// Reverse proxies whose `X-Forwarded-For` is trusted.
    pub trusted_proxies: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LimitsConfig {
    /// Maximum number of connections; 0 for no limit.
    pub connections: usize,
    /// Maximum number of connections per client address; 0 for no limit.
    pub connections_per_address: usize,
    /// Messages per second and connection, on average; 0 for no limit.
    pub messages_per_second: u32,
    /// Characters in a message.
    pub message_chars: usize,
    /// Bytes in a frame, and in the body of a request.
    pub frame_bytes: usize,
    /// Maximum number of rooms joined per connection.
    pub rooms_per_connection: usize,
    /// Seconds after which a client that accepts no data is disconnected.
    pub stall_seconds: u64,
}

/// What guests of one address may cost; 0 for no limit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BudgetsConfig {
    /// Multiplies all amounts; 0 for no limits at all.
    pub factor: u32,
    /// Frames, and requests that change something.
    pub requests_per_minute: u32,
    pub messages_per_minute: u32,
    /// Text of messages, in KiB.
    pub text_kb_per_minute: u32,
    pub rooms_per_hour: u32,
    pub jobs_per_minute: u32,
    pub questions_per_hour: u32,
    /// Time that searching and reading take.
    pub reading_seconds_per_minute: u32,
    pub connections_per_minute: u32,
    /// Maximum number of schedules of all guests.
    pub guest_schedules: u32,
    /// Shortest interval of guests' recurring schedules, in minutes.
    pub guest_interval_minutes: u32,
    /// Days until a guest's recurring schedule ends, unless the guest comes back.
    pub guest_schedule_days: u32,
}

impl BudgetsConfig {
    /// The rates of all costs.
    pub fn rates(&self) -> Rates {
        let per_minute = |amount| Rate::per_minute(amount).times(f64::from(self.factor));
        let per_hour = |amount| Rate::per_hour(amount).times(f64::from(self.factor));
        Rates {
            requests: per_minute(self.requests_per_minute),
            messages: per_minute(self.messages_per_minute),
            text: per_minute(self.text_kb_per_minute).times(1024.0),
            rooms: per_hour(self.rooms_per_hour),
            jobs: per_minute(self.jobs_per_minute),
            questions: per_hour(self.questions_per_hour),
            reading: per_minute(self.reading_seconds_per_minute).times(1000.0),
            connections: per_minute(self.connections_per_minute),
        }
    }

    /// Limits of schedules, of which a person may have `per_payer`.
    pub fn schedules(&self, per_payer: u32) -> ScheduleLimits {
        let of_guests = self.guest_schedules.saturating_mul(self.factor);
        ScheduleLimits { per_payer, of_guests: Some(of_guests).filter(|most| *most > 0) }
    }

    /// The shortest interval of a guest's recurring schedule.
    pub fn guest_interval(&self) -> Duration {
        match self.factor {
            0 => Duration::ZERO,
            _ => Duration::from_secs(60 * u64::from(self.guest_interval_minutes)),
        }
    }

    /// How long a guest's recurring schedule lasts, in milliseconds.
    pub fn guest_schedule_ms(&self) -> i64 {
        match self.guest_schedule_days {
            0 => i64::MAX,
            days => i64::from(days) * 24 * 60 * 60 * 1000,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RoomsConfig {
    /// Which messages in a new room are for the bot.
    pub bot: BotMode,
    /// Days for which messages are kept; 0 for ever.
    pub keep_days: u32,
    /// How many messages of a room are kept; 0 for all.
    pub keep_messages: u32,
    /// What the messages and documents of a room may take, in MiB; 0 for no limit.
    pub quota_mb: u64,
}

impl RoomsConfig {
    /// How long messages are kept in rooms whose settings do not say so.
    pub fn retention(&self) -> Retention {
        Retention { days: self.keep_days, messages: self.keep_messages }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JobsConfig {
    /// Number of jobs that run concurrently.
    pub workers: usize,
    /// Maximum number of queued and running jobs per person.
    pub per_person: usize,
    /// Maximum number of concurrently running slow jobs per person.
    pub per_person_at_once: usize,
    /// Maximum number of concurrently running slow jobs per room.
    pub per_room_at_once: usize,
    /// Maximum number of queued jobs, for quick and slow commands each.
    pub queue: usize,
    /// Days until a job that has ended is deleted.
    pub keep_days: u64,
    /// Maximum number of schedules per person.
    pub schedules_per_person: u32,
    /// How runs missed while the server was down are handled.
    pub missed_runs: MissedRuns,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StoreConfig {
    /// Memory for the newest rows of the database, in MiB.
    pub cache_mb: u64,
    /// Minimum free disk space, in MiB; below it, new messages are refused.
    pub min_free_mb: u64,
    /// What the database and the files of documents may take together, in MiB; 0 for no limit.
    pub quota_mb: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccountsConfig {
    /// The owner's key; empty to generate one at first start.
    pub owner_key: String,
    /// Days for which entries of the audit log are kept; 0 for ever.
    pub audit_days: u32,
}

impl AccountsConfig {
    /// How long entries of the audit log are kept; `None` for ever.
    pub fn keep_audit_log(&self) -> Option<Duration> {
        (self.audit_days > 0).then(|| Duration::from_secs(u64::from(self.audit_days) * 24 * 60 * 60))
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DocumentsConfig {
    /// Maximum size of a file, in MiB.
    pub file_mb: u64,
    /// Maximum size of a text, in MiB.
    pub text_mb: usize,
    /// In which languages text in pictures is recognised, by the names of `tesseract`; those that are not installed do not count.
    pub ocr_languages: Vec<String>,
    /// Whether questions that the documents do not answer are noted.
    pub note_unanswered: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogConfig {
    pub format: LogFormat,
    /// `error`, `warn`, `info`, `debug`, `trace`, or a filter such as `info,chatbot::store=debug`.
    pub level: String,
    /// What takes longer, in milliseconds, is warned of; 0 for no such warnings.
    pub slow_ms: u64,
}

/// Format of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    Human,
    Json,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SearchConfig {
    /// Whether messages are indexed for search.
    pub messages: bool,
}

impl Default for SearchConfig {
    fn default() -> Self {
        Self { messages: true }
    }
}

impl Default for ServerConfig {
    fn default() -> Self {
        Self {
            host: String::new(),
            port: 8000,
            socket: PathBuf::new(),
            data_dir: "./data".into(),
            stop_seconds: 10,
            time_zone: String::new(),
        }
    }
}

impl Default for LimitsConfig {
    fn default() -> Self {
        Self {
            connections: 20_000,
            connections_per_address: 200,
            messages_per_second: 10,
            message_chars: 8_000,
            frame_bytes: 64 * 1024,
            rooms_per_connection: 100,
            stall_seconds: 3,
        }
    }
}

impl Default for BudgetsConfig {
    fn default() -> Self {
        Self {
            factor: 1,
            requests_per_minute: 1_800,
            messages_per_minute: 120,
            text_kb_per_minute: 128,
            rooms_per_hour: 30,
            jobs_per_minute: 60,
            questions_per_hour: 120,
            reading_seconds_per_minute: 6,
            connections_per_minute: 300,
            guest_schedules: 1_000,
            guest_interval_minutes: 10,
            guest_schedule_days: 30,
        }
    }
}

impl Default for RoomsConfig {
    fn default() -> Self {
        Self { bot: BotMode::Mention, keep_days: 0, keep_messages: 0, quota_mb: 0 }
    }
}

impl Default for JobsConfig {
    fn default() -> Self {
        Self {
            workers: 16,
            per_person: 100,
            per_person_at_once: 4,
            per_room_at_once: 8,
            queue: 1000,
            keep_days: 7,
            schedules_per_person: 100,
            missed_runs: MissedRuns::Once,
        }
    }
}

impl Default for StoreConfig {
    fn default() -> Self {
        Self { cache_mb: 12, min_free_mb: 64, quota_mb: 0 }
    }
}

impl Default for AccountsConfig {
    fn default() -> Self {
        Self { owner_key: String::new(), audit_days: 365 }
    }
}

impl Default for DocumentsConfig {
    fn default() -> Self {
        let ocr_languages = ["eng", "chi_sim", "chi_tra"].map(str::to_owned).into();
        Self { file_mb: 50, text_mb: 10, ocr_languages, note_unanswered: true }
    }
}

impl Default for LogConfig {
    fn default() -> Self {
        Self { format: LogFormat::Human, level: "info".into(), slow_ms: 1_000 }
    }
}

impl Config {
    /// The IP address to listen on; `None` for all.
    pub fn host(&self) -> Option<IpAddr> {
        self.server.host.parse().ok()
    }

    /// What may be stored in all and per room.
    pub fn quotas(&self) -> Quotas {
        let bytes = |mb: u64| (mb > 0).then(|| mb.saturating_mul(1024 * 1024));
        Quotas { total: bytes(self.store.quota_mb), per_room: bytes(self.rooms.quota_mb) }
    }

    /// The time zone of users whose client sends none; `None` if the configured name is unknown.
    pub fn zone(&self) -> Option<Zone> {
        match self.server.time_zone.as_str() {
            "" => Some(Zone::system()),
            name => Zone::named(name),
        }
    }

    /// The owner's key, if these settings say which it is.
    pub fn owner_key(&self) -> Option<&str> {
        Some(self.accounts.owner_key.as_str()).filter(|key| !key.is_empty())
    }

    /// The proxies that are trusted to forward the client's address.
    pub fn trusted_proxies(&self) -> Vec<IpNet> {
        self.http.trusted_proxies.iter().filter_map(|text| parse_network(text)).collect()
    }

    /// What of the settings cannot be used although each of them is possible, because of what is in files that they name.
    pub fn unusable(&self) -> Vec<ConfigError> {
        let built = [
            self.language_model.build().map(drop),
            self.embedding.source().map(drop),
            self.open_id.build(&self.http.public_url).map(drop),
            self.traces.build().map(drop),
            self.backup.build().map(drop),
        ];
        built.into_iter().filter_map(Result::err).map(|(key, problem)| ConfigError::new(key, problem)).collect()
    }

    /// The names in the public DNS by which browsers reach this server.
    pub fn hosts(&self) -> Vec<String> {
        let public_host = self.public_url().and_then(|url| url.host_str().map(str::to_owned));
        self.http.hosts.iter().chain(&self.tls.domains).cloned().chain(public_host).collect()
    }

    /// The host and the port of the public address, if that is one over HTTPS.
    pub fn https_host(&self) -> Option<(String, u16)> {
        let url = self.public_url().filter(|url| url.scheme() == "https")?;
        Some((url.host_str()?.to_owned(), url.port_or_known_default()?))
    }

    fn public_url(&self) -> Option<reqwest::Url> {
        reqwest::Url::parse(&self.http.public_url).ok()
    }

    /// The files and folders with what no program of a command may read: data and keys.
    pub fn secret_paths(&self) -> Vec<PathBuf> {
        let paths = [&self.server.data_dir].into_iter().chain(self.key_files()).chain(&self.file).cloned();
        paths.chain(self.backup.folder()).filter(|path| !path.as_os_str().is_empty()).collect()
    }

    /// The files that these settings name for nothing but the secret in them.
    pub fn key_files(&self) -> impl Iterator<Item = &PathBuf> {
        let files = [
            &self.language_model.key_file,
            &self.embedding.key_file,
            &self.open_id.client_secret_file,
            &self.traces.key_file,
            &self.backup.s3_secret_file,
            &self.tls.key,
        ];
        files.into_iter().filter(|path| !path.as_os_str().is_empty())
    }

    /// Validates constraints that the types do not express.
    fn check(&self) -> Result<(), (&'static str, String)> {
        let require = |holds: bool, key, reason: &str| if holds { Ok(()) } else { Err((key, reason.to_owned())) };
        let host_fits = self.server.host.is_empty() || self.host().is_some();
        require(host_fits, "server.host", "is not an IP address (leave it empty for all addresses)")?;
        let zone = "is not a time zone such as Asia/Taipei (leave it empty for the system's)";
        require(self.zone().is_some(), "server.time_zone", zone)?;
        require(self.server.stop_seconds > 0, "server.stop_seconds", "must be at least 1")?;
        let public_url = &self.http.public_url;
        let is_public_url = public_url.is_empty()
            || reqwest::Url::parse(public_url)
                .is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
        require(is_public_url, "http.public_url", "must be an address such as https://chat.example.com")?;
        for host in &self.http.hosts {
            let is_host = reqwest::Url::parse(&format!("http://{host}/"))
                .is_ok_and(|url| url.port().is_none() && url.host_str() == Some(host.as_str()));
            let reason = format!("{host:?} is not a name such as chat.example.com, in lower case and without a port");
            require(is_host, "http.hosts", &reason)?;
        }
        for origin in &self.http.allowed_origins {
            let is_origin = reqwest::Url::parse(origin).is_ok_and(|url| url.origin().ascii_serialization() == *origin);
            require(
                is_origin,
                "http.allowed_origins",
                &format!("{origin:?} is not an origin such as https://example.com"),
            )?;
        }
        for network in &self.http.trusted_proxies {
            let reason = format!("{network:?} is neither an address nor a network such as 10.0.0.0/8");
            require(parse_network(network).is_some(), "http.trusted_proxies", &reason)?;
        }
        let limits = &self.limits;
        // A job holds its message and an answer, and a record stays below 64 KB.
        require((1..=8_000).contains(&limits.message_chars), "limits.message_chars", "must be 1 to 8000")?;
        let frame_fits = (1024..=16 * 1024 * 1024).contains(&limits.frame_bytes);
        require(frame_fits, "limits.frame_bytes", "must be 1024 to 16777216")?;
        require(limits.rooms_per_connection > 0, "limits.rooms_per_connection", "must be at least 1")?;
        require(limits.stall_seconds > 0, "limits.stall_seconds", "must be at least 1")?;
        let most_days = RoomRecord::MOST_KEEP_DAYS;
        let days = format!("must be at most {most_days}");
        require(self.rooms.keep_days <= most_days, "rooms.keep_days", &days)?;
        let workers = "must be 2 to 1024 (one is always kept for commands that take no time)";
        require((2..=1024).contains(&self.jobs.workers), "jobs.workers", workers)?;
        require(self.jobs.per_person > 0, "jobs.per_person", "must be at least 1")?;
        require(self.jobs.per_person_at_once > 0, "jobs.per_person_at_once", "must be at least 1")?;
        require(self.jobs.per_room_at_once > 0, "jobs.per_room_at_once", "must be at least 1")?;
        require(self.jobs.schedules_per_person > 0, "jobs.schedules_per_person", "must be at least 1")?;
        require((1..=36_500).contains(&self.jobs.keep_days), "jobs.keep_days", "must be 1 to 36500")?;
        require((1..=1_000_000).contains(&self.jobs.queue), "jobs.queue", "must be 1 to 1000000")?;
        require((1..=65_536).contains(&self.store.cache_mb), "store.cache_mb", "must be 1 to 65536")?;
        require((1..=1024).contains(&self.documents.file_mb), "documents.file_mb", "must be 1 to 1024")?;
        require((1..=64).contains(&self.documents.text_mb), "documents.text_mb", "must be 1 to 64")?;
        let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '/');
        let are_names = self.documents.ocr_languages.iter().all(|name| !name.is_empty() && name.chars().all(is_name));
        require(are_names, "documents.ocr_languages", "must be names of languages such as \"eng\" or \"chi_sim\"")?;
        require(self.accounts.audit_days <= most_days, "accounts.audit_days", &days)?;
        let key_length = self.accounts.owner_key.chars().count();
        require(key_length == 0 || key_length >= 16, "accounts.owner_key", "must have at least 16 characters")?;
        self.tls.check()?;
        let is_plain = self.server.socket.as_os_str().is_empty() || !self.tls.is_on();
        require(is_plain, "server.socket", "cannot be used with a certificate: the proxy at the socket has that")?;
        self.open_id.check(public_url)?;
        self.backup.check()?;
        let filter = Filter::new(&self.moderation).map(drop);
        filter.map_err(|text| ("moderation", text.in_locale(Locale::English)))?;
        self.embedding.check()?;
        self.language_model.check()?;
        self.traces.check()?;
        self.update.check()?;
        let filter = self.log.level.parse::<tracing_subscriber::filter::Targets>();
        require(filter.is_ok(), "log.level", "is not a level such as info, or a filter such as info,chatbot=debug")
    }
}

/// Parses a network, or a single address as a network of one.
fn parse_network(text: &str) -> Option<IpNet> {
    text.parse().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from))
}

#[cfg(test)]
mod tests;
