//! Claims about pages as they are asked for; what they show is tested where they are rendered.

use crate::house::House;

#[tokio::test]
async fn a_region_has_a_page_of_its_own_and_what_is_none_has_not() {
    let house = House::new();
    let cookie = house.sign_in().await;
    let get = async |path: &str| house.send("GET", path, &[("cookie", &cookie)], "").await;
    let region = get("/regions/us-east-1").await;
    assert_eq!(region.status, 200);
    assert!(
        region.text.contains("N. Virginia") && region.text.contains("Declare us-east-1"),
        "{}",
        region.text
    );
    let none = get("/regions/atlantis-1").await;
    assert_eq!(none.status, 404);
    assert!(none.text.contains("<nav"), "in the same house");
}
