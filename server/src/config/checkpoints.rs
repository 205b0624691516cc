//! Where the audit log's checkpoints go, and the bundles for where no server is: what the settings say, and the places that
//! they make.

use super::witness::Witness;
use super::{Settings, Wrong};
use async_trait::async_trait;
use holdfast_aws::{AwsSettings, BucketPlace, CheckpointBucket, Egress};
use holdfast_domain::{RegionCode, Seconds};
use holdfast_engine::audit::{AuditSettings, FilePlace, Place};
use holdfast_engine::bundles::{BundleSettings, FolderPlace};
use holdfast_outside::Guard;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

const NAME: &str = "HOLDFAST_AUDIT_CHECKPOINTS";
const BUNDLES: &str = "HOLDFAST_BUNDLES";
const BUCKET: &str = "s3://";

/// One of the places that the setting names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CheckpointPlace {
    /// Only ever appended to.
    File(PathBuf),
    Bucket(BucketPlace),
    /// A receiver that takes each checkpoint and shows the newest.
    Witness(String),
}

/// Places apart by commas: `PATH`, `https://HOST/PATH`, or `s3://BUCKET/PREFIX?region=REGION&retain=DURATION`, where only the
/// Region must be.
///
/// # Errors
/// What of it cannot be understood, and how it is written.
pub fn parse(text: &str) -> Result<Vec<CheckpointPlace>, Wrong> {
    text.split(',').map(str::trim).filter(|place| !place.is_empty()).map(parse_one).collect()
}

/// The same of bundles: a path is a folder there, and a witness is none.
///
/// # Errors
/// What of it cannot be understood, and how it is written.
pub fn parse_bundles(text: &str) -> Result<Vec<CheckpointPlace>, Wrong> {
    let places = parse(text).map_err(|wrong| Wrong { setting: BUNDLES.to_owned(), ..wrong })?;
    if places.iter().any(|place| matches!(place, CheckpointPlace::Witness(_))) {
        return Err(Wrong::new(
            BUNDLES,
            "names a receiver, and bundles go to folders and buckets",
            "Write a folder's path, or `s3://BUCKET/PREFIX?region=eu-west-1`; several apart by commas.",
        ));
    }
    Ok(places)
}

fn parse_one(text: &str) -> Result<CheckpointPlace, Wrong> {
    let wrong = |what: &str| {
        Wrong::new(
            NAME,
            format!("names `{text}`, and {what}"),
            "Write a file's path, `https://HOST/PATH`, or `s3://BUCKET/PREFIX?region=eu-west-1&retain=400d`; several apart \
             by commas.",
        )
    };
    let Some(rest) = text.strip_prefix(BUCKET) else {
        if !text.contains("://") {
            return Ok(CheckpointPlace::File(PathBuf::from(text)));
        }
        if !text.starts_with("http") {
            return Err(wrong("only files, `https://` and `s3://` are known"));
        }
        // Whether this machine itself may be spoken to is for the mode to say, when it is.
        let url = Egress::Local.check_url(text).map_err(|why| wrong(&why.to_string()))?;
        return match (url.query(), url.fragment()) {
            (None, None) => Ok(CheckpointPlace::Witness(url.into())),
            _ => Err(wrong("pages show it: what must not be seen does not belong into it")),
        };
    };
    let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (bucket, prefix) = path.split_once('/').unwrap_or((path, ""));
    let shaped = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '.' | '-');
    if !(3..=63).contains(&bucket.len()) || !bucket.chars().all(shaped) {
        return Err(wrong("no bucket is called that"));
    }
    let (mut region, mut retain) = (None, None);
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        match pair.split_once('=') {
            Some(("region", code)) => {
                region = Some(
                    RegionCode::parse(code).map_err(|e| wrong(&format!("its Region is none: {}", e.0)))?,
                );
            }
            Some(("retain", time)) => {
                let time = Seconds::parse(time).map_err(|_| wrong("`retain` is no duration such as 400d"))?;
                retain = Some(Duration::from_secs(u64::from(time.0)));
            }
            _ => return Err(wrong(&format!("`{pair}` is not known"))),
        }
    }
    let region = region.ok_or_else(|| wrong("its Region is missing"))?;
    let prefix = match prefix.trim_end_matches('/') {
        "" => String::new(),
        prefix => format!("{prefix}/"),
    };
    Ok(CheckpointPlace::Bucket(BucketPlace { bucket: bucket.to_owned(), prefix, region, retain }))
}

/// # Errors
/// A receiver that is of none of the hosts that are named.
pub fn check_hosts(places: &[CheckpointPlace], guard: &Guard) -> Result<(), Wrong> {
    for place in places {
        if let CheckpointPlace::Witness(url) = place {
            guard.check_url(url).map_err(|why| {
                Wrong::new(
                    NAME,
                    format!("names `{url}`, and {why}"),
                    "Name another, or add its host to outside_hosts.",
                )
            })?;
        }
    }
    Ok(())
}

/// Also what pages tell of them where no worker is.
#[must_use]
pub fn checkpoint_places(settings: &Settings, aws: &AwsSettings) -> Vec<Arc<dyn Place>> {
    if settings.audit_checkpoints.is_empty() {
        return AuditSettings::within(&settings.data).places;
    }
    let place = |place: &CheckpointPlace| -> Arc<dyn Place> {
        match place {
            CheckpointPlace::File(path) => Arc::new(FilePlace::new(path.clone())),
            CheckpointPlace::Bucket(place) => {
                Arc::new(Seldom::new(Bucket(CheckpointBucket::new(aws, place.clone()))))
            }
            CheckpointPlace::Witness(url) => {
                Arc::new(Seldom::new(Witness::new(url.clone(), aws.outside.guard())))
            }
        }
    };
    settings.audit_checkpoints.iter().map(place).collect()
}

/// Where bundles go: none named, a folder beside this server, which is lost with it.
#[must_use]
pub fn bundle_places(settings: &Settings, aws: &AwsSettings) -> Vec<Arc<dyn Place>> {
    let place = |place: &CheckpointPlace| -> Option<Arc<dyn Place>> {
        match place {
            CheckpointPlace::File(path) => Some(Arc::new(FolderPlace::new(path.clone()))),
            CheckpointPlace::Bucket(place) => {
                Some(Arc::new(Bucket(CheckpointBucket::new(aws, place.clone()))))
            }
            CheckpointPlace::Witness(_) => None,
        }
    };
    if settings.bundles.is_empty() {
        return BundleSettings::within(&settings.data).places;
    }
    settings.bundles.iter().filter_map(place).collect()
}

/// What a place elsewhere holds is asked for this seldom: the log is held meanwhile, and every round would ask otherwise.
const ASKED_EVERY: Duration = Duration::from_secs(30);

#[derive(Debug)]
struct Seldom<P> {
    place: P,
    /// What it last showed, and when.
    shown: Mutex<Option<(Instant, Option<String>)>>,
}

impl<P> Seldom<P> {
    fn new(place: P) -> Self {
        Self { place, shown: Mutex::default() }
    }

    fn keep(&self, shown: Option<(Instant, Option<String>)>) {
        *self.shown.lock().unwrap_or_else(PoisonError::into_inner) = shown;
    }
}

#[async_trait]
impl<P: Place> Place for Seldom<P> {
    fn name(&self) -> String {
        self.place.name()
    }

    async fn write(&self, note: &str) -> Result<(), String> {
        // It may be there or not: it is looked at again before anything is said of it.
        self.place.write(note).await.inspect_err(|_| self.keep(None))?;
        // The time of the last look stays: what was written is looked at in its turn, and not believed for ever.
        let mut shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, held)) = shown.as_mut() {
            *held = Some(note.to_owned());
        }
        Ok(())
    }

    async fn newest(&self) -> Result<Option<String>, String> {
        let kept = self.shown.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some((_, held)) = kept.filter(|(at, _)| at.elapsed() < ASKED_EVERY) {
            return Ok(held);
        }
        let held = self.place.newest().await?;
        self.keep(Some((Instant::now(), held.clone())));
        Ok(held)
    }
}

#[derive(Debug)]
struct Bucket(CheckpointBucket);

#[async_trait]
impl Place for Bucket {
    fn name(&self) -> String {
        let place = self.0.place();
        format!("{BUCKET}{}/{} in {}", place.bucket, place.prefix, place.region)
    }

    async fn write(&self, note: &str) -> Result<(), String> {
        self.0.put(note).await.map_err(|error| error.to_string())
    }

    async fn newest(&self) -> Result<Option<String>, String> {
        self.0.newest().await.map_err(|error| error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bundles_go_to_folders_and_buckets_and_to_no_witness() {
        assert_eq!(
            parse_bundles("/mnt/other-region").unwrap(),
            [CheckpointPlace::File("/mnt/other-region".into())]
        );
        assert!(parse_bundles("s3://bundles?region=eu-west-1").is_ok());
        for text in ["https://witness.example.com/x", "s3://bundles"] {
            let said = parse_bundles(text).unwrap_err().to_string();
            assert!(said.contains(BUNDLES), "{said}");
        }
    }

    #[test]
    fn places_are_files_buckets_and_receivers() {
        let bucket = |prefix: &str, retain: Option<u64>| {
            CheckpointPlace::Bucket(BucketPlace {
                bucket: "audit-witness".into(),
                prefix: prefix.into(),
                region: RegionCode::parse("eu-west-1").unwrap(),
                retain: retain.map(|days| Duration::from_secs(days * 86_400)),
            })
        };
        assert_eq!(parse("").unwrap(), []);
        assert_eq!(
            parse("/var/lib/holdfast/checkpoints, s3://audit-witness/a/b/?region=eu-west-1&retain=400d")
                .unwrap(),
            [CheckpointPlace::File("/var/lib/holdfast/checkpoints".into()), bucket("a/b/", Some(400))]
        );
        assert_eq!(parse("s3://audit-witness?region=eu-west-1").unwrap(), [bucket("", None)]);
        assert_eq!(
            parse("https://witness.example.com/holdfast").unwrap(),
            [CheckpointPlace::Witness("https://witness.example.com/holdfast".into())]
        );
        for (text, words) in [
            ("s3://audit-witness/x", "its Region is missing"),
            ("s3://audit-witness?region=Dublin", "its Region is none"),
            ("s3://Audit?region=eu-west-1", "no bucket"),
            ("s3://audit-witness?region=eu-west-1&retain=long", "no duration"),
            ("s3://audit-witness?region=eu-west-1&lock=on", "`lock=on` is not known"),
            ("ftp://witness.example.com", "only files"),
            ("https://10.0.0.1/checkpoints", "a private address"),
            ("https://me:secret@witness.example.com/", "a user name"),
            ("https://witness.example.com/?token=secret", "pages show it"),
        ] {
            let said = parse(text).unwrap_err().to_string();
            assert!(said.contains(words) && said.contains(NAME), "{text}: {said}");
        }
    }
}
