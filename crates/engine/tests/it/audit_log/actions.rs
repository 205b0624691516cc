//! No audit, no action.

use super::run;
use crate::house::{House, until};
use holdfast_api::audit_log::AuditLogs as _;
use holdfast_api::runs::{RequestRun, Runs as _};
use holdfast_failover::{Mode, RunState};

/// As a full disk would do it; a sequence, which no rollback takes back, counts the attempts.
const UNWRITABLE: &str = "CREATE SEQUENCE tried;
     CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
     AS $$ BEGIN PERFORM nextval('tried'); RAISE EXCEPTION 'no space left' USING ERRCODE = 'disk_full'; END $$;
     CREATE TRIGGER full_disk BEFORE INSERT ON audit_entries FOR EACH ROW EXECUTE FUNCTION full_disk()";

#[tokio::test(flavor = "multi_thread")]
async fn while_the_log_cannot_be_written_no_changing_call_is_made() {
    let mut house = House::new().await;
    house.stop().await;
    let started = house.started().await;
    let mut owner = house.owner().await;
    run(&mut owner, UNWRITABLE.into()).await;
    house.start().await;
    until("the worker to try more than once", || async {
        let tried: i64 = sqlx::query_scalar("SELECT last_value FROM tried")
            .fetch_one(&mut house.owner().await)
            .await
            .unwrap();
        (tried >= 3).then_some(())
    })
    .await;
    assert_eq!(house.cloud.made(), []);
    run(&mut owner, "DROP TRIGGER full_disk ON audit_entries".into()).await;
    house.reaches(&started, RunState::Completed).await;
    assert_eq!(house.cloud.effects().len(), 2);
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_checkpoint_anywhere_for_five_minutes_nothing_new_starts() {
    let mut house = House::new().await;
    let waiting = house.request(House::asked(Mode::Planned)).await.unwrap();
    until("the first checkpoint outside of the database", || async {
        house.app.audit_log(&house.operator).await.unwrap().places.first()?.written_at
    })
    .await;
    house.stop().await;
    let mut owner = house.owner().await;
    run(
        &mut owner,
        "UPDATE audit_places SET written_at = written_at - interval '6 minutes', error = 'the disk is full'"
            .into(),
    )
    .await;
    let refused = house.approve(&waiting).await.unwrap_err();
    assert_eq!((refused.status, refused.code.as_str()), (409, "audit_not_kept"));
    assert!(refused.detail.contains("the disk is full"), "{refused:?}");
    // What the pages say beforehand is what is refused.
    let shown = house.app.run(&house.approver, waiting.summary.id.parse().unwrap()).await.unwrap();
    let approve = shown.verbs.into_iter().find(|verb| verb.verb == "approve").unwrap().refused;
    assert_eq!(approve.map(|refusal| refusal.code).as_deref(), Some("audit_not_kept"));
    let another = House::asked(Mode::Emergency);
    let preview = house.app.preview_run(&house.operator, &another).await.unwrap();
    assert_eq!(preview.refused.map(|refusal| refusal.code).as_deref(), Some("audit_not_kept"));
    let dry = RequestRun { dry_run: true, ..another };
    assert_eq!(house.app.preview_run(&house.operator, &dry).await.unwrap().refused, None);
    assert!(house.app.audit_log(&house.operator).await.unwrap().blocks_starts.is_some());
    // The worker comes back, and with its first checkpoint starts are possible again.
    house.start().await;
    until("the next checkpoint", || async {
        house.app.audit_log(&house.operator).await.unwrap().blocks_starts.is_none().then_some(())
    })
    .await;
    let started = house.approve(&waiting).await.unwrap();
    house.reaches(&started, RunState::Completed).await;
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_click_did_in_aws_is_told_with_the_request_ids_that_aws_gave() {
    use holdfast_api::audit::{AuditCallView, AuditFilter, Audits as _, CallFilter};
    let mut house = House::new().await;
    let run = house.started().await;
    house.reaches(&run, RunState::Completed).await;
    let calls = async |filter: CallFilter| -> Vec<AuditCallView> {
        let mut items = house.app.audit_calls(&house.operator, &filter).await.unwrap().items;
        items.reverse();
        items
    };
    let click = async |action: &str| {
        let filter = AuditFilter { action: Some(action.into()), ..AuditFilter::default() };
        house.app.audit(&house.operator, &filter).await.unwrap().items[0].id
    };
    let approved = CallFilter { click: Some(click("run.approve").await), ..CallFilter::default() };
    let told = calls(approved).await;
    let made: Vec<_> =
        house.cloud.made().into_iter().map(|made| (made.step, made.action.to_owned())).collect();
    let named = |call: &AuditCallView| (call.step.clone().unwrap(), call.action.clone().unwrap());
    assert_eq!(told.iter().map(named).collect::<Vec<_>>(), made);
    assert!(!told.is_empty());
    for call in &told {
        assert!(call.request_id.as_ref().is_some_and(|id| id.starts_with("request-")), "{call:?}");
        assert_eq!((call.outcome.as_str(), call.run.as_str()), ("answered", run.summary.id.as_str()));
        assert_eq!(call.person, house.operator.email, "the source identity is whoever asked");
        let entry = house.app.audit_proof(&house.operator, call.entry).await.unwrap().entry;
        assert!(entry.detail.to_string().contains(call.request_id.as_deref().unwrap()));
    }
    let asked = CallFilter { click: Some(click("run.request").await), ..CallFilter::default() };
    assert_eq!(calls(asked).await, [], "nothing came of it before somebody approved");
    let of_person = CallFilter { person: Some("Operator@example.com ".into()), ..CallFilter::default() };
    let of_run = CallFilter { run: Some(run.summary.id.clone()), ..CallFilter::default() };
    assert_eq!(calls(of_person).await, told);
    assert_eq!(calls(of_run).await, told);
    let of_nobody = CallFilter { person: Some("approver@example.com".into()), ..CallFilter::default() };
    assert_eq!(calls(of_nobody).await, []);
    let none = CallFilter { click: Some(1_000_000), ..CallFilter::default() };
    let refused = house.app.audit_calls(&house.operator, &none).await.unwrap_err();
    assert_eq!((refused.status, refused.fields[0].path.as_str()), (422, "click"));
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_is_proved_to_be_in_what_was_signed() {
    use holdfast_api::audit::{AuditFilter, Audits as _};
    use holdfast_audit::merkle::{verify_consistency, verify_inclusion};
    use holdfast_audit::{Checkpoint, Entry, VerifyingKey};
    let mut house = House::new().await;
    let run = house.started().await;
    house.reaches(&run, RunState::Completed).await;
    let hash = |text: &String| -> [u8; 32] { hex::decode(text).unwrap().try_into().unwrap() };
    let entries = house.app.audit(&house.operator, &AuditFilter::default()).await.unwrap().items;
    let mut sizes = Vec::new();
    for entry in &entries {
        let view = until("the entry's place", || async {
            let view = house.app.audit_proof(&house.operator, entry.id).await.unwrap();
            view.proof.is_some().then_some(view)
        })
        .await;
        let proof = view.proof.unwrap();
        let keys = house.app.audit_keys(&house.operator).await.unwrap();
        let key = VerifyingKey::parse(&keys[0].public_key).unwrap();
        let signed = Checkpoint::parse(key.verify(&proof.checkpoint.note).unwrap()).unwrap();
        let text = view.logged.to_string();
        let logged: Entry<'_> = serde_json::from_str(&text).unwrap();
        let hashes: Vec<_> = proof.hashes.iter().map(hash).collect();
        assert_eq!(logged.id, entry.id);
        assert!(verify_inclusion(&hash(&proof.leaf), proof.index, signed.size, &hashes, &signed.root));
        sizes.push((signed.size, signed.root));
    }
    sizes.sort_unstable();
    let ((from, old), (to, new)) = (sizes[0], *sizes.last().unwrap());
    let proof = house.app.audit_consistency(&house.operator, from, Some(to)).await.unwrap();
    let hashes: Vec<_> = proof.hashes.iter().map(hash).collect();
    assert!(verify_consistency(from, to, &hashes, &old, &new));
    house.stop().await;
}
