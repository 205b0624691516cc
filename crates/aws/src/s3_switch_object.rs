//! Objects in S3 that an inverted health check watches: whether one is there is listed, since a bucket that may not be
//! listed answers for what is missing as for what is forbidden; its content is read only where it counts. Put and deleted
//! under the version that was seen, in the bucket's own Region.

use crate::clients::Caller;
use crate::perform::answered;
use crate::regional::{in_each, not_named, told};
use crate::settings::Service;
use aws_sdk_s3::primitives::ByteStream;
use holdfast_cloud::{Error, ErrorKind, Looked};
use holdfast_domain::facts::SwitchObject;
use holdfast_domain::resource::{S3SwitchObject, SwitchObjectPlace};
use holdfast_domain::{Facts, RegionCode};
use holdfast_failover::run::Answer;

pub(crate) const LIST: &str = "s3:ListBucket";
pub(crate) const GET: &str = "s3:GetObject";

pub(crate) const LOOK: &[&str] = &[LIST, GET];

pub(crate) const CHANGES: &[&str] = &["s3:DeleteObject", "s3:PutObject"];

/// As much as Route 53 looks through for a text (developer guide, "String matching").
const LOOKED_THROUGH: usize = 5_120;

pub(crate) async fn look(caller: &Caller, spec: &S3SwitchObject, regions: &[RegionCode]) -> Looked {
    told(in_each(regions, |region| look_in(caller, spec, region)).await, Facts::SwitchObject)
}

async fn look_in(caller: &Caller, spec: &S3SwitchObject, region: &RegionCode) -> Result<SwitchObject, Error> {
    let place = spec.per_region.get(region).ok_or_else(|| not_named(caller, region, LIST, "object"))?;
    let sent = caller
        .s3(region.as_str())
        .list_objects_v2()
        .bucket(&place.bucket)
        .prefix(&place.key)
        // Of all that begin so, the key itself comes first.
        .max_keys(1)
        .send();
    let answer = caller.ask(Service::S3, region.as_str(), LIST, sent).await?;
    let unreadable = |why: &str| caller.call(region.as_str(), LIST).error(ErrorKind::Unreadable, why);
    // One that is listed without its name or its version is there all the same.
    if answer.contents().iter().any(|object| object.key().is_none()) {
        return Err(unreadable("an object is listed without its key"));
    }
    let found = answer.contents().iter().find(|object| object.key() == Some(place.key.as_str()));
    let etag = match found {
        Some(object) => Some(
            object.e_tag().ok_or_else(|| unreadable("the object is listed without its ETag"))?.to_owned(),
        ),
        None => None,
    };
    let holds = match (&etag, &place.content) {
        (None, _) => false,
        (Some(_), None) => true,
        // Of nothing no range can be asked for.
        (Some(_), Some(_)) if found.and_then(|object| object.size()) == Some(0) => false,
        (Some(etag), Some(content)) => read(caller, place, region, etag).await?.contains(content.as_str()),
    };
    Ok(SwitchObject {
        bucket: place.bucket.clone(),
        key: place.key.clone(),
        etag,
        holds,
        holds_out: place.holds_out.clone(),
        health_check_id: place.health_check_id.clone(),
    })
}

/// Where Route 53 looks for its text, of the version that was listed.
async fn read(
    caller: &Caller,
    place: &SwitchObjectPlace,
    region: &RegionCode,
    etag: &str,
) -> Result<String, Error> {
    let sent = caller
        .s3(region.as_str())
        .get_object()
        .bucket(&place.bucket)
        .key(&place.key)
        .if_match(etag)
        .range(format!("bytes=0-{}", LOOKED_THROUGH - 1))
        .send();
    let answer = caller.ask(Service::S3, region.as_str(), GET, sent).await?;
    let unreadable = |why: String| caller.call(region.as_str(), GET).error(ErrorKind::Unreadable, why);
    let body = tokio::time::timeout_at(caller.ends(), answer.body.collect()).await;
    let body = body.map_err(|_| caller.call(region.as_str(), GET).out_of_time())?;
    let bytes = body.map_err(|error| unreadable(error.to_string()))?.into_bytes();
    // Whoever answers may send the whole all the same.
    let looked_through = bytes.get(..LOOKED_THROUGH).unwrap_or(&bytes);
    Ok(String::from_utf8_lossy(looked_through).into_owned())
}

/// What is put, and on what.
pub(crate) struct Setting<'a> {
    pub bucket: &'a str,
    pub key: &'a str,
    pub content: &'a str,
    pub on_etag: Option<&'a str>,
}

pub(crate) async fn put(
    caller: &Caller,
    action: &'static str,
    region: &RegionCode,
    setting: &Setting<'_>,
) -> Result<Answer, Error> {
    let body = ByteStream::from(setting.content.as_bytes().to_vec());
    let nothing_there = setting.on_etag.is_none().then(|| "*".to_owned());
    let sent = caller
        .s3(region.as_str())
        .put_object()
        .bucket(setting.bucket)
        .key(setting.key)
        .content_type("text/plain; charset=utf-8")
        .set_if_match(setting.on_etag.map(str::to_owned))
        .set_if_none_match(nothing_there)
        .body(body)
        .send();
    let answer = caller.ask(Service::S3, region.as_str(), action, sent).await?;
    answered(action, region.as_str(), &answer, None)
}

pub(crate) async fn delete(
    caller: &Caller,
    action: &'static str,
    region: &RegionCode,
    setting: &Setting<'_>,
) -> Result<Answer, Error> {
    let sent = caller
        .s3(region.as_str())
        .delete_object()
        .bucket(setting.bucket)
        .key(setting.key)
        .set_if_match(setting.on_etag.map(str::to_owned))
        .send();
    let answer = caller.ask(Service::S3, region.as_str(), action, sent).await?;
    answered(action, region.as_str(), &answer, None)
}
