//! Any inventory that the file can hold, from the same tables of keys that readers and writers go by.

use holdfast_domain::own_step::{InEmergency, Occasion, OwnWork, Phase, Place, Side, Until, Where};
use holdfast_domain::plan_edit::{Condition, Edit, Editing, IfItFails};
use holdfast_domain::resource::{Key, KeyShape};
use holdfast_domain::{
    Account, AccountId, Application, ApprovalPolicy, ApprovalRule, Declaration, DeclaredRegion, Group,
    Intent, Inventory, LoadSplit, Mode, Name, Objectives, OwnPlan, OwnStep, PlanEdits, REGIONS, RegionCode,
    Resource, ResourceKind, Seconds, StepId, Strategy as Way, Waiver,
};
use proptest::collection::{btree_map, btree_set, vec};
use proptest::option::of;
use proptest::prelude::*;
use proptest::sample::{Index, select, subsequence};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};

/// Texts for people, also those that a careless writer breaks on. Never blank.
pub fn nasty() -> BoxedStrategy<String> {
    let known = select(
        &[
            ": ",
            "a: b",
            "#",
            "a #b",
            " a",
            "a ",
            "yes",
            "No",
            "on",
            "null",
            "~",
            "true",
            "1e3",
            "0x10",
            "0o7",
            "012",
            "1_000",
            "12:30",
            "2027-03-01",
            ".5",
            "-",
            "- a",
            "? a",
            "---",
            "...",
            "%a",
            "@a",
            "`",
            "*a",
            "&a",
            "!a",
            "|",
            ">",
            "[",
            "]",
            "{",
            "}",
            ",",
            "a, b",
            "\"",
            "'",
            "\\",
            "\\n",
            "🚢",
            "ä\u{301}",
            "a\nb",
            "\na",
            "a\n",
            "a\r\nb",
            "\ta",
            "a\tb",
            "\u{7f}x",
            "\u{85}x",
            "\u{a0}x",
            "x\u{2028}y",
            "\u{feff}x",
            "x\u{200b}",
            "\u{fffd}",
            "\u{1}x",
            "\u{1b}[31m",
            "\u{10ffff}",
            "\u{fffe}x",
            "<<",
            "=",
            "a:",
            ":a",
            "a:b",
            "it's",
            "say \"hi\"",
            "a  b",
            "-1",
            "+1",
            "1.5",
            ".inf",
            ".nan",
            "x\0y",
        ][..],
    )
    .prop_map(str::to_owned);
    let any = "[ -~\\n\\täé€🚢]{1,40}".prop_filter("blank", |t| !t.trim().is_empty());
    let wild = "\\PC{1,20}".prop_filter("blank", |t| !t.trim().is_empty());
    prop_oneof![3 => known, 3 => any, 1 => wild].prop_filter("blank", |t| !t.trim().is_empty()).boxed()
}

/// Texts for machines: as nasty, without control characters and white space at their ends.
fn word() -> BoxedStrategy<String> {
    nasty()
        .prop_filter("a word", |t| t.trim() == t && !t.is_empty() && !t.chars().any(char::is_control))
        .boxed()
}

fn name() -> BoxedStrategy<Name> {
    let known = select(&["yes", "no", "null", "true", "123", "0x10", "1e3", "1-2", "y", "on", "shop"][..])
        .prop_map(str::to_owned);
    prop_oneof![known, "[a-z0-9]([a-z0-9-]{0,20}[a-z0-9])?"].prop_map(|t| t.parse().unwrap()).boxed()
}

fn names(most: usize) -> BoxedStrategy<Vec<Name>> {
    btree_set(name(), 0..=most).prop_map(|all| all.into_iter().collect()).boxed()
}

fn region() -> BoxedStrategy<RegionCode> {
    select(REGIONS).prop_map(|r| r.code.parse().unwrap()).boxed()
}

fn account() -> BoxedStrategy<Account> {
    let parts =
        ("[0-9]{12}", name(), "[a-z]{1,8}/?[A-Za-z0-9+=,.@_-]{1,20}", of("[A-Za-z0-9_+=,.@:/-]{2,40}"));
    parts
        .prop_map(|(id, name, role, external_id)| Account {
            read_role_arn: format!("arn:aws:iam::{id}:role/{role}-read"),
            act_role_arn: format!("arn:aws:iam::{id}:role/{role}-act"),
            id: AccountId::parse(&id).unwrap(),
            name,
            external_id,
        })
        .boxed()
}

fn declared() -> BoxedStrategy<DeclaredRegion> {
    (region(), select(&Declaration::ALL[..]), of(nasty()))
        .prop_map(|(code, declared, reason)| DeclaredRegion { code, declared, reason })
        .boxed()
}

fn policy() -> BoxedStrategy<ApprovalPolicy> {
    (name(), btree_map(name(), 1_u8..=20, 1..4), 300_u32..=604_800)
        .prop_map(|(name, rules, expires)| ApprovalPolicy {
            name,
            rules: rules.into_iter().map(|(group, approvals)| ApprovalRule { group, approvals }).collect(),
            expires_after: Seconds(expires),
        })
        .boxed()
}

fn text_of(key: &str) -> BoxedStrategy<String> {
    let id = "[0-9]{12}";
    let arn = |before: &'static str, after: &'static str, end: &'static str| {
        (id, "[A-Za-z0-9_.-]{1,20}")
            .prop_map(move |(id, rest)| format!("{before}{id}:{after}{rest}{end}"))
            .boxed()
    };
    match key {
        "hosted_zone_id" => "Z[A-Z0-9]{1,20}".boxed(),
        "record" => "(\\*\\.)?[a-z0-9_]{1,20}(\\.[a-z0-9]{1,10}){1,3}".boxed(),
        "type" => select(&["A", "AAAA", "CNAME"][..]).prop_map(str::to_owned).boxed(),
        "accelerator_arn" => arn("arn:aws:globalaccelerator::", "accelerator/", ""),
        "mrap_arn" => arn("arn:aws:s3::", "accesspoint/", ".mrap"),
        "cluster_arn" => arn("arn:aws:route53-recovery-control::", "cluster/", ""),
        "control_arn" => arn("arn:aws:route53-recovery-control::", "controlpanel/", "/routingcontrol/1"),
        "plan_arn" => arn("arn:aws:arc-region-switch::", "plan/", ":a1"),
        "target_group_arn" => arn("arn:aws:elasticloadbalancing:us-east-1:", "targetgroup/", "/1"),
        "restore_role_arn" => arn("arn:aws:iam::", "role/", ""),
        "protected" => arn("arn:aws:rds:us-east-1:", "db:", ""),
        "url" | "template_url" => "https://[a-z]{1,9}\\.example\\.com/[a-z{},\\[\\]#:?=&]{0,12}".boxed(),
        "statistic" => select(&["Average", "Sum", "p99", "p99.9"][..]).prop_map(str::to_owned).boxed(),
        "period" => (1_u32..1_440).prop_map(|minutes| Seconds(minutes * 60).to_string()).boxed(),
        "threshold" => "-?[0-9]{1,6}(\\.[0-9]{1,3})?".boxed(),
        "timeout" => (1_u32..100_000).prop_map(|s| Seconds(s).to_string()).boxed(),
        _ => word(),
    }
}

/// `kind` decides between keys of which only one may stand.
fn value(kind: ResourceKind, key: &'static Key, regions: &[RegionCode]) -> BoxedStrategy<Value> {
    let text = || text_of(key.name).prop_map(Value::from);
    let codes: Vec<String> = regions.iter().map(ToString::to_string).collect();
    let some = move |each: BoxedStrategy<Value>| {
        let count = codes.len();
        (subsequence(codes.clone(), 1..=count), vec(each, count))
            .prop_map(|(codes, values)| Value::Object(codes.into_iter().zip(values).collect()))
            .boxed()
    };
    match key.shape {
        KeyShape::Text => text().boxed(),
        KeyShape::Number => any::<u32>().prop_map(Value::from).boxed(),
        KeyShape::Texts => vec(text(), 1..4).prop_map(Value::from).boxed(),
        KeyShape::TextMap => {
            let free = prop_oneof![nasty(), Just(String::new())].prop_map(Value::from);
            btree_map(nasty(), free, 1..4).prop_map(|m| Value::Object(m.into_iter().collect())).boxed()
        }
        KeyShape::Region => {
            let all: Vec<_> = regions.iter().map(|r| Value::from(r.as_str())).collect();
            select(all).boxed()
        }
        KeyShape::Word(words) => select(words).prop_map(Value::from).boxed(),
        KeyShape::Regions => {
            let all: Vec<_> = regions.iter().map(|r| Value::from(r.as_str())).collect();
            let count = all.len();
            subsequence(all, 1..=count).prop_shuffle().prop_map(Value::from).boxed()
        }
        KeyShape::TextPerRegion => some(text().boxed()),
        KeyShape::ObjectPerRegion(keys) => some(object(kind, keys, regions)),
    }
}

fn object(kind: ResourceKind, keys: &'static [Key], regions: &[RegionCode]) -> BoxedStrategy<Value> {
    let either: &[&str] = match kind {
        ResourceKind::RdsReadReplica => &["instance", "cluster"],
        ResourceKind::EndpointSetting => &["parameter", "secret", "record"],
        _ => &[],
    };
    let regions = regions.to_vec();
    (vec(any::<bool>(), keys.len()), any::<Index>())
        .prop_flat_map(move |(given, chosen)| {
            let chosen = (!either.is_empty()).then(|| either[chosen.index(either.len())]);
            let taken = keys.iter().zip(given).filter(|(key, given)| match (key.name, chosen) {
                (name, Some(chosen)) if either.contains(&name) => name == chosen,
                // A record is found by its zone, and has no keys.
                ("hosted_zone_id", Some(chosen)) => chosen == "record",
                ("key", Some("record")) => false,
                _ => key.required || *given,
            });
            let fields: Vec<_> = taken
                .map(|(key, _)| value(kind, key, &regions).prop_map(|v| (key.name.to_owned(), v)))
                .collect();
            fields.prop_map(|fields| Value::Object(fields.into_iter().collect()))
        })
        .boxed()
}

fn resource(name: Name, regions: Vec<RegionCode>) -> BoxedStrategy<Resource> {
    (select(ResourceKind::ALL), self::name())
        .prop_flat_map(move |(kind, account)| {
            let name = name.clone();
            object(kind, kind.keys(), &regions).prop_map(move |spec| {
                let mut map = Map::new();
                map.insert("kind".to_owned(), Value::from(kind.as_str()));
                map.extend(spec.as_object().unwrap().clone());
                let spec = serde_json::from_value(Value::Object(map)).unwrap();
                Resource { name: name.clone(), account: account.clone(), spec }
            })
        })
        .boxed()
}

fn waiver() -> BoxedStrategy<Waiver> {
    let day = (2000_i16..2100, 1_i8..=12, 1_i8..=28).prop_map(|(y, m, d)| jiff::civil::date(y, m, d));
    (name(), region(), nasty(), nasty(), day)
        .prop_map(|(step, region, by, reason, review_on)| Waiver {
            step,
            plane: format!("route53@{region}"),
            by,
            reason,
            review_on,
        })
        .boxed()
}

fn application(name: Name) -> BoxedStrategy<Application> {
    let codes: Vec<RegionCode> = REGIONS.iter().map(|r| r.code.parse().unwrap()).collect();
    let regions = subsequence(codes, 2..5).prop_shuffle();
    (regions, names(4))
        .prop_flat_map(move |(regions, things)| {
            let resources: Vec<_> = things.into_iter().map(|n| resource(n, regions.clone())).collect();
            let own = name.clone();
            let plain =
                (name_pair(), 1_u8..=4, select(&Way::ALL[..]), any::<u32>(), any::<u32>(), any::<bool>());
            (plain, resources.prop_shuffle(), vec(waiver(), 0..3), Just(regions)).prop_map(
                move |(((owner, policy), tier, strategy, rto, rpo, limited), resources, waivers, regions)| {
                    Application {
                        load_split: load_split(strategy, &regions, rto),
                        name: own.clone(),
                        owner,
                        tier,
                        environment: (rto % 3 == 0).then(|| policy.clone()),
                        strategy,
                        home_region: regions[0].clone(),
                        recovery_regions: regions[1..].to_vec(),
                        objectives: Objectives { rto: Seconds(rto), rpo: Seconds(rpo) },
                        data_residency: if limited {
                            regions.iter().rev().cloned().collect()
                        } else {
                            Vec::new()
                        },
                        approval_policy: policy,
                        depends_on: Vec::new(),
                        resources,
                        waivers,
                    }
                },
            )
        })
        .boxed()
}

/// One of the rules, where the strategy has any; percentages of all Regions that sum to a hundred.
fn load_split(strategy: Way, regions: &[RegionCode], seed: u32) -> LoadSplit {
    match seed % 3 {
        _ if strategy != Way::ActiveActive => LoadSplit::Even,
        0 => LoadSplit::Even,
        1 => LoadSplit::Proportional,
        _ => {
            let mut all: BTreeMap<RegionCode, u8> =
                regions.iter().map(|region| (region.clone(), 7)).collect();
            let others = 7 * u8::try_from(regions.len() - 1).unwrap();
            all.insert(regions[0].clone(), 100 - others);
            LoadSplit::Percent(all)
        }
    }
}

fn place() -> BoxedStrategy<Place> {
    let id = || "[a-z0-9-]{1,30}";
    prop_oneof![
        select(&Phase::ALL[1..]).prop_map(Place::Before),
        select(Phase::ALL).prop_map(Place::After),
        id().prop_map(Place::BeforeStep),
        id().prop_map(Place::AfterStep),
    ]
    .boxed()
}

fn own_work() -> BoxedStrategy<OwnWork> {
    let wait = || (1_u32..=604_800).prop_map(Seconds);
    let whence = || prop_oneof![select(Side::ALL).prop_map(Where::Side), region().prop_map(Where::Region)];
    let date = (0_i64..4_000_000_000).prop_map(|s| jiff::Timestamp::from_second(s).unwrap());
    let json =
        prop_oneof![Just("{\"a\": [1, null]}".to_owned()), Just("\"text\"".to_owned()), Just("7".to_owned())];
    prop_oneof![
        text_of("url").prop_map(|url| OwnWork::Webhook { url }),
        (name(), whence(), word(), of(json)).prop_map(|(account, region, function, payload)| {
            OwnWork::LambdaInvoke { account, region, function, payload }
        }),
        (name(), whence(), word(), btree_map(nasty(), nasty(), 0..3), word(), word()).prop_map(
            |(account, region, document, parameters, target_tag, target_value)| OwnWork::SsmDocument {
                account,
                region,
                document,
                parameters,
                target_tag,
                target_value
            }
        ),
        (nasty(), of(name())).prop_map(|(says, group)| OwnWork::WaitForPerson { says, group }),
        wait().prop_map(|length| OwnWork::WaitForTime { until: Until::For(length) }),
        date.prop_map(|at| OwnWork::WaitForTime { until: Until::At(at) }),
        (name(), whence()).prop_map(|(signal, region)| OwnWork::WaitForSignal { signal, region }),
        name().prop_map(|application| OwnWork::RunPlan { application }),
    ]
    .boxed()
}

fn own_step(name: Name) -> BoxedStrategy<OwnStep> {
    let timeout = of((1_u32..=604_800).prop_map(Seconds));
    let stores = btree_set(self::name(), 0..3).prop_map(|all| all.into_iter().collect::<Vec<_>>());
    (place(), subsequence(Occasion::ALL, 1..=3), select(InEmergency::ALL), timeout, stores, own_work())
        .prop_map(move |(place, moves, in_emergency, timeout, fences, work)| OwnStep {
            name: name.clone(),
            place,
            moves,
            in_emergency,
            timeout,
            fences,
            work,
        })
        .boxed()
}

/// Of an application that need not be in the file: what it names is looked at when the file is compared.
fn own_plan() -> BoxedStrategy<OwnPlan> {
    let steps =
        btree_set(name(), 1..4).prop_flat_map(|all| all.into_iter().map(own_step).collect::<Vec<_>>());
    (name(), steps, edits())
        .prop_map(|(application, steps, edits)| OwnPlan { application, steps, edits })
        .boxed()
}

fn edit() -> BoxedStrategy<Edit> {
    let step = || name().prop_map(|name| StepId::parse(name.as_str()).unwrap());
    let condition = prop_oneof![
        (name(), region(), any::<bool>()).prop_map(|(resource, region, well)| Condition::Signal {
            resource,
            region,
            well
        }),
        (name(), region(), word(), word()).prop_map(|(resource, region, what, value)| Condition::Fact {
            resource,
            region,
            what,
            value
        }),
    ];
    let waits = own_work().prop_filter("an edit puts in what waits", |work| {
        ["wait_for_person", "wait_for_time", "wait_for_signal"].contains(&work.kind())
    });
    let timeout = || of((1_u32..=604_800).prop_map(Seconds));
    let editing = prop_oneof![
        (step(), step()).prop_map(|(step, other)| Editing::WaitFor { step, other }),
        (step(), step()).prop_map(|(step, other)| Editing::DoNotWaitFor { step, other }),
        (step(), Editing::TIMEOUT_SECONDS).prop_map(|(step, seconds)| Editing::Timeout { step, seconds }),
        (step(), Editing::TRIES).prop_map(|(step, tries)| Editing::Tries { step, tries }),
        (step(), condition).prop_map(|(step, condition)| Editing::OnlyIf { step, condition }),
        (step(), select(vec![IfItFails::Ask, IfItFails::GoOn]))
            .prop_map(|(step, then)| Editing::IfItFails { step, then }),
        step().prop_map(|step| Editing::LeaveOut { step }),
        (name(), place(), waits, timeout()).prop_map(|(name, place, work, timeout)| Editing::Insert {
            name,
            place,
            work,
            timeout
        }),
    ];
    (of(select(vec![Mode::Planned, Mode::Emergency])), editing)
        .prop_map(|(mode, edit)| Edit { mode, edit })
        .boxed()
}

/// Of several ways, in the order of the ways, none twice.
fn edits() -> BoxedStrategy<Vec<PlanEdits>> {
    let way = (any::<bool>(), region(), region());
    btree_map(way, vec(edit(), 1..4), 0..3)
        .prop_map(|all| {
            let mut ways: Vec<PlanEdits> = all
                .into_iter()
                .map(|((back, from, to), edits)| {
                    let intent = if back { Intent::Failback } else { Intent::Failover };
                    PlanEdits { intent, from, to, edits }
                })
                .collect();
            ways.sort_by(|a, b| a.way().cmp(&b.way()));
            ways
        })
        .boxed()
}

fn name_pair() -> BoxedStrategy<(Name, Name)> {
    (name(), name()).boxed()
}

/// Sorted by key, none twice; dependencies only on those before, so never in a circle.
fn applications() -> BoxedStrategy<Vec<Application>> {
    (names(3), any::<u8>())
        .prop_flat_map(|(all, pattern)| {
            let each: Vec<_> = all.into_iter().map(application).collect();
            each.prop_map(move |mut all| {
                let before: Vec<Name> = all.iter().map(|a| a.name.clone()).collect();
                for (index, application) in all.iter_mut().enumerate() {
                    let taken =
                        before[..index].iter().rev().enumerate().filter(|(n, _)| pattern >> (n % 8) & 1 == 1);
                    application.depends_on = taken.map(|(_, name)| name.clone()).collect();
                }
                all
            })
        })
        .boxed()
}

fn unique<T, K: Ord>(mut all: Vec<T>, keys: &[&dyn Fn(&T) -> K]) -> Vec<T> {
    for key in keys {
        let mut seen = BTreeSet::new();
        all.retain(|e| seen.insert(key(e)));
    }
    if let Some(first) = keys.first() {
        all.sort_by_key(|e| first(e));
    }
    all
}

pub fn inventory() -> BoxedStrategy<Inventory> {
    let accounts = vec(account(), 0..4)
        .prop_map(|all| unique(all, &[&|a: &Account| a.id.to_string(), &|a: &Account| a.name.to_string()]));
    let regions = vec(declared(), 0..4).prop_map(|all| unique(all, &[&|r: &DeclaredRegion| r.code.clone()]));
    let groups = vec((name(), of(nasty())).prop_map(|(name, description)| Group { name, description }), 0..4)
        .prop_map(|all| unique(all, &[&|g: &Group| g.name.clone()]));
    let policies = vec(policy(), 0..3).prop_map(|all| unique(all, &[&|p: &ApprovalPolicy| p.name.clone()]));
    let plans = vec(own_plan(), 0..3).prop_map(|all| unique(all, &[&|p: &OwnPlan| p.application.clone()]));
    (of(accounts), of(regions), of(groups), of(policies), of(applications()), of(plans))
        .prop_map(|(accounts, regions, groups, approval_policies, applications, plans)| Inventory {
            version: 1,
            accounts,
            regions,
            groups,
            approval_policies,
            applications,
            plans,
        })
        .boxed()
}
