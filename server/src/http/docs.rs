//! The OpenAPI document as people read it, at `/api`: the same operations, area by area.

use super::v1;
use holdfast_frontend::pages::api::{Area, Operation, Parameter};
use std::sync::OnceLock;
use utoipa::openapi::{
    RefOr, Required,
    path::{Operation as Described, Parameter as Given, ParameterIn, PathItem},
};

/// Answers that hold for all operations; the page says them once.
const OF_ALL: [&str; 6] = ["400", "401", "403", "500", "503", "504"];

/// Made once: the document is the binary's own.
pub fn areas() -> Vec<Area> {
    static AREAS: OnceLock<Vec<Area>> = OnceLock::new();
    AREAS.get_or_init(read).clone()
}

fn read() -> Vec<Area> {
    let document = v1::document();
    let areas = document.tags.unwrap_or_default();
    let of_area = |name: &str| {
        let paths = document.paths.paths.iter();
        let all = paths.flat_map(|(path, item)| methods(item).map(move |(method, one)| (method, path, one)));
        all.filter(|(_, _, one)| one.tags.iter().flatten().any(|tag| tag == name))
            .map(|(method, path, one)| operation(method, path, one))
            .collect()
    };
    areas
        .iter()
        .map(|tag| Area {
            name: tag.name.clone(),
            words: tag.description.clone().unwrap_or_default(),
            operations: of_area(&tag.name),
        })
        .collect()
}

fn methods(item: &PathItem) -> impl Iterator<Item = (&'static str, &Described)> {
    let all = [
        ("GET", &item.get),
        ("PUT", &item.put),
        ("POST", &item.post),
        ("PATCH", &item.patch),
        ("DELETE", &item.delete),
    ];
    all.into_iter().filter_map(|(method, described)| Some((method, described.as_ref()?)))
}

fn operation(method: &str, path: &str, one: &Described) -> Operation {
    let body = one.request_body.as_ref().and_then(here).map(|body| {
        let types = body.content.keys().cloned().collect::<Vec<_>>().join(" or ");
        body.description.clone().map_or(types.clone(), |words| format!("{types}: {words}"))
    });
    let answers = one.responses.responses.iter().filter(|(status, _)| !OF_ALL.contains(&status.as_str()));
    Operation {
        id: one.operation_id.clone().unwrap_or_else(|| format!("{method}{path}")),
        method: method.to_owned(),
        path: path.to_owned(),
        words: one.summary.clone(),
        parameters: one.parameters.iter().flatten().filter_map(here).map(parameter).collect(),
        body,
        answers: answers
            .map(|(status, answer)| {
                (status.clone(), here(answer).map(|answer| answer.description.clone()).unwrap_or_default())
            })
            .collect(),
    }
}

/// What the document spells out in its place, as ours does.
fn here<T>(of: &RefOr<T>) -> Option<&T> {
    match of {
        RefOr::T(here) => Some(here),
        RefOr::Ref(_) => None,
    }
}

fn parameter(given: &Given) -> Parameter {
    Parameter {
        name: given.name.clone(),
        place: match given.parameter_in {
            ParameterIn::Path => "path",
            ParameterIn::Query => "query",
            ParameterIn::Header => "header",
            ParameterIn::Cookie => "cookie",
            ParameterIn::QueryString => "query string",
        },
        required: matches!(given.required, Required::True),
        words: given.description.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn the_page_has_every_operation_of_the_document_once() {
        let shown: Vec<(String, String)> =
            areas().into_iter().flat_map(|a| a.operations).map(|o| (o.method, o.path)).collect();
        let document = v1::document();
        let all = document.paths.paths.iter();
        let all: HashSet<(String, String)> = all
            .flat_map(|(path, item)| methods(item).map(move |(method, _)| (method.to_owned(), path.clone())))
            .collect();
        assert!(all.len() > 60, "{}", all.len());
        assert_eq!((shown.len(), shown.into_iter().collect::<HashSet<_>>()), (all.len(), all));
    }

    #[test]
    fn what_is_needed_and_what_comes_back_stands_with_its_operation() {
        let asks = areas().into_iter().flat_map(|area| area.operations).find(|one| one.id == "post_run");
        let key = asks.as_ref().and_then(|one| one.parameters.iter().find(|p| p.name == "idempotency-key"));
        assert!(key.is_some_and(|key| key.required && key.place == "header"), "{asks:?}");
        let statuses: Vec<_> =
            asks.into_iter().flat_map(|one| one.answers).map(|(status, _)| status).collect();
        assert!(
            statuses.contains(&"409".to_owned()) && !statuses.contains(&"500".to_owned()),
            "{statuses:?}"
        );
    }
}
