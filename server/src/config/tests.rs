//! Claims about the settings.

use super::*;
use holdfast_aws::AwsSettings;
use holdfast_engine::audit::Opened;
use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;

fn environment(pairs: &[(&str, &str)]) -> Environment {
    let mut all: Environment =
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    all.entry("DATABASE_URL".to_owned())
        .or_insert_with(|| "postgres://app:secret@localhost/holdfast".to_owned());
    all
}

fn settings(pairs: &[(&str, &str)], listen: Option<&str>) -> Result<Settings, Wrong> {
    let flags = Flags { listen: listen.map(str::to_owned), ..Flags::default() };
    decide(merge(&flags, &environment(pairs))?, Task::Serve)
}

fn refused(pairs: &[(&str, &str)], listen: Option<&str>) -> String {
    settings(pairs, listen)
        .map_or_else(|wrong| wrong.to_string(), |settings| format!("accepted: {settings:?}"))
}

#[test]
fn a_loopback_listener_is_local_and_any_other_must_say_its_mode() -> Result<(), Wrong> {
    assert_eq!(settings(&[], None)?.mode, Mode::Local);
    assert_eq!(settings(&[], Some("localhost:9000"))?.public_url, "http://localhost:9000");
    assert!(refused(&[], Some("0.0.0.0:8080")).starts_with("HOLDFAST_MODE"));
    Ok(())
}

#[test]
fn production_needs_an_https_address() {
    let production = ("HOLDFAST_MODE", "production");
    assert!(refused(&[production], None).starts_with("public_url"));
    assert!(
        refused(&[production, ("HOLDFAST_PUBLIC_URL", "http://holdfast.example.com")], None)
            .starts_with("public_url")
    );
    assert!(
        settings(
            &[production, ("HOLDFAST_PUBLIC_URL", "https://holdfast.example.com/")],
            Some("0.0.0.0:8080")
        )
        .is_ok()
    );
}

#[test]
fn plain_http_is_for_localhost_only() {
    assert!(
        refused(&[("HOLDFAST_PUBLIC_URL", "http://holdfast.example.com")], None).contains("localhost only")
    );
    assert!(settings(&[("HOLDFAST_PUBLIC_URL", "http://localhost:8080")], None).is_ok());
}

#[test]
fn endpoint_overrides_of_the_environment_are_for_local_mode_only() -> Result<(), Wrong> {
    let overrides =
        [("AWS_ENDPOINT_URL", "http://127.0.0.1:4600"), ("AWS_ENDPOINT_URL_STS", "http://127.0.0.1:4601")];
    let local = settings(&overrides, None)?;
    assert_eq!(local.endpoint_url.as_deref(), Some("http://127.0.0.1:4600"));
    assert_eq!(local.endpoints.get("STS").map(String::as_str), Some("http://127.0.0.1:4601"));
    let mut production = overrides.to_vec();
    production.extend([("HOLDFAST_MODE", "production"), ("HOLDFAST_PUBLIC_URL", "https://h.example.com")]);
    assert!(refused(&production, None).starts_with("AWS_ENDPOINT_URL"));
    Ok(())
}

#[test]
fn without_a_database_local_mode_has_its_own_and_production_names_what_is_missing() -> Result<(), Wrong> {
    let with = |pairs: &[(&str, &str)], task| {
        let environment = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        decide(merge(&Flags::default(), &environment.collect())?, task)
    };
    for task in [Task::Serve, Task::Work, Task::Migrate] {
        let local = with(&[], task)?;
        assert!(local.mode == Mode::Local && local.database_url.is_none());
    }
    let production = [("HOLDFAST_MODE", "production"), ("HOLDFAST_PUBLIC_URL", "https://h.example.com")];
    let owner_only = [("HOLDFAST_MIGRATION_DATABASE_URL", "postgres://owner@localhost/holdfast")];
    for pairs in [&production[..], &owner_only[..]] {
        for task in [Task::Serve, Task::Work] {
            assert_eq!(with(pairs, task).err().map(|wrong| wrong.setting).as_deref(), Some("DATABASE_URL"));
        }
    }
    Ok(())
}

#[test]
fn to_migrate_the_owners_url_is_enough() -> Result<(), Wrong> {
    let with = |pairs: &[(&str, &str)]| {
        let environment = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        decide(merge(&Flags::default(), &environment.collect())?, Task::Migrate)
    };
    let near = ("HOLDFAST_MIGRATION_DATABASE_URL", "postgres://owner@localhost/holdfast");
    let far =
        ("HOLDFAST_MIGRATION_DATABASE_URL", "postgres://owner@db.example.com/holdfast?sslmode=verify-full");
    let production = ("HOLDFAST_MODE", "production");
    for pairs in [&[near][..], &[near, production], &[far, production]] {
        assert!(with(pairs)?.database_url.is_none(), "{pairs:?}");
    }
    assert_eq!(with(&[far]).err().map(|wrong| wrong.setting).as_deref(), Some("HOLDFAST_MODE"));
    Ok(())
}

#[test]
fn production_goes_to_another_machines_database_only_where_it_is_verified_or_says_that_it_is_not()
-> Result<(), Wrong> {
    let production = [("HOLDFAST_MODE", "production"), ("HOLDFAST_PUBLIC_URL", "https://h.example.com")];
    let near = "postgres://app:hunter2@localhost/x";
    let verified = "postgres://app:hunter2@db.example.com/x?sslmode=verify-full";
    let with = |app: &str, owner: &str, tls: Option<&str>| {
        let urls = [("DATABASE_URL", app), ("HOLDFAST_MIGRATION_DATABASE_URL", owner)];
        let said = tls.map(|said| ("HOLDFAST_DATABASE_TLS", said));
        let pairs: Vec<_> = production.into_iter().chain(urls).chain(said).collect();
        settings(&pairs, None)
    };
    for mode in ["", "disable", "allow", "prefer", "require", "verify-ca"] {
        let open = match mode {
            "" => "postgres://app:hunter2@db.example.com/x".to_owned(),
            mode => format!("postgres://app:hunter2@db.example.com/x?sslmode={mode}"),
        };
        for (app, owner, setting) in
            [(open.as_str(), near, "DATABASE_URL"), (near, open.as_str(), "HOLDFAST_MIGRATION_DATABASE_URL")]
        {
            let wrong = with(app, owner, None).err().map(|wrong| wrong.to_string()).unwrap_or_default();
            assert!(wrong.starts_with(setting) && wrong.contains("sslmode=verify-full"), "{mode}: {wrong}");
            assert!(!wrong.contains("hunter2"), "{wrong}");
            assert!(with(app, owner, Some("as-the-url-says"))?.database_is_open, "{mode}");
        }
        let local = settings(&[("HOLDFAST_MODE", "local"), ("DATABASE_URL", open.as_str())], None)?;
        assert!(!local.database_is_open, "local mode is not asked");
    }
    assert!(!with(verified, verified, None)?.database_is_open);
    assert!(
        !with(near, verified, Some("as-the-url-says"))?.database_is_open,
        "both are verified all the same"
    );
    let unknown = with(near, near, Some("no")).err().map(|wrong| wrong.setting);
    assert_eq!(unknown.as_deref(), Some("database_tls"));
    Ok(())
}

#[test]
fn what_the_configuration_itself_names_is_of_the_hosts_that_it_names()
-> Result<(), Box<dyn std::error::Error>> {
    let hosts = ("HOLDFAST_OUTSIDE_HOSTS", "example.com, slack.com");
    let witness = |url| ("HOLDFAST_AUDIT_CHECKPOINTS", url);
    assert!(settings(&[hosts, witness("https://witness.example.com/x")], None).is_ok());
    assert!(settings(&[witness("https://witness.example.net/x")], None).is_ok(), "none named: any");
    let wrong = refused(&[hosts, witness("https://witness.example.net/x")], None);
    assert!(
        wrong.starts_with("HOLDFAST_AUDIT_CHECKPOINTS") && wrong.contains("example.com, slack.com"),
        "{wrong}"
    );
    assert!(refused(&[("HOLDFAST_OUTSIDE_HOSTS", "*.example.com")], None).starts_with("outside_hosts"));
    let sealing = holdfast_testkit::sealing();
    for (issuer, good) in [("https://idp.example.com", true), ("https://idp.example.net", false)] {
        let oidc = [hosts, ("HOLDFAST_OIDC_ISSUER", issuer), ("HOLDFAST_OIDC_CLIENT_ID", "holdfast")];
        let made = provider(&settings(&oidc, None)?, Some(&sealing));
        assert_eq!(made.err().map(|wrong| wrong.setting).as_deref(), (!good).then_some("oidc.issuer"));
    }
    for (url, good) in
        [("https://events.eu.pagerduty.com/v2/enqueue", false), ("https://pager.example.com/", true)]
    {
        let settings = settings(&[hosts, ("HOLDFAST_PAGERDUTY_URL", url)], None)?;
        let outside = aws_settings(&settings, false)?.outside;
        assert_eq!(post(&settings, &outside).is_ok(), good, "{url}");
    }
    let settings = settings(&[hosts], None)?;
    assert!(post(&settings, &aws_settings(&settings, false)?.outside).is_ok(), "nobody need use PagerDuty");
    Ok(())
}

#[test]
fn the_public_address_is_looked_at_before_the_database() {
    let wrong = refused(&[("HOLDFAST_PUBLIC_URL", "ftp://localhost"), ("DATABASE_URL", "mysql://x")], None);
    assert!(wrong.starts_with("public_url") && wrong.contains("neither http nor https"), "{wrong}");
}

#[test]
fn a_database_that_is_none_is_named_and_its_password_is_never_shown() {
    let wrong = refused(&[("DATABASE_URL", "mysql://root:hunter2@db")], None);
    assert!(wrong.starts_with("DATABASE_URL") && !wrong.contains("hunter2"), "{wrong}");
    let shown = settings(&[], None).map(|settings| format!("{settings:?}")).unwrap_or_default();
    assert!(!shown.contains("secret@"), "{shown}");
}

#[test]
fn a_misspelt_key_or_variable_is_refused_with_the_nearest_word() {
    let wrong = file::parse("listen = \"127.0.0.1:1\"\npublc_url = \"x\"\n", "holdfast.toml");
    let wrong = wrong.map_or_else(|wrong| wrong.to_string(), |_| String::new());
    assert!(wrong.contains("line 2") && wrong.contains("`public_url`"), "{wrong}");
    assert!(refused(&[("HOLDFAST_MDOE", "local")], None).contains("HOLDFAST_MODE"));
    assert!(refused(&[("HOLDFAST_BOGUS", "1")], None).starts_with("HOLDFAST_BOGUS"));
    for known in ["HOLDFAST_URL", "HOLDFAST_WITHOUT_PEERS", "HOLDFAST_SERVICE_HOST", "HOLDFAST_PORT_8080_TCP"]
    {
        assert!(settings(&[(known, "x")], None).is_ok(), "{known}");
    }
}

/// What is exported for a script or a story is there for `make run` too, in the same shell.
#[test]
fn no_variable_that_a_script_or_a_story_names_keeps_a_server_from_starting() -> std::io::Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut named = BTreeSet::new();
    for folder in ["scripts", "e2e/lib", "e2e/stories"] {
        variables_in(&root.join(folder), &mut named)?;
    }
    variables_of(&root.join("e2e/run.mjs"), &mut named)?;
    assert!(named.len() > 20, "{named:?}");
    let unknown: Vec<_> = named
        .iter()
        .filter(|name| refused(&[(name.as_str(), "x")], None).contains("is no setting"))
        .collect();
    assert!(unknown.is_empty(), "{unknown:?}");
    Ok(())
}

fn variables_in(folder: &Path, into: &mut BTreeSet<String>) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() { variables_in(&path, into)? } else { variables_of(&path, into)? }
    }
    Ok(())
}

fn variables_of(file: &Path, into: &mut BTreeSet<String>) -> std::io::Result<()> {
    let bytes = std::fs::read(file)?;
    let text = String::from_utf8_lossy(&bytes);
    let words = text.split(|c: char| !c.is_ascii_uppercase() && !c.is_ascii_digit() && c != '_');
    let ours = words.filter(|word| word.strip_prefix("HOLDFAST_").is_some_and(|rest| !rest.is_empty()));
    into.extend(ours.map(str::to_owned));
    Ok(())
}

#[test]
fn flags_win_over_the_environment_and_the_environment_over_the_file() -> Result<(), Box<dyn std::error::Error>>
{
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("holdfast.toml");
    std::fs::write(&path, "listen = \"127.0.0.1:1\"\nsweep_interval = \"5s\"\nstale_after = \"20s\"\n")?;
    let flags = Flags { config: Some(path), listen: Some("127.0.0.1:3".to_owned()), data: None };
    let environment = environment(&[("HOLDFAST_LISTEN", "127.0.0.1:2"), ("HOLDFAST_SWEEP_INTERVAL", "7s")]);
    let settings = decide(merge(&flags, &environment)?, Task::Serve)?;
    assert_eq!(settings.listen, SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 3));
    assert_eq!(settings.sweep_interval, Duration::from_secs(7));
    assert_eq!(settings.stale_after, Duration::from_secs(20));
    Ok(())
}

#[test]
fn a_database_on_this_machine_is_near() {
    for near in [
        "postgres://a:b@localhost/x",
        "postgres://a:b@127.0.0.1:5432/x",
        "postgres://a@[::1]:5432/x",
        "postgres:///x?host=/run/postgresql",
        "postgres://a@%2Frun%2Fpg/x",
    ] {
        assert!(database_is_near(near), "{near}");
    }
    for far in [
        "postgres://a:b@db.example.com/x",
        "postgres://a:b@localhost/x?host=db.example.com",
        "postgres://localhost@db/x",
    ] {
        assert!(!database_is_near(far), "{far}");
    }
}

#[test]
fn production_signs_the_audit_log_with_a_key_that_it_was_given() -> Result<(), Box<dyn std::error::Error>> {
    let folder = tempfile::tempdir()?;
    let (data, key) = (folder.path().join("data"), folder.path().join("key"));
    let (data, named) = (data.display().to_string(), key.display().to_string());
    let production = [
        ("HOLDFAST_MODE", "production"),
        ("HOLDFAST_PUBLIC_URL", "https://h.example.com"),
        ("HOLDFAST_DATA", data.as_str()),
    ];
    let with_key = |pairs: &[(&'static str, &str)]| {
        let pairs: Vec<_> = pairs.iter().copied().chain([("HOLDFAST_AUDIT_KEY", named.as_str())]).collect();
        settings(&pairs, None)
    };
    let aws = AwsSettings::new(Vec::new());
    let refused = |settings: &Settings| {
        audit_settings(settings, &aws, &Opened::default())
            .map_or_else(|wrong| wrong.to_string(), |found| format!("accepted: {found:?}"))
    };
    let without = refused(&settings(&production, None)?);
    assert!(without.starts_with("HOLDFAST_AUDIT_KEY: is not set"), "{without}");
    assert!(without.contains("holdfast audit new-key --to FILE"), "{without}");
    let missing = refused(&with_key(&production)?);
    assert!(missing.starts_with("HOLDFAST_AUDIT_KEY") && missing.contains("cannot be read"), "{missing}");
    assert!(!key.exists(), "it made the key that it was to be given");
    holdfast_engine::audit::new_key(&key)?;
    assert_eq!(audit_settings(&with_key(&production)?, &aws, &Opened::default())?.key_file, key);
    let local = settings(&[("HOLDFAST_DATA", data.as_str())], None)?;
    assert!(audit_settings(&local, &aws, &Opened::default())?.key_file.exists(), "local mode makes its own");
    Ok(())
}

#[test]
fn in_production_whoever_could_do_harm_has_a_second_factor_and_in_local_mode_whom_it_is_said_of() {
    let production =
        [("HOLDFAST_MODE", "production"), ("HOLDFAST_PUBLIC_URL", "https://holdfast.example.com")];
    let asked = |more: &[(&str, &str)]| {
        settings(&[&production[..], more].concat(), None).map(|settings| settings.second_factor_for)
    };
    let said = |roles| [("HOLDFAST_REQUIRE_SECOND_FACTOR", roles)];
    assert_eq!(asked(&[]), Ok(vec![Role::Operator, Role::Approver, Role::Admin]));
    assert_eq!(asked(&said("admin, approver")), Ok(vec![Role::Admin, Role::Approver]));
    assert_eq!(asked(&said("none")), Ok(vec![]));
    assert_eq!(settings(&[], None).map(|settings| settings.second_factor_for), Ok(vec![]));
    let local = settings(&said("viewer"), None).map(|settings| settings.second_factor_for);
    assert_eq!(local, Ok(vec![Role::Viewer]));
    for wrong in ["admins", "admin;approver", "operator:team=payments", "all"] {
        let refused = refused(&said(wrong), None);
        assert!(refused.starts_with("require_second_factor") && refused.contains("operator"), "{refused}");
    }
}

#[test]
fn in_production_a_program_has_its_pace_and_in_local_mode_where_it_is_said() {
    let production =
        [("HOLDFAST_MODE", "production"), ("HOLDFAST_PUBLIC_URL", "https://holdfast.example.com")];
    let pace = |before: &[(&str, &str)], said: Option<&str>| {
        let said = said.map(|said| ("HOLDFAST_REQUESTS_PER_MINUTE", said));
        let all: Vec<_> = before.iter().copied().chain(said).collect();
        settings(&all, None).map(|settings| settings.requests_per_minute)
    };
    assert_eq!(pace(&production, None), Ok(Some(600)));
    assert_eq!(pace(&production, Some("1200")), Ok(Some(1_200)));
    assert_eq!(pace(&production, Some("0")), Ok(None));
    assert_eq!(pace(&[], None), Ok(None));
    assert_eq!(pace(&[], Some("60")), Ok(Some(60)));
    assert!(refused(&[("HOLDFAST_REQUESTS_PER_MINUTE", "many")], None).contains("whole number"));
}

#[test]
fn what_nobody_could_set_up_is_asked_of_nobody() -> Result<(), Wrong> {
    let at = |url, roles| {
        let said = [("HOLDFAST_PUBLIC_URL", url), ("HOLDFAST_REQUIRE_SECOND_FACTOR", roles)];
        settings(&said, None)
    };
    let (named, number) = ("https://holdfast.example.com", "https://192.0.2.1");
    for (url, roles, sealing, works) in [
        (named, "admin", false, true),
        (number, "admin", true, true),
        (number, "none", false, true),
        (number, "admin", false, false),
    ] {
        let checked = check_second_factors(&at(url, roles)?, sealing);
        assert_eq!(checked.is_ok(), works, "{url} {roles} {sealing}");
        let told = checked.err().map(|wrong| wrong.to_string()).unwrap_or_default();
        assert!(works || told.contains("HOLDFAST_SECRETS_KEY"), "{told}");
    }
    Ok(())
}
