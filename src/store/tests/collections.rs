//! Documents in collections, and what they claim of their contents, whatever happens at the same time.

use super::*;
use crate::model::{
    Collection, CollectionId, CollectionName, Document, DocumentId, DocumentKind, DocumentNumber, FileId, Language,
    Origin, UsedIn,
};

/// A document whose text is that of this number, of which it claims to be the only one.
pub(super) fn document(text: u8, used_in: UsedIn) -> Document {
    Document {
        id: DocumentId::fresh(),
        number: DocumentNumber::default(),
        version: 1,
        title: "Bees".into(),
        author: None,
        language: Language::English,
        kind: DocumentKind::Text,
        used_in,
        created_at: Timestamp::now(),
        updated_at: Timestamp::now(),
        by: Handle::new("Ann").expect("a handle"),
        origin: Origin::default(),
        text: FileId::of([text; 32]),
        chars: 1,
        text_bytes: 1,
        pages: None,
        passages: 1,
        previous: None,
        arriving: None,
        claimed: vec![FileId::of([text; 32])],
        unused: Vec::new(),
    }
}

pub(super) fn collection(name: &str) -> Collection {
    Collection {
        id: CollectionId::fresh(),
        name: CollectionName::new(name).expect("a name"),
        rooms: Vec::new(),
        documents: 0,
        created_at: Timestamp::now(),
        place: 0,
    }
}

async fn count(store: &Store, collection: &Collection) -> Option<u64> {
    store.collection(&collection.id).await.expect("readable").map(|collection| collection.documents)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collection_counts_its_documents_however_many_come_and_go_at_once() {
    let (store, _closing) = Store::in_memory().expect("a store");
    let (insects, birds) = (collection("Insects"), collection("Birds"));
    for collection in [&insects, &birds] {
        assert_eq!(store.add_collection(collection.clone(), 9).await, Ok(Collected::Stored));
    }
    let in_insects = UsedIn::Collection(insects.id.clone());
    let adding = (0..12).map(|text| store.add_document(document(text, in_insects.clone())));
    let added: Vec<Document> = futures_util::future::join_all(adding)
        .await
        .into_iter()
        .map(|filed| match filed {
            Ok(Filed::Stored(document)) => document,
            refused => panic!("{refused:?}"),
        })
        .collect();
    assert_eq!(count(&store, &insects).await, Some(12));
    let moving = added.iter().enumerate().map(async |(index, from)| match index % 3 {
        0 => store.remove_document(from).await == Ok(true),
        1 => {
            let to = Document { used_in: UsedIn::Collection(birds.id.clone()), ..from.clone() };
            store.change_document(from, &to).await == Ok(Filed::Stored(()))
        }
        _ => store.change_document(from, &Document { title: "Wasps".into(), ..from.clone() }).await.is_ok(),
    });
    assert!(futures_util::future::join_all(moving).await.into_iter().all(|is_done| is_done));
    assert_eq!((count(&store, &insects).await, count(&store, &birds).await), (Some(4), Some(4)));
    store.audit().await.expect("what is counted is right");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_document_comes_into_a_collection_or_the_collection_goes() {
    let (store, _closing) = Store::in_memory().expect("a store");
    for text in 0..20 {
        let insects = collection("Insects");
        assert_eq!(store.add_collection(insects.clone(), 9).await, Ok(Collected::Stored));
        let adding = store.add_document(document(text, UsedIn::Collection(insects.id.clone())));
        match tokio::join!(adding, store.remove_collection(&insects.id)) {
            (Ok(Filed::Stored(document)), Ok(Collected::InUse)) => {
                assert_eq!(store.remove_document(&document).await, Ok(true));
                assert_eq!(store.remove_collection(&insects.id).await, Ok(Collected::Stored));
            }
            (Ok(Filed::NoCollection), Ok(Collected::Stored)) => {}
            both => panic!("{both:?}"),
        }
    }
    store.audit().await.expect("nothing is left");
}

#[tokio::test]
async fn names_are_taken_whatever_their_case_and_places_are_few() {
    let (store, _closing) = Store::in_memory().expect("a store");
    let products = collection("Products");
    assert_eq!(store.add_collection(products.clone(), 2).await, Ok(Collected::Stored));
    assert_eq!(store.add_collection(collection("PRODUCTS"), 2).await, Ok(Collected::NameTaken));
    assert_eq!(store.add_collection(collection("Prices"), 2).await, Ok(Collected::Stored));
    assert_eq!(store.add_collection(collection("More"), 2).await, Ok(Collected::TooMany));
    let name = |text| CollectionName::new(text).expect("a name");
    assert_eq!(store.rename_collection(&products.id, &name("prices")).await, Ok(Collected::NameTaken));
    assert_eq!(store.rename_collection(&products.id, &name("products")).await, Ok(Collected::Stored));
    let found = store.collection_named(&name("Products")).await.expect("readable").expect("there");
    assert_eq!((found.id, found.name.as_str()), (products.id, "products"));
    store.audit().await.expect("what is claimed is right");
}

#[tokio::test]
async fn a_content_is_claimed_once_where_it_is_used() {
    let (store, _closing) = Store::in_memory().expect("a store");
    let Ok(Filed::Stored(first)) = store.add_document(document(1, UsedIn::AllRooms)).await else { panic!("it is new") };
    let known = Ok(Filed::Known(first.id.clone()));
    assert_eq!(store.add_document(document(1, UsedIn::AllRooms)).await, known);
    let room = UsedIn::Room(RoomName::public("lobby").expect("a name"));
    let Ok(Filed::Stored(other)) = store.add_document(document(1, room)).await else { panic!("it is elsewhere") };
    let moved = Document { used_in: UsedIn::AllRooms, ..other.clone() };
    assert_eq!(store.change_document(&other, &moved).await, Ok(Filed::Known(first.id.clone())));
    let copy = Document { claimed: Vec::new(), ..moved };
    assert_eq!(store.change_document(&other, &copy).await, Ok(Filed::Stored(())));
    assert_eq!(store.remove_document(&first).await, Ok(true));
    assert_eq!(store.is_unclaimed(&copy, &copy.text).await, Ok(true));
    let claiming = Document { claimed: vec![copy.text.clone()], ..copy.clone() };
    assert_eq!(store.change_document(&copy, &claiming).await, Ok(Filed::Stored(())));
    store.audit().await.expect("what is claimed is right");
}
