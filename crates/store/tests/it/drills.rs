//! Live drills: which are to be brought back, and what is a way back.

use crate::{furnished, start_run};
use sqlx::Connection as _;

#[tokio::test]
async fn a_live_drill_is_brought_back_until_a_way_back_stands_or_another_run_has_moved_the_application() {
    let (database, store) = furnished().await;
    let mut owner = database.owner().await;
    let there = start_run(&store, "shop", false).await.unwrap();
    let long_over = "UPDATE runs SET state = 'completed', ended_at = clock_timestamp() - interval '1 hour',
                            drill = 'there', drill_lasts_seconds = 60 WHERE id = $1";
    sqlx::query(long_over).bind(there.0).execute(&mut owner).await.unwrap();
    assert_eq!(store.drills_to_end().await.unwrap(), [there]);

    let unapproved = start_run(&store, "shop", false).await.unwrap();
    let back = "UPDATE runs SET drill = 'back', drill_of = $2, summary = '{}' WHERE id = $1";
    sqlx::query(back).bind(unapproved.0).bind(there.0).execute(&mut owner).await.unwrap();
    assert_eq!(store.way_back(there).await.unwrap().map(|run| run.id), Some(unapproved));
    assert_eq!(store.drills_to_end().await.unwrap(), []);
    let expired = "UPDATE runs SET state = 'expired', ended_at = clock_timestamp() WHERE id = $1";
    sqlx::query(expired).bind(unapproved.0).execute(&mut owner).await.unwrap();
    assert_eq!(store.way_back(there).await.unwrap(), None, "nobody approved it in time");
    assert_eq!(store.drills_to_end().await.unwrap(), [there], "it is asked for anew");

    let another = start_run(&store, "shop", false).await.unwrap();
    for (summary, left) in
        [(r#"{"began": true, "restored": true}"#, vec![there]), (r#"{"began": true}"#, Vec::new())]
    {
        sqlx::query("UPDATE runs SET summary = $2::jsonb WHERE id = $1")
            .bind(another.0)
            .bind(summary)
            .execute(&mut owner)
            .await
            .unwrap();
        assert_eq!(store.drills_to_end().await.unwrap(), left, "{summary}");
    }
    owner.close().await.unwrap();
}
