//! Answers in the shape that each protocol gives them, with the request id where the SDKs look for it.

use super::Reply;
use super::ec2;
use super::service::{Protocol, Service};
use super::xml::Xml;
use crate::refusal::Refusal;
use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use serde_json::json;

/// A call that was carried out.
pub(super) fn done(service: Service, reply: Reply, request_id: &str) -> Response {
    let mut response = answer(service, StatusCode::OK, reply.body, request_id);
    if let Some(etag) = reply.etag.and_then(|e| HeaderValue::from_str(&e).ok()) {
        response.headers_mut().insert(header::ETAG, etag);
    }
    response
}

/// A call that was not.
pub(super) fn refused(service: Service, refusal: &Refusal, request_id: &str) -> Response {
    let status = StatusCode::from_u16(refusal.status).unwrap_or(StatusCode::BAD_REQUEST);
    let body = match service.protocol() {
        Protocol::Query if service == Service::Ec2 => ec2::error_xml(refusal, request_id),
        Protocol::RestXml if service == Service::S3 => s3_error_xml(refusal, request_id),
        Protocol::Query | Protocol::RestXml => error_xml(namespace(service), refusal, request_id),
        Protocol::Json | Protocol::RestJson => {
            json!({"__type": refusal.code, "message": refusal.message}).to_string().into_bytes()
        }
        Protocol::Cbor => error_cbor(service, refusal),
    };
    let mut response = answer(service, status, body, request_id);
    // Over REST the body need not name the error: the SDKs look here first.
    if service.protocol() == Protocol::RestJson
        && let Ok(code) = HeaderValue::from_str(&refusal.code)
    {
        response.headers_mut().insert("x-amzn-errortype", code);
    }
    response
}

/// A request whose service could not be told.
pub(super) fn unsigned(refusal: &Refusal, request_id: &str) -> Response {
    refused(Service::Sts, refusal, request_id)
}

/// The XML namespace of a service's answers.
pub(super) fn namespace(service: Service) -> &'static str {
    match service {
        Service::Rds => "http://rds.amazonaws.com/doc/2014-10-31/",
        Service::Route53 => "https://route53.amazonaws.com/doc/2013-04-01/",
        Service::AutoScaling => "http://autoscaling.amazonaws.com/doc/2011-01-01/",
        Service::ElbV2 => "http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/",
        Service::CloudFormation => "http://cloudformation.amazonaws.com/doc/2010-05-15/",
        Service::Ec2 => "http://ec2.amazonaws.com/doc/2016-11-15/",
        Service::Iam => "https://iam.amazonaws.com/doc/2010-05-08/",
        Service::ElastiCache => "http://elasticache.amazonaws.com/doc/2015-02-02/",
        Service::S3 => "http://s3.amazonaws.com/doc/2006-03-01/",
        Service::S3Control => "http://awss3control.amazonaws.com/doc/2018-08-20/",
        Service::CloudFront => "http://cloudfront.amazonaws.com/doc/2020-05-31/",
        _ => "https://sts.amazonaws.com/doc/2011-06-15/",
    }
}

fn error_xml(namespace: &str, refusal: &Refusal, request_id: &str) -> Vec<u8> {
    Xml::document("ErrorResponse", namespace, |xml| {
        xml.element("Error", |xml| {
            xml.text("Type", if refusal.status < 500 { "Sender" } else { "Receiver" });
            xml.text("Code", &refusal.code);
            xml.text("Message", &refusal.message);
        });
        xml.text("RequestId", request_id);
    })
}

/// S3 wraps its errors in nothing.
fn s3_error_xml(refusal: &Refusal, request_id: &str) -> Vec<u8> {
    Xml::document("Error", namespace(Service::S3), |xml| {
        xml.text("Code", &refusal.code);
        xml.text("Message", &refusal.message);
        xml.text("RequestId", request_id);
    })
}

fn error_cbor(service: Service, refusal: &Refusal) -> Vec<u8> {
    let text = |t: &str| ciborium::Value::Text(t.to_owned());
    let map = ciborium::Value::Map(vec![
        (text("__type"), ciborium::Value::Text(format!("com.amazonaws.{}#{}", service.name(), refusal.code))),
        (text("message"), text(&refusal.message)),
    ]);
    cbor(&map)
}

/// A CBOR value as bytes.
pub(super) fn cbor(value: &ciborium::Value) -> Vec<u8> {
    let mut out = Vec::new();
    // Writing a value into memory has nothing that can fail.
    let _ = ciborium::into_writer(value, &mut out);
    out
}

fn answer(service: Service, status: StatusCode, body: Vec<u8>, request_id: &str) -> Response {
    let content_type = match service.protocol() {
        Protocol::Query => "text/xml",
        Protocol::RestXml => "application/xml",
        Protocol::RestJson => "application/json",
        Protocol::Json if service == Service::DynamoDb => "application/x-amz-json-1.0",
        Protocol::Json => "application/x-amz-json-1.1",
        Protocol::Cbor => "application/cbor",
    };
    let mut response = (status, Body::from(body)).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    if service.protocol() == Protocol::Cbor {
        headers.insert("smithy-protocol", HeaderValue::from_static("rpc-v2-cbor"));
    }
    let s3 = matches!(service, Service::S3Control | Service::S3);
    let id_header = if s3 { "x-amz-request-id" } else { "x-amzn-requestid" };
    if let Ok(id) = HeaderValue::from_str(request_id) {
        headers.insert(id_header, id);
    }
    response
}
