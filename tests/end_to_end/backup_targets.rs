//! Backups that the server makes by itself: where they go, which of them stay, and what is told of them.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use chatbot::backup::{
    self, BackupError, Backups, Bucket, BucketSettings, Identities, Plan, Recipient, Restoring, Status, Target,
};
use chatbot::fetch::Key;
use chatbot::store::{Batch, Closing, DiskEngine, Engine, Files, Quotas, Scope, SignIns, Store, StoreOptions, Table};
use parking_lot::Mutex;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use warp::http::{Method, StatusCode};
use warp::{Filter, Reply};

use crate::stored::age_key;
use crate::support::PATIENCE;

/// Between two looks at what was made.
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// A store with something in it, and backups of it.
struct Kept {
    dir: TempDir,
    store: Arc<Store>,
    closing: Closing,
    stopping: CancellationToken,
}

impl Kept {
    async fn new() -> Self {
        Self::open(tempfile::tempdir().expect("a folder")).await
    }

    async fn open(dir: TempDir) -> Self {
        let options = StoreOptions { cache_bytes: 1 << 20, min_free_bytes: 0, quotas: Quotas::NONE };
        let path = dir.path().join("store");
        let opened = tokio::task::spawn_blocking(move || Store::open(&path, options, |reason| panic!("{reason}")));
        let (store, closing) = opened.await.expect("no panic").expect("a store");
        Self { dir, store, closing, stopping: CancellationToken::new() }
    }

    /// The same with so much in it that an upload has several parts.
    async fn with_more_than_a_part(self) -> Self {
        let Self { dir, store, closing, .. } = self;
        drop(store);
        let filled = tokio::task::spawn_blocking(move || {
            closing.wait();
            let engine = DiskEngine::open(&dir.path().join("store"), 1 << 20).expect("a store");
            // Hard to compress.
            for (number, log) in crate::files::random(170 * 60_000).chunks(60_000).enumerate() {
                let batch = Batch::new(Scope::ANY).put(Table::JobLogs, number.to_be_bytes(), log);
                engine.commit(&[&batch]).expect("written");
            }
            engine.close().expect("closed");
            dir
        });
        Self::open(filled.await.expect("no panic")).await
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Makes backups until so many are made or have failed.
    async fn make(&self, target: Target, keep: usize, is_enough: impl Fn(&Status) -> bool) -> Status {
        let every = Duration::from_millis(1100);
        self.follow(Plan { every, keep, target, recipient: None, incremental: false }, is_enough).await
    }

    async fn follow(&self, plan: Plan, is_enough: impl Fn(&Status) -> bool) -> Status {
        let files = Arc::new(Files::open(&self.path("files"), 0).expect("files"));
        let stopping = self.stopping.child_token();
        let backups = Backups::open(self.store.clone(), files, Some(plan), stopping.clone()).await.expect("readable");
        let backups = Arc::new(backups);
        let working = tokio::spawn({
            let backups = backups.clone();
            async move { backups.keep_up().await }
        });
        let enough = async {
            while !is_enough(&backups.status()) {
                tokio::time::sleep(LOOK_EVERY).await;
            }
        };
        tokio::time::timeout(2 * PATIENCE, enough).await.expect("in time");
        let status = backups.status();
        stopping.cancel();
        tokio::time::timeout(PATIENCE, working).await.expect("it stops in time").expect("no panic");
        status
    }

    /// Nobody has the store any more once a plan has ended.
    async fn close(self) {
        let Self { store, closing, .. } = self;
        drop(store);
        let closed = tokio::task::spawn_blocking(|| closing.wait());
        tokio::time::timeout(PATIENCE, closed).await.expect("it closes in time").expect("no panic");
    }
}

fn names(dir: &Path) -> Vec<String> {
    let entries = fs::read_dir(dir).expect("a folder").flatten();
    let mut names: Vec<_> = entries.map(|entry| entry.file_name().into_string().expect("text")).collect();
    names.sort();
    names
}

#[tokio::test]
async fn a_folder_gets_whole_backups_of_which_the_newest_stay() {
    let kept = Kept::new().await;
    let to = kept.path("backups");
    let status = kept.make(Target::Folder(to.clone()), 2, |status| status.made >= 3).await;
    assert_eq!((status.failed, status.failed_at), (0, None));
    let made = names(&to);
    assert!(made.len() == 2, "{made:?}");
    for name in &made {
        backup::verify(&to.join(name), None, |_| ()).expect("whole");
    }
    let noted = kept.store.last_backup().await.expect("readable").expect("noted");
    assert_eq!(noted.bytes, fs::metadata(to.join(&made[1])).expect("there").len());
    kept.close().await;
}

#[tokio::test]
async fn a_program_gets_a_backup_on_its_standard_input() {
    let kept = Kept::new().await;
    let (to, shown) = (kept.path("taken"), kept.path("taken").display().to_string());
    let script = format!("cat > {shown}.part && mv {shown}.part {shown} && echo $CHATBOT_BACKUP_NAME > {shown}.name");
    let target = Target::Program(vec!["sh".into(), "-c".into(), script]);
    kept.make(target, 2, |status| status.made >= 1).await;
    backup::verify(&to, None, |_| ()).expect("whole");
    let name = fs::read_to_string(kept.path("taken.name")).expect("told");
    assert!(name.starts_with("chatbot-2") && name.trim_end().ends_with(".backup"), "{name}");
    kept.close().await;
}

#[tokio::test]
async fn the_failure_of_a_program_is_told_and_one_that_hangs_is_ended_by_a_stop() {
    let kept = Kept::new().await;
    for script in ["cat > /dev/null; echo no room >&2; exit 3", "exit 0; true"] {
        let target = Target::Program(vec!["sh".into(), "-c".into(), script.into()]);
        let status = kept.make(target, 2, |status| status.failed >= 1 || status.made >= 1).await;
        // One that exits at once may have taken what fits into the pipe; then it said that all is well.
        assert!(status.failed >= 1 || script.starts_with("exit"), "{script}");
        assert_eq!(status.failed >= 1, status.failed_at.is_some());
    }
    let missing = Target::Program(vec!["no-such-program-anywhere".into()]);
    assert!(kept.make(missing, 2, |status| status.failed >= 1).await.failed_at.is_some());
    // The pipe takes all of a small backup; the program is waited for.
    let started = kept.path("started");
    let script = format!("touch {}; sleep 600", started.display());
    let hanging = Target::Program(vec!["sh".into(), "-c".into(), script]);
    kept.make(hanging, 2, |_| started.exists()).await;
    kept.close().await;
}

/// What an S3 store has.
#[derive(Default)]
struct Objects {
    uploads: BTreeMap<String, BTreeMap<u16, Bytes>>,
    objects: BTreeMap<String, Bytes>,
    /// How many of the next parts fail.
    failing: usize,
    /// How many requests it got for parts.
    parts: usize,
    refuses: bool,
}

/// A store that speaks as much of S3 as backups need.
struct FakeS3 {
    address: SocketAddr,
    objects: Arc<Mutex<Objects>>,
}

impl FakeS3 {
    async fn start() -> Self {
        let objects = Arc::<Mutex<Objects>>::default();
        let state = objects.clone();
        let answer = warp::method()
            .and(warp::path::full())
            .and(warp::query::<HashMap<String, String>>())
            .and(warp::body::bytes())
            .map(move |method, path: warp::path::FullPath, query, body| {
                answer(&mut state.lock(), &method, path.as_str(), &query, body)
            });
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let service = hyper_util::service::TowerToHyperService::new(warp::service(answer.clone()));
                let io = hyper_util::rt::TokioIo::new(stream);
                tokio::spawn(hyper::server::conn::http1::Builder::new().serve_connection(io, service));
            }
        });
        Self { address, objects }
    }

    fn bucket(&self) -> Target {
        let endpoint = format!("http://{}", self.address);
        let secret = Key::new("the secret of the key");
        let settings =
            BucketSettings { to: "s3://chat/daily", endpoint: &endpoint, region: "r", key_id: "id", secret: &secret };
        Target::Bucket(Box::new(Bucket::new(&settings).expect("settings")))
    }
}

fn answer(
    store: &mut Objects,
    method: &Method,
    path: &str,
    query: &HashMap<String, String>,
    body: Bytes,
) -> warp::reply::Response {
    let xml = |text: String| text.into_response();
    let refused = |status: StatusCode, code: &str| {
        warp::reply::with_status(format!("<Error><Code>{code}</Code></Error>"), status).into_response()
    };
    let is_signed = query.get("X-Amz-Signature").is_some_and(|signature| signature.len() == 64)
        && query.get("X-Amz-Credential").is_some_and(|credential| credential.starts_with("id/"))
        && query.get("X-Amz-Algorithm").is_some_and(|algorithm| algorithm == "AWS4-HMAC-SHA256");
    if !is_signed || store.refuses {
        return refused(StatusCode::FORBIDDEN, "AccessDenied");
    }
    let Some(rest) = path.strip_prefix("/chat") else { return refused(StatusCode::NOT_FOUND, "NoSuchBucket") };
    let key = rest.trim_start_matches('/').to_owned();
    let upload = query.get("uploadId").cloned();
    match (method.as_str(), upload) {
        ("POST", None) if query.contains_key("uploads") => {
            let id = format!("upload-{}", store.uploads.len());
            store.uploads.insert(id.clone(), BTreeMap::new());
            xml(format!(
                "<InitiateMultipartUploadResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Bucket>chat</Bucket>\
                 <Key>{key}</Key><UploadId>{id}</UploadId></InitiateMultipartUploadResult>"
            ))
        }
        ("PUT", Some(id)) => {
            store.parts += 1;
            if store.failing > 0 {
                store.failing -= 1;
                return refused(StatusCode::SERVICE_UNAVAILABLE, "SlowDown");
            }
            let number: u16 = query["partNumber"].parse().expect("a number");
            store.uploads.get_mut(&id).expect("an upload").insert(number, body);
            warp::reply::with_header("", "etag", format!("\"{number}\"")).into_response()
        }
        ("POST", Some(id)) => {
            let parts = store.uploads.remove(&id).expect("an upload");
            let named = String::from_utf8_lossy(&body).matches("<PartNumber>").count();
            assert_eq!(named, parts.len(), "every part is named: {body:?}");
            store.objects.insert(key.clone(), parts.into_values().collect::<Vec<_>>().concat().into());
            xml(format!(
                "<CompleteMultipartUploadResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Location>x</Location>\
                 <Bucket>chat</Bucket><Key>{key}</Key><ETag>\"all\"</ETag></CompleteMultipartUploadResult>"
            ))
        }
        ("DELETE", Some(id)) => {
            store.uploads.remove(&id);
            StatusCode::NO_CONTENT.into_response()
        }
        ("PUT", None) => {
            store.objects.insert(key, body);
            StatusCode::OK.into_response()
        }
        ("DELETE", None) => {
            store.objects.remove(&key);
            StatusCode::NO_CONTENT.into_response()
        }
        ("HEAD" | "GET", None) if !key.is_empty() => match store.objects.get(&key) {
            Some(object) => {
                let length = object.len();
                let mut response = object.to_vec().into_response();
                response.headers_mut().insert("content-length", length.into());
                response
            }
            None => refused(StatusCode::NOT_FOUND, "NoSuchKey"),
        },
        ("GET", None) => {
            let prefix = query.get("prefix").cloned().unwrap_or_default();
            let keys = store.objects.iter().filter(|(key, _)| key.starts_with(&prefix));
            let list: String = keys
                .map(|(key, object)| {
                    format!(
                        "<Contents><Key>{key}</Key><LastModified>2026-01-01T00:00:00.000Z</LastModified><ETag>\"e\"</ETag>\
                         <Size>{}</Size><StorageClass>STANDARD</StorageClass></Contents>",
                        object.len()
                    )
                })
                .collect();
            xml(format!(
                "<ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Name>chat</Name><Prefix>{prefix}</Prefix>\
                 <MaxKeys>1000</MaxKeys><IsTruncated>false</IsTruncated>{list}</ListBucketResult>"
            ))
        }
        other => panic!("not asked for by backups: {other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bucket_gets_whole_backups_in_parts_though_some_fail_at_first() {
    let (kept, s3) = (Kept::new().await, FakeS3::start().await);
    let kept = kept.with_more_than_a_part().await;
    s3.objects.lock().failing = 1;
    for other in
        ["daily/photo.jpg", "daily/chatbot-20200101T000000Z.backup.txt", "other/chatbot-20200101T000000Z.backup"]
    {
        s3.objects.lock().objects.insert(other.into(), Bytes::from_static(b"not a backup of this"));
    }
    s3.objects.lock().objects.insert("daily/chatbot-20200101T000000Z.backup".into(), Bytes::from_static(b"old"));
    let status = kept.make(s3.bucket(), 2, |status| status.made >= 2).await;
    assert_eq!(status.failed, 0);
    {
        let store = s3.objects.lock();
        assert!(store.parts > 2 * 2, "two parts each, of which one was sent again: {}", store.parts);
        assert!(store.uploads.is_empty(), "nothing is left over");
        let backups: Vec<_> =
            store.objects.keys().filter(|key| key.starts_with("daily/") && key.ends_with(".backup")).collect();
        assert_eq!(backups.len(), 2, "{backups:?}");
        assert!(!store.objects.contains_key("daily/chatbot-20200101T000000Z.backup"), "the oldest has gone");
        assert_eq!(store.objects.len(), 5, "others stay");
        fs::write(kept.path("got"), &store.objects[backups[1]]).expect("written");
    }
    backup::verify(&kept.path("got"), None, |_| ()).expect("whole");
    s3.objects.lock().refuses = true;
    let status = kept.make(s3.bucket(), 2, |status| status.failed >= 1).await;
    assert!(status.failed_at.is_some() && status.last.is_some());
    kept.close().await;
}

/// A plan whose backups share what has not changed.
fn sharing(target: Target, recipient: Option<Recipient>) -> Plan {
    Plan { every: Duration::from_millis(1100), keep: 2, target, recipient, incremental: true }
}

/// All files in a folder and in those within it, with their lengths, by their paths.
fn all_files(dir: &Path) -> BTreeMap<PathBuf, u64> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
        let path = entry.path();
        match path.is_dir() {
            true => found.append(&mut all_files(&path)),
            false => drop(found.insert(path, entry.metadata().expect("there").len())),
        }
    }
    found
}

#[tokio::test]
async fn incremental_backups_keep_once_what_has_not_changed() {
    let kept = Kept::new().await.with_more_than_a_part().await;
    let to = kept.path("backups");
    let made = |count: u64| move |status: &Status| status.made >= count;
    kept.follow(sharing(Target::Folder(to.clone()), None), made(1)).await;
    let first = all_files(&to.join("blobs"));
    assert!(first.values().sum::<u64>() > 10_000_000, "all of it is there: {first:?}");
    let status = kept.follow(sharing(Target::Folder(to.clone()), None), made(3)).await;
    assert_eq!(status.failed, 0);
    assert!(status.last.expect("made").bytes < 200_000, "little is sent again: {status:?}");
    let left = names(&to);
    assert_eq!(left.iter().filter(|name| name.ends_with(".backup")).count(), 2, "{left:?}");
    assert_eq!(left.iter().filter(|name| name.ends_with(".backup.blobs")).count(), 2, "{left:?}");
    let newest = backup::newest_in(&to).expect("a folder").expect("a backup");
    let verified = backup::verify(&newest, None, |_| ()).expect("whole");
    backup::skim(&newest).expect("whole");
    // It is restored as a whole one is.
    let restoring = Restoring { backup: &newest, identities: None, sign_ins: SignIns::Kept };
    let restored = backup::restore(&restoring, &kept.path("restored"), |_| ()).expect("restored");
    assert_eq!(restored, verified);
    // What none of the kept ones needs has gone; what they need has not.
    let blobs = all_files(&to.join("blobs"));
    assert!(blobs.len() <= first.len() + 2 * 4, "{} of {}", blobs.len(), first.len());
    let missing = blobs.iter().max_by_key(|(_, bytes)| **bytes).expect("blobs").0;
    fs::remove_file(missing).expect("removed");
    assert!(matches!(backup::skim(&newest), Err(BackupError::Damaged(_))));
    assert!(matches!(backup::verify(&newest, None, |_| ()), Err(BackupError::Damaged(_))));
    // The next backup brings it again.
    kept.follow(sharing(Target::Folder(to.clone()), None), made(1)).await;
    let newest = backup::newest_in(&to).expect("a folder").expect("a backup");
    backup::verify(&newest, None, |_| ()).expect("whole");
    kept.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn incremental_backups_in_a_bucket_are_encrypted_whole_and_swept() {
    let (kept, s3) = (Kept::new().await.with_more_than_a_part().await, FakeS3::start().await);
    let key = kept.path("key.txt");
    let recipient = age_key(&key).parse().expect("a key");
    let status = kept.follow(sharing(s3.bucket(), Some(recipient)), |status| status.made >= 4).await;
    assert_eq!(status.failed, 0);
    let dir = kept.path("downloaded");
    for (name, object) in &s3.objects.lock().objects {
        let path = dir.join(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        fs::write(path, object).expect("written");
    }
    let dir = dir.join("daily");
    let left = names(&dir);
    assert_eq!(left.iter().filter(|name| name.ends_with(".backup.age")).count(), 2, "{left:?}");
    let blobs = all_files(&dir.join("blobs"));
    for path in blobs.keys() {
        let content = fs::read(path).expect("readable");
        assert!(content.starts_with(b"age-encryption.org/"), "{} is readable by anybody", path.display());
    }
    let newest = backup::newest_in(&dir).expect("a folder").expect("a backup");
    let identities = Identities::read(&key).expect("a key");
    let verified = backup::verify(&newest, Some(&identities), |_| ()).expect("whole");
    assert!(verified.contents.row_bytes > 10_000_000);
    assert!(matches!(backup::verify(&newest, None, |_| ()), Err(BackupError::Encrypted)));
    kept.close().await;
}

#[tokio::test]
async fn a_changed_recipient_and_another_server_at_the_same_place_do_no_harm() {
    let kept = Kept::new().await.with_more_than_a_part().await;
    let (to, key) = (kept.path("backups"), kept.path("key.txt"));
    let recipient: Recipient = age_key(&key).parse().expect("a key");
    let folder = || Target::Folder(to.clone());
    let made = |count: u64| move |status: &Status| status.made >= count;
    kept.follow(sharing(folder(), None), made(1)).await;
    let plain = backup::newest_in(&to).expect("a folder").expect("a backup");
    kept.follow(sharing(folder(), Some(recipient)), made(1)).await;
    let sealed = backup::newest_in(&to).expect("a folder").expect("a backup");
    let identities = Identities::read(&key).expect("a key");
    backup::verify(&plain, None, |_| ()).expect("whole");
    backup::verify(&sealed, Some(&identities), |_| ()).expect("whole");
    // Renamed, it stays when its time has come; and so do the pieces of another server.
    let renamed = to.join("kept.backup");
    fs::rename(&plain, &renamed).expect("renamed");
    let other = Kept::new().await;
    other.follow(sharing(folder(), None), made(1)).await;
    kept.follow(sharing(folder(), None), made(3)).await;
    other.follow(sharing(folder(), None), made(3)).await;
    backup::verify(&renamed, None, |_| ()).expect("whole");
    other.close().await;
    kept.close().await;
}
