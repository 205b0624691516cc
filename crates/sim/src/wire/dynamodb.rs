//! DynamoDB over JSON 1.0: describing global tables, each Region from its own side. No items.

use super::input::text;
use super::service::{Operation, Plane};
use super::{Context, Reply};
use crate::refusal::Refusal;
use crate::world::World;
use crate::world::stores::tables::{Replica, Table};
use serde_json::{Value, json};

pub(super) const OPERATIONS: &[Operation] =
    &[Operation::look("DescribeTable", "dynamodb:DescribeTable", Plane::Control)];

pub(super) fn resources(context: &Context<'_>, input: &Value) -> Vec<String> {
    let name = text(input, "TableName").unwrap_or("*");
    vec![format!("arn:aws:dynamodb:{}:{}:table/{name}", context.region, context.account)]
}

pub(super) fn perform(world: &World, context: &Context<'_>, input: &Value) -> Result<Reply, Refusal> {
    let name = text(input, "TableName")
        .ok_or_else(|| Refusal::new("ValidationException", "TableName must be given."))?;
    let found = world
        .stores
        .tables
        .iter()
        .filter(|t| t.account == context.account && t.name == name)
        // Tables of one name that are no replicas of each other may stand in several Regions.
        .find_map(|t| Some((t, t.replica(context.region)?)));
    let Some((table, replica)) = found else {
        return Err(Refusal::new(
            "ResourceNotFoundException",
            format!("Requested resource not found: Table: {name} not found"),
        ));
    };
    Ok(Reply::look(json!({"Table": table_json(table, replica)}).to_string()))
}

fn table_json(table: &Table, here: &Replica) -> Value {
    // A table tells of the others' replicas; its own is the table itself.
    let others: Vec<Value> = table
        .replicas
        .iter()
        .filter(|r| r.region != here.region)
        .map(|r| {
            json!({
                "RegionName": r.region,
                "ReplicaStatus": r.status,
                "ReplicaArn": format!("arn:aws:dynamodb:{}:{}:table/{}", r.region, table.account, table.name),
            })
        })
        .collect();
    let mut described = json!({
        "TableName": table.name,
        "TableArn": format!("arn:aws:dynamodb:{}:{}:table/{}", here.region, table.account, table.name),
        "TableStatus": here.status,
        "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
        "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
        "BillingModeSummary": {"BillingMode": "PAY_PER_REQUEST"},
        "GlobalTableVersion": "2019.11.21",
        "Replicas": others,
    });
    if table.strong
        && let Some(fields) = described.as_object_mut()
    {
        let witnesses: Vec<Value> = table
            .witnesses
            .iter()
            .map(|region| json!({"RegionName": region, "WitnessStatus": "ACTIVE"}))
            .collect();
        fields.insert("MultiRegionConsistency".to_owned(), "STRONG".into());
        fields.insert("GlobalTableWitnesses".to_owned(), witnesses.into());
    }
    described
}
