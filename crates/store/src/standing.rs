//! What stands around an application beside what AWS shows, as guards ask it: freezes, earlier runs, the automation switch.

use crate::Result;
use crate::runs::RunFilter;
use crate::store::Store;
use holdfast_domain::Name;
use holdfast_failover::RunState;
use holdfast_failover::guard::{Ended, Freeze, Standing};

impl Store {
    /// What stands around an application when a run of it is thought of.
    ///
    /// # Errors
    /// When the database does not answer, or something stored cannot be read.
    pub async fn standing(&self, application: &Name) -> Result<Standing> {
        let freezes = self.freezes().await?;
        let began = RunFilter {
            application: Some(application.clone()),
            live: Some(false),
            began: true,
            limit: 1,
            ..RunFilter::default()
        };
        let badly = RunState::ALL.into_iter().filter(|state| state.is_over() && !state.is_completed());
        let unread = RunFilter { states: badly.collect(), unacknowledged: true, ..began.clone() };
        let automation = self.automation().await?;
        Ok(Standing {
            freezes: freezes
                .into_iter()
                .filter(|freeze| freeze.application.as_ref().is_none_or(|name| name == application))
                .map(|freeze| Freeze {
                    reason: freeze.reason,
                    by: freeze.declared_by,
                    from: freeze.starts_at,
                    until: freeze.ends_at,
                })
                .collect(),
            last: self.newest_ended(&began).await?,
            unacknowledged: self.newest_ended(&unread).await?,
            automation_off: (!automation.on).then(|| {
                let (by, at) = automation.changed.unzip();
                (by.unwrap_or_else(|| "Somebody".into()), at)
            }),
            open_roles: self.open_roles(application).await?,
        })
    }

    async fn newest_ended(&self, of: &RunFilter) -> Result<Option<Ended>> {
        let newest = self.runs(of).await?.pop();
        Ok(newest.and_then(|run| Some(Ended { run: run.id, ended_at: run.ended_at? })))
    }
}
