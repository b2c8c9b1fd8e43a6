//! The data folder of a server that does not run, for commands that work with it themselves.

use std::sync::Arc;

use anyhow::{Context, bail};
use chatbot::config::Config;
use chatbot::durable;
use chatbot::store::{Closing, EngineError, Files, Quotas, Store, StoreOptions};

/// The store and the files in it, open.
pub struct StoreFolder {
    pub store: Arc<Store>,
    pub files: Files,
    closing: Closing,
}

impl StoreFolder {
    /// Opens the store of these settings; `None` if a server has it.
    ///
    /// # Errors
    /// A message for the user, if there is none or it cannot be opened.
    pub fn open(config: &Config) -> anyhow::Result<Option<Self>> {
        let dir = &config.server.data_dir;
        if !dir.join("store").exists() && !dir.join("store-upgrading").exists() {
            bail!(
                "there is no store in {} (name another data folder with --data-dir, or a server with --url)",
                dir.display()
            );
        }
        Self::open_or_create(config)
    }

    /// The same; makes a store where there is none.
    ///
    /// # Errors
    /// A message for the user, if it cannot be opened.
    pub fn open_or_create(config: &Config) -> anyhow::Result<Option<Self>> {
        const MIB: u64 = 1024 * 1024;
        let dir = &config.server.data_dir;
        durable::private_dir(dir).with_context(|| format!("cannot use the folder {}", dir.display()))?;
        let options =
            StoreOptions { cache_bytes: config.store.cache_mb * MIB, min_free_bytes: 0, quotas: Quotas::NONE };
        match Store::open(&dir.join("store"), options, |_| {}) {
            Err(EngineError::Locked(_)) => Ok(None),
            Err(error) => Err(error.into()),
            Ok((store, closing)) => {
                let files = Files::open(&dir.join("files"), 0).context("cannot open the folder of files")?;
                Ok(Some(Self { store, files, closing }))
            }
        }
    }

    /// Returns once all that was stored is durable.
    pub fn close(self) {
        let Self { store, files: _, closing } = self;
        drop(store);
        closing.wait();
    }
}
