//! What the database has lost of runs' journals, as pages and clients see it.

use crate::App;
use crate::problems::of_store;
use holdfast_api::Answer;
use holdfast_api::system::GapView;
use holdfast_domain::RunId;
use holdfast_failover::gap::WAY_OUT;
use holdfast_store::Noticed;

pub(crate) fn gap_view(noticed: Noticed) -> GapView {
    let Noticed { gap, worker, at } = noticed;
    GapView {
        application: gap.application.to_string(),
        run: gap.run.to_string(),
        entries: gap.lost(),
        first: gap.kept + 1,
        last: gap.known,
        last_at: gap.known_at,
        noticed_at: at,
        noticed_by: worker,
        says: gap.says(),
        way_out: WAY_OUT.to_owned(),
    }
}

impl App {
    pub(crate) async fn gaps_of(&self, run: RunId) -> Answer<Vec<GapView>> {
        let found = self.store.gaps_of(run).await.map_err(of_store)?;
        Ok(found.into_iter().map(gap_view).collect())
    }
}
