//! AWS Backup vaults: the age of what a restore would bring back, and restores followed by their job.

use crate::peers::Peer;
use crate::words::{
    HOME, RECOVERY, act, acting, both, look, per_region, reading, region, resource as named, seen,
};
use holdfast_cloud::{Acting, Cloud, ErrorKind, Settled};
use holdfast_domain::facts::VaultFacts;
use holdfast_domain::resource::{BackupVault, VaultPlace};
use holdfast_domain::{Facts, Resource, ResourceSpec, StepId};
use holdfast_failover::Change;
use holdfast_sim::faults::{Fault, FaultKind};
use std::time::Duration;

const ROLE: &str = "arn:aws:iam::222222222222:role/holdfast-restore";
pub const PROTECTED: &str = "arn:aws:rds:us-east-1:222222222222:db:archive";

scenarios! {
    a_vault_tells_the_age_of_what_it_would_bring_back: simulator;
    a_restore_is_followed_by_its_job_and_its_token_makes_no_second_one: simulator;
    what_a_restore_made_tells_where_it_is_reached_and_why_not_where_rds_is_not_to_be_asked: simulator;
    a_list_without_end_is_not_taken_for_a_whole_one: simulator;
    what_a_drill_restored_is_deleted_by_its_own_name_and_seen_to_be_gone: simulator;
}

pub async fn resource(_: &Peer) -> Resource {
    let per_region = per_region(|code| VaultPlace {
        vault: format!("copies-{code}"),
        restore_role_arn: Some(ROLE.into()),
        protected: vec![PROTECTED.into()],
        restore_metadata: Default::default(),
    });
    named("backups", ResourceSpec::BackupVault(BackupVault { per_region }))
}

pub async fn changes(peer: &Peer, resource: &Resource) -> Vec<Change> {
    let vault = vault(peer, resource).await;
    let point = vault.protected[0].newest.clone().unwrap();
    peer.sim().tamper(|world| {
        let restored = ["archive-drill-1", "archive-drill-2"].map(|id| {
            let mut database = world.stores.databases[0].clone();
            (database.account, database.region) = ("222222222222".into(), RECOVERY.into());
            (database.id, database.source) = (id.into(), None);
            database.cluster = id.ends_with('2');
            database
        });
        world.stores.databases.extend(restored);
    });
    let delete = |database: &str, is_cluster| Change::DeleteRestored {
        region: region(RECOVERY),
        database: database.into(),
        is_cluster,
        recovery_point_arn: point.arn.clone(),
        made_by: StepId::parse("restore-backups-1").unwrap(),
    };
    vec![
        Change::StartRestoreJob {
            region: region(RECOVERY),
            vault: vault.vault.clone(),
            resource_arn: PROTECTED.into(),
            recovery_point_arn: point.arn.clone(),
            resource_type: point.resource_type.clone(),
            role_arn: ROLE.into(),
            metadata: point.metadata.clone().unwrap(),
        },
        delete("archive-drill-1", false),
        delete("archive-drill-2", true),
    ]
}

async fn restore_of(peer: &Peer, resource: &Resource) -> Change {
    changes(peer, resource).await.remove(0)
}

async fn vault(peer: &Peer, backups: &Resource) -> VaultFacts {
    match seen(peer, backups, RECOVERY).await {
        Facts::BackupVault(vault) => vault,
        other => panic!("a vault was expected, not {other:?}"),
    }
}

async fn a_vault_tells_the_age_of_what_it_would_bring_back(peer: &Peer) {
    let backups = resource(peer).await;
    let vault = vault(peer, &backups).await;
    let metadata = vault.protected[0].newest.clone().unwrap().metadata.unwrap();
    assert_eq!(metadata["DBInstanceIdentifier"], "archive");
    let lag = Facts::BackupVault(vault).lag().unwrap();
    assert!((3.0 * 3.6e6 - 5e3..3.0 * 3.6e6 + 60e3).contains(&lag.milliseconds), "{lag:?}");
    let elsewhere = [region("us-west-2")];
    let looked = peer.cloud.observe(&peer.account, &reading(), &backups, &elsewhere).await;
    assert!(looked[&elsewhere[0]].as_ref().unwrap_err().message.contains("names no vault"));
}

async fn a_restore_is_followed_by_its_job_and_its_token_makes_no_second_one(peer: &Peer) {
    let backups = resource(peer).await;
    let restore = restore_of(peer, &backups).await;
    let first = acting("restore", None);
    let job = peer.cloud.perform(&peer.account, &first, &restore).await.unwrap().tracking.unwrap();
    let again = peer.cloud.perform(&peer.account, &first, &restore).await.unwrap();
    assert_eq!(again.tracking.as_ref(), Some(&job));
    assert_eq!(vault(peer, &backups).await.restores.iter().map(|one| &one.id).collect::<Vec<_>>(), [&job]);
    let access = act("restore", &restore);
    let settled = async || peer.cloud.settled(&peer.account, &access, &restore, &job).await.unwrap();
    assert!(matches!(settled().await, Settled::NotYet(_)));
    peer.pass_time();
    assert_eq!(settled().await, Settled::Yes);
    let done = &vault(peer, &backups).await.restores[0];
    let made = done.created_resource_arn.as_deref();
    assert_eq!(
        (done.status.as_str(), made),
        ("COMPLETED", Some("arn:aws:rds:eu-central-1:222222222222:db:archive"))
    );

    // A person has it tried again: another token, another job, which fails as AWS would have it.
    let retried = Acting { retries: 1, ..first };
    let second = peer.cloud.perform(&peer.account, &retried, &restore).await.unwrap().tracking.unwrap();
    assert_ne!(second, job);
    peer.pass_time();
    let vault = vault(peer, &backups).await;
    let failed = vault.restores.iter().find(|one| one.id == second).unwrap();
    assert_eq!(failed.status, "FAILED");
    assert!(failed.message.as_ref().unwrap().contains("already exists"));
    let ended = peer.cloud.settled(&peer.account, &access, &restore, &second).await.unwrap();
    assert!(matches!(&ended, Settled::Failed(why) if why.contains("already exists")), "{ended:?}");
}

async fn what_a_restore_made_tells_where_it_is_reached_and_why_not_where_rds_is_not_to_be_asked(peer: &Peer) {
    let backups = resource(peer).await;
    let restore = restore_of(peer, &backups).await;
    peer.cloud.perform(&peer.account, &acting("restore", None), &restore).await.unwrap();
    let told = async || {
        let job = vault(peer, &backups).await.restores.remove(0);
        (job.endpoint, job.not_told)
    };
    assert_eq!(told().await, (None, None), "nothing is made yet");
    peer.pass_time();
    let endpoint = "archive.simulated.eu-central-1.rds.amazonaws.com".to_owned();
    assert_eq!(told().await, (Some(endpoint), None));
    peer.sim().tamper(|world| world.stores.databases.retain(|database| database.id != "archive"));
    assert_eq!(told().await, (None, None), "it was deleted since");
    peer.sim().add_fault(Fault { service: Some("rds".into()), ..Fault::new(FaultKind::Deny) });
    let (endpoint, why) = told().await;
    assert!(
        endpoint.is_none() && why.as_ref().is_some_and(|why| why.contains("rds:DescribeDBInstances")),
        "{why:?}"
    );
}

async fn a_list_without_end_is_not_taken_for_a_whole_one(peer: &Peer) {
    let endless = r#"{"RecoveryPoints": [], "RestoreJobs": [], "NextToken": "more"}"#;
    let cloud = peer.with_another("BACKUP", endless, Duration::ZERO).await;
    let backups = resource(peer).await;
    for facts in cloud.observe(&peer.account, &reading(), &backups, &both()).await.into_values() {
        let error = facts.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Unreadable, "{error}");
    }
    assert!(look(peer, &backups).await.into_values().all(|facts| facts.is_ok()));
    assert!(matches!(seen(peer, &backups, HOME).await, Facts::BackupVault(_)));
}

async fn what_a_drill_restored_is_deleted_by_its_own_name_and_seen_to_be_gone(peer: &Peer) {
    let backups = resource(peer).await;
    let mut restore = restore_of(peer, &backups).await;
    let Change::StartRestoreJob { metadata, recovery_point_arn, .. } = &mut restore else { unreachable!() };
    let name = "archive-drill-0a1b2c3d";
    metadata.insert("DBInstanceIdentifier".into(), name.into());
    let recovery_point_arn = recovery_point_arn.clone();
    peer.cloud.perform(&peer.account, &acting("restore", None), &restore).await.unwrap();
    peer.pass_time();
    let stands = async || vault(peer, &backups).await.restores.remove(0).stands;
    assert_eq!(stands().await.as_deref(), Some("available"));
    let delete = Change::DeleteRestored {
        region: region(RECOVERY),
        database: name.into(),
        is_cluster: false,
        recovery_point_arn,
        made_by: StepId::parse("restore-backups-1").unwrap(),
    };
    let acting = acting("delete", None);
    peer.cloud.perform(&peer.account, &acting, &delete).await.unwrap();
    assert_eq!(stands().await.as_deref(), Some("deleting"));
    let again = peer.cloud.perform(&peer.account, &acting, &delete).await.unwrap_err();
    assert_eq!(again.kind, ErrorKind::Conflict, "{again:?}");
    peer.pass_time();
    assert_eq!(stands().await, None);
    let gone = peer.cloud.perform(&peer.account, &acting, &delete).await.unwrap_err();
    assert_eq!(gone.kind, ErrorKind::NotFound, "{gone:?}");
}
