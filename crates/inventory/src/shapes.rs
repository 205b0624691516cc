//! What AWS identifiers look like: enough to catch a slip when a file is saved. Whether the thing exists is
//! for the collector to say.

use holdfast_domain::{AccountId, RegionCode};

/// What is wrong with a text, and the way out.
pub(crate) type Refusal = (String, String);
pub(crate) type Rule = fn(&str) -> Result<(), Refusal>;

/// The rule for a resource's key, if its texts have a shape.
pub(crate) fn rule_of(key: &str) -> Rule {
    match key {
        "hosted_zone_id" => hosted_zone_id,
        "record" => record_name,
        "type" => record_type,
        "accelerator_arn" => |t| {
            arn(
                t,
                "globalaccelerator",
                "accelerator/",
                "arn:aws:globalaccelerator::<account id>:accelerator/<id>",
            )
        },
        "mrap_arn" => mrap_arn,
        "cluster_arn" => |t| {
            arn(
                t,
                "route53-recovery-control",
                "cluster/",
                "arn:aws:route53-recovery-control::<account id>:cluster/<id>",
            )
        },
        "control_arn" => control_arn,
        "plan_arn" => |t| {
            arn(t, "arc-region-switch", "plan/", "arn:aws:arc-region-switch::<account id>:plan/<name>:<id>")
        },
        "target_group_arn" => |t| {
            arn(
                t,
                "elasticloadbalancing",
                "targetgroup/",
                "arn:aws:elasticloadbalancing:<region>:<account id>:targetgroup/<name>/<id>",
            )
        },
        "restore_role_arn" => role_arn,
        "url" | "template_url" => url,
        "statistic" => statistic,
        "threshold" => threshold,
        _ => |_| Ok(()),
    }
}

fn refuse<T>(wrong: &str, way_out: impl Into<String>) -> Result<T, Refusal> {
    Err((wrong.to_owned(), way_out.into()))
}

/// The parts of an ARN of the commercial partition that Holdfast looks at.
struct Arn<'t> {
    service: &'t str,
    region: &'t str,
    account: &'t str,
    resource: &'t str,
}

fn parts(text: &str) -> Option<Arn<'_>> {
    let mut parts = text.splitn(6, ':');
    if parts.next()? != "arn" || parts.next()? != "aws" {
        return None;
    }
    Some(Arn {
        service: parts.next()?,
        region: parts.next()?,
        account: parts.next()?,
        resource: parts.next()?,
    })
}

/// The account that an ARN names, if it names one.
pub(crate) fn account_of(text: &str) -> Option<AccountId> {
    parts(text).and_then(|arn| AccountId::parse(arn.account).ok())
}

fn arn(text: &str, service: &str, prefix: &str, like: &str) -> Result<(), Refusal> {
    let regional = like.contains("<region>");
    let right = parts(text).is_some_and(|arn| {
        arn.service == service
            && if regional { RegionCode::parse(arn.region).is_ok() } else { arn.region.is_empty() }
            && AccountId::parse(arn.account).is_ok()
            && arn.resource.strip_prefix(prefix).is_some_and(|rest| !rest.is_empty() && path_like(rest))
    });
    if right { Ok(()) } else { refuse("which is not an ARN of that kind", format!("write it like {like}")) }
}

fn path_like(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_alphanumeric() || b"_+=,.@:/-".contains(&b))
}

pub(crate) fn role_arn(text: &str) -> Result<(), Refusal> {
    let like = "arn:aws:iam::<12 digits>:role/<name>";
    arn(text, "iam", "role/", like)
        .map_err(|_| ("which is not the ARN of a role".to_owned(), format!("write it like {like}")))
}

fn mrap_arn(text: &str) -> Result<(), Refusal> {
    let like = "arn:aws:s3::<account id>:accesspoint/<alias>.mrap";
    let alias = |arn: Arn<'_>| {
        arn.resource
            .strip_prefix("accesspoint/")
            .and_then(|r| r.strip_suffix(".mrap"))
            .is_some_and(|a| !a.is_empty())
    };
    if arn(text, "s3", "accesspoint/", like).is_ok() && parts(text).is_some_and(alias) {
        Ok(())
    } else {
        refuse(
            "which is not the ARN of a Multi-Region Access Point",
            format!("write it like {like}, with its alias, not its name"),
        )
    }
}

fn control_arn(text: &str) -> Result<(), Refusal> {
    let like = "arn:aws:route53-recovery-control::<account id>:controlpanel/<id>/routingcontrol/<id>";
    arn(text, "route53-recovery-control", "controlpanel/", like)?;
    if text.contains("/routingcontrol/") {
        Ok(())
    } else {
        refuse("which is not the ARN of a routing control", format!("write it like {like}"))
    }
}

fn hosted_zone_id(text: &str) -> Result<(), Refusal> {
    let right = text.len() <= 32
        && text.strip_prefix('Z').is_some_and(|rest| {
            !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
        });
    if right {
        Ok(())
    } else {
        refuse(
            "which is not a hosted zone's id",
            "write the id alone, such as Z0123456789ABC: a Z, then capitals and digits",
        )
    }
}

fn record_name(text: &str) -> Result<(), Refusal> {
    if let Some(bare) = text.strip_suffix('.')
        && record_name(bare).is_ok()
    {
        return refuse("which ends in a dot", format!("write `{bare}`"));
    }
    let lower = text.to_ascii_lowercase();
    if lower != text && record_name(&lower).is_ok() {
        return refuse("which has capitals", format!("write `{lower}`: Route 53 keeps names in lower case"));
    }
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'_'))
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let body = text.strip_prefix("*.").unwrap_or(text);
    if text.len() <= 253 && body.contains('.') && body.split('.').all(label) {
        Ok(())
    } else {
        refuse(
            "which is not a record's name",
            "write the full name, such as shop.example.com: labels of letters, digits, `-` and `_`",
        )
    }
}

fn record_type(text: &str) -> Result<(), Refusal> {
    let types = ["A", "AAAA", "CNAME"];
    if types.contains(&text) {
        return Ok(());
    }
    let upper = text.to_ascii_uppercase();
    let way_out = if types.contains(&upper.as_str()) {
        format!("write `{upper}`")
    } else {
        "write `A`, `AAAA` or `CNAME`".to_owned()
    };
    refuse("which is not a type of record that moves traffic", way_out)
}

fn url(text: &str) -> Result<(), Refusal> {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let host = rest.and_then(|r| r.split(['/', '?', '#']).next()).unwrap_or_default();
    if !host.is_empty() && !host.contains('@') && !text.contains(char::is_whitespace) {
        Ok(())
    } else {
        refuse(
            "which is not a web address",
            "write it like https://shop.example.com/health, without a user name",
        )
    }
}

fn statistic(text: &str) -> Result<(), Refusal> {
    let percentile = text.strip_prefix('p').and_then(|p| p.parse::<f64>().ok());
    let known = ["Average", "Maximum", "Minimum", "SampleCount", "Sum"].contains(&text);
    if known || percentile.is_some_and(|p| (0.0..=100.0).contains(&p)) {
        Ok(())
    } else {
        refuse(
            "which is not a statistic of CloudWatch",
            "write Average, Maximum, Minimum, Sum, SampleCount or a percentile such as p99",
        )
    }
}

fn threshold(text: &str) -> Result<(), Refusal> {
    if text.parse::<f64>().is_ok_and(f64::is_finite) {
        Ok(())
    } else {
        refuse("which is not a number", "write one in quotes, such as \"0.5\"")
    }
}

/// What AWS takes for an external id.
pub(crate) fn external_id(text: &str) -> Result<(), Refusal> {
    let ok = |b: u8| b.is_ascii_alphanumeric() || b"_+=,.@:/-".contains(&b);
    if (2..=1224).contains(&text.len()) && text.bytes().all(ok) {
        Ok(())
    } else {
        refuse(
            "which is not an external id",
            "write 2 to 1224 letters, digits and _ + = , . @ : / -, or leave it out: Holdfast makes one",
        )
    }
}

/// `service@region`: the AWS plane that a step needs.
pub(crate) fn plane(text: &str) -> Result<(), Refusal> {
    let right = text.split_once('@').is_some_and(|(service, region)| {
        !service.is_empty()
            && service.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
            && RegionCode::parse(region).is_ok()
    });
    if right {
        Ok(())
    } else {
        refuse("which is not a plane", "write service@region, such as route53@us-east-1")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn role_arns_name_a_role_of_a_twelve_digit_account() {
        for right in
            ["arn:aws:iam::222222222222:role/holdfast-read", "arn:aws:iam::012345678901:role/path/to/a.b@c"]
        {
            assert!(role_arn(right).is_ok(), "{right}");
        }
        for wrong in [
            "arn:aws:iam::22222222222:role/x",
            "arn:aws:iam::222222222222:user/x",
            "arn:aws:iam::222222222222:role/",
            "arn:aws:iam:us-east-1:222222222222:role/x",
            "arn:aws-cn:iam::222222222222:role/x",
            "arn:aws:iam::222222222222:role/x y",
            "holdfast-read",
        ] {
            assert!(role_arn(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn arns_of_resources_have_the_shape_of_their_kind() {
        for (key, right, wrong) in [
            (
                "accelerator_arn",
                "arn:aws:globalaccelerator::222222222222:accelerator/5f8a",
                "arn:aws:globalaccelerator:us-west-2:222222222222:accelerator/5f8a",
            ),
            (
                "mrap_arn",
                "arn:aws:s3::222222222222:accesspoint/m2shop.mrap",
                "arn:aws:s3::222222222222:accesspoint/m2shop",
            ),
            (
                "plan_arn",
                "arn:aws:arc-region-switch::222222222222:plan/shop:ab12",
                "arn:aws:arc-region-switch::222222222222:shop",
            ),
            (
                "control_arn",
                "arn:aws:route53-recovery-control::222222222222:controlpanel/ab/routingcontrol/cd",
                "arn:aws:route53-recovery-control::222222222222:controlpanel/ab",
            ),
            (
                "target_group_arn",
                "arn:aws:elasticloadbalancing:us-east-1:222222222222:targetgroup/web/0123",
                "arn:aws:elasticloadbalancing::222222222222:targetgroup/web/0123",
            ),
            ("hosted_zone_id", "Z0123456789ABC", "/hostedzone/Z0123456789ABC"),
            ("url", "https://shop.example.com/health", "shop.example.com"),
            ("statistic", "p99.9", "p101"),
            ("statistic", "Average", "average"),
            ("threshold", "-0.5", "NaN"),
        ] {
            assert!(rule_of(key)(right).is_ok(), "{key}: {right}");
            assert!(rule_of(key)(wrong).is_err(), "{key}: {wrong}");
        }
    }

    #[test]
    fn record_names_are_whole_and_lower_case_without_a_last_dot() {
        for right in ["shop.example.com", "*.shop.example.com", "_acme.example.com"] {
            assert!(record_name(right).is_ok(), "{right}");
        }
        for wrong in [
            "shop",
            "",
            "a..b",
            "-a.example.com",
            "shop.example.com/x",
            "*.com",
            "a b.example.com",
            "shop.*.com",
        ] {
            assert!(record_name(wrong).is_err(), "{wrong}");
        }
        let way_out = |text: &str| record_name(text).err().map(|e| e.1).unwrap_or_default();
        assert_eq!(way_out("shop.example.com."), "write `shop.example.com`");
        assert!(way_out("Shop.example.com").starts_with("write `shop.example.com`"));
    }

    #[test]
    fn an_external_id_is_what_aws_takes_for_one() {
        assert!(external_id("demo-shop:prod/1").is_ok());
        for wrong in ["x", "", "a b", &"x".repeat(1225), "ä-ä"] {
            assert!(external_id(wrong).is_err(), "{wrong}");
        }
    }
}
