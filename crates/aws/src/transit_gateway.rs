//! Transit Gateway attachments: their state in each Region, and of a peering the Region on its other side.

use crate::clients::Caller;
use crate::regional::{in_each, not_named, told, unless_absent};
use crate::signed::{self, EC2, Request};
use holdfast_cloud::{Error, Looked};
use holdfast_domain::facts::AttachmentFacts;
use holdfast_domain::resource::TransitGateway;
use holdfast_domain::{Facts, RegionCode};

const ATTACHMENTS: &str = "ec2:DescribeTransitGatewayAttachments";
const PEERINGS: &str = "ec2:DescribeTransitGatewayPeeringAttachments";

pub(crate) const LOOK: &[&str] = &[ATTACHMENTS, PEERINGS];

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
