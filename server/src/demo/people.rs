//! The demonstration's people: one for each role, then enough for the groups that its policies ask for. Their
//! passwords are drawn once and kept beside the data, for its owner's eyes.

use super::place::write_private;
use anyhow::Context as _;
use rand::{Rng as _, distr::Alphanumeric};
use serde::{Deserialize, Serialize};
use std::{fs, path::Path};

pub const FILE: &str = "people.json";
const PASSWORD_LENGTH: usize = 20;

/// Roles in the order in which the file promises them; everybody is somebody else.
const CAST: [(&str, &str, &[&str]); 8] = [
    ("viewer@example.com", "viewer", &[]),
    ("operator@example.com", "operator", &[]),
    ("approver@example.com", "approver", &["approvers"]),
    ("admin@example.com", "admin", &[]),
    ("sre@example.com", "approver", &["sre"]),
    ("business-owner@example.com", "approver", &["business-owners"]),
    ("second-approver@example.com", "approver", &["approvers"]),
    ("second-operator@example.com", "operator", &[]),
];

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DemoPerson {
    pub email: String,
    pub password: String,
    pub roles: Vec<String>,
    pub groups: Vec<String>,
}

/// Those of an earlier start, if there was one.
pub fn read(data: &Path) -> anyhow::Result<Option<Vec<DemoPerson>>> {
    let path = data.join(FILE);
    match fs::read_to_string(&path) {
        Ok(text) => Ok(Some(serde_json::from_str(&text).with_context(|| {
            format!(
                "{} cannot be read. Put it back as it was, or remove the whole data folder to begin anew",
                path.display()
            )
        })?)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("{} cannot be read", path.display())),
    }
}

pub fn draw(data: &Path) -> anyhow::Result<Vec<DemoPerson>> {
    let mut random = rand::rng();
    let people: Vec<DemoPerson> = CAST
        .iter()
        .map(|(email, role, groups)| DemoPerson {
            email: (*email).to_owned(),
            password: (0..PASSWORD_LENGTH).map(|_| char::from(random.sample(Alphanumeric))).collect(),
            roles: vec![(*role).to_owned()],
            groups: groups.iter().map(|group| (*group).to_owned()).collect(),
        })
        .collect();
    write_private(&data.join(FILE), &serde_json::to_string_pretty(&people)?)?;
    Ok(people)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{collections::HashSet, os::unix::fs::PermissionsExt as _};

    #[test]
    fn the_first_four_are_one_for_each_role_and_all_are_different_people() -> anyhow::Result<()> {
        let folder = tempfile::tempdir()?;
        let people = draw(folder.path())?;
        let roles: Vec<_> = people.iter().take(4).map(|person| person.roles.join("")).collect();
        assert_eq!(roles, ["viewer", "operator", "approver", "admin"]);
        let emails: HashSet<_> = people.iter().map(|person| &person.email).collect();
        let passwords: HashSet<_> = people.iter().map(|person| &person.password).collect();
        assert_eq!((emails.len(), passwords.len()), (people.len(), people.len()));
        Ok(())
    }

    #[test]
    fn passwords_are_kept_and_only_the_owner_reads_them() -> anyhow::Result<()> {
        let folder = tempfile::tempdir()?;
        assert_eq!(read(folder.path())?, None);
        let people = draw(folder.path())?;
        assert_eq!(read(folder.path())?, Some(people));
        let mode = fs::metadata(folder.path().join(FILE))?.permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        Ok(())
    }
}
