//! Layers never show: whatever is written, and whenever the store is left, it says the same as a map in memory.

use std::collections::BTreeSet;
use std::path::Path;

use super::*;
use crate::store::engine::{MAX_VALUE, Scope, prefix_range};
use crate::store::memory::MemoryEngine;
use crate::threads;

/// So small that a few hundred rows fill a head.
const MEMORY: u64 = 64 * 1024;

/// Numbers that are the same in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % end
    }

    fn table(&mut self) -> Table {
        [Table::Messages, Table::Jobs, Table::Documents][self.below(3) as usize]
    }

    fn batch(&mut self) -> Batch {
        let mut batch = Batch::new(Scope::ANY);
        for _ in 0..=self.below(4) {
            let (table, key) = (self.table(), self.below(400).to_be_bytes());
            let length = if self.below(50) == 0 { self.below(MAX_VALUE as u64) } else { self.below(300) };
            batch = match self.below(4) {
                0 => batch.delete(table, key),
                1 => batch.if_absent(table, key).put(table, key, vec![1; length as usize]),
                _ => batch.put(table, key, vec![self.below(256) as u8; length as usize]),
            };
        }
        if self.below(2) == 0 { batch.append(Table::Messages, "room", vec![b'm'; 40]) } else { batch }
    }
}

fn assert_same(disk: &DiskEngine, memory: &MemoryEngine, dice: &mut Dice) {
    for table in [Table::Messages, Table::Jobs, Table::Documents, Table::Counters] {
        for direction in [Direction::Forward, Direction::Backward] {
            let scan = |engine: &dyn Engine, range: &Range<Vec<u8>>, limit| {
                threads::wait(engine.scan(table, range.clone(), direction, limit)).expect("readable")
            };
            let everything = Limit { entries: usize::MAX, bytes: usize::MAX };
            let (found, expected) =
                (scan(disk, &prefix_range(&[]), everything), scan(memory, &prefix_range(&[]), everything));
            assert!(found == expected, "{} of {} rows of {table:?}", found.len(), expected.len());
            let start = dice.below(400);
            let limit = Limit { entries: dice.below(30) as usize, bytes: dice.below(30_000) as usize };
            let range = start.to_be_bytes().to_vec()..(start + dice.below(90)).to_be_bytes().to_vec();
            assert_eq!(scan(disk, &range, limit), scan(memory, &range, limit));
        }
        for key in 0..400_u64 {
            let one = |reader: &dyn Reader| threads::wait(reader.get(table, &key.to_be_bytes())).expect("readable");
            assert_eq!(one(disk), one(memory), "{table:?} {key}");
            assert_eq!(one(&disk.on_this_thread()), one(memory), "{table:?} {key}");
        }
    }
}

fn layer_files(dir: &Path) -> BTreeSet<String> {
    let names = fs::read_dir(dir).expect("a folder").flatten().map(|entry| entry.file_name().to_string_lossy().into());
    names.filter(|name: &String| name.starts_with("run-") || name.starts_with("head-")).collect()
}

#[test]
fn layers_say_what_a_map_says_however_often_the_store_is_left() {
    let dir = tempfile::tempdir().expect("a folder");
    let memory = MemoryEngine::default();
    let mut dice = Dice(0x1234_5678_9abc_def1);
    let mut most_runs = 0;
    for round in 0..12 {
        let disk = DiskEngine::open(dir.path(), MEMORY).expect("opens");
        assert_same(&disk, &memory, &mut dice);
        for _ in 0..dice.below(200) {
            if dice.below(60) == 0 {
                disk.stack.be_idle().expect("another head");
            }
            let batches: Vec<Batch> = (0..=dice.below(6)).map(|_| dice.batch()).collect();
            let batches: Vec<&Batch> = batches.iter().collect();
            let found = disk.commit(&batches).expect("written");
            assert_eq!(found, memory.commit(&batches).expect("written"));
        }
        assert_same(&disk, &memory, &mut dice);
        most_runs = most_runs.max(disk.stack.layers().runs.len());
        if round % 2 == 0 {
            disk.close().expect("closed");
        }
    }
    assert!(most_runs > 1, "too little was written for a test of layers");
    assert!(layer_files(dir.path()).len() <= 20, "{:?}", layer_files(dir.path()));
}

#[test]
fn what_was_begun_and_not_finished_is_removed_at_opening() {
    let dir = tempfile::tempdir().expect("a folder");
    drop(DiskEngine::open(dir.path(), MEMORY).expect("a new store"));
    let before = layer_files(dir.path());
    fs::write(dir.path().join("run-77"), "half").expect("written");
    fs::create_dir(dir.path().join("head-78")).expect("a folder");
    fs::write(dir.path().join("head-78/db"), "half").expect("written");
    drop(DiskEngine::open(dir.path(), MEMORY).expect("opens"));
    assert_eq!(layer_files(dir.path()), before);
}

#[test]
fn a_layer_that_is_missing_or_damaged_is_noticed() {
    let dir = tempfile::tempdir().expect("a folder");
    let disk = DiskEngine::open(dir.path(), MEMORY).expect("a new store");
    for number in 0..800_u64 {
        disk.commit(&[&Batch::new(Scope::ANY).put(Table::Jobs, number.to_be_bytes(), vec![7; 300])]).expect("written");
    }
    // Two heads are never full at once for long: by now there is a run.
    drop(disk);
    let run = layer_files(dir.path()).into_iter().find(|name| name.starts_with("run-")).expect("a run");
    let path = dir.path().join(run);
    let whole = fs::read(&path).expect("readable");
    let refusal = || match DiskEngine::open(dir.path(), MEMORY) {
        Ok(_) => panic!("it opened"),
        Err(error) => error.to_string(),
    };
    fs::remove_file(&path).expect("removed");
    assert!(refusal().contains("backup"));
    fs::write(&path, &whole[..whole.len() - 1]).expect("written");
    assert!(refusal().contains("incomplete"));
    fs::write(&path, &whole).expect("written");
    fs::remove_file(dir.path().join("layers")).expect("removed");
    fs::write(dir.path().join(MARKER), "").expect("written");
    assert!(refusal().contains("its list of layers is missing"));
}

#[test]
fn values_of_any_length_come_back_and_stay_inside_the_log() {
    let dir = tempfile::tempdir().expect("a folder");
    // All of it stays in one head.
    let disk = DiskEngine::open(dir.path(), 64 << 20).expect("a new store");
    let value = |number: usize| vec![number as u8; number * 1500 % (MAX_VALUE + 1)];
    for number in 0..300_usize {
        disk.commit(&[&Batch::new(Scope::ANY).put(Table::Jobs, number.to_be_bytes(), value(number))]).expect("written");
    }
    for number in 0..300_usize {
        let found = threads::wait(disk.get(Table::Jobs, &number.to_be_bytes())).expect("readable");
        assert_eq!(found, Some(value(number)));
    }
    assert_eq!(disk.stack.layers().runs.len(), 0);
}

/// All rows of a snapshot.
fn rows(snapshot: &Snapshot) -> BTreeMap<(u8, Vec<u8>), Vec<u8>> {
    let mut rows = BTreeMap::new();
    let visit = |table: Table, key: &[u8], value: &[u8]| {
        assert!(rows.insert((table as u8, key.to_vec()), value.to_vec()).is_none(), "a row comes once");
        Ok::<_, EngineError>(())
    };
    snapshot.each_row(visit).expect("readable");
    rows
}

#[test]
fn a_snapshot_is_the_state_at_its_commit_whatever_is_written_meanwhile() {
    const COMMITS: u64 = 1500;
    let dir = tempfile::tempdir().expect("a folder");
    let engine = DiskEngine::open(dir.path(), MEMORY).expect("a new store");
    // The same commits again, one after the other, up to that of each snapshot.
    let batches: Vec<Batch> = {
        let mut dice = Dice(11);
        (0..COMMITS).map(|_| dice.batch()).collect()
    };
    let snapshots = std::thread::scope(|scope| {
        let writing = scope.spawn(|| {
            for batch in &batches {
                engine.commit(&[batch]).expect("written");
            }
        });
        let mut snapshots = Vec::new();
        while !writing.is_finished() && snapshots.len() < 40 {
            let acknowledged = read_acknowledged(dir.path());
            let snapshot = engine.snapshot().expect("a snapshot");
            assert!(snapshot.commit >= acknowledged, "{} of {acknowledged}", snapshot.commit);
            // Read at different distances, while layers are written, merged and removed.
            let early = snapshots.len().is_multiple_of(2).then(|| rows(&snapshot));
            snapshots.push((snapshot, early));
        }
        snapshots
    });
    assert!(snapshots.len() > 3, "{} snapshots", snapshots.len());
    let (memory, mut done) = (MemoryEngine::default(), 0);
    for (snapshot, early) in &snapshots {
        for batch in &batches[done as usize..snapshot.commit as usize] {
            memory.commit(&[batch]).expect("written");
        }
        done = snapshot.commit;
        let expected = rows(&memory.snapshot().expect("a snapshot"));
        assert!(rows(snapshot) == expected, "at commit {done}");
        assert!(early.as_ref().is_none_or(|early| *early == expected), "at commit {done}, read at once");
    }
    let again = engine.snapshot().expect("a snapshot");
    assert_eq!((again.commit, engine.snapshot().expect("a snapshot").commit), (COMMITS, COMMITS));
    assert_eq!(engine.stack.layers().head().commits_before(), COMMITS, "an unchanged store needs no new layer");
    drop((snapshots, again));
    engine.close().expect("closed");
}

/// Waits for the threads that put layers in order.
fn until(what: &str, holds: impl Fn() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < Duration::from_secs(30), "{what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn put(engine: &DiskEngine, numbers: Range<u64>) {
    for number in numbers {
        let value: Vec<u8> = (0..40).flat_map(|part: u64| hash_like(number + part).to_be_bytes()).collect();
        engine.commit(&[&Batch::new(Scope::ANY).put(Table::Jobs, number.to_be_bytes(), value)]).expect("written");
    }
}

/// Numbers that do not compress.
fn hash_like(number: u64) -> u64 {
    (number + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(17).wrapping_mul(0xbf58_476d_1ce4_e5b9)
}

#[test]
fn space_of_what_was_removed_comes_back_by_itself() {
    let dir = tempfile::tempdir().expect("a folder");
    let engine = DiskEngine::open(dir.path(), MEMORY).expect("a new store");
    put(&engine, 0..3000);
    let full = engine.size().expect("known");
    for number in 0..2900_u64 {
        engine.commit(&[&Batch::new(Scope::ANY).delete(Table::Jobs, number.to_be_bytes())]).expect("written");
    }
    engine.stack.be_idle().expect("another head");
    until("most of it is given back", || engine.size().expect("known") < full / 4);
    assert_eq!(rows(&engine.snapshot().expect("a snapshot")).len(), 100);
    engine.compact().expect("compacted");
    put(&engine, 5000..5060);
    engine.commit(&[&Batch::new(Scope::ANY).delete(Table::Jobs, 2950_u64.to_be_bytes())]).expect("written");
    engine.stack.be_idle().expect("another head");
    let removed = |engine: &DiskEngine| engine.stack.layers().runs.iter().map(|run| run.removed).collect::<Vec<_>>();
    until("the removal is in a run", || removed(&engine) == [1, 0]);
    engine.close().expect("closed");
    drop(engine);
    assert_eq!(removed(&DiskEngine::open(dir.path(), MEMORY).expect("opens")), [1, 0], "it is still known");
}

#[test]
fn compaction_leaves_one_run_with_the_same_rows_while_others_write() {
    let dir = tempfile::tempdir().expect("a folder");
    let engine = DiskEngine::open(dir.path(), MEMORY).expect("a new store");
    let memory = MemoryEngine::default();
    let mut dice = Dice(5);
    let batches: Vec<Batch> = (0..1200).map(|_| dice.batch()).collect();
    let both = |batches: &[Batch]| {
        for batch in batches {
            assert_eq!(engine.commit(&[batch]).expect("written"), memory.commit(&[batch]).expect("written"));
        }
    };
    both(&batches[..600]);
    std::thread::scope(|scope| {
        let compacting = [scope.spawn(|| engine.compact()), scope.spawn(|| engine.compact())];
        both(&batches[600..]);
        for one in compacting {
            one.join().expect("no panic").expect("compacted");
        }
    });
    assert_same(&engine, &memory, &mut Dice(3));
    engine.compact().expect("compacted");
    let layers = engine.stack.layers();
    assert_eq!((layers.runs.len(), layers.heads.len(), layers.head().bytes()), (1, 1, 0));
    assert_eq!(layers.runs[0].removed, 0, "nothing older is left that could be removed");
    drop(layers);
    until("the old files are gone", || layer_files(dir.path()).len() == 2);
    let before = engine.stack.layers().runs[0].id;
    engine.compact().expect("compacted");
    assert_eq!(engine.stack.layers().runs[0].id, before, "what is compact is left alone");
    assert_same(&engine, &memory, &mut Dice(4));
    engine.close().expect("closed");
    drop(engine);
    assert_same(&DiskEngine::open(dir.path(), MEMORY).expect("opens"), &memory, &mut Dice(5));
}
