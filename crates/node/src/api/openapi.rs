//! The API's description in OpenAPI form: a table of routes, and objects described by serialising the
//! types themselves, once with and once without what is optional.

use enigma_wire::api::signed::SCHEME;
use enigma_wire::api::{
    ApiError, DepositAccepted, DroppedRow, ErrorCode, JobPhase, JobStatus, KeptValue, KeptValues,
    NodeStatus, PeerReport, SealedOutput,
};
use enigma_wire::id::{CollectionId, Hash, JobId, MemberIndex, NodeId, PeerKey};
use enigma_wire::sign::Signature;
use serde::Serialize;
use serde_json::{Map, Value, json};

/// What a client sends or gets.
#[derive(Clone, Copy)]
enum Content {
    Nothing,
    Text,
    Bytes(&'static str),
    Object(&'static str),
}

/// One request that can be made.
struct Route {
    method: &'static str,
    path: &'static str,
    meaning: &'static str,
    /// It must be signed by an account that may ask.
    signed: bool,
    body: Content,
    answer: Content,
}

const fn get(path: &'static str, meaning: &'static str, signed: bool, answer: Content) -> Route {
    Route {
        method: "get",
        path,
        meaning,
        signed,
        body: Content::Nothing,
        answer,
    }
}

const ROUTES: &[Route] = &[
    get(
        "/v1/status",
        "What the node says about itself.",
        false,
        Content::Object("NodeStatus"),
    ),
    Route {
        method: "post",
        path: "/v1/deposits",
        meaning: "Keeps an owner's row and signs a receipt. It carries its owner's signature and member proof.",
        signed: false,
        body: Content::Bytes("A deposit in its canonical form."),
        answer: Content::Object("DepositAccepted"),
    },
    Route {
        method: "post",
        path: "/v1/parameters",
        meaning: "Keeps the private parameters of a call and signs a receipt. It carries its caller's signature.",
        signed: false,
        body: Content::Bytes("A deposit of parameters in its canonical form."),
        answer: Content::Object("DepositAccepted"),
    },
    get(
        "/v1/contracts/{hash}",
        "A compiled contract that is kept here; check its hash.",
        false,
        Content::Bytes("The bytecode."),
    ),
    Route {
        method: "put",
        path: "/v1/contracts/{hash}",
        meaning: "Keeps a published contract. For an account that deployed an instance of it.",
        signed: true,
        body: Content::Bytes("The bytecode."),
        answer: Content::Nothing,
    },
    get(
        "/v1/instances/{hash}/kept/{slot}/{key}",
        "What an instance keeps beside the chain, of a map at a key (borsh of an optional value, in hexadecimal). For whom the contract lets read it.",
        true,
        Content::Object("KeptValues"),
    ),
    get(
        "/v1/jobs/{job}",
        "How a job stands here. For those it concerns.",
        true,
        Content::Object("JobStatus"),
    ),
    get(
        "/v1/jobs/{job}/outputs/caller",
        "What a settled job shows to who asked for it, sealed. For that account.",
        true,
        Content::Object("SealedOutput"),
    ),
    get(
        "/v1/jobs/{job}/outputs/member/{collection}/{member}",
        "A member's sealed output of a settled job. For that member.",
        true,
        Content::Object("SealedOutput"),
    ),
    get(
        "/v1/jobs/{job}/outputs/party/{index}",
        "A party's sealed output of a settled job. For that party.",
        true,
        Content::Object("SealedOutput"),
    ),
    get(
        "/v1/jobs/{job}/outputs/public",
        "What a settled job shows to everyone, in the clear; check its proof against the certificate.",
        false,
        Content::Object("SealedOutput"),
    ),
    get(
        "/v1/openapi.json",
        "This description.",
        false,
        Content::Bytes("OpenAPI, as JSON."),
    ),
    get("/health", "The process answers.", false, Content::Text),
    get(
        "/ready",
        "The chain answers and the disk takes writes; otherwise 503 and the reason.",
        false,
        Content::Text,
    ),
];

/// Statuses of refusals and what they mean; each comes with an `ApiError`.
const REFUSALS: &[(&str, &str)] = &[
    ("400", "It does not decode."),
    (
        "401",
        "It is not signed, or signature, time or nonce do not hold.",
    ),
    (
        "403",
        "The chain does not allow it, or not to this account.",
    ),
    ("404", "No such thing here."),
    ("413", "The body is too long."),
    ("422", "The dealing is inconsistent; its dealer is named."),
    (
        "429",
        "Too many requests from this address; see retry-after.",
    ),
    ("500", "The node's disk failed; nothing was stored."),
    (
        "503",
        "Busy, or the block has not been seen here; see retry-after.",
    ),
];

/// The description as JSON text, the same on every machine.
pub fn description() -> String {
    let mut paths = Map::new();
    for route in ROUTES {
        let path = paths.entry(route.path).or_insert_with(|| json!({}));
        path[route.method] = operation(route);
    }
    let document = json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Enigma node",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "The public API of a node: owners bring rows, deployers bring contracts, recipients fetch sealed outputs.",
        },
        "paths": paths,
        "components": {
            "schemas": schemas(),
            "securitySchemes": { "signed": {
                "type": "apiKey",
                "in": "header",
                "name": "authorization",
                "description": format!(
                    "{SCHEME} ACCOUNT TIME NONCE SIGNATURE: EIP-712 over Request(bytes32 node,string method,string target,\
                     bytes32 body,uint64 time,uint128 nonce) in the controller's domain; node is the node's transport key, \
                     target the path with query, body the BLAKE3 hash of the body, time in Unix seconds."
                ),
            }},
        },
    });
    let mut text = serde_json::to_string_pretty(&document).expect("plain data has a text form");
    text.push('\n');
    text
}

fn operation(route: &Route) -> Value {
    let mut parameters: Vec<Value> = route
        .path
        .split('/')
        .filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
        .map(|name| {
            let kind = match name {
                "hash" | "key" => "string",
                _ => "integer",
            };
            json!({"name": name, "in": "path", "required": true, "schema": {"type": kind}})
        })
        .collect();
    parameters.push(json!({
        "name": "min-block",
        "in": "header",
        "description": "A block the client has seen; the node answers once it has seen it, too.",
        "schema": {"type": "integer"},
    }));
    let mut responses = Map::new();
    let status = match route.answer {
        Content::Nothing => "204",
        _ => "200",
    };
    responses.insert(status.to_owned(), content(route.answer));
    for (status, meaning) in REFUSALS {
        let mut refusal = content(Content::Object("ApiError"));
        refusal["description"] = json!(meaning);
        responses.insert((*status).to_owned(), refusal);
    }
    let mut operation = json!({
        "summary": route.meaning,
        "parameters": parameters,
        "responses": responses,
    });
    if !matches!(route.body, Content::Nothing) {
        operation["requestBody"] = content(route.body);
    }
    if route.signed {
        operation["security"] = json!([{"signed": []}]);
    }
    operation
}

fn content(content: Content) -> Value {
    match content {
        Content::Nothing => json!({"description": "Done."}),
        Content::Text => json!({"description": "Yes.", "content": {"text/plain": {}}}),
        Content::Bytes(meaning) => json!({
            "description": meaning,
            "content": {"application/octet-stream": {}},
        }),
        Content::Object(name) => json!({
            "description": name,
            "content": {"application/json": {"schema": {"$ref": format!("#/components/schemas/{name}")}}},
        }),
    }
}

fn schemas() -> Value {
    let hash = Hash([0; 32]);
    let peer = |known: bool| PeerReport {
        peer: PeerKey([0; 32]),
        connected: known,
        version: known.then(String::new),
        clock_offset_seconds: known.then_some(0),
    };
    let status = |known: bool| NodeStatus {
        node: known.then_some(NodeId(1)),
        version: String::new(),
        protocol: 0,
        block: 0,
        time: 0,
        jobs: 0,
        links: 0,
        peers: vec![peer(known)],
    };
    let job = |known: bool| JobStatus {
        job: JobId(1),
        phase: JobPhase::Settled,
        reason: known.then(String::new),
        dropped: vec![DroppedRow {
            collection: CollectionId(1),
            member: MemberIndex(0),
        }],
        dropped_rows: 1,
        security: String::new(),
        bytes_sent: 0,
    };
    let accepted = DepositAccepted {
        node: NodeId(1),
        receipt: Signature([0; 65]),
    };
    let output = SealedOutput {
        ciphertext: String::new(),
        proof: vec![hash],
        index: 0,
        roots: vec![hash],
    };
    let kept = KeptValues {
        columns: vec![KeptValue {
            column: 0,
            value: String::new(),
        }],
    };
    let error = ApiError {
        code: ErrorCode::NotFound,
        message: String::new(),
    };
    json!({
        "NodeStatus": schema(&status(true), &status(false)),
        "JobStatus": schema(&job(true), &job(false)),
        "DepositAccepted": schema(&accepted, &accepted),
        "SealedOutput": schema(&output, &output),
        "KeptValues": schema(&kept, &kept),
        "ApiError": schema(&error, &error),
    })
}

/// The schema of a type, from a value with everything in it and one without what is optional.
fn schema(full: &impl Serialize, bare: &impl Serialize) -> Value {
    merged(&value(full), &value(bare))
}

fn value(of: &impl Serialize) -> Value {
    serde_json::to_value(of).expect("plain data has a JSON form")
}

fn merged(full: &Value, bare: &Value) -> Value {
    let mut schema = match full {
        Value::Object(fields) => {
            let properties: Map<String, Value> = fields
                .iter()
                .map(|(name, field)| (name.clone(), merged(field, &bare[name])))
                .collect();
            json!({
                "type": "object",
                "required": fields.keys().collect::<Vec<_>>(),
                "properties": properties,
            })
        }
        Value::Array(items) => {
            json!({"type": "array", "items": merged(&items[0], &bare[0])})
        }
        Value::Number(_) => json!({"type": "integer"}),
        Value::Bool(_) => json!({"type": "boolean"}),
        Value::String(_) | Value::Null => json!({"type": "string"}),
    };
    if bare.is_null() {
        schema["type"] = json!([schema["type"], "null"]);
    }
    schema
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_route_is_described_and_every_description_is_a_route() {
        let source = include_str!("../api.rs");
        let served: BTreeSet<&str> = source
            .split(".route(")
            .skip(1)
            .filter_map(|rest| rest.split('"').nth(1))
            .collect();
        let described: BTreeSet<&str> = ROUTES.iter().map(|route| route.path).collect();
        assert_eq!(served, described);
    }

    #[test]
    fn what_is_optional_may_be_null() {
        let schemas = schemas();
        let node = &schemas["NodeStatus"]["properties"];
        assert_eq!(node["node"]["type"], json!(["integer", "null"]));
        assert_eq!(node["block"]["type"], json!("integer"));
        let peer = &node["peers"]["items"]["properties"];
        assert_eq!(peer["version"]["type"], json!(["string", "null"]));
        assert_eq!(peer["connected"]["type"], json!("boolean"));
    }
}
