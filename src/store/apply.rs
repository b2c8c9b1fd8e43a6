//! What a batch means: its conditions and operations, applied to whatever holds the records. Pure: the same for all engines.

use std::borrow::Cow;
use std::ops::Range;

use super::engine::{Append, Batch, EngineError, Operation, Outcome, Reader, Table, prefix_range};

/// The key of a table's record in the one ordered key space.
pub(super) fn full_key(table: Table, key: &[u8]) -> Vec<u8> {
    let mut full = Vec::with_capacity(1 + key.len());
    full.push(table as u8);
    full.extend_from_slice(key);
    full
}

/// The key of the counter that numbers `table`'s records under `prefix`.
pub(super) fn counter_key(table: Table, prefix: &[u8]) -> Vec<u8> {
    full_key(table, prefix)
}

/// What is counted under a prefix that records are appended to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counter {
    /// Number of the newest record.
    pub number: u64,
    /// Counts the appended records and every change of one since.
    pub version: u64,
}

impl Counter {
    pub(super) fn encode(self) -> [u8; 16] {
        let mut record = [0; 16];
        record[..8].copy_from_slice(&self.number.to_be_bytes());
        record[8..].copy_from_slice(&self.version.to_be_bytes());
        record
    }

    /// # Errors
    /// For a record of another length: numbering must not start again.
    pub(super) fn decode(record: &[u8]) -> Result<Self, EngineError> {
        Tally::decode(record).map(|tally| tally.counter)
    }

    /// What is counted under a prefix now.
    pub async fn read(reader: &dyn Reader, table: Table, prefix: &[u8]) -> Result<Self, EngineError> {
        let record = reader.get(Table::Counters, &counter_key(table, prefix)).await?;
        record.as_deref().map_or(Ok(Self::default()), Self::decode)
    }
}

/// A counter, and how many bytes the records take that it counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tally {
    pub counter: Counter,
    /// Bytes of keys and values; `None` where some were stored before bytes were counted, and nobody has added them up yet.
    pub bytes: Option<u64>,
}

impl Tally {
    /// Of what nothing is stored.
    const NOTHING: Self = Self { counter: Counter { number: 0, version: 0 }, bytes: Some(0) };

    pub fn encode(self) -> Vec<u8> {
        let bytes = self.bytes.map(u64::to_be_bytes);
        [self.counter.encode().as_slice(), bytes.as_ref().map_or(&[], |bytes| bytes.as_slice())].concat()
    }

    /// # Errors
    /// As for [`Counter::decode`].
    pub fn decode(record: &[u8]) -> Result<Self, EngineError> {
        let damaged = || EngineError::Damaged(format!("a counter has {} bytes", record.len()));
        let (numbers, rest) = record.as_chunks::<8>();
        match (numbers, rest) {
            ([number, version, bytes @ ..], []) if bytes.len() <= 1 => Ok(Self {
                counter: Counter { number: u64::from_be_bytes(*number), version: u64::from_be_bytes(*version) },
                bytes: bytes.first().map(|bytes| u64::from_be_bytes(*bytes)),
            }),
            _ => Err(damaged()),
        }
    }

    /// What is counted under a prefix now.
    pub async fn read(reader: &dyn Reader, table: Table, prefix: &[u8]) -> Result<Self, EngineError> {
        let record = reader.get(Table::Counters, &counter_key(table, prefix)).await?;
        record.as_deref().map_or(Ok(Self::NOTHING), Self::decode)
    }

    fn grown(self, bytes: i64) -> Self {
        Self { bytes: self.bytes.map(|before| before.saturating_add_signed(bytes)), ..self }
    }
}

/// The latest change of an appended record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecordChange {
    /// The version the change got.
    pub version: u64,
    /// Which record was changed.
    pub number: u64,
    /// Number of the newest record at that time.
    pub newest: u64,
}

impl RecordChange {
    /// Where changes later than version `after` of records under a prefix are in [`Table::Changes`], in their order; of each
    /// record its latest.
    pub(super) fn later_than(after: u64, table: Table, prefix: &[u8]) -> Range<Vec<u8>> {
        let prefix = counter_key(table, prefix);
        let first = [prefix.as_slice(), &after.saturating_add(1).to_be_bytes()].concat();
        first..prefix_range(&prefix).end
    }

    pub(super) fn decode(key: &[u8], value: &[u8]) -> Self {
        let number = value.first_chunk::<8>().map_or(0, |chunk| u64::from_be_bytes(*chunk));
        Self { version: number_from(key), number, newest: number_from(value) }
    }
}

/// Where a batch reads and writes while it is applied: an engine's transaction. `'a` is the batches' lifetime.
pub(super) trait Transaction<'a> {
    fn read(&self, key: &[u8]) -> Result<Option<Vec<u8>>, EngineError>;
    fn write(&self, key: Vec<u8>, value: Cow<'a, [u8]>) -> Result<(), EngineError>;
    fn remove(&self, key: Vec<u8>) -> Result<(), EngineError>;
}

/// The semantics of a batch, shared by all engines. Pure except for the transaction: engines may run it again.
pub(super) fn apply<'a, T: Transaction<'a>>(transaction: &T, batch: &'a Batch) -> Result<Outcome, EngineError> {
    for condition in &batch.conditions {
        let found = transaction.read(&full_key(condition.table, &condition.key))?;
        if found != condition.expected {
            return Ok(Outcome::Refused { table: condition.table, found });
        }
    }
    if let Some(Append { table, prefix, value, most_bytes: Some(most) }) = &batch.append {
        let bytes = tally(transaction, *table, prefix)?.bytes;
        if bytes.is_some_and(|bytes| bytes.saturating_add(record_bytes(prefix, value)) > *most) {
            return Ok(Outcome::Refused { table: Table::Counters, found: None });
        }
    }
    let (mut number, mut version) = (None, None);
    if let Some(append) = &batch.append {
        let grown = record_bytes(&append.prefix, &append.value).cast_signed();
        let counter = count(transaction, append.table, &append.prefix, 1, grown)?;
        let mut key = append.prefix.clone();
        key.extend_from_slice(&counter.number.to_be_bytes());
        transaction.write(full_key(append.table, &key), Cow::Borrowed(&append.value))?;
        (number, version) = (Some(counter.number), Some(counter.version));
    }
    for operation in &batch.operations {
        match operation {
            Operation::Put { table, key, value } => transaction.write(full_key(*table, key), Cow::Borrowed(value))?,
            Operation::PutNumbered { table, key, value, offset } => {
                let mut value = value.clone();
                value[*offset..*offset + 8].copy_from_slice(&number.unwrap_or_default().to_be_bytes());
                transaction.write(full_key(*table, key), Cow::Owned(value))?;
            }
            Operation::Touch { table, prefix, number } => version = Some(touch(transaction, *table, prefix, *number)?),
            Operation::Delete { table, key } => transaction.remove(full_key(*table, key))?,
            Operation::Remove { table, prefix, numbers } => remove(transaction, *table, prefix, numbers)?,
            Operation::Grow { table, prefix, bytes } => {
                put_tally(transaction, *table, prefix, tally(transaction, *table, prefix)?.grown(*bytes))?;
            }
        }
    }
    Ok(Outcome::Written { number, version })
}

/// Counts one more version under a prefix, `appended` more records and `grown` more bytes.
fn count<'a, T: Transaction<'a>>(
    transaction: &T,
    table: Table,
    prefix: &[u8],
    appended: u64,
    grown: i64,
) -> Result<Counter, EngineError> {
    let before = tally(transaction, table, prefix)?;
    let counter = Counter { number: before.counter.number + appended, version: before.counter.version + 1 };
    put_tally(transaction, table, prefix, Tally { counter, ..before }.grown(grown))?;
    Ok(counter)
}

fn tally<'a, T: Transaction<'a>>(transaction: &T, table: Table, prefix: &[u8]) -> Result<Tally, EngineError> {
    let record = transaction.read(&full_key(Table::Counters, &counter_key(table, prefix)))?;
    record.as_deref().map_or(Ok(Tally::NOTHING), Tally::decode)
}

fn put_tally<'a, T: Transaction<'a>>(
    transaction: &T,
    table: Table,
    prefix: &[u8],
    tally: Tally,
) -> Result<(), EngineError> {
    transaction.write(full_key(Table::Counters, &counter_key(table, prefix)), Cow::Owned(tally.encode()))
}

/// What an appended record takes.
pub(super) fn record_bytes(prefix: &[u8], value: &[u8]) -> u64 {
    (prefix.len() + size_of::<u64>() + value.len()) as u64
}

/// Deletes records and counts what they took.
fn remove<'a, T: Transaction<'a>>(
    transaction: &T,
    table: Table,
    prefix: &[u8],
    numbers: &Range<u64>,
) -> Result<(), EngineError> {
    let mut removed = 0;
    for number in numbers.clone() {
        let key = full_key(table, &[prefix, &number.to_be_bytes()].concat());
        if let Some(value) = transaction.read(&key)? {
            removed += record_bytes(prefix, &value);
            transaction.remove(key)?;
        }
    }
    put_tally(transaction, table, prefix, tally(transaction, table, prefix)?.grown(-removed.cast_signed()))
}

/// Moves a record's entry among the changes to a new version.
fn touch<'a, T: Transaction<'a>>(
    transaction: &T,
    table: Table,
    prefix: &[u8],
    number: u64,
) -> Result<u64, EngineError> {
    let counter = count(transaction, table, prefix, 0, 0)?;
    let under = |last: &[u8]| [counter_key(table, prefix).as_slice(), last].concat();
    let changed_at = full_key(Table::ChangedAt, &under(&number.to_be_bytes()));
    if let Some(version) = transaction.read(&changed_at)? {
        transaction.remove(full_key(Table::Changes, &under(&version)))?;
    }
    let version = counter.version.to_be_bytes();
    transaction.write(changed_at, Cow::Owned(version.to_vec()))?;
    let change = [number.to_be_bytes(), counter.number.to_be_bytes()].concat();
    transaction.write(full_key(Table::Changes, &under(&version)), Cow::Owned(change))?;
    Ok(counter.version)
}

/// The number in the last eight bytes of a key or value; 0 when there are fewer.
pub fn number_from(bytes: &[u8]) -> u64 {
    bytes.last_chunk::<8>().map_or(0, |chunk| u64::from_be_bytes(*chunk))
}
