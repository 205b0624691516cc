//! Keys in their files as KMS wraps them: by the built command, and opened when a server begins.

use holdfast_app::sealing::Sealing;
use holdfast_aws::{AwsSettings, ControlCredentials};
use holdfast_server::config::{self, Environment, Flags, Settings, Task};
use holdfast_sim::{
    SimConfig, demo_world, start_with,
    world::{World, build::CONTROL_ACCOUNT},
};
use std::path::Path;
use tempfile::TempDir;
use tokio::process::Command;

const REGION: &str = "us-east-1";

async fn wrap(url: &str, file: &Path, what: &str) -> (bool, String) {
    let arn = format!("arn:aws:kms:{REGION}:{CONTROL_ACCOUNT}:key/{}", World::key_id("holdfast"));
    let output = Command::new(env!("CARGO_BIN_EXE_holdfast"))
        .args(["keys", "wrap"])
        .arg(file)
        .args(["--for", what, "--kms-key", &arn])
        .env_clear()
        .envs([
            ("AWS_ENDPOINT_URL", url),
            ("AWS_ACCESS_KEY_ID", "AKIDCONTROL"),
            ("AWS_SECRET_ACCESS_KEY", "x"),
        ])
        .output()
        .await
        .unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8_lossy(&said).into_owned())
}

fn settings(audit: &Path, secrets: &Path) -> Settings {
    let environment: Environment = [
        ("DATABASE_URL", "postgres://app:x@localhost/holdfast".to_owned()),
        ("HOLDFAST_AUDIT_KEY", audit.display().to_string()),
        ("HOLDFAST_SECRETS_KEY", secrets.display().to_string()),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into();
    config::decide(config::merge(&Flags::default(), &environment).unwrap(), Task::Serve).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_that_the_command_wrapped_are_opened_at_the_start_for_what_they_are_for() {
    rustls::crypto::ring::default_provider().install_default().ok();
    let listen = SimConfig { listen: "127.0.0.1:0".parse().unwrap(), data: None, speed: 1.0 };
    let sim = start_with(listen, demo_world().key(CONTROL_ACCOUNT, "holdfast", &[REGION])).await.unwrap();
    let folder = TempDir::new().unwrap();
    let (audit, secrets) = (folder.path().join("audit.key"), folder.path().join("secrets.key"));
    let public = holdfast_engine::audit::new_key(&audit).unwrap();
    let key = Sealing::new_key().unwrap();
    std::fs::write(&secrets, format!("# ours\n{key}\n")).unwrap();
    let sealed = Sealing::parse(&key).unwrap().seal("x", b"text").unwrap();

    // What is no key of the kind goes nowhere.
    let (done, said) = wrap(&sim.url(), &secrets, "audit").await;
    assert!(!done && said.contains("line 2") && !said.contains(&key), "{said}");
    for (file, what) in [(&audit, "audit"), (&secrets, "secrets")] {
        let (done, said) = wrap(&sim.url(), file, what).await;
        assert!(done && said.contains("1 keys"), "{said}");
        let (done, said) = wrap(&sim.url(), file, what).await;
        assert!(done && said.contains("0 keys"), "wrapped once: {said}");
    }
    let (audit_text, secrets_text) =
        (std::fs::read_to_string(&audit).unwrap(), std::fs::read_to_string(&secrets).unwrap());
    assert!(
        !secrets_text.contains(&key) && secrets_text.starts_with("# ours\nkms:us-east-1:"),
        "{secrets_text}"
    );
    assert!(!audit_text.contains("PRIVATE") && audit_text.contains(&public.to_string()), "{audit_text}");

    let aws = AwsSettings {
        endpoint_url: Some(sim.url()),
        control_credentials: ControlCredentials::Static {
            access_key_id: "AKIDCONTROL".into(),
            secret_access_key: "control".into(),
            session_token: None,
        },
        ..AwsSettings::new(Vec::new())
    };
    let given = settings(&audit, &secrets);
    let opened = config::opened(&given, &aws).await.unwrap();
    let sealing = config::sealing(&given, &opened).unwrap().unwrap();
    assert_eq!(sealing.open("x", &sealed).unwrap(), b"text");
    config::audit_settings(&given, &aws, &opened).unwrap();

    let swapped = config::opened(&settings(&secrets, &audit), &aws).await.unwrap_err().to_string();
    for part in ["HOLDFAST_AUDIT_KEY", "line 2", "kms:Decrypt", "holdfast=audit-key", "holdfast keys wrap"] {
        assert!(swapped.contains(part), "{part}: {swapped}");
    }
}
