//! Backup vaults: points that come by themselves, restores that take their time, tokens, and refusals.

use crate::harness::{acting_in_data, code, sim};
use aws_sdk_backup::operation::start_restore_job::builders::StartRestoreJobFluentBuilder;
use aws_sdk_backup::types::RecoveryPointByBackupVault;
use holdfast_sim::Sim;
use holdfast_sim::ledger::Effect;
use std::time::Duration;

const AWAY: &str = "us-west-2";
const VAULT: &str = "archive-copies";
const ARCHIVE: &str = "arn:aws:rds:us-east-1:444444444444:db:archive";
const HOUR: Duration = Duration::from_secs(3_600);

async fn backup(sim: &Sim) -> aws_sdk_backup::Client {
    aws_sdk_backup::Client::new(&acting_in_data(sim, AWAY).await)
}

async fn newest(backup: &aws_sdk_backup::Client) -> RecoveryPointByBackupVault {
    let listed = backup
        .list_recovery_points_by_backup_vault()
        .backup_vault_name(VAULT)
        .by_resource_arn(ARCHIVE)
        .send()
        .await
        .unwrap();
    let points = listed.recovery_points.unwrap_or_default();
    points.into_iter().max_by_key(|p| p.creation_date().unwrap().secs()).unwrap()
}

fn age_s(point: &RecoveryPointByBackupVault) -> i64 {
    jiff::Timestamp::now().as_second() - point.creation_date().unwrap().secs()
}

async fn start(backup: &aws_sdk_backup::Client, token: &str) -> StartRestoreJobFluentBuilder {
    let point = newest(backup).await.recovery_point_arn.unwrap();
    let metadata = backup
        .get_recovery_point_restore_metadata()
        .backup_vault_name(VAULT)
        .recovery_point_arn(&point)
        .send()
        .await
        .unwrap();
    backup
        .start_restore_job()
        .recovery_point_arn(point)
        .iam_role_arn("arn:aws:iam::444444444444:role/holdfast-restore")
        .set_metadata(metadata.restore_metadata)
        .idempotency_token(token)
}

async fn job(
    backup: &aws_sdk_backup::Client,
    id: &str,
) -> aws_sdk_backup::operation::describe_restore_job::DescribeRestoreJobOutput {
    backup.describe_restore_job().restore_job_id(id).send().await.unwrap()
}

#[tokio::test]
async fn recovery_points_come_by_themselves_until_the_source_is_out_of_reach() {
    let sim = sim().await;
    let backup = backup(&sim).await;
    let first = newest(&backup).await;
    assert!((3 * 3_600 - 5..3 * 3_600 + 60).contains(&age_s(&first)), "{}", age_s(&first));
    sim.advance(10 * HOUR);
    let second = newest(&backup).await;
    assert_ne!(second.recovery_point_arn(), first.recovery_point_arn());
    assert!((3_500..3_700).contains(&age_s(&second)), "{}", age_s(&second));
    sim.set_region_dark("us-east-1", true);
    sim.advance(40 * HOUR);
    assert!(age_s(&newest(&backup).await) > 40 * 3_600);
}

#[tokio::test]
async fn a_restore_passes_its_states_and_what_it_made_is_there() {
    let sim = sim().await;
    let backup = backup(&sim).await;
    let begun = start(&backup, "run-restore-0").await.send().await.unwrap();
    let id = begun.restore_job_id().unwrap();
    assert_eq!(job(&backup, id).await.status().map(|s| s.as_str()), Some("PENDING"));
    sim.advance(Duration::from_secs(2));
    let during = job(&backup, id).await;
    assert_eq!(during.status().map(|s| s.as_str()), Some("RUNNING"));
    assert_eq!(during.percent_done(), Some("40.00%"));
    sim.advance(Duration::from_secs(4));
    let after = job(&backup, id).await;
    assert_eq!(after.status().map(|s| s.as_str()), Some("COMPLETED"));
    let made = after.created_resource_arn().unwrap().to_owned();
    assert_eq!(made, "arn:aws:rds:us-west-2:444444444444:db:archive");
    let rds = aws_sdk_rds::Client::new(&acting_in_data(&sim, AWAY).await);
    let found = rds.describe_db_instances().db_instance_identifier("archive").send().await.unwrap();
    assert_eq!(found.db_instances()[0].db_instance_status(), Some("available"));
    let listed = backup.list_restore_jobs().send().await.unwrap();
    assert_eq!(listed.restore_jobs()[0].source_resource_arn(), Some(ARCHIVE));
}

#[tokio::test]
async fn the_same_token_is_the_same_job_and_another_is_another() {
    let sim = sim().await;
    let backup = backup(&sim).await;
    let first = start(&backup, "a").await.send().await.unwrap();
    let second = start(&backup, "a").await.send().await.unwrap();
    assert_eq!(first.restore_job_id(), second.restore_job_id());
    assert_eq!(sim.ledger().last().map(|e| e.effect), Some(Effect::Unchanged));
    let third = start(&backup, "b").await.send().await.unwrap();
    assert_ne!(first.restore_job_id(), third.restore_job_id());
    sim.advance(Duration::from_secs(6));
    let failed = job(&backup, third.restore_job_id().unwrap()).await;
    assert_eq!(failed.status().map(|s| s.as_str()), Some("FAILED"));
    assert!(failed.status_message().unwrap().contains("already exists"));
    let other = start(&backup, "a").await.set_metadata(Some([("x".to_owned(), "y".to_owned())].into()));
    assert_eq!(code(&other.send().await).as_deref(), Some("InvalidParameterValueException"));
}

#[tokio::test]
async fn what_is_not_there_or_not_said_is_refused() {
    let sim = sim().await;
    let backup = backup(&sim).await;
    let stranger = start(&backup, "a")
        .await
        .recovery_point_arn("arn:aws:backup:us-west-2:444444444444:recovery-point:0");
    assert_eq!(code(&stranger.send().await).as_deref(), Some("ResourceNotFoundException"));
    let no_metadata = start(&backup, "a").await.set_metadata(Some([].into()));
    assert_eq!(code(&no_metadata.send().await).as_deref(), Some("MissingParameterValueException"));
    let no_role = start(&backup, "a").await.iam_role_arn("arn:aws:iam::222222222222:role/other");
    assert_eq!(code(&no_role.send().await).as_deref(), Some("InvalidParameterValueException"));
    let no_vault = backup.list_recovery_points_by_backup_vault().backup_vault_name("none").send().await;
    assert_eq!(code(&no_vault).as_deref(), Some("ResourceNotFoundException"));
    let no_job = backup.describe_restore_job().restore_job_id("none").send().await;
    assert_eq!(code(&no_job).as_deref(), Some("ResourceNotFoundException"));
}
