//! Read replicas of databases. Promoting one is one way: it never copies again, and what it copied from goes on taking
//! writes. So the way back is a new replica under a name of its own (`NAME-holdfast-N`), built from what serves now;
//! the old database stays for people to look at and to delete.

use super::{How, Move, NewInstance, Rebuild, no_copy, not_copying, writer};
use crate::change::Change;
use crate::movement::Mode;
use crate::plan::draft::{Draft, Making};
use crate::refusal::Refusal;
use crate::step::Work;
use holdfast_domain::facts::{ReplicaMember, ReplicaSettings};
use holdfast_domain::{Facts, Name, RegionCode, StepId};

/// Building a replica across Regions copies the whole database.
const REBUILD_TIMEOUT_SECONDS: u32 = 21_600;

fn member<'a>(draft: &Draft<'a>, store: &Name, region: &RegionCode) -> Option<&'a ReplicaMember> {
    match draft.last(store, region) {
        Some(Facts::ReplicaMember(member)) => Some(member),
        _ => None,
    }
}

pub(super) fn a_move(draft: &mut Draft<'_>, store: &Name) -> Result<Move, Refusal> {
    let (from, to) = (&draft.movement.from, &draft.movement.to);
    let Some(target) = member(draft, store, to) else { return Err(no_copy(store, to)) };
    let source = member(draft, store, from);
    let follows_target = source.and_then(|s| s.source.as_deref()).is_some_and(|source| names(source, target));
    let planned = draft.movement.mode == Mode::Planned;
    let mut id = target.id.clone();
    let mut rebuild = None;
    let mut stands = false;
    let mut apart = false;
    if target.source.is_some() {
        let replicates = target.replication.as_deref().is_none_or(|state| state == "replicating");
        if !target.serves() || !replicates {
            let state = if replicates {
                target.status.clone()
            } else {
                format!("replicating: {}", target.replication.as_deref().unwrap_or("not known"))
            };
            not_copying(draft, store, &state, "a promotion that loses nothing")?;
        }
    } else if follows_target {
        stands = draft.known(store, to).is_some();
    } else if planned {
        let built = rebuilt(draft, store, to, from, target, source)?;
        id.clone_from(&built.id);
        rebuild = Some(built);
    } else {
        stands = true;
        apart = true;
        draft.note(format!(
            "{store} in {to} takes writes of its own and copies nothing: traffic moves to the data that it has, and what was written in {from} meanwhile is not there."
        ));
    }
    if !stands {
        draft.note(format!(
            "Promoting {store} in {to} is one way: it never copies again, and {} in {from} goes on taking writes. Fence it (its clients, its security group, its parameter `read_only`), and again when its Region returns.",
            source.map_or("the old primary", |s| s.id.as_str()),
        ));
    }
    Ok(Move {
        store: store.clone(),
        writer: writer(draft, store),
        stands,
        apart,
        how: How::Replica { id, is_cluster: target.is_cluster, rebuild },
    })
}

/// Whether a source, given by ARN or by name, is this member.
fn names(source: &str, member: &ReplicaMember) -> bool {
    source == member.arn || source == member.id
}

/// A new replica in `region` of what takes the writes in `of`.
fn rebuilt(
    draft: &Draft<'_>,
    store: &Name,
    region: &RegionCode,
    of: &RegionCode,
    there: &ReplicaMember,
    source: Option<&ReplicaMember>,
) -> Result<Rebuild, Refusal> {
    let code = match draft.movement.intent {
        crate::Intent::Failback => "not_ready_to_fail_back",
        _ => "not_ready",
    };
    let old = format!(
        "{} in {region} takes writes of its own and copies nothing: it has not what was written in {of} since.",
        there.id
    );
    let Some(source) = source.filter(|s| s.source.is_none()) else {
        return Err(Refusal::new(
            code,
            format!("{old} What takes the writes in {of} is not known."),
            "Refresh the application's status; build a replica by hand where that does not help.",
        ));
    };
    let Some(id) = &there.next_id else {
        return Err(Refusal::new(
            code,
            format!("{old} Every name for a replica of {store} is taken there."),
            "Delete the databases of earlier moves that nobody needs any more, then refresh.",
        ));
    };
    let instance = instance_of(there, source, id).map_err(|why| {
        Refusal::new(
            code,
            format!("{old} {why}"),
            format!(
                "Build {id} in {region} as a replica of {} by hand; it is found by that name. Then request this again.",
                source.arn
            ),
        )
    })?;
    Ok(Rebuild {
        id: id.clone(),
        source_arn: source.arn.clone(),
        settings: ReplicaSettings { engine: source.settings.engine.clone(), ..there.settings.clone() },
        in_the_way: there.id.clone(),
        instance,
    })
}

/// The engine of which a cluster can be a replica of one in another Region. Aurora PostgreSQL copies across Regions in
/// global databases alone.
const COPIES_ACROSS_REGIONS: &str = "aurora-mysql";
/// RDS takes no longer identifier.
const LONGEST_ID: usize = 63;

/// What a replica cluster called `id` is given to copy with; `None` for an instance, which copies by itself.
///
/// # Errors
/// Why none can be built.
fn instance_of(
    there: &ReplicaMember,
    source: &ReplicaMember,
    id: &str,
) -> Result<Option<NewInstance>, String> {
    match (there.is_cluster, source.is_cluster) {
        (false, false) => return Ok(None),
        (true, true) => {}
        _ => return Err("One is a cluster and the other an instance, which do not copy each other.".into()),
    }
    let engine = source.settings.engine.as_deref().unwrap_or("of an unknown engine");
    if engine != COPIES_ACROSS_REGIONS {
        return Err(format!("A cluster that is {engine} has no replica clusters in other Regions."));
    }
    let Some(class) = there.settings.class.as_ref().or(source.settings.class.as_ref()) else {
        return Err("Which class its instances have is not known.".into());
    };
    let instance = format!("{id}-1");
    if instance.len() > LONGEST_ID {
        return Err("Its name leaves no room for that of an instance.".into());
    }
    Ok(Some(NewInstance { id: instance, class: class.clone(), engine: engine.to_owned() }))
}

/// The replica that a way back begins with.
pub(super) fn build(
    draft: &mut Draft<'_>,
    store: &Name,
    region: &RegionCode,
    rebuild: &Rebuild,
    after: &[StepId],
) -> Result<StepId, Refusal> {
    draft.note(format!(
        "{} in {region} is in the way of its own name, so the replica is called {}. The old one stays, takes writes, and is for people to delete.",
        rebuild.in_the_way, rebuild.id
    ));
    let (source_arn, settings) = (rebuild.source_arn.clone(), rebuild.settings.clone());
    let (id, at) = (rebuild.id.clone(), region.clone());
    let change = match &rebuild.instance {
        None => Change::CreateReplica { region: at, instance: id, source_arn, settings },
        Some(_) => Change::CreateReplicaCluster { region: at, cluster: id, source_arn, settings },
    };
    let copies = draft.add(Making {
        id: ("rebuild", &[store.as_str(), region.as_str()]),
        title: format!("Build {} in {region} as a replica of {}", rebuild.id, rebuild.source_arn),
        work: Work::Call { change },
        resource: Some(store),
        regions: vec![region.clone()],
        after: after.to_vec(),
        timeout_seconds: REBUILD_TIMEOUT_SECONDS,
        value_now: format!("{} takes writes of its own", rebuild.in_the_way),
        value_to_be: match &rebuild.instance {
            None => format!("{} copies", rebuild.id),
            Some(_) => format!("{} is a replica cluster", rebuild.id),
        },
        ..Making::default()
    })?;
    let Some(instance) = &rebuild.instance else { return Ok(copies) };
    draft.add(Making {
        id: ("equip", &[store.as_str(), region.as_str()]),
        title: format!("Give {} in {region} the instance {} ({})", rebuild.id, instance.id, instance.class),
        work: Work::Call {
            change: Change::CreateClusterInstance {
                region: region.clone(),
                cluster: rebuild.id.clone(),
                instance: instance.id.clone(),
                class: instance.class.clone(),
                engine: instance.engine.clone(),
            },
        },
        resource: Some(store),
        regions: vec![region.clone()],
        after: vec![copies],
        timeout_seconds: REBUILD_TIMEOUT_SECONDS,
        value_now: format!("{} has no instance", rebuild.id),
        value_to_be: format!("{} copies", rebuild.id),
        ..Making::default()
    })
}

/// After a planned move: a replica again where the writes came from. `None` where none can be built, which is noted.
pub(super) fn reprotect(
    draft: &mut Draft<'_>,
    m: &Move,
    promoted: &str,
    after: &[StepId],
) -> Result<Option<StepId>, Refusal> {
    let (from, to) = (draft.movement.from.clone(), draft.movement.to.clone());
    let (Some(old), Some(target)) = (member(draft, &m.store, &from), member(draft, &m.store, &to)) else {
        draft.note(format!("{} in {from} was never seen: nothing is built there to protect it.", m.store));
        return Ok(None);
    };
    let by_hand = |why: &str, name: &str| {
        format!(
            "Nothing protects {} after the move until a replica of it is built in {from} by hand, called {name}. {why}",
            m.store
        )
    };
    let Some(id) = &old.next_id else {
        draft.note(by_hand("Every name of its own is taken there.", "by a free name"));
        return Ok(None);
    };
    let instance = match instance_of(old, target, id) {
        Ok(instance) => instance,
        Err(why) => {
            draft.note(by_hand(&why, id));
            return Ok(None);
        }
    };
    let rebuild = Rebuild {
        id: id.clone(),
        source_arn: renamed(&target.arn, promoted),
        settings: ReplicaSettings { engine: target.settings.engine.clone(), ..old.settings.clone() },
        in_the_way: old.id.clone(),
        instance,
    };
    build(draft, &m.store, &from, &rebuild, after).map(Some)
}

/// The ARN of another instance in the same Region and account.
fn renamed(arn: &str, id: &str) -> String {
    arn.rsplit_once(':').map_or_else(|| id.to_owned(), |(before, _)| format!("{before}:{id}"))
}
