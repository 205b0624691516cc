//! EC2's own query protocol, as far as the ways between Regions go: Transit Gateway attachments and VPC peering.

use super::input::list;
use super::render::namespace;
use super::service::{Operation, Plane, Service};
use super::xml::Xml;
use super::{Context, Reply};
use crate::refusal::Refusal;
use crate::world::World;
use crate::world::supporting::Attachment;
use serde_json::Value;

pub(super) const OPERATIONS: &[Operation] = &[
    Operation::look(
        "DescribeTransitGatewayAttachments",
        "ec2:DescribeTransitGatewayAttachments",
        Plane::Control,
    ),
    Operation::look(
        "DescribeTransitGatewayPeeringAttachments",
        "ec2:DescribeTransitGatewayPeeringAttachments",
        Plane::Control,
    ),
    Operation::look("DescribeVpcPeeringConnections", "ec2:DescribeVpcPeeringConnections", Plane::Control),
];

pub(super) fn perform(
    world: &World,
    context: &Context<'_>,
    operation: &str,
    input: &Value,
) -> Result<Reply, Refusal> {
    let of_vpcs = operation == "DescribeVpcPeeringConnections";
    let peerings = operation == "DescribeTransitGatewayPeeringAttachments";
    let ids = if of_vpcs { "VpcPeeringConnectionId" } else { "TransitGatewayAttachmentIds" };
    let wanted: Vec<&str> = list(input, ids, ids).into_iter().filter_map(Value::as_str).collect();
    let here = world.supporting.attachments.iter();
    let here = here.filter(|a| a.account == context.account && a.region == context.region);
    let found: Vec<&Attachment> = here
        .filter(|a| wanted.is_empty() || wanted.contains(&a.id.as_str()))
        .filter(|a| a.id.starts_with("pcx-") == of_vpcs)
        .filter(|a| !peerings || a.peer.is_some())
        .collect();
    if let Some(missing) = wanted.iter().find(|id| !found.iter().any(|a| a.id == **id)) {
        let (code, what) = if of_vpcs {
            ("InvalidVpcPeeringConnectionID.NotFound", "VPC peering connection")
        } else {
            ("InvalidTransitGatewayAttachmentID.NotFound", "Transit Gateway Attachment")
        };
        return Err(Refusal::new(code, format!("{what} {missing} was deleted or does not exist.")));
    }
    Ok(Reply::look(Xml::document(&format!("{operation}Response"), namespace(Service::Ec2), |xml| {
        let set = if of_vpcs {
            "vpcPeeringConnectionSet"
        } else if peerings {
            "transitGatewayPeeringAttachments"
        } else {
            "transitGatewayAttachments"
        };
        xml.element(set, |xml| {
            for attachment in found {
                xml.element("item", |xml| match (&attachment.peer, peerings) {
                    (Some(peer), _) if of_vpcs => connection_xml(xml, attachment, peer),
                    (Some(peer), true) => peering_xml(xml, attachment, peer),
                    _ => attachment_xml(xml, attachment),
                });
            }
        });
    })))
}

fn attachment_xml(xml: &mut Xml, attachment: &Attachment) {
    xml.text("transitGatewayAttachmentId", &attachment.id);
    xml.text("transitGatewayId", &attachment.gateway);
    xml.text("transitGatewayOwnerId", &attachment.account);
    xml.text("resourceType", if attachment.peer.is_some() { "peering" } else { "vpc" });
    xml.text("state", &attachment.state);
}

fn peering_xml(xml: &mut Xml, attachment: &Attachment, (region, gateway): &(String, String)) {
    let side = |xml: &mut Xml, name: &str, region: &str, gateway: &str| {
        xml.element(name, |xml| {
            xml.text("transitGatewayId", gateway);
            xml.text("ownerId", &attachment.account);
            xml.text("region", region);
        });
    };
    xml.text("transitGatewayAttachmentId", &attachment.id);
    side(xml, "requesterTgwInfo", &attachment.region, &attachment.gateway);
    side(xml, "accepterTgwInfo", region, gateway);
    xml.text("state", &attachment.state);
    xml.element("status", |xml| xml.text("code", &attachment.state));
}

fn connection_xml(xml: &mut Xml, connection: &Attachment, (region, vpc): &(String, String)) {
    let side = |xml: &mut Xml, name: &str, region: &str, vpc: &str| {
        xml.element(name, |xml| {
            xml.text("ownerId", &connection.account);
            xml.text("vpcId", vpc);
            xml.text("region", region);
        });
    };
    xml.text("vpcPeeringConnectionId", &connection.id);
    side(xml, "requesterVpcInfo", &connection.region, &connection.gateway);
    side(xml, "accepterVpcInfo", region, vpc);
    xml.element("status", |xml| {
        xml.text("code", &connection.state);
        xml.text("message", &connection.state);
    });
}

/// EC2 refuses in a shape of its own.
pub(super) fn error_xml(refusal: &Refusal, request_id: &str) -> Vec<u8> {
    Xml::document("Response", "", |xml| {
        xml.element("Errors", |xml| {
            xml.element("Error", |xml| {
                xml.text("Code", &refusal.code);
                xml.text("Message", &refusal.message);
            });
        });
        xml.text("RequestID", request_id);
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_have_the_shape_that_ec2_alone_has() {
        let refused = error_xml(&Refusal::new("UnauthorizedOperation", "no"), "1");
        let text = String::from_utf8(refused).unwrap_or_default();
        assert!(
            text.contains("<Response") && text.contains("<Errors><Error><Code>UnauthorizedOperation</Code>")
        );
    }
}
