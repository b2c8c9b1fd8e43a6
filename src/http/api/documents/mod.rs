//! `/api/documents`.

mod form;
mod gaps;
mod progress;
mod trial;
mod views;

use std::collections::HashMap;
use std::sync::Arc;

use serde::Deserialize;
use serde::de::IgnoredAny;
use utoipa::{IntoParams, ToSchema};
use warp::Filter;
use warp::Reply;
use warp::filters::BoxedFilter;
use warp::filters::multipart::FormData;
use warp::http::StatusCode;
use warp::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE, HeaderMap, HeaderValue, X_CONTENT_TYPE_OPTIONS};

use self::form::{Fields, receive};
use self::progress::{Teller, progressively};
use self::views::{DocumentDetails, DocumentList, DocumentView, DraftView};
use super::large::large_json;
use super::route::{Route, route};
use super::stored_file;
use super::{
    Answer, App, Caller, ErrorBody, Refusal, blocking, body_of, caller, json, query, to_the_end, trusted_caller,
    with_app,
};
use crate::accounts::{Action, Actor};
use crate::library::{Correction, DocumentFilter, DocumentState, Draft, Move, NewDocument, NewText};
use crate::model::{DocumentId, DocumentKind, FileId, Language, Origin, PassageId, RoomName, UsedIn};
use crate::text::Text;

/// Maximum number of documents per response.
const MOST: usize = 200;

/// Default number of documents per response.
const USUAL: usize = 50;

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct ListQuery {
    /// Part of the title, the author or the file's name.
    #[serde(default)]
    q: String,
    room: Option<String>,
    /// The name of a collection.
    collection: Option<String>,
    /// What documents are kept equal to.
    sync_source: Option<String>,
    /// `en`, `zh-Hans`, `zh-Hant` or `other`.
    #[param(value_type = Option<String>)]
    language: Option<Language>,
    #[param(value_type = Option<String>)]
    kind: Option<DocumentKind>,
    #[param(value_type = Option<String>)]
    state: Option<DocumentState>,
    /// Only documents after the one with this id.
    after: Option<String>,
    /// At most 200; 50 if left out.
    limit: Option<usize>,
}

/// Fields of a document to be stored or changed. Omitted fields keep their value, or are derived from the text.
#[derive(Deserialize, Default, ToSchema)]
pub struct DocumentFields {
    title: Option<String>,
    author: Option<String>,
    /// The only room in which the document is used; empty for all rooms.
    room: Option<String>,
    /// The collection whose rooms use the document; empty for none.
    collection: Option<String>,
    #[schema(value_type = Option<String>)]
    language: Option<Language>,
    kind: Option<DocumentKind>,
    text: Option<String>,
    pages: Option<u32>,
    /// The `original` of a preview, to keep the uploaded file.
    original: Option<String>,
    origin: Option<OriginFields>,
    /// Store it although a document of the same content is used in the same place.
    #[serde(default)]
    again: bool,
}

#[derive(Deserialize, Default, ToSchema)]
struct OriginFields {
    name: Option<String>,
    url: Option<String>,
    media_type: Option<String>,
    /// What else a preview says of it.
    #[serde(flatten)]
    #[schema(ignore)]
    _others: HashMap<String, IgnoredAny>,
}

#[derive(Deserialize, ToSchema)]
pub struct PassageUse {
    used: bool,
}

/// What to preview: the content of a URL, or a text.
#[derive(Deserialize, ToSchema)]
struct PreviewRequest {
    url: Option<String>,
    title: Option<String>,
    text: Option<String>,
    kind: Option<DocumentKind>,
}

pub fn routes(app: &Arc<App>) -> Vec<Route> {
    let file = app.settings.document_bytes;
    // In JSON a character may take twice its bytes, and there are some other fields.
    let text = 2 * app.settings.document_text_bytes + app.settings.frame_bytes;
    // In addition to the file there are some short fields, each with headers.
    let form = || warp::multipart::form().max_length(form::longest(file));
    let asked_by = || caller(app).and(with_app(app));
    let form_by_owner = || form().and(manager(app)).and(with_app(app));
    let headers = warp::header::headers_cloned;
    let form_with_headers = || form().and(manager(app)).and(headers()).and(with_app(app));
    // Forms before JSON bodies: each filter checks the content type first.
    let mut routes = trial::routes(app);
    // Before what is known by its id.
    routes.extend(gaps::routes(app));
    routes.extend([
        route!(list).fixed(|at| at.and(caller(app)).and(query()).and(with_app(app)).then(list)),
        route!(show).part(|at| at.and(asked_by()).then(show)),
        route!(original).part(|at| at.and(caller(app)).and(headers()).and(with_app(app)).then(original)),
        route!(preview_file).fixed(|at| {
            let of_file = at.clone().and(form_with_headers()).then(preview_file);
            of_file.or(at.and(manager(app)).and(headers()).and(body_of(text)).and(with_app(app)).then(preview)).unify()
        }),
        route!(add).fixed(|at| {
            let with_file = at.clone().and(form_with_headers()).then(add_file);
            with_file.or(at.and(manager(app)).and(body_of(text)).and(with_app(app)).then(add)).unify()
        }),
        route!(change).part(|at| {
            let with_file = at.clone().and(form_by_owner()).then(replace);
            with_file.or(at.and(manager(app)).and(body_of(text)).and(with_app(app)).then(change)).unify()
        }),
        route!(use_passage).parts(|at| at.and(manager(app)).and(body_of(text)).and(with_app(app)).then(use_passage)),
        route!(remove).part(|at| at.and(trusted_caller(app)).and(with_app(app)).then(remove)),
    ]);
    routes
}

/// A caller who may manage documents. Checked before the body is read.
fn manager(app: &Arc<App>) -> BoxedFilter<(Caller,)> {
    trusted_caller(app)
        .and_then(|caller: Caller| {
            let allowed = caller.actor(None).may(Action::ManageDocuments).map(|()| caller);
            std::future::ready(allowed.map_err(|text| warp::reject::custom(Refusal::from(text))))
        })
        .boxed()
}

/// Documents, newest first, and the state of the index.
#[utoipa::path(get, path = "/api/documents", params(ListQuery), responses(
    (status = 200, body = DocumentList), (status = 400, body = ErrorBody)))]
async fn list(caller: Caller, query: ListQuery, app: Arc<App>) -> Answer {
    let actor = caller.actor(None);
    let collection = match query.collection.as_deref().filter(|name| !name.is_empty()) {
        Some(name) => Some(app.library.collection(&actor, name).await?.id),
        None => None,
    };
    let filter = DocumentFilter {
        collection,
        sync_source: query.sync_source,
        words: query.q,
        room: query.room.as_deref().filter(|room| !room.is_empty()).map(RoomName::public).transpose()?,
        language: query.language,
        kind: query.kind,
        state: query.state,
        after: query.after.as_deref().map(document_id).transpose()?,
        limit: query.limit.unwrap_or(USUAL).min(MOST),
    };
    let (documents, more) = app.library.list(&actor, &filter).await?;
    let names = app.library.collection_names().await?;
    let listed = blocking(move || {
        let view = |document| DocumentView::new(document, &names, &app.library, &actor);
        let documents = documents.iter().map(view).collect();
        Ok(DocumentList::new(documents, more, &app))
    });
    Ok(json(StatusCode::OK, &listed.await?))
}

/// A document with its text and the ranges of its passages.
#[utoipa::path(get, path = "/api/documents/{id}", params(("id" = String, Path)), responses(
    (status = 200, body = DocumentDetails), (status = 404, body = ErrorBody)))]
async fn show(id: String, caller: Caller, app: Arc<App>) -> Answer {
    let actor = caller.actor(None);
    let document = app.library.readable_document(&actor, &document_id(&id)?).await?;
    let names = app.library.collection_names().await?;
    large_json(app, move |app, reply| {
        let (text, passages) = app.library.text_of(&document)?;
        let view = DocumentView::new(&document, &names, &app.library, &actor);
        reply.json(&DocumentDetails::new(view, text, &passages, &document.unused))
    })
    .await
}

/// Lets a passage be used when something is looked up, or not. For those who manage documents.
#[utoipa::path(put, path = "/api/documents/{id}/passages/{passage}", request_body = PassageUse,
    params(("id" = String, Path), ("passage" = String, Path)), responses(
    (status = 204), (status = 403, body = ErrorBody), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody)))]
async fn use_passage(id: String, passage: String, caller: Caller, wanted: PassageUse, app: Arc<App>) -> Answer {
    let passage = PassageId::parse(&passage).ok_or_else(|| Text::new("error-not_found-passage"))?;
    let (library, actor, id) = (app.library.clone(), caller.actor(None), document_id(&id)?);
    let used = async move { library.use_passage(&actor, &id, &passage, wanted.used).await };
    to_the_end(&app, used).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// The file as it was uploaded, with what was removed from its text since. For admins.
#[utoipa::path(get, path = "/api/documents/{id}/original", params(("id" = String, Path)), responses(
    (status = 200, description = "The file, to be saved"), (status = 206, description = "The part that was asked for"),
    (status = 304, description = "The client has it"), (status = 403, body = ErrorBody), (status = 404, body = ErrorBody),
    (status = 416, description = "There is no such part")))]
async fn original(id: String, caller: Caller, asked: HeaderMap, app: Arc<App>) -> Answer {
    let actor = caller.actor(None);
    actor.may(Action::ManageDocuments)?;
    let document = app.library.readable_document(&actor, &document_id(&id)?).await?;
    let missing = || Refusal::from(Text::new("error-not_found-original"));
    let stored = document.origin.file.as_ref().zip(app.library.original(&document));
    let (id, path) = stored.ok_or_else(missing)?;
    let file = tokio::fs::File::open(path).await.map_err(|_| missing())?;
    let mut response = stored_file::reply(file, id, &asked).await.map_err(|_| missing())?;
    let headers = response.headers_mut();
    // Browsers must save the file and not display it: it may be an HTML page with a script.
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    let name = document.origin.name.as_deref().unwrap_or("document");
    let name = percent_encoding::utf8_percent_encode(name, percent_encoding::NON_ALPHANUMERIC);
    if let Ok(disposition) = HeaderValue::try_from(format!("attachment; filename*=UTF-8''{name}")) {
        headers.insert(CONTENT_DISPOSITION, disposition);
    }
    Ok(response)
}

/// Previews a file. Nothing is stored, but the file is kept for a day. With `Accept: application/x-ndjson`, lines of JSON say how far
/// its pages are recognised; the last one is `{"done"}` or `{"error"}`. For the owner.
#[utoipa::path(post, path = "/api/documents/preview", request_body(content = PreviewRequest,
    description = "Or a form with `file`"), responses(
    (status = 200, body = DraftView), (status = 400, body = ErrorBody), (status = 403, body = ErrorBody)))]
async fn preview_file(form: FormData, caller: Caller, headers: HeaderMap, app: Arc<App>) -> Answer {
    let (upload, fields) = receive(form, &app).await?;
    let upload = upload.ok_or_else(|| Text::new("error-missing_field").with("field", "file"))?;
    let library = app.library.clone();
    let previewing = |teller: Teller| async move {
        let draft = library.intake().draft_of_file(upload, |at| teller.tell(at)).await?;
        shown(fields.apply_to(draft)).await
    };
    progressively(&app, &caller, &headers, StatusCode::OK, previewing).await
}

async fn preview(caller: Caller, headers: HeaderMap, request: PreviewRequest, app: Arc<App>) -> Answer {
    let asked = app.clone();
    let previewing = |teller: Teller| async move {
        let draft = match (request.url, request.text) {
            (Some(url), _) => app.library.intake().draft_of_url(&url, |at| teller.tell(at)).await?,
            (None, Some(text)) => draft_of_text(&app, request.title, text, request.kind.unwrap_or_default()).await?,
            (None, None) => return Err(Text::new("error-missing_field").with("field", "text").into()),
        };
        shown(draft).await
    };
    progressively(&asked, &caller, &headers, StatusCode::OK, previewing).await
}

/// Creates the draft of a text, on a blocking thread because long texts take time.
async fn draft_of_text(
    app: &Arc<App>,
    title: Option<String>,
    text: String,
    kind: DocumentKind,
) -> Result<Draft, Refusal> {
    let library = app.library.clone();
    blocking(move || library.intake().draft_of_text(title, &text, kind)).await
}

async fn shown(draft: Draft) -> Result<DraftView, Refusal> {
    blocking(move || Ok(DraftView::new(draft))).await
}

/// Stores a document: a text, or a form with a file. For the owner.
#[utoipa::path(post, path = "/api/documents", request_body(content = DocumentFields, description = "Or a form with `file`"),
    responses((status = 201, body = DocumentView), (status = 400, body = ErrorBody), (status = 403, body = ErrorBody),
    (status = 409, description = "A document of the same content is there: `duplicate`", body = ErrorBody)))]
async fn add(caller: Caller, mut fields: DocumentFields, app: Arc<App>) -> Answer {
    let text = fields.text.take().ok_or_else(|| Text::new("error-missing_field").with("field", "text"))?;
    let mut draft = draft_of_text(&app, None, text, fields.kind.unwrap_or_default()).await?;
    draft.origin = fields.origin(&app)?;
    draft.pages = fields.pages;
    Ok(json(StatusCode::CREATED, &store(&caller.actor(None), draft, fields, &app).await?))
}

async fn add_file(form: FormData, caller: Caller, headers: HeaderMap, app: Arc<App>) -> Answer {
    let (upload, mut fields) = receive(form, &app).await?;
    let upload = upload.ok_or_else(|| Text::new("error-missing_field").with("field", "file"))?;
    let synced = fields.synced(&upload)?;
    let (adding, actor) = (app.clone(), caller.actor(None));
    let adding = |teller: Teller| async move {
        let mut draft = adding.library.intake().draft_of_file(upload, |at| teller.tell(at)).await?;
        draft.origin.synced = synced;
        store(&actor, draft, fields.into(), &adding).await
    };
    progressively(&app, &caller, &headers, StatusCode::CREATED, adding).await
}

async fn store(actor: &Actor, draft: Draft, fields: DocumentFields, app: &Arc<App>) -> Result<DocumentView, Refusal> {
    let used_in = match fields.move_to(app, actor).await? {
        Move::To(used_in) => used_in,
        _ => UsedIn::AllRooms,
    };
    let draft = Draft { title: fields.title.or(draft.title), author: fields.author.or(draft.author), ..draft };
    let without_text = draft.pages_without_text();
    let new = NewDocument { draft, language: fields.language, used_in, again: fields.again };
    let (library, adding) = (app.library.clone(), actor.clone());
    let added = to_the_end(app, async move { library.add(&adding, new).await }).await?;
    let names = app.library.collection_names().await?;
    Ok(DocumentView::new(&added, &names, &app.library, actor).with_pages_without_text(without_text))
}

/// Changes fields of a document with JSON, or its file with a form. For the owner.
#[utoipa::path(put, path = "/api/documents/{id}", params(("id" = String, Path)), request_body(content = DocumentFields,
    description = "Or a form with `file`"), responses(
    (status = 200, body = DocumentView), (status = 400, body = ErrorBody), (status = 403, body = ErrorBody),
    (status = 404, body = ErrorBody), (status = 409, description = "Somebody else changed it meanwhile, or another of the same content is there", body = ErrorBody)))]
async fn change(id: String, caller: Caller, mut fields: DocumentFields, app: Arc<App>) -> Answer {
    let text = match fields.text.take() {
        Some(text) => Some(draft_of_text(&app, None, text, fields.kind.unwrap_or_default()).await?),
        None => None,
    };
    let origin = fields.original.is_some().then(|| fields.origin(&app)).transpose()?;
    let correction = Correction {
        text: text.map(|draft| NewText::Whole(draft.text)),
        origin: origin.map(|origin| (origin, fields.pages)),
        ..fields.correction(&app, &caller).await?
    };
    correct(&id, caller, correction, app).await
}

async fn replace(id: String, form: FormData, caller: Caller, app: Arc<App>) -> Answer {
    let (upload, mut fields) = receive(form, &app).await?;
    let synced = upload.as_ref().map(|upload| fields.synced(upload)).transpose()?.flatten();
    let fields = DocumentFields::from(fields);
    let correction = match upload {
        Some(upload) => {
            let _lasting = caller.peer.last();
            let mut draft = app.library.intake().draft_of_file(upload, |_| {}).await?;
            // Nobody wrote a title for what follows a file.
            let title = fields.title.clone().or(draft.title.filter(|_| synced.is_some()));
            draft.origin.synced = synced;
            Correction {
                title,
                text: Some(NewText::Whole(draft.text)),
                kind: Some(fields.kind.unwrap_or(draft.kind)),
                origin: Some((draft.origin, draft.pages)),
                ..fields.correction(&app, &caller).await?
            }
        }
        None => fields.correction(&app, &caller).await?,
    };
    correct(&id, caller, correction, app).await
}

async fn correct(id: &str, caller: Caller, correction: Correction, app: Arc<App>) -> Answer {
    let id = document_id(id)?;
    let (library, actor) = (app.library.clone(), caller.actor(None));
    let corrected = async move { library.correct(&actor, &id, correction).await };
    let corrected = to_the_end(&app, corrected).await?;
    let names = app.library.collection_names().await?;
    Ok(json(StatusCode::OK, &DocumentView::new(&corrected, &names, &app.library, &caller.actor(None))))
}

/// Removes a document with its original and all its passages. For the owner.
#[utoipa::path(delete, path = "/api/documents/{id}", params(("id" = String, Path)), responses(
    (status = 204), (status = 403, body = ErrorBody), (status = 404, body = ErrorBody)))]
async fn remove(id: String, caller: Caller, app: Arc<App>) -> Answer {
    let id = document_id(&id)?;
    let (library, actor) = (app.library.clone(), caller.actor(None));
    to_the_end(&app, async move { library.remove(&actor, &id).await }).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

pub fn document_id(text: &str) -> Result<DocumentId, Text> {
    DocumentId::parse(text).ok_or_else(|| Text::new("error-not_found-document"))
}

impl DocumentFields {
    /// Where the document is to be used.
    async fn move_to(&self, app: &App, actor: &Actor) -> Result<Move, Text> {
        let (room, collection) = (self.room.as_deref().map(str::trim), self.collection.as_deref().map(str::trim));
        Ok(match (room, collection) {
            (None, None) => Move::Nowhere,
            (Some(""), Some("")) => Move::To(UsedIn::AllRooms),
            (Some(""), None) => Move::OutOfRoom,
            (None, Some("")) => Move::OutOfCollection,
            (None | Some(""), Some(name)) => {
                Move::To(UsedIn::Collection(app.library.collection(actor, name).await?.id))
            }
            (Some(room), None | Some("")) => Move::To(UsedIn::Room(RoomName::public(room)?)),
            (Some(_), Some(_)) => return Err(Text::new("error-bad_document-used_in")),
        })
    }

    /// The origin, with the file of an earlier preview.
    fn origin(&self, app: &App) -> Result<Origin, Text> {
        /// Characters of a name or an address.
        const LONGEST: usize = 2000;
        let mut origin = Origin::default();
        if let Some(given) = &self.origin {
            let short = |text: &Option<String>| text.as_ref().map(|text| text.chars().take(LONGEST).collect());
            (origin.name, origin.url, origin.media_type) =
                (short(&given.name), short(&given.url), short(&given.media_type));
        }
        if let Some(token) = &self.original {
            let gone = || Text::new("error-upload_gone");
            let file = FileId::parse(token).ok_or_else(gone)?;
            origin.bytes = Some(app.library.uploaded(&file).ok_or_else(gone)?);
            origin.file = Some(file);
        }
        Ok(origin)
    }

    async fn correction(self, app: &App, caller: &Caller) -> Result<Correction, Text> {
        let move_to = self.move_to(app, &caller.actor(None)).await?;
        let Self { title, author, language, kind, again, .. } = self;
        Ok(Correction { title, author, language, kind, move_to, text: None, origin: None, again })
    }
}

impl From<Fields> for DocumentFields {
    fn from(fields: Fields) -> Self {
        let Fields { title, author, room, collection, language, kind, again, .. } = fields;
        Self { title, author, room, collection, language, kind, again, ..Self::default() }
    }
}
