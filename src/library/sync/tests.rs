use std::fs;
use std::path::Path;

use super::*;

/// Documents in memory.
#[derive(Default)]
struct Kept {
    documents: BTreeMap<String, Known>,
    /// What is refused.
    refused: BTreeMap<String, Refused>,
}

impl Kept {
    fn put(&mut self, id: DocumentId, path: &str, content: &FileId) -> Result<(), Refused> {
        if let Some(refused) = self.refused.get(path) {
            return Err(refused.clone());
        }
        if self.documents.values().any(|known| known.content == *content && known.id != id) {
            return Err(Refused::Duplicate("the same".into()));
        }
        self.documents.retain(|_, known| known.id != id);
        self.documents.insert(
            path.to_owned(),
            Known { id, content: content.clone(), is_in_place: true, validators: Validators::default() },
        );
        Ok(())
    }
}

#[async_trait]
impl Target<()> for Kept {
    async fn known(&mut self) -> anyhow::Result<AllKnown> {
        Ok(self.documents.clone())
    }

    async fn add(&mut self, path: &str, content: &FileId, (): ()) -> Result<(), Refused> {
        self.put(DocumentId::fresh(), path, content)
    }

    async fn update(&mut self, known: &Known, path: &str, content: &FileId, (): ()) -> Result<(), Refused> {
        self.put(known.id.clone(), path, content)
    }

    async fn remove(&mut self, known: &Known) -> Result<(), Refused> {
        self.documents.retain(|_, document| document.id != known.id);
        Ok(())
    }
}

/// What a source has, in order; then an error, if there is one.
struct Given(Vec<Found<()>>, Option<&'static str>);

#[async_trait]
impl Source for Given {
    type Body = ();

    async fn next(&mut self, _: &AllKnown) -> anyhow::Result<Option<Found<()>>> {
        match self.0.is_empty() {
            false => Ok(Some(self.0.remove(0))),
            true => self.1.take().map_or(Ok(None), |error| Err(anyhow::anyhow!(error))),
        }
    }
}

/// What was told.
#[derive(Default)]
struct Said(Vec<String>);

#[async_trait]
impl Listener for Said {
    async fn told(&mut self, done: Done, path: &str, _: &str) {
        self.0.push(format!("{} {path}", done.as_str()));
    }
}

fn file(path: &str, content: u8) -> Found<()> {
    Found { path: path.into(), finding: Finding::Content(FileId::of([content; 32]), ()) }
}

async fn run(
    shelf: &mut Kept,
    found: &[Found<()>],
    error: Option<&'static str>,
    options: SyncOptions,
) -> Result<String, String> {
    let mut said = Said::default();
    let done = sync(&mut Given(found.to_vec(), error), shelf, options, &mut said).await;
    done.map_err(|error| error.to_string())?;
    Ok(said.0.join(", "))
}

#[tokio::test]
async fn documents_become_equal_to_what_is_there() {
    let (mut shelf, plain) = (Kept::default(), SyncOptions::default());
    let first = [file("a", 1), file("b", 2), file("c", 3)];
    assert_eq!(run(&mut shelf, &first, None, plain).await, Ok("added a, added b, added c".into()));
    assert_eq!(run(&mut shelf, &first, None, plain).await, Ok("unchanged a, unchanged b, unchanged c".into()));
    let kept = shelf.documents["b"].id.clone();
    let next = [file("a", 1), file("b", 9), file("d", 4)];
    let dry = SyncOptions { dry_run: true, ..plain };
    let expected = Ok("unchanged a, updated b, added d, removed c".to_owned());
    assert_eq!(run(&mut shelf, &next, None, dry).await, expected);
    assert_eq!(run(&mut shelf, &next, None, plain).await, expected);
    assert_eq!(shelf.documents["b"].id, kept);
    assert!(shelf.documents.keys().eq(["a", "b", "d"]));
    // Used elsewhere now.
    shelf.documents.get_mut("a").expect("it is there").is_in_place = false;
    assert_eq!(run(&mut shelf, &next, None, plain).await, Ok("updated a, unchanged b, unchanged d".into()));
}

#[tokio::test]
async fn what_is_renamed_or_changes_places_keeps_its_document() {
    let (mut shelf, plain) = (Kept::default(), SyncOptions::default());
    run(&mut shelf, &[file("a", 1), file("b", 2), file("c", 3)], None, plain).await.expect("added");
    let first = shelf.documents["a"].id.clone();
    let renamed = [file("b", 2), file("c", 3), file("d", 1)];
    let dry = SyncOptions { dry_run: true, ..plain };
    assert_eq!(run(&mut shelf, &renamed, None, dry).await, Ok("unchanged b, unchanged c, updated d".into()));
    assert_eq!(run(&mut shelf, &renamed, None, plain).await, Ok("unchanged b, unchanged c, updated d".into()));
    assert_eq!(shelf.documents["d"].id, first);
    // A copy is none of its own, until the other is gone.
    let copied = [file("b", 2), file("c", 3), file("d", 1), file("e", 1)];
    assert_eq!(
        run(&mut shelf, &copied, None, plain).await,
        Ok("unchanged b, unchanged c, unchanged d, skipped e".into())
    );
    run(&mut shelf, &[file("b", 2), file("c", 3), file("e", 1)], None, plain).await.expect("moved");
    assert_eq!(shelf.documents["e"].id, first);
    // Two that change places both stay.
    run(&mut shelf, &[file("b", 3), file("c", 2), file("e", 1)], None, plain).await.expect("swapped");
    let contents: Vec<_> = shelf.documents.iter().map(|(path, known)| (path.as_str(), known.content.clone())).collect();
    let expected = [("b", 3), ("c", 2), ("e", 1)].map(|(path, content)| (path, FileId::of([content; 32])));
    assert_eq!(contents, expected);
}

#[tokio::test]
async fn the_loss_of_most_of_many_documents_is_taken_for_a_fault() {
    let (mut shelf, plain) = (Kept::default(), SyncOptions::default());
    let all: Vec<_> = (0..20).map(|n| file(&format!("f{n:02}"), n)).collect();
    run(&mut shelf, &all, None, plain).await.expect("added");
    let lost = run(&mut shelf, &[file("f00", 0), file("login", 99)], None, plain).await;
    assert!(lost.is_err_and(|words| words.contains("more than half of its 20 documents")));
    assert_eq!(shelf.documents.len(), 21, "nothing was removed");
    let told = SyncOptions { allow_empty: true, ..plain };
    run(&mut shelf, &[file("f00", 0)], None, told).await.expect("removed");
    assert_eq!(shelf.documents.len(), 1);
}

#[tokio::test]
async fn nothing_is_removed_that_is_only_not_seen() {
    let (mut shelf, plain) = (Kept::default(), SyncOptions::default());
    run(&mut shelf, &[file("a", 1), file("b", 2)], None, plain).await.expect("added");
    // The source breaks off.
    assert_eq!(run(&mut shelf, &[file("a", 1)], Some("gone"), plain).await, Err("gone".into()));
    assert_eq!(shelf.documents.len(), 2);
    // It is empty.
    let nothing = "nothing was found there, so nothing was removed";
    assert_eq!(run(&mut shelf, &[], None, plain).await, Err(nothing.into()));
    let skipped = Found { path: ".git".into(), finding: Finding::Skipped("it is hidden".into()) };
    assert_eq!(run(&mut shelf, &[skipped], None, plain).await, Err(nothing.into()));
    // Something of it cannot be read.
    let failed = Found { path: "b".into(), finding: Finding::Failed("denied".into()) };
    assert_eq!(run(&mut shelf, &[file("a", 1), failed], None, plain).await, Ok("unchanged a, failed b".into()));
    assert_eq!(shelf.documents.len(), 2);
    let told = SyncOptions { allow_empty: true, ..plain };
    assert_eq!(run(&mut shelf, &[], None, told).await, Ok("removed a, removed b".into()));
}

#[tokio::test]
async fn what_is_refused_is_said_and_the_others_are_stored() {
    let mut shelf = Kept::default();
    shelf.refused.insert("a".into(), Refused::NoDocument("a picture".into()));
    shelf.refused.insert("b".into(), Refused::Failed("no space".into()));
    let found = [file("a", 1), file("b", 2), file("c", 3)];
    let said = run(&mut shelf, &found, None, SyncOptions::default()).await;
    assert_eq!(said, Ok("skipped a, failed b, added c".into()));
    // A document that is one no more goes.
    shelf.refused.insert("c".into(), Refused::NoDocument("a picture now".into()));
    let said = run(&mut shelf, &[file("c", 4)], None, SyncOptions::default()).await;
    assert_eq!(said, Ok("removed c, skipped c".into()));
    assert!(shelf.documents.is_empty());
}

/// What a folder has, in words.
async fn listed(path: &Path) -> Vec<String> {
    let mut folder = Folder::open(path).expect("a folder");
    let mut listed = Vec::new();
    while let Some(found) = folder.next(&AllKnown::new()).await.expect("readable") {
        let what = match found.finding {
            Finding::Content(content, _) => content.as_str()[..4].to_owned(),
            Finding::Same => unreachable!("nothing is known"),
            Finding::Skipped(why) | Finding::Failed(why) => why,
        };
        listed.push(format!("{}: {what}", found.path));
    }
    listed
}

#[tokio::test]
async fn a_folder_is_read_with_those_in_it_and_no_further() {
    let dir = tempfile::tempdir().expect("a folder");
    let (root, outside) = (dir.path().join("docs"), dir.path().join("outside"));
    fs::create_dir_all(root.join("sub/deeper")).expect("made");
    fs::create_dir_all(root.join(".git")).expect("made");
    fs::create_dir_all(&outside).expect("made");
    for (path, text) in
        [("b.md", "two"), ("a.md", "one"), ("sub/deeper/c.md", "three"), (".hidden", ""), (".git/x", "")]
    {
        fs::write(root.join(path), text).expect("written");
    }
    fs::write(outside.join("secret.md"), "secret").expect("written");
    let link = |to: &Path, name: &str| std::os::unix::fs::symlink(to, root.join(name)).expect("linked");
    link(&outside, "out");
    link(&outside.join("secret.md"), "out.md");
    link(&root.join("a.md"), "within.md");
    link(&root, "loop");
    link(&root.join("nothing"), "broken");
    let listed = listed(&root).await;
    let expected = [
        ".git: it is hidden",
        ".hidden: it is hidden",
        "a.md: 7692",
        "b.md: 3fc4",
        "broken: No such file or directory",
        "loop: it is a link to a folder that it is in",
        "out: it is a link that leads out of the folder",
        "out.md: it is a link that leads out of the folder",
        "sub/deeper/c.md: 8b5b",
        "within.md: 7692",
    ];
    assert_eq!(listed.len(), expected.len(), "{listed:#?}");
    for (line, beginning) in listed.iter().zip(expected) {
        assert!(line.starts_with(beginning), "{line} is not {beginning}");
    }
    assert!(Folder::open(&root.join("a.md")).is_err() && Folder::open(&root.join("nothing")).is_err());
}
