//! Transit Gateway attachments, over calls signed by hand: their state, and the Region on the other side of a peering.

use crate::peers::{MEMBER, Peer, Which, element};
use crate::words::{HOME, RECOVERY, per_region, resource as named, seen};
use holdfast_domain::facts::AttachmentFacts;
use holdfast_domain::resource::{AttachmentPlace, TransitGateway};
use holdfast_domain::{Facts, Resource, ResourceSpec};
use holdfast_failover::Change;

pub const PEERING: &str = "tgw-attach-0123456789abcdef0";
pub const OF_VPCS: &str = "pcx-0123456789abcdef0";

scenarios! {
    a_peering_is_seen_with_the_region_on_its_other_side: simulator, moto;
    a_connection_of_vpcs_is_seen_with_the_region_on_its_other_side: simulator, ministack, moto;
    an_attachment_that_is_not_there_is_told_as_missing: simulator;
}

pub async fn resource(peer: &Peer) -> Resource {
    match peer.which {
        // One side of each, so that each is looked at.
        Which::Simulator => {
            let id = |code: &str| if code == HOME { PEERING } else { OF_VPCS }.to_owned();
            let per_region = per_region(|code| AttachmentPlace { attachment: id(code) });
            named("backbone", ResourceSpec::TransitGateway(TransitGateway { per_region }))
        }
        Which::Ministack | Which::Moto => of(&peering(peer).await),
    }
}

fn of(attachment: &str) -> Resource {
    let per_region = per_region(|_| AttachmentPlace { attachment: attachment.to_owned() });
    named("backbone", ResourceSpec::TransitGateway(TransitGateway { per_region }))
}

pub async fn changes(_: &Peer, _: &Resource) -> Vec<Change> {
    Vec::new()
}

async fn ec2(peer: &Peer, code: &str, form: &str) -> String {
    let request = peer
        .http()
        .post(&peer.url)
        .header("content-type", "application/x-www-form-urlencoded")
        .body(format!("Version=2016-11-15&{form}"));
    peer.by_hand(code, "ec2", request).await
}

/// Two gateways, and a peering asked for at home; its id.
async fn peering(peer: &Peer) -> String {
    let mut gateways = Vec::new();
    for code in [HOME, RECOVERY] {
        gateways.push(element(&ec2(peer, code, "Action=CreateTransitGateway").await, "transitGatewayId"));
    }
    let form = format!(
        "Action=CreateTransitGatewayPeeringAttachment&TransitGatewayId={}&PeerTransitGatewayId={}&PeerAccountId={MEMBER}&PeerRegion={RECOVERY}",
        gateways[0], gateways[1]
    );
    element(&ec2(peer, HOME, &form).await, "transitGatewayAttachmentId")
}

async fn attachment(peer: &Peer, of: &Resource) -> Option<AttachmentFacts> {
    match seen(peer, of, HOME).await {
        Facts::Attachment { attachment } => attachment,
        other => panic!("an attachment was expected, not {other:?}"),
    }
}

async fn a_peering_is_seen_with_the_region_on_its_other_side(peer: &Peer) {
    let backbone = attachment(peer, &resource(peer).await).await.unwrap();
    assert_eq!(backbone.resource_type, "peering");
    assert_eq!(backbone.peer_region.as_deref(), Some(RECOVERY));
    if peer.which == Which::Simulator {
        assert_eq!(backbone.state, "available");
    }
}

/// Two VPCs, and a connection of them asked for at home; its id.
async fn connection(peer: &Peer) -> String {
    let mut vpcs = Vec::new();
    for (code, block) in [(HOME, "10.1.0.0/16"), (RECOVERY, "10.2.0.0/16")] {
        let form = format!("Action=CreateVpc&CidrBlock={}", block.replace('/', "%2F"));
        vpcs.push(element(&ec2(peer, code, &form).await, "vpcId"));
    }
    let form = format!(
        "Action=CreateVpcPeeringConnection&VpcId={}&PeerVpcId={}&PeerOwnerId={MEMBER}&PeerRegion={RECOVERY}",
        vpcs[0], vpcs[1]
    );
    element(&ec2(peer, HOME, &form).await, "vpcPeeringConnectionId")
}

async fn a_connection_of_vpcs_is_seen_with_the_region_on_its_other_side(peer: &Peer) {
    let id = match peer.which {
        Which::Simulator => OF_VPCS.to_owned(),
        Which::Ministack | Which::Moto => connection(peer).await,
    };
    let found = attachment(peer, &of(&id)).await.unwrap();
    assert_eq!(found.resource_type, AttachmentFacts::VPC_PEERING);
    assert_eq!(found.peer_region.as_deref(), Some(RECOVERY));
    assert!(found.transit_gateway.starts_with("vpc-"), "{found:?}");
    assert_eq!(found.stands(), peer.which == Which::Simulator, "asked for and not accepted: {found:?}");
    assert_eq!(attachment(peer, &of("pcx-00000000000000000")).await, None);
}

async fn an_attachment_that_is_not_there_is_told_as_missing(peer: &Peer) {
    assert_eq!(attachment(peer, &of("tgw-attach-00000000000000000")).await, None);
}
