//! Transit Gateway attachments: their state in each Region, and of a peering the Region on its other side. The inventory
//! may name a VPC peering connection (`pcx-…`) in the place of an attachment: it is a way between the Regions too.

use crate::clients::Caller;
use crate::regional::{in_each, not_named, told, unless_absent};
use crate::signed::{self, EC2, Request};
use holdfast_cloud::{Error, Looked};
use holdfast_domain::facts::AttachmentFacts;
use holdfast_domain::resource::TransitGateway;
use holdfast_domain::{Facts, RegionCode};

const ATTACHMENTS: &str = "ec2:DescribeTransitGatewayAttachments";
const PEERINGS: &str = "ec2:DescribeTransitGatewayPeeringAttachments";

const VPC_PEERINGS: &str = "ec2:DescribeVpcPeeringConnections";

pub(crate) const LOOK: &[&str] = &[ATTACHMENTS, PEERINGS, VPC_PEERINGS];

pub(crate) async fn look(caller: &Caller, spec: &TransitGateway, regions: &[RegionCode]) -> Looked {
    let found = in_each(regions, |region| look_in(caller, spec, region)).await;
    told(found, |attachment| Facts::Attachment { attachment })
}

async fn look_in(
    caller: &Caller,
    spec: &TransitGateway,
    region: &RegionCode,
) -> Result<Option<AttachmentFacts>, Error> {
    let place =
        spec.per_region.get(region).ok_or_else(|| not_named(caller, region, ATTACHMENTS, "attachment"))?;
    let id = place.attachment.as_str();
    if id.starts_with("pcx-") {
        return vpc_peering(caller, id, region).await;
    }
    let request = Request::form(ATTACHMENTS, &[("TransitGatewayAttachmentIds.1", id)]);
    let Some(answer) = unless_absent(signed::call(caller, EC2, region.as_str(), &request).await)? else {
        return Ok(None);
    };
    let Some(found) = answer.xml().items("transitGatewayAttachments").next() else { return Ok(None) };
    let text = |name: &str| found.text(name).unwrap_or("unknown").to_owned();
    let mut facts = AttachmentFacts {
        transit_gateway: text("transitGatewayId"),
        resource_type: text("resourceType"),
        state: text("state"),
        peer_region: None,
        message: None,
    };
    if facts.resource_type == "peering" {
        let request = Request::form(PEERINGS, &[("TransitGatewayAttachmentIds.1", id)]);
        let answer = signed::call(caller, EC2, region.as_str(), &request).await?;
        if let Some(peering) = answer.xml().items("transitGatewayPeeringAttachments").next() {
            let side = |name: &str| peering.find(name)?.text("region");
            let sides = [side("requesterTgwInfo"), side("accepterTgwInfo")];
            facts.peer_region =
                sides.into_iter().flatten().find(|side| *side != region.as_str()).map(str::to_owned);
            facts.message =
                peering.find("status").and_then(|status| status.text("message")).map(str::to_owned);
        }
    }
    Ok(Some(facts))
}

/// A connection of two VPCs has the same id on both sides.
async fn vpc_peering(
    caller: &Caller,
    id: &str,
    region: &RegionCode,
) -> Result<Option<AttachmentFacts>, Error> {
    let request = Request::form(VPC_PEERINGS, &[("VpcPeeringConnectionId.1", id)]);
    let Some(answer) = unless_absent(signed::call(caller, EC2, region.as_str(), &request).await)? else {
        return Ok(None);
    };
    let Some(found) = answer.xml().items("vpcPeeringConnectionSet").next() else { return Ok(None) };
    let sides = ["requesterVpcInfo", "accepterVpcInfo"].map(|name| {
        let side = found.find(name)?;
        Some((side.text("region")?.to_owned(), side.text("vpcId").unwrap_or("unknown").to_owned()))
    });
    let sides = || sides.iter().flatten();
    let status = found.find("status");
    Ok(Some(AttachmentFacts {
        transit_gateway: sides()
            .find(|(at, _)| at == region.as_str())
            .map_or_else(|| "unknown".to_owned(), |(_, vpc)| vpc.clone()),
        resource_type: AttachmentFacts::VPC_PEERING.into(),
        state: status.and_then(|status| status.text("code")).unwrap_or("unknown").to_owned(),
        peer_region: sides().find(|(at, _)| at != region.as_str()).map(|(at, _)| at.clone()),
        message: status.and_then(|status| status.text("message")).map(str::to_owned),
    }))
}
