//! Looking at the same thing in several Regions at once, each by itself; and telling what is not there from what could
//! not be seen.

use crate::clients::Caller;
use futures::future::join_all;
use holdfast_cloud::{Error, ErrorKind, Looked};
use holdfast_domain::{Facts, RegionCode};
use std::collections::BTreeMap;
use std::future::Future;

pub(crate) async fn in_each<'a, T, Fut>(
    regions: &'a [RegionCode],
    look: impl Fn(&'a RegionCode) -> Fut,
) -> BTreeMap<RegionCode, Result<T, Error>>
where
    Fut: Future<Output = Result<T, Error>>,
{
    let looks = regions.iter().map(|region| {
        let look = look(region);
        async move { (region.clone(), look.await) }
    });
    join_all(looks).await.into_iter().collect()
}

/// The same look's results as facts.
pub(crate) fn told<T>(found: BTreeMap<RegionCode, Result<T, Error>>, facts: impl Fn(T) -> Facts) -> Looked {
    found.into_iter().map(|(region, found)| (region, found.map(&facts))).collect()
}

/// Not being there is an answer.
pub(crate) fn unless_absent<T>(answer: Result<T, Error>) -> Result<Option<T>, Error> {
    match answer {
        Ok(found) => Ok(Some(found)),
        Err(error) if error.kind == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// The inventory has nothing of the resource in this Region.
pub(crate) fn not_named(caller: &Caller, region: &RegionCode, action: &'static str, what: &str) -> Error {
    caller.call(region.as_str(), action).error(
        ErrorKind::Invalid,
        format!("the inventory names no {what} in {region}: add it under per_region"),
    )
}
