//! One route: what it takes, as the `utoipa::path` of its handler has it, and the filter that answers.
//!
//! Method and path stand there and nowhere else: both the filter and the description of the whole interface are made from it.

use std::future::ready;
use std::str::FromStr;
use std::sync::Arc;

use utoipa::OpenApi;
use utoipa::openapi;
use warp::Filter;
use warp::filters::BoxedFilter;
use warp::http::Method;
use warp::path::FullPath;
use warp::reject::Rejection;
use warp::reply::Response;

use super::{Answer, settle};

/// The [`Outline`] of a handler's route. utoipa reads what a handler takes from its name alone, so that this is no function.
macro_rules! route {
    ($handler:ident) => {{
        #[derive(utoipa::OpenApi)]
        #[openapi(paths($handler))]
        struct Described;
        $crate::http::api::route::Outline::of::<Described>(module_path!())
    }};
}

pub(super) use route;

/// A route of the interface.
pub struct Route {
    /// Of this route alone.
    pub description: openapi::OpenApi,
    path: PathPattern,
    methods: Vec<Method>,
    filter: BoxedFilter<(Response,)>,
}

/// The parts of a path; `None` where any text may stand.
type PathPattern = Arc<[Option<String>]>;

/// Which methods there are at which path.
pub struct MethodTable(Vec<(PathPattern, Vec<Method>)>);

impl MethodTable {
    pub fn of(routes: &[Route]) -> Self {
        Self(routes.iter().map(|route| (route.path.clone(), route.methods.clone())).collect())
    }

    /// Those of a path; none if it is not in the interface. Where something can be read, its head can.
    pub fn at(&self, asked: &str) -> Vec<Method> {
        let here = self.0.iter().filter(|(path, _)| variable_parts(path, asked).is_some());
        let mut methods: Vec<Method> = here.flat_map(|(_, methods)| methods.iter().cloned()).collect();
        if methods.contains(&Method::GET) {
            methods.push(Method::HEAD);
        }
        methods
    }
}

/// The path of the route that answered, with the names of its variable parts: what stands there may be a secret.
#[derive(Clone)]
pub struct RouteName(Arc<str>);

impl RouteName {
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether its answers take as long as a file, the store, or whoever sends it, takes.
    pub fn may_last(&self) -> bool {
        const LASTING: [&str; 6] = ["/api/backup", "/api/compact", "/api/doctor", "/api/documents", "/mcp", "/v1/"];
        LASTING.iter().any(|path| self.0.starts_with(path))
    }
}

/// A route that lacks its answer.
pub struct Outline {
    name: RouteName,
    description: openapi::OpenApi,
    path: PathPattern,
    methods: Vec<Method>,
    method: BoxedFilter<()>,
}

impl Outline {
    /// What `route!` calls. Routes are grouped by the module they stand in.
    #[expect(clippy::expect_used, reason = "what utoipa::path describes is one path with at least one method")]
    pub fn of<D: OpenApi>(module: &str) -> Self {
        let mut description = D::openapi();
        let (path, item) = description.paths.paths.iter_mut().next().expect("a handler has a path");
        let each = [
            (&mut item.get, Method::GET, warp::get().boxed()),
            (&mut item.post, Method::POST, warp::post().boxed()),
            (&mut item.put, Method::PUT, warp::put().boxed()),
            (&mut item.patch, Method::PATCH, warp::patch().boxed()),
            (&mut item.delete, Method::DELETE, warp::delete().boxed()),
        ];
        let mut methods = Vec::new();
        let taken = each.into_iter().filter_map(|(operation, method, filter)| {
            let operation = operation.as_mut()?;
            operation.tags = Some(group(module).map(str::to_owned).into_iter().collect());
            // Handlers of several modules have the same name.
            let module = group(module).map(|group| group.replace("::", "_"));
            let names = module.into_iter().chain(operation.operation_id.take());
            operation.operation_id = Some(names.collect::<Vec<_>>().join("_"));
            methods.push(method);
            Some(filter)
        });
        let method = taken.reduce(|one, other| one.or(other).unify().boxed()).expect("a handler has a method");
        let name = RouteName(path.as_str().into());
        let path = segments(path).map(|part| (!part.starts_with('{')).then(|| part.to_owned())).collect();
        Self { name, description, path, methods, method }
    }

    /// Takes another method, too, which is not told.
    pub fn also(self, method: impl Filter<Extract = (), Error = Rejection> + Clone + Send + Sync + 'static) -> Self {
        Self { method: self.method.or(method).unify().boxed(), ..self }
    }

    /// Of this route alone.
    pub fn description(&self) -> &openapi::OpenApi {
        &self.description
    }

    /// The route with its answer; `build` goes on from a filter that has taken method and path.
    pub fn fixed<F: Answering>(self, build: impl FnOnce(BoxedFilter<()>) -> F) -> Route {
        let at = self.path::<0>().map(|[]: [String; 0]| ()).untuple_one().and(self.method.clone());
        self.answered(build(at.boxed()))
    }

    /// The same for a path with one variable part.
    pub fn part<F: Answering>(self, build: impl FnOnce(BoxedFilter<(String,)>) -> F) -> Route {
        let at = self.path::<1>().map(|[part]: [String; 1]| part).and(self.method.clone());
        self.answered(build(at.boxed()))
    }

    /// The same for a path with two variable parts.
    pub fn parts<A, B, F: Answering>(self, build: impl FnOnce(BoxedFilter<(A, B)>) -> F) -> Route
    where
        A: FromStr + Send + 'static,
        B: FromStr + Send + 'static,
    {
        let parsed = |[one, other]: [String; 2]| {
            let both = one.parse().ok().zip(other.parse().ok());
            ready(both.ok_or_else(warp::reject::not_found))
        };
        let at = self.path::<2>().and_then(parsed).untuple_one().and(self.method.clone());
        self.answered(build(at.boxed()))
    }

    /// The same for a path with three variable parts.
    pub fn three_parts<A, B, C, F: Answering>(self, build: impl FnOnce(BoxedFilter<(A, B, C)>) -> F) -> Route
    where
        A: FromStr + Send + 'static,
        B: FromStr + Send + 'static,
        C: FromStr + Send + 'static,
    {
        let parsed = |[one, two, three]: [String; 3]| {
            let all = one.parse().ok().zip(two.parse().ok()).zip(three.parse().ok());
            ready(all.map(|((one, two), three)| (one, two, three)).ok_or_else(warp::reject::not_found))
        };
        let at = self.path::<3>().and_then(parsed).untuple_one().and(self.method.clone());
        self.answered(build(at.boxed()))
    }

    /// Extracts the variable parts of the path, as they stand in it: percent-encoded.
    fn path<const N: usize>(&self) -> impl Filter<Extract = ([String; N],), Error = Rejection> + Clone + use<N> {
        let path = self.path.clone();
        assert_eq!(path.iter().filter(|part| part.is_none()).count(), N, "variable parts of {path:?}");
        warp::path::full().and_then(move |asked: FullPath| {
            let parts = variable_parts(&path, asked.as_str()).and_then(|parts| parts.try_into().ok());
            ready(parts.ok_or_else(warp::reject::not_found))
        })
    }

    fn answered(self, answer: impl Answering) -> Route {
        let name = self.name;
        let named = move |answer| {
            let mut response = settle(answer);
            response.extensions_mut().insert(name.clone());
            response
        };
        Route {
            description: self.description,
            path: self.path,
            methods: self.methods,
            filter: answer.map(named).boxed(),
        }
    }
}

/// A filter that comes to an answer.
pub trait Answering: Filter<Extract = (Answer,), Error = Rejection> + Clone + Send + Sync + 'static {}

impl<F: Filter<Extract = (Answer,), Error = Rejection> + Clone + Send + Sync + 'static> Answering for F {}

/// Tries one after the other. A tree, for in a chain there would be as many futures in each other as there are routes.
pub fn any_of(routes: &[Route]) -> BoxedFilter<(Response,)> {
    match routes {
        [] => warp::any().and_then(|| ready(Err::<Response, _>(warp::reject::not_found()))).boxed(),
        [route] => route.filter.clone(),
        _ => {
            let (some, others) = routes.split_at(routes.len() / 2);
            any_of(some).or(any_of(others)).unify().boxed()
        }
    }
}

/// What the routes of a module are shown under; nothing for those of the interface itself.
fn group(module: &str) -> Option<&str> {
    module.strip_prefix("chatbot::http::api::")
}

/// A last slash may stand there or not.
fn segments(path: &str) -> impl Iterator<Item = &str> {
    let path = path.strip_prefix('/').unwrap_or(path);
    path.strip_suffix('/').unwrap_or(path).split('/')
}

/// What stands in a path where any text may, if it is the path in all else.
fn variable_parts(path: &[Option<String>], asked: &str) -> Option<Vec<String>> {
    let mut asked = segments(asked);
    let mut variable = Vec::new();
    for part in path {
        let asked = asked.next()?;
        match part {
            Some(part) if part == asked => {}
            None if !asked.is_empty() => variable.push(asked.to_owned()),
            _ => return None,
        }
    }
    asked.next().is_none().then_some(variable)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_taken_as_a_whole() {
        let path: Vec<_> = ["api", "jobs", "{id}"].map(|part| (part != "{id}").then(|| part.to_owned())).into();
        for (asked, expected) in [
            ("/api/jobs/a%2Fb", Some("a%2Fb")),
            ("/api/jobs/a/", Some("a")),
            ("/api/jobs/", None),
            ("/api/jobs//", None),
            ("/api/jobs/a//", None),
            ("/api/jobs/a/b", None),
            ("/api/rooms/a", None),
            ("/API/jobs/a", None),
            ("//api/jobs/a", None),
            ("/", None),
        ] {
            assert_eq!(variable_parts(&path, asked), expected.map(|part| vec![part.to_owned()]), "{asked}");
        }
    }
}
