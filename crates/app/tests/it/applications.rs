//! The list of applications, page by page.

use crate::house::{House, refused};
use holdfast_api::applications::{ApplicationFilter, Applications};

#[tokio::test]
async fn pages_follow_each_other_in_the_order_of_names_without_gap_or_repeat() {
    let house = House::with_applications(7).await;
    let mut filter = ApplicationFilter { limit: Some(3), ..ApplicationFilter::default() };
    let (mut seen, mut sizes) = (Vec::new(), Vec::new());
    loop {
        let page = house.app.applications(&house.operator, &filter).await.unwrap();
        sizes.push(page.items.len());
        seen.extend(page.items.into_iter().map(|of| of.name));
        let Some(next) = page.next else { break };
        filter.cursor = Some(next);
    }
    assert_eq!(sizes, [3, 3, 1]);
    assert_eq!(seen, (1..=7).map(|n| format!("app-{n:02}")).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_page_that_holds_all_that_fits_has_no_next_and_a_cursor_that_is_none_is_refused() {
    let house = House::with_applications(3).await;
    let all =
        ApplicationFilter { limit: Some(3), search: Some("app".into()), ..ApplicationFilter::default() };
    let page = house.app.applications(&house.operator, &all).await.unwrap();
    assert_eq!((page.items.len(), page.next), (3, None));
    let wrong = ApplicationFilter { cursor: Some("Not A Name".into()), ..ApplicationFilter::default() };
    let problem = refused(house.app.applications(&house.operator, &wrong).await);
    assert_eq!((problem.status, problem.fields[0].path.as_str()), (422, "cursor"));
}
