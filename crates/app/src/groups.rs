//! Groups: whose approvals count. What a group is called stands in the inventory; who is in it does not.

use crate::App;
use crate::audit::done;
use crate::authority::{Action, may};
use crate::free_text::{LINE_AT_MOST, free_text};
use crate::people::email_address;
use crate::policies::already_there;
use crate::problems::of_store;
use async_trait::async_trait;
use holdfast_api::people::{GroupView, Groups, PutGroup};
use holdfast_api::{Answer, IfMatch, Problem, version};
use holdfast_domain::{Actor, Group, Inventory, Name};
use holdfast_store::Person;
use std::collections::BTreeMap;

#[async_trait]
impl Groups for App {
    async fn groups(&self, actor: &Actor) -> Answer<Vec<GroupView>> {
        may(actor, Action::ReadPeople)?;
        let groups = self.store.groups().await.map_err(of_store)?;
        let people = self.store.people().await.map_err(of_store)?;
        Ok(views(groups, &people))
    }

    async fn group(&self, actor: &Actor, name: &Name) -> Answer<GroupView> {
        let all = self.groups(actor).await?;
        all.into_iter()
            .find(|g| g.name == name.as_str())
            .ok_or_else(|| Problem::not_found("group", name.as_str()))
    }

    async fn add_group(&self, actor: &Actor, new: PutGroup) -> Answer<GroupView> {
        self.store_group(actor, new, |name, stored| match stored {
            Some(_) => Err(already_there("group", name)),
            None => Ok(()),
        })
        .await
    }

    async fn put_group(&self, actor: &Actor, group: PutGroup, if_match: &IfMatch) -> Answer<GroupView> {
        self.store_group(actor, group, |_, stored| {
            let versions: Vec<String> = stored.into_iter().map(version::of_group).collect();
            if_match.check(&versions)
        })
        .await
    }
}

impl App {
    /// `check` sees the group as it is stored, held against every other edit.
    async fn store_group(
        &self,
        actor: &Actor,
        group: PutGroup,
        check: impl FnOnce(&Name, Option<&GroupView>) -> Answer<()> + Send,
    ) -> Answer<GroupView> {
        let subject = format!("group:{}", group.name);
        self.may_freshly(actor, Action::WritePeople).await?;
        let description = free_text("description", group.description.as_deref(), LINE_AT_MOST)?;
        let mut change = self.store.begin().await.map_err(of_store)?;
        let mut stored = change.load_inventory_for_edit().await.map_err(of_store)?.inventory;
        let people = change.load_people_for_edit().await.map_err(of_store)?;
        let mut groups = stored.groups.take().unwrap_or_default();
        let views = views(groups.clone(), &people);
        check(&group.name, views.iter().find(|v| v.name == group.name.as_str()))?;
        let members = group.members.as_deref().map(|m| named(m, &people)).transpose()?;
        groups.retain(|g| g.name != group.name);
        groups.push(Group { name: group.name.clone(), description: description.clone() });
        let section = Inventory { version: 1, groups: Some(groups), ..Inventory::default() };
        change.replace_inventory(&section).await.map_err(of_store)?;
        for person in members.iter().flat_map(|members| moved(&group.name, members, &people)) {
            if actor.is_own(person.0.id) {
                return Err(own_membership());
            }
            change.set_groups(person.0.id, &person.1).await.map_err(of_store)?;
        }
        let emails = members.as_ref().map(|all| all.iter().map(|p| p.email.as_str()).collect::<Vec<_>>());
        let detail = serde_json::json!({ "description": description, "members": emails });
        change.commit(done(actor, "group.put", &subject).with(detail)).await.map_err(of_store)?;
        self.group(actor, &group.name).await
    }
}

fn own_membership() -> Problem {
    Problem::new(
        403,
        "own_rights",
        "Not one's own",
        "Nobody puts themselves into a group, or takes themselves out.",
        "Ask another admin, or use `holdfast admin` on the server's machine.",
    )
}

/// # Errors
/// 422 for an address that is nobody's.
fn named<'a>(emails: &[String], people: &'a [Person]) -> Answer<Vec<&'a Person>> {
    let mut members: Vec<&Person> = Vec::new();
    for (index, text) in emails.iter().enumerate() {
        let email = email_address(text)?;
        let Some(person) = people.iter().find(|p| p.email == email) else {
            return Err(Problem::bad_field(
                &format!("members[{index}]"),
                format!("{email} is nobody's address"),
                "Make the person first.",
            ));
        };
        if !members.iter().any(|m| m.id == person.id) {
            members.push(person);
        }
    }
    Ok(members)
}

/// Those who come or go, each with the groups that they are in afterwards. Nobody was shown who cannot sign in, so
/// leaving them out does not take them out: once they may sign in again their approval counts as before.
fn moved<'a>(group: &Name, members: &[&Person], people: &'a [Person]) -> Vec<(&'a Person, Vec<Name>)> {
    people
        .iter()
        .filter_map(|person| {
            let (is, shall) =
                (person.groups.contains(group), members.iter().any(|member| member.id == person.id));
            let mut groups = person.groups.clone();
            match (is, shall) {
                (false, true) => groups.push(group.clone()),
                (true, false) if person.disabled_at.is_none() => groups.retain(|g| g != group),
                _ => return None,
            }
            Some((person, groups))
        })
        .collect()
}

/// In the order of their names.
fn views(groups: Vec<Group>, people: &[Person]) -> Vec<GroupView> {
    let mut views: BTreeMap<String, GroupView> = groups
        .into_iter()
        .map(|group| {
            let name = group.name.to_string();
            (name.clone(), GroupView { name, description: group.description, members: Vec::new() })
        })
        .collect();
    for person in people.iter().filter(|p| p.disabled_at.is_none()) {
        for name in &person.groups {
            if let Some(group) = views.get_mut(name.as_str()) {
                group.members.push(person.email.clone());
            }
        }
    }
    views.into_values().collect()
}
