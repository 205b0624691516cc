//! CloudFront distributions: origins swapped under the version that was seen.

use crate::peers::{DISTRIBUTION, Peer, Which, element};
use crate::words::{HOME, RECOVERY, acting, resource as named, seen};
use holdfast_cloud::{Cloud, ErrorKind};
use holdfast_domain::facts::DistributionOrigin;
use holdfast_domain::resource::CloudfrontDistribution;
use holdfast_domain::{Facts, Resource, ResourceSpec};
use holdfast_failover::Change;
use std::collections::BTreeMap;

scenarios! {
    the_origin_that_is_tried_first_is_seen_and_swapped: simulator, ministack;
    a_swap_under_an_old_version_is_a_conflict: simulator, ministack;
}

pub async fn resource(peer: &Peer) -> Resource {
    let distribution_id = match peer.which {
        Which::Simulator => DISTRIBUTION.to_owned(),
        Which::Ministack | Which::Moto => distribution(peer).await,
    };
    named("cdn", ResourceSpec::CloudfrontDistribution(CloudfrontDistribution { distribution_id }))
}

pub async fn changes(peer: &Peer, resource: &Resource) -> Vec<Change> {
    let target = origin(peer, resource, RECOVERY).await;
    vec![Change::SetPrimaryOrigins {
        distribution_id: target.distribution_id,
        etag: target.etag,
        primaries: BTreeMap::from([("regions".into(), target.origins[0].clone())]),
    }]
}

/// One with an origin in each Region and a group of both; its id.
async fn distribution(peer: &Peer) -> String {
    let origin = |code: &str| {
        format!(
            "<Origin><Id>{code}</Id><DomainName>shop.{code}.elb.amazonaws.com</DomainName><CustomOriginConfig>\
             <HTTPPort>80</HTTPPort><HTTPSPort>443</HTTPSPort><OriginProtocolPolicy>https-only</OriginProtocolPolicy>\
             </CustomOriginConfig></Origin>"
        )
    };
    let member = |code: &str| format!("<OriginGroupMember><OriginId>{code}</OriginId></OriginGroupMember>");
    let both = |make: &dyn Fn(&str) -> String| format!("{}{}", make(HOME), make(RECOVERY));
    let body = format!(
        "<DistributionConfig xmlns=\"http://cloudfront.amazonaws.com/doc/2020-05-31/\">\
         <CallerReference>conformance</CallerReference><Comment></Comment><Enabled>true</Enabled>\
         <Origins><Quantity>2</Quantity><Items>{}</Items></Origins>\
         <OriginGroups><Quantity>1</Quantity><Items><OriginGroup><Id>regions</Id><FailoverCriteria><StatusCodes>\
         <Quantity>1</Quantity><Items><StatusCode>503</StatusCode></Items></StatusCodes></FailoverCriteria>\
         <Members><Quantity>2</Quantity><Items>{}</Items></Members></OriginGroup></Items></OriginGroups>\
         <DefaultCacheBehavior><TargetOriginId>regions</TargetOriginId>\
         <ViewerProtocolPolicy>allow-all</ViewerProtocolPolicy><MinTTL>0</MinTTL><ForwardedValues>\
         <QueryString>false</QueryString><Cookies><Forward>none</Forward></Cookies></ForwardedValues>\
         </DefaultCacheBehavior></DistributionConfig>",
        both(&origin),
        both(&member)
    );
    let request = peer.http().post(format!("{}/2020-05-31/distribution", peer.url)).body(body);
    element(&peer.by_hand(HOME, "cloudfront", request).await, "Id")
}

async fn origin(peer: &Peer, cdn: &Resource, code: &str) -> DistributionOrigin {
    match seen(peer, cdn, code).await {
        Facts::DistributionOrigin(origin) => origin,
        other => panic!("an origin was expected, not {other:?}"),
    }
}

async fn the_origin_that_is_tried_first_is_seen_and_swapped(peer: &Peer) {
    let cdn = resource(peer).await;
    assert!(origin(peer, &cdn, HOME).await.is_first() && !origin(peer, &cdn, RECOVERY).await.is_first());
    let [swap] = changes(peer, &cdn).await.try_into().unwrap();
    peer.cloud.perform(&peer.account, &acting("swap-cdn", None), &swap).await.unwrap();
    assert!(origin(peer, &cdn, RECOVERY).await.is_first());
}

async fn a_swap_under_an_old_version_is_a_conflict(peer: &Peer) {
    let cdn = resource(peer).await;
    let [swap] = changes(peer, &cdn).await.try_into().unwrap();
    peer.cloud.perform(&peer.account, &acting("swap-cdn", None), &swap).await.unwrap();
    let again = peer.cloud.perform(&peer.account, &acting("swap-cdn", None), &swap).await.unwrap_err();
    assert_eq!((again.kind, again.outcome_unknown), (ErrorKind::Conflict, false), "{again}");
}
