//! Holdfast's own principal and the member account's two roles, as `infra/member-account.yaml` makes them.

use super::process::{Process, element};
use super::{CONTROL, MEMBER};
use holdfast_aws::policy;

/// The key of a user in the control account who may assume both roles with this external id.
pub async fn roles_for(process: &Process, external_id: &str) -> (String, String) {
    iam(process, CONTROL, &[("Action", "CreateUser"), ("UserName", "holdfast")]).await;
    let assume = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["sts:AssumeRole","sts:SetSourceIdentity","sts:TagSession"],"Resource":"arn:aws:iam::*:role/holdfast-*"}]}"#;
    let policy = [
        ("Action", "PutUserPolicy"),
        ("UserName", "holdfast"),
        ("PolicyName", "assume"),
        ("PolicyDocument", assume),
    ];
    iam(process, CONTROL, &policy).await;
    let key = iam(process, CONTROL, &[("Action", "CreateAccessKey"), ("UserName", "holdfast")]).await;
    let principal = format!("arn:aws:iam::{CONTROL}:user/holdfast");
    let trust = format!(
        r#"{{"Version":"2012-10-17","Statement":[
            {{"Effect":"Allow","Principal":{{"AWS":"{principal}"}},"Action":"sts:AssumeRole","Condition":{{"StringEquals":{{"sts:ExternalId":"{external_id}"}}}}}},
            {{"Effect":"Allow","Principal":{{"AWS":"{principal}"}},"Action":["sts:SetSourceIdentity","sts:TagSession"]}}]}}"#
    );
    for (role, actions) in
        [("holdfast-read", policy::read_role_actions()), ("holdfast-act", policy::act_role_actions())]
    {
        iam(
            process,
            MEMBER,
            &[("Action", "CreateRole"), ("RoleName", role), ("AssumeRolePolicyDocument", &trust)],
        )
        .await;
        let document = serde_json::json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": actions, "Resource": "*"}]});
        let document = document.to_string();
        let policy = [
            ("Action", "PutRolePolicy"),
            ("RoleName", role),
            ("PolicyName", "own"),
            ("PolicyDocument", &document),
        ];
        iam(process, MEMBER, &policy).await;
    }
    (element(&key, "AccessKeyId"), element(&key, "SecretAccessKey"))
}

async fn iam(process: &Process, account: &str, parameters: &[(&str, &str)]) -> String {
    let form: Vec<String> = [("Version", "2010-05-08")]
        .iter()
        .chain(parameters)
        .map(|(key, value)| format!("{key}={}", super::widening::percent(value)))
        .collect();
    let request = process
        .http
        .post(&process.url)
        .header("content-type", "application/x-www-form-urlencoded")
        .body(form.join("&"));
    process.root(account, "us-east-1", "iam", request).await
}
