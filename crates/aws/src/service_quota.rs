//! Service quotas: what holds in each Region. One that was never raised is not kept with the account; then AWS's
//! default holds.

use crate::clients::Caller;
use crate::regional::{in_each, told, unless_absent};
use crate::settings::Service;
use holdfast_cloud::{Error, ErrorKind, Looked};
use holdfast_domain::facts::QuotaFacts;
use holdfast_domain::resource::ServiceQuota;
use holdfast_domain::{Facts, RegionCode};

const GET: &str = "servicequotas:GetServiceQuota";
const GET_DEFAULT: &str = "servicequotas:GetAWSDefaultServiceQuota";

pub(crate) const LOOK: &[&str] = &[GET, GET_DEFAULT];

pub(crate) async fn look(caller: &Caller, spec: &ServiceQuota, regions: &[RegionCode]) -> Looked {
    told(in_each(regions, |region| look_in(caller, spec, region)).await, Facts::Quota)
}

async fn look_in(caller: &Caller, spec: &ServiceQuota, region: &RegionCode) -> Result<QuotaFacts, Error> {
    let (service, code) = (&spec.service, &spec.quota);
    let client = caller.service_quotas(region.as_str());
    let sent = client.get_service_quota().service_code(service).quota_code(code).send();
    let applied = unless_absent(caller.ask(Service::Quotas, region.as_str(), GET, sent).await)?;
    let (quota, applied) = match applied {
        Some(answer) => (answer.quota.ok_or_else(|| unreadable(caller, region, GET))?, true),
        None => {
            let sent = client.get_aws_default_service_quota().service_code(service).quota_code(code).send();
            let answer = caller.ask(Service::Quotas, region.as_str(), GET_DEFAULT, sent).await?;
            let quota = answer.quota.ok_or_else(|| unreadable(caller, region, GET_DEFAULT))?;
            (quota, false)
        }
    };
    let value = quota.value().ok_or_else(|| unreadable(caller, region, GET))?;
    Ok(QuotaFacts {
        name: quota.quota_name().unwrap_or(code).to_owned(),
        value,
        applied,
        adjustable: quota.adjustable(),
    })
}

fn unreadable(caller: &Caller, region: &RegionCode, action: &'static str) -> Error {
    caller.call(region.as_str(), action).error(ErrorKind::Unreadable, "the answer has no value of the quota")
}
