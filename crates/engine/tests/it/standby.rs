//! R5. The primary dies in the middle of runs and its standby takes its place: one that has every commit, and one that lacks the
//! last ones, so that the journal goes back to before calls that AWS has already carried out. The judge is the simulator's ledger.

use crate::crashes::{ALL, Effects, effects};
use crate::house::{id, until};
use crate::proxy::Proxy;
use crate::wire::WireHouse;
use futures::future::join_all;
use holdfast_api::now::Nows;
use holdfast_api::runs::{RunView, Runs};
use holdfast_api::system::GapView;
use holdfast_failover::RunState;
use holdfast_failover::run::Entry;
use holdfast_testkit::{Pair, Replication};
use std::time::{Duration, Instant};
use tempfile::TempDir;

async fn started(house: &WireHouse) -> Vec<RunView> {
    join_all(ALL.iter().map(|one| house.started_as(one.movement, one.mode))).await
}

async fn calm() -> Vec<Effects> {
    let house = WireHouse::at_speed(30.0).await;
    let runs = started(&house).await;
    let mut seen = Vec::new();
    for run in &runs {
        house.over(run).await;
        seen.push(effects(&house, run));
    }
    house.stop().await;
    seen
}

async fn journals(house: &WireHouse, runs: &[RunView]) -> Vec<Vec<Entry>> {
    join_all(runs.iter().map(|run| async { house.app.run_journal(&house.operator, id(run)).await.unwrap() }))
        .await
}

fn changed(house: &WireHouse) -> usize {
    house.calls().iter().filter(|call| call.effect == holdfast_sim::ledger::Effect::Changed).count()
}

async fn changes(house: &WireHouse, at_least: usize) {
    until("so many changes", || async { (changed(house) >= at_least).then_some(()) }).await;
}

/// What became of the journals of runs whose primary died in the middle.
struct Promoted {
    house: WireHouse,
    runs: Vec<RunView>,
    /// As everybody could read them a moment before.
    acknowledged: Vec<Vec<Entry>>,
    kept: Vec<Vec<Entry>>,
    /// What the house's database stands on.
    _under: (Pair, Proxy, Proxy, TempDir),
}

impl Promoted {
    /// How many acknowledged entries of each run were lost.
    fn lost(&self) -> Vec<usize> {
        self.acknowledged.iter().zip(&self.kept).map(|(had, has)| had.len() - common(had, has)).collect()
    }

    /// What the run's page says of it.
    async fn told(&self, run: &RunView) -> Vec<GapView> {
        self.house.app.run(&self.house.operator, id(run)).await.unwrap().gaps
    }
}

async fn promoted_in_the_middle(replication: Replication) -> Promoted {
    let expected = calm().await;
    let folder = tempfile::tempdir().unwrap();
    let mut link = None;
    let pair = Pair::start(folder.path(), replication, async |primary| {
        let proxy = Proxy::before(primary).await;
        link.insert(proxy).addr
    })
    .await;
    let (link, front) = (link.unwrap(), Proxy::before(pair.primary()).await);
    let house = WireHouse::over_database(&front.url(&pair.app_url()), 30.0).await;
    let runs = started(&house).await;
    changes(&house, 5).await;
    if replication == Replication::Asynchronous {
        // What the primary says from now on, the standby never hears.
        link.silence(true);
        let before = changed(&house);
        changes(&house, before + 5).await;
    }
    let acknowledged = journals(&house, &runs).await;
    pair.kill_primary();
    front.cut();
    link.cut();
    pair.promote().await;
    front.lead_to(pair.standby());
    let promoted = Instant::now();
    let kept = until("the journals of the standby", || async {
        let read = runs.iter().map(|run| house.app.run_journal(&house.operator, id(run)));
        join_all(read).await.into_iter().collect::<Result<Vec<_>, _>>().ok()
    })
    .await;
    let so_far: usize = kept.iter().map(Vec::len).sum();
    until("the runs to go on", || async {
        let read = runs.iter().map(|run| house.app.run_journal(&house.operator, id(run)));
        let now: usize = join_all(read).await.into_iter().filter_map(Result::ok).map(|j| j.len()).sum();
        (now > so_far).then_some(())
    })
    .await;
    let went_on = promoted.elapsed();
    eprintln!("{replication:?}: runs went on {went_on:.2?} after the promotion");
    assert!(went_on < Duration::from_secs(5), "{went_on:.2?}");
    for (run, expected) in runs.iter().zip(&expected) {
        let over = house.over(run).await;
        assert_eq!(over.summary.state, RunState::Completed, "{}", run.summary.application);
        assert_eq!(&effects(&house, run), expected, "{}", run.summary.application);
    }
    assert_eq!(house.done_twice(), [""; 0]);
    Promoted { house, runs, acknowledged, kept, _under: (pair, front, link, folder) }
}

/// How many entries two journals begin with alike.
fn common(one: &[Entry], other: &[Entry]) -> usize {
    one.iter().zip(other).take_while(|(a, b)| (a.seq, a.at) == (b.seq, b.at)).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn behind_a_synchronous_standby_nothing_acknowledged_is_lost_when_the_primary_dies() {
    let promoted = promoted_in_the_middle(Replication::Synchronous).await;
    assert_eq!(promoted.lost().iter().sum::<usize>(), 0);
    assert_eq!(promoted.house.app.gaps(&promoted.house.operator).await.unwrap(), []);
    promoted.house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_journal_that_goes_back_to_before_calls_that_were_made_makes_none_of_them_again() {
    let promoted = promoted_in_the_middle(Replication::Asynchronous).await;
    let lost = promoted.lost();
    assert!(lost.iter().sum::<usize>() > 0, "nothing was lost, which proves nothing");
    // What its worker had heard of is told: of the last commits before the death it may not have heard.
    let told = until("what was lost to be told", || async {
        let told = promoted.house.app.gaps(&promoted.house.operator).await.unwrap();
        (!told.is_empty()).then_some(told)
    })
    .await;
    for (n, run) in promoted.runs.iter().enumerate() {
        let of_run = promoted.told(run).await;
        let among_all = told.iter().filter(|gap| gap.run == run.summary.id).count();
        assert_eq!(of_run.len(), among_all, "{}", run.summary.application);
        if let (Some(gap), true) = (of_run.first(), lost[n] > 0) {
            let kept = common(&promoted.acknowledged[n], &promoted.kept[n]);
            assert_eq!(usize::try_from(gap.first).unwrap(), kept + 1, "{gap:?}");
            assert!(
                gap.says.contains("The database has lost") && gap.way_out.contains("say it again"),
                "{gap:?}"
            );
        }
    }
    eprintln!("lost {lost:?}, told {:?}", told.iter().map(|gap| gap.entries).collect::<Vec<_>>());
    promoted.house.stop().await;
}
