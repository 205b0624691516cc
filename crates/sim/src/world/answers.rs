//! What the name servers of the world answer, as Route 53 chooses: by routing policy, with health, for one vantage
//! point. Answers are a data plane: they go on while the control plane that would change them is dark.

use super::World;
use super::build::digits_of;
use super::clock::Moment;
use super::dns::{HostedZone, RecordSet, normal_name};
use super::regions::usual_lag_ms;

/// Where the asker is: what latency and geolocation are judged by.
const VANTAGE: Vantage = Vantage { region: "us-east-1", continent: "NA", country: "US" };

struct Vantage {
    region: &'static str,
    continent: &'static str,
    country: &'static str,
}

/// Route 53 gives an alias to a load balancer the balancer's own TTL.
const ALIAS_TTL_S: u32 = 60;
/// Aliases to records of the world's own zones are followed this far.
const MOST_ALIASES: u8 = 8;

/// An answer to one question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// Values of the type that was asked for.
    Found { values: Vec<String>, ttl_s: u32 },
    /// The name leads on to another.
    Elsewhere { name: String, ttl_s: u32 },
    /// The name is there, without this type.
    NoData { zone: String },
    /// No such name in a zone of this world.
    NoName { zone: String },
    /// A name of no zone of this world.
    NotOurs,
}

impl World {
    /// What is answered for a name and type; `draw` from 0 to 1 decides between weights.
    pub fn answer(&self, name: &str, kind: &str, draw: f64, now: Moment) -> Answer {
        self.answer_within(&normal_name(name), kind, draw, MOST_ALIASES, now)
    }

    fn answer_within(&self, name: &str, kind: &str, draw: f64, left: u8, now: Moment) -> Answer {
        if let Some(values) = balancer_addresses(name, kind) {
            return Answer::Found { values, ttl_s: ALIAS_TTL_S };
        }
        let Some(zone) = self.zone_with(name) else { return Answer::NotOurs };
        let sets = |kind: &str| -> Vec<&RecordSet> {
            zone.records.iter().filter(|r| r.name == name && r.kind == kind).collect()
        };
        let (of_kind, names) = (sets(kind), sets("CNAME"));
        let chosen = if of_kind.is_empty() {
            self.choose(&names, draw, now)
        } else {
            self.choose(&of_kind, draw, now)
        };
        let (zone, ttl_of) = (zone.name.clone(), |r: &RecordSet| r.ttl_s.map_or(ALIAS_TTL_S, to_u32));
        match chosen.as_slice() {
            [] if zone_has(self.zone_with(name), name) => Answer::NoData { zone },
            [] => Answer::NoName { zone },
            [one, ..] => match &one.alias {
                Some(_) if left == 0 => Answer::NoData { zone },
                Some(alias) => self.answer_within(&normal_name(&alias.dns_name), kind, draw, left - 1, now),
                None if one.kind == "CNAME" && kind != "CNAME" => {
                    let name = one.values.first().map(|v| normal_name(v)).unwrap_or_default();
                    Answer::Elsewhere { name, ttl_s: ttl_of(one) }
                }
                None => {
                    let values = chosen.iter().flat_map(|r| r.values.clone()).collect();
                    Answer::Found { values, ttl_s: ttl_of(one) }
                }
            },
        }
    }

    /// The zone that is nearest above a name, of those that answer the world.
    fn zone_with(&self, name: &str) -> Option<&HostedZone> {
        let above =
            |z: &&HostedZone| !z.is_private() && (z.name == name || name.ends_with(&format!(".{}", z.name)));
        self.zones.iter().filter(above).max_by_key(|z| z.name.len())
    }

    /// Of the sets of one name and type those that are answered with: one, or several of a multivalue answer.
    fn choose<'a>(&self, sets: &[&'a RecordSet], draw: f64, now: Moment) -> Vec<&'a RecordSet> {
        let Some(first) = sets.first() else { return Vec::new() };
        let healthy: Vec<_> = sets.iter().copied().filter(|r| self.is_healthy(r, now)).collect();
        // Where nothing is healthy, Route 53 takes everything for healthy.
        let live = if healthy.is_empty() { sets.to_vec() } else { healthy };
        let one = |chosen: Option<&'a RecordSet>| chosen.into_iter().collect();
        if first.weight.is_some() {
            return one(by_weight(sets, &live, draw));
        }
        if first.failover.is_some() {
            let role = |role: &str| {
                let is = |r: &&&RecordSet| r.failover.as_deref() == Some(role);
                (sets.iter().find(is).copied(), live.iter().find(is).copied())
            };
            let ((primary, live_primary), (_, live_secondary)) = (role("PRIMARY"), role("SECONDARY"));
            return one(live_primary.or(live_secondary).or(primary));
        }
        if first.region.is_some() || first.proximity.is_some() {
            let near = |r: &RecordSet| r.region.clone().or_else(|| r.proximity.as_ref()?.region.clone());
            let far = |r: &&&RecordSet| latency(&near(r).unwrap_or_default());
            return one(live.iter().min_by(|a, b| far(a).total_cmp(&far(b))).copied());
        }
        if first.geo.is_some() {
            return one(by_place(&live).or_else(|| by_place(sets)));
        }
        if first.multi_value.is_some() {
            return live.into_iter().take(8).collect();
        }
        one(Some(*first))
    }

    /// Its health check, and its target where it asks for that.
    fn is_healthy(&self, record: &RecordSet, now: Moment) -> bool {
        let dark = |region: &str| self.regions.get(region).is_some_and(|r| r.dark);
        let check =
            record.health_check_id.as_ref().and_then(|id| self.health_checks.iter().find(|h| &h.id == id));
        let checked = check.is_none_or(|check| self.counts_healthy(check, now));
        let target = record.alias.as_ref().filter(|alias| alias.evaluate_target_health);
        let there =
            target.and_then(|alias| balancer_region(&alias.dns_name)).is_none_or(|region| !dark(region));
        checked && there
    }
}

fn zone_has(zone: Option<&HostedZone>, name: &str) -> bool {
    let below = format!(".{name}");
    zone.is_some_and(|z| {
        z.name == name || z.records.iter().any(|r| r.name == name || r.name.ends_with(&below))
    })
}

/// Healthy sets with a weight; else healthy ones without; all weights zero is an equal split.
fn by_weight<'a>(sets: &[&'a RecordSet], live: &[&'a RecordSet], draw: f64) -> Option<&'a RecordSet> {
    let weighted = |sets: &[&'a RecordSet]| -> Vec<&'a RecordSet> {
        sets.iter().copied().filter(|r| r.weight.unwrap_or(0) > 0).collect()
    };
    let mut among = weighted(live);
    if among.is_empty() {
        among = if live.is_empty() { sets.to_vec() } else { live.to_vec() };
    }
    let weight = |r: &RecordSet| f64::from(r.weight.unwrap_or(0).max(1));
    let mut at = draw.clamp(0.0, 1.0) * among.iter().map(|r| weight(r)).sum::<f64>();
    for record in &among {
        at -= weight(record);
        if at < 0.0 {
            return Some(record);
        }
    }
    among.last().copied()
}

fn by_place<'a>(sets: &[&'a RecordSet]) -> Option<&'a RecordSet> {
    let is = |wanted: fn(&super::dns::Geo) -> bool| {
        sets.iter().copied().find(move |r| r.geo.as_ref().is_some_and(wanted))
    };
    is(|g| g.country.as_deref() == Some(VANTAGE.country))
        .or_else(|| is(|g| g.continent.as_deref() == Some(VANTAGE.continent)))
        .or_else(|| is(|g| g.country.as_deref() == Some("*")))
}

fn latency(region: &str) -> f64 {
    if region == VANTAGE.region { 0.0 } else { usual_lag_ms(VANTAGE.region, region) }
}

/// The Region in `NAME.REGION.elb.amazonaws.com.`.
fn balancer_region(name: &str) -> Option<&str> {
    let (_, region) = name.trim_end_matches('.').strip_suffix(".elb.amazonaws.com")?.rsplit_once('.')?;
    Some(region)
}

/// Two addresses that belong to a balancer's name, of the range that belongs to nobody (RFC 2544).
fn balancer_addresses(name: &str, kind: &str) -> Option<Vec<String>> {
    balancer_region(name)?;
    if kind != "A" {
        return Some(Vec::new());
    }
    let address = |n: u8| {
        let byte = |from: usize| {
            let digits = digits_of(&format!("{name}{n}"), 8);
            digits.get(from..from + 2).and_then(|two| u8::from_str_radix(two, 16).ok()).unwrap_or(1)
        };
        format!("198.{}.{}.{}", 18 + byte(0) % 2, byte(2), byte(4))
    };
    Some(vec![address(1), address(2)])
}

fn to_u32(seconds: u64) -> u32 {
    u32::try_from(seconds).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::build::Routing;

    const NAME: &str = "www.example.com";
    const NOW: Moment = Moment { virtual_ms: 0, real_ms: 0 };

    fn world(routing: Routing) -> World {
        World::empty().account("1", "one", "x").zone_named("1", "Z1", "example.com").front_door(
            "Z1",
            NAME,
            routing,
            &["us-east-1", "eu-central-1"],
        )
    }

    /// The Region whose balancer is answered with.
    fn answered(world: &World, draw: f64) -> String {
        answered_at(world, draw, NOW)
    }

    fn answered_at(world: &World, draw: f64, now: Moment) -> String {
        let Answer::Found { values, .. } = world.answer(NAME, "A", draw, now) else {
            return "nothing".into();
        };
        let leads = |r: &&RecordSet| {
            let name = r.alias.as_ref().map(|a| a.dns_name.clone()).unwrap_or_default();
            balancer_addresses(&name, "A") == Some(values.clone())
        };
        let record = world.zones[0].records.iter().find(leads).unwrap();
        balancer_region(&record.alias.as_ref().unwrap().dns_name).unwrap().to_owned()
    }

    fn darken(world: &mut World, code: &str) {
        world.regions.get_mut(code).unwrap().dark = true;
    }

    #[test]
    fn weights_decide_by_the_draw_and_a_weight_of_zero_gets_nothing() {
        let mut world = world(Routing::Weighted);
        assert_eq!(
            (answered(&world, 0.0), answered(&world, 0.999)),
            ("us-east-1".into(), "us-east-1".into())
        );
        for record in &mut world.zones[0].records {
            record.weight = Some(50);
        }
        assert_ne!(answered(&world, 0.1), answered(&world, 0.9));
    }

    #[test]
    fn a_sick_record_gets_nothing_and_when_all_are_sick_all_count_as_well() {
        for routing in [Routing::Weighted, Routing::Failover, Routing::Latency, Routing::Geolocation] {
            let mut world = world(routing);
            assert_eq!(answered(&world, 0.5), "us-east-1", "{routing:?}");
            darken(&mut world, "us-east-1");
            assert_eq!(answered(&world, 0.5), "eu-central-1", "{routing:?}");
            darken(&mut world, "eu-central-1");
            assert_eq!(answered(&world, 0.5), "us-east-1", "{routing:?}");
        }
    }

    #[test]
    fn a_disabled_check_counts_as_healthy_and_an_inverted_one_as_the_opposite() {
        let mut world = world(Routing::Failover);
        for record in &mut world.zones[0].records {
            record.alias.as_mut().unwrap().evaluate_target_health = false;
        }
        world.health_checks[0].inverted = true;
        assert_eq!(answered(&world, 0.5), "eu-central-1");
        darken(&mut world, "us-east-1");
        assert_eq!(answered(&world, 0.5), "us-east-1");
        (world.health_checks[0].inverted, world.health_checks[0].disabled) = (false, true);
        assert_eq!(answered(&world, 0.5), "us-east-1");
    }

    #[test]
    fn a_routing_control_takes_its_record_out_a_moment_after_it_is_off() {
        let mut world = world(Routing::Failover)
            .routing_controls("1", "c", "www", &[("us-east-1", true), ("eu-central-1", false)])
            .following("Z1", NAME, "www", &["us-east-1", "eu-central-1"]);
        assert_eq!(answered(&world, 0.5), "us-east-1");
        let set = |region: &str, on| (super::super::build_traffic::control_arn("1", "www", region), on);
        let entries = [set("us-east-1", false), set("eu-central-1", true)];
        assert_eq!(world.clusters[0].set(&entries, &[], NOW.virtual_ms), Ok(true));
        assert_eq!(answered(&world, 0.5), "us-east-1");
        assert_eq!(answered_at(&world, 0.5, Moment { virtual_ms: 2_000, ..NOW }), "eu-central-1");
    }

    #[test]
    fn a_name_without_the_type_is_told_from_a_name_that_is_not_there() {
        let world = world(Routing::Weighted);
        let zone = || "example.com.".to_owned();
        assert_eq!(world.answer(NAME, "AAAA", 0.0, NOW), Answer::NoData { zone: zone() });
        assert_eq!(world.answer("example.com", "A", 0.0, NOW), Answer::NoData { zone: zone() });
        assert_eq!(world.answer("no.example.com", "A", 0.0, NOW), Answer::NoName { zone: zone() });
        assert_eq!(world.answer("example.org", "A", 0.0, NOW), Answer::NotOurs);
    }
}
