//! Keys of this server that a KMS key wraps: opened for what they were wrapped for, and for nothing else.

use crate::peers::{Peer, Which};
use crate::words::{HOME, RECOVERY, region};
use holdfast_aws::{AwsSettings, ControlCredentials, KeyWrapping, Purpose};
use holdfast_cloud::ErrorKind;
use holdfast_sim::world::World;
use holdfast_sim::world::build::CONTROL_ACCOUNT;

scenarios! {
    what_was_wrapped_is_opened_for_what_it_is_for_and_for_nothing_else: simulator, moto;
    where_a_region_does_not_open_it_the_next_one_does: simulator;
}

const TEXT: &str = "PRIVATE+KEY+holdfast-audit+0a1b2c3d+AbCdEf";

/// Whoever owns the key, and its ARN.
async fn wrapping(peer: &Peer) -> (KeyWrapping, String) {
    if peer.which == Which::Simulator {
        let arn = format!("arn:aws:kms:{HOME}:{CONTROL_ACCOUNT}:key/{}", World::key_id("holdfast"));
        return (KeyWrapping::new(peer.settings.clone()), arn);
    }
    let made = sdk!(aws_sdk_kms, peer, HOME).create_key().send().await.unwrap();
    // Whose it is is told by a session there, not by a key.
    let root = peer.root();
    let control_credentials = ControlCredentials::Static {
        access_key_id: root.access_key_id().to_owned(),
        secret_access_key: root.secret_access_key().to_owned(),
        session_token: root.session_token().map(str::to_owned),
    };
    let settings = AwsSettings { control_credentials, ..peer.settings.clone() };
    (KeyWrapping::new(settings), made.key_metadata().unwrap().arn().unwrap().to_owned())
}

async fn what_was_wrapped_is_opened_for_what_it_is_for_and_for_nothing_else(peer: &Peer) {
    let (wrapping, arn) = wrapping(peer).await;
    let line = wrapping.wrap(&arn, &[], Purpose::Audit, TEXT, Some("holdfast-audit")).await.unwrap();
    assert!(line.starts_with(&format!("kms:{HOME}:")) && line.ends_with(" holdfast-audit"), "{line}");
    assert!(!line.contains("AbCdEf"), "{line}");
    assert_eq!(wrapping.open(Purpose::Audit, &line).await.unwrap(), TEXT);
    let other = wrapping.open(Purpose::Secrets, &line).await.unwrap_err();
    assert!(other.to_string().contains("InvalidCiphertext"), "{other}");
    let nobody = wrapping.wrap(&arn.replace(":key/", ":key/0"), &[], Purpose::Audit, TEXT, None).await;
    assert_eq!(nobody.unwrap_err().kind, ErrorKind::NotFound);
    let no_arn = wrapping.wrap("alias/holdfast", &[], Purpose::Audit, TEXT, None).await.unwrap_err();
    assert!(no_arn.to_string().contains("arn:aws:kms:REGION:ACCOUNT:key/ID"), "{no_arn}");
}

async fn where_a_region_does_not_open_it_the_next_one_does(peer: &Peer) {
    let (wrapping, arn) = wrapping(peer).await;
    let line = wrapping.wrap(&arn, &[region(RECOVERY)], Purpose::Secrets, TEXT, None).await.unwrap();
    assert!(line.starts_with(&format!("kms:{HOME},{RECOVERY}:")), "{line}");
    // As if the first Region were dark: one in which there is no such key opens nothing either.
    let elsewhere = line.replacen(HOME, "us-west-2", 1);
    assert_eq!(wrapping.open(Purpose::Secrets, &elsewhere).await.unwrap(), TEXT);
    let nowhere = elsewhere.replacen(RECOVERY, "us-west-2", 1);
    assert!(wrapping.open(Purpose::Secrets, &nowhere).await.is_err());
}
