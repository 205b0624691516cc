//! What moves traffic without DNS: Global Accelerator and S3 Multi-Region Access Points.

use crate::refusal::Refusal;
use serde::{Deserialize, Serialize};

/// From an update to `DEPLOYED`.
pub const DEPLOY_MS: i64 = 2_000;
/// From accepted routes to routes in effect.
pub const ROUTES_MS: i64 = 2_000;

/// A standard accelerator with one listener or several.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Accelerator {
    /// Owner.
    pub account: String,
    /// The UUID at the end of its ARN.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The id of its first listener.
    pub listener: String,
    /// One per listener and Region.
    pub groups: Vec<EndpointGroup>,
    /// When it was last updated: virtual milliseconds since the epoch.
    pub updated_ms: i64,
}

/// The endpoints of an accelerator in one Region.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct EndpointGroup {
    /// The id at the end of its ARN.
    pub id: String,
    /// Its Region.
    pub region: String,
    /// `TrafficDialPercentage`.
    pub dial: f64,
    /// Its endpoints.
    pub endpoints: Vec<Endpoint>,
    /// The id of its listener; the accelerator's first where there is none.
    #[serde(default)]
    pub listener: Option<String>,
}

/// One endpoint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Endpoint {
    /// The ARN of a load balancer.
    pub id: String,
    /// 0 to 255.
    pub weight: u8,
}

impl Accelerator {
    /// The accelerator's ARN.
    pub fn arn(&self) -> String {
        format!("arn:aws:globalaccelerator::{}:accelerator/{}", self.account, self.id)
    }

    /// The ids of its listeners.
    pub fn listeners(&self) -> Vec<&str> {
        let mut ids = vec![self.listener.as_str()];
        ids.extend(self.groups.iter().filter_map(|group| group.listener.as_deref()));
        ids.dedup();
        ids
    }

    /// A listener's ARN.
    pub fn listener_arn(&self, listener: &str) -> String {
        format!("{}/listener/{listener}", self.arn())
    }

    /// The id of an endpoint group's listener.
    pub fn listener_of<'a>(&'a self, group: &'a EndpointGroup) -> &'a str {
        group.listener.as_deref().unwrap_or(&self.listener)
    }

    /// An endpoint group's ARN.
    pub fn group_arn(&self, group: &EndpointGroup) -> String {
        format!("{}/endpoint-group/{}", self.listener_arn(self.listener_of(group)), group.id)
    }

    /// `IN_PROGRESS` or `DEPLOYED`.
    pub fn status(&self, now_ms: i64) -> &'static str {
        if now_ms >= self.updated_ms + DEPLOY_MS { "DEPLOYED" } else { "IN_PROGRESS" }
    }
}

/// An S3 Multi-Region Access Point.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct AccessPoint {
    /// Owner.
    pub account: String,
    /// Its name.
    pub name: String,
    /// E.g. `mexample.mrap`.
    pub alias: String,
    /// In effect.
    pub routes: Vec<Route>,
    /// Accepted and not yet in effect, with the virtual time when it will be.
    pub coming: Option<(i64, Vec<Route>)>,
}

/// Whether a bucket of an access point takes traffic.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Route {
    /// The bucket.
    pub bucket: String,
    /// Its Region.
    pub region: String,
    /// 0 or 100.
    pub dial: u8,
}

/// One change of a route: the bucket or the Region names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RouteUpdate {
    /// By bucket.
    pub bucket: Option<String>,
    /// By Region.
    pub region: Option<String>,
    /// 0 or 100.
    pub dial: i64,
}

impl AccessPoint {
    /// The access point's ARN.
    pub fn arn(&self) -> String {
        format!("arn:aws:s3::{}:accesspoint/{}", self.account, self.alias)
    }

    /// The routes in effect at an instant.
    pub fn effective(&self, now_ms: i64) -> &[Route] {
        match &self.coming {
            Some((from_ms, routes)) if now_ms >= *from_ms => routes,
            _ => &self.routes,
        }
    }

    /// Accepts route changes. `Ok(true)` when they differ from what was accepted before.
    pub fn submit(&mut self, updates: &[RouteUpdate], now_ms: i64) -> Result<bool, Refusal> {
        let before = self.coming.as_ref().map_or(&self.routes, |(_, routes)| routes);
        let after = updated(before, updates)?;
        if after == *before {
            return Ok(false);
        }
        self.routes = self.effective(now_ms).to_vec();
        self.coming = Some((now_ms + ROUTES_MS, after));
        Ok(true)
    }
}

fn updated(before: &[Route], updates: &[RouteUpdate]) -> Result<Vec<Route>, Refusal> {
    let invalid = |message: String| Refusal::new("InvalidRequest", message);
    if updates.is_empty() {
        return Err(invalid("RouteUpdates must hold at least one route".into()));
    }
    let mut after = before.to_vec();
    for update in updates {
        let dial = match update.dial {
            0 => 0,
            100 => 100,
            other => return Err(invalid(format!("TrafficDialPercentage must be 0 or 100, not {other}"))),
        };
        if update.bucket.is_none() && update.region.is_none() {
            return Err(invalid("Each route must name a Bucket or a Region".into()));
        }
        let route = after.iter_mut().find(|r| {
            update.bucket.as_ref().is_none_or(|b| *b == r.bucket)
                && update.region.as_ref().is_none_or(|g| *g == r.region)
        });
        let Some(route) = route else {
            return Err(invalid(
                "A route names a bucket or Region that is not part of the access point".into(),
            ));
        };
        route.dial = dial;
    }
    if after.iter().all(|r| r.dial == 0) {
        return Err(invalid("At least one Region of the access point must stay active".into()));
    }
    Ok(after)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point() -> AccessPoint {
        let route = |region: &str, dial| Route { bucket: format!("b-{region}"), region: region.into(), dial };
        AccessPoint {
            account: "1".into(),
            name: "assets".into(),
            alias: "m.mrap".into(),
            routes: vec![route("here", 100), route("there", 0)],
            coming: None,
        }
    }

    fn to(region: &str, dial: i64) -> RouteUpdate {
        RouteUpdate { bucket: None, region: Some(region.into()), dial }
    }

    #[test]
    fn routes_take_effect_later() {
        let mut point = point();
        assert_eq!(point.submit(&[to("here", 0), to("there", 100)], 0), Ok(true));
        assert_eq!(point.effective(ROUTES_MS - 1)[0].dial, 100);
        assert_eq!(point.effective(ROUTES_MS)[0].dial, 0);
        assert_eq!(point.submit(&[to("here", 0)], ROUTES_MS), Ok(false));
    }

    #[test]
    fn a_refused_submission_keeps_the_accepted_one() {
        let mut point = point();
        assert_eq!(point.submit(&[to("there", 100)], 0), Ok(true));
        assert!(point.submit(&[to("here", 0), to("there", 0)], 1).is_err());
        assert!(point.submit(&[to("here", 50)], 1).is_err());
        assert_eq!(point.effective(ROUTES_MS + 1)[1].dial, 100);
    }
}
