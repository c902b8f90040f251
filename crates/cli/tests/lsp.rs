//! `enigma lsp` as an editor starts it: a process of its own, over standard input and output.

mod support;

use std::io::{BufReader, Write as _};
use std::process::{Child, Stdio};

use lsp_server::{Message, Notification, Request, RequestId};
use serde_json::{Value, json};

fn start() -> Child {
    let mut command = support::enigma(&["lsp", "--stdio"]);
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command.spawn().expect("the binary starts")
}

#[test]
fn a_session() {
    let mut child = start();
    let mut input = child.stdin.take().expect("piped");
    let mut output = BufReader::new(child.stdout.take().expect("piped"));
    let mut ask = |id: i32, method: &str, params: Value| {
        let request = Request::new(RequestId::from(id), method.to_owned(), params);
        Message::from(request).write(&mut input).expect("written");
        loop {
            let message = Message::read(&mut output)
                .expect("readable")
                .expect("a message");
            if let Message::Response(response) = message {
                return response.response_result.expect("an answer");
            }
        }
    };
    let answer = ask(1, "initialize", json!({"capabilities": {}}));
    assert_eq!(answer["serverInfo"]["name"], "enigma");
    let mut tell = |method: &str, params: Value| {
        let note = Notification::new(method.to_owned(), params);
        Message::from(note).write(&mut input).expect("written");
    };
    tell("initialized", json!({}));
    let text = "contract A version 1 {\n  party p\n}\n";
    let uri = "file:///a.enigma";
    let document = json!({"uri": uri, "languageId": "enigma", "version": 7, "text": text});
    tell("textDocument/didOpen", json!({"textDocument": document}));
    let message = Message::read(&mut output)
        .expect("readable")
        .expect("a message");
    let Message::Notification(published) = message else {
        panic!("{message:?}")
    };
    assert_eq!(published.method, "textDocument/publishDiagnostics");
    assert_eq!(published.params["diagnostics"][0]["code"], "E0101");
    let mut ask = |id: i32, method: &str, params: Value| {
        let request = Request::new(RequestId::from(id), method.to_owned(), params);
        Message::from(request).write(&mut input).expect("written");
        let message = Message::read(&mut output)
            .expect("readable")
            .expect("a message");
        match message {
            Message::Response(response) => response.response_result.expect("an answer"),
            other => panic!("{other:?}"),
        }
    };
    let hover = json!({"textDocument": {"uri": uri}, "position": {"line": 1, "character": 9}});
    let hover = ask(2, "textDocument/hover", hover);
    assert_eq!(
        hover["contents"]["value"],
        "```enigma\nparty p\n```\n\nparty"
    );
    ask(3, "shutdown", Value::Null);
    let exit = Notification::new("exit".to_owned(), Value::Null);
    Message::from(exit).write(&mut input).expect("written");
    drop(input);
    let output = child.wait_with_output().expect("it ends");
    assert!(output.status.success(), "{}", support::stderr(&output));
    assert_eq!(support::stderr(&output), "");
}

/// Bytes that are no messages end the process with an error, not with a panic.
#[test]
fn noise_on_standard_input() {
    for noise in [
        &b"hello\r\n\r\n"[..],
        b"",
        b"Content-Length: 99999999999999999999\r\n\r\n{}",
        b"Content-Length: 2\r\n\r\n{}",
        b"Content-Length: 5\r\n\r\n\xff\xff\xff\xff\xff",
    ] {
        let mut child = start();
        let mut input = child.stdin.take().expect("piped");
        // It may end before all is read.
        let _ = input.write_all(noise);
        drop(input);
        let output = child.wait_with_output().expect("it ends");
        let errors = support::stderr(&output);
        assert_eq!(output.status.code(), Some(1), "{noise:?}: {errors}");
        assert!(
            errors.starts_with("error: the editor ") && !errors.contains("panicked"),
            "{errors}"
        );
    }
}
