//! The server over a connection in memory, as an editor talks to it.

use std::thread::JoinHandle;

use lsp_server::{Connection, Message, Notification, Request, RequestId, Response};
use serde_json::{Value, json};

use crate::report::Problem;

const A: &str = "file:///work/a.enigma";
const CONTRACT: &str = "contract A version 1 {
  group g min 3 max 9;
  collect pay: private u64 from each g range 0..=9 allow aggregate(3) to each g;

  entry e() {
    reveal total = pay.sum() to each g;
  }
}
";

/// An editor with a server of its own in another thread.
struct Editor {
    connection: Connection,
    server: Option<JoinHandle<Result<(), Problem>>>,
    requests: i32,
    capabilities: Value,
}

impl Editor {
    fn start() -> Editor {
        let (server, connection) = Connection::memory();
        let server = std::thread::spawn(move || super::serve(&server));
        let mut editor = Editor {
            connection,
            server: Some(server),
            requests: 0,
            capabilities: Value::Null,
        };
        let answer = editor.ask("initialize", json!({"capabilities": {}}));
        editor.capabilities = answer.expect("an answer")["capabilities"].clone();
        editor.tell("initialized", json!({}));
        editor
    }

    fn tell(&self, method: &str, params: Value) {
        let message = Notification::new(method.to_owned(), params);
        self.connection
            .sender
            .send(message.into())
            .expect("the server listens");
    }

    /// The next message, which must come soon.
    #[track_caller]
    fn receive(&self) -> Message {
        let patience = std::time::Duration::from_secs(60);
        self.connection
            .receiver
            .recv_timeout(patience)
            .expect("a message")
    }

    /// Asks, and gives the result or the error's code and message. Diagnostics in between are dropped.
    #[track_caller]
    fn ask(&mut self, method: &str, params: Value) -> Result<Value, (i32, String)> {
        self.requests += 1;
        let id = RequestId::from(self.requests);
        let request = Request::new(id.clone(), method.to_owned(), params);
        self.connection
            .sender
            .send(request.into())
            .expect("the server listens");
        loop {
            if let Message::Response(Response {
                id: to,
                response_result,
            }) = self.receive()
            {
                assert_eq!(to, id);
                return response_result.map_err(|error| (error.code, error.message));
            }
        }
    }

    #[track_caller]
    fn notified(&self, method: &str) -> Value {
        match self.receive() {
            Message::Notification(note) => {
                assert_eq!(note.method, method, "{}", note.params);
                note.params
            }
            other => panic!("{other:?}"),
        }
    }

    #[track_caller]
    fn published(&self) -> Value {
        self.notified("textDocument/publishDiagnostics")
    }

    /// Opens a document and gives its diagnostics.
    #[track_caller]
    fn open(&self, uri: &str, text: &str) -> Value {
        let document = json!({"uri": uri, "languageId": "enigma", "version": 1, "text": text});
        self.tell("textDocument/didOpen", json!({"textDocument": document}));
        self.published()
    }

    fn change(&self, uri: &str, version: i32, text: &str) {
        let params = json!({
            "textDocument": {"uri": uri, "version": version},
            "contentChanges": [{"text": text}],
        });
        self.tell("textDocument/didChange", params);
    }

    #[track_caller]
    fn stop(mut self) -> Result<(), Problem> {
        assert_eq!(self.ask("shutdown", Value::Null), Ok(Value::Null));
        self.tell("exit", Value::Null);
        self.server
            .take()
            .expect("running")
            .join()
            .expect("no panic")
    }
}

fn place(uri: &str, line: u32, character: u32) -> Value {
    json!({
        "textDocument": {"uri": uri},
        "position": {"line": line, "character": character},
    })
}

fn with(mut value: Value, key: &str, more: Value) -> Value {
    value[key] = more;
    value
}

#[test]
fn it_says_what_it_can_do_and_says_goodbye() {
    let editor = Editor::start();
    let capabilities = serde_json::to_string_pretty(&editor.capabilities).expect("JSON");
    insta::assert_snapshot!(capabilities);
    assert_eq!(editor.stop(), Ok(()));
}

#[test]
fn diagnostics_follow_the_text() {
    let editor = Editor::start();
    let clean = editor.open(A, CONTRACT);
    assert_eq!(clean, json!({"uri": A, "version": 1, "diagnostics": []}));
    let leak = CONTRACT.replace("pay.sum()", "pay");
    editor.change(A, 2, &leak);
    let published = editor.published();
    assert_eq!(published["version"], 2);
    let found = &published["diagnostics"][0];
    assert_eq!(found["code"], "E0310");
    assert_eq!(found["severity"], 1);
    assert_eq!(found["source"], "enigma");
    let range = &found["range"];
    assert_eq!(
        (&range["start"]["line"], &range["end"]["line"]),
        (&json!(5), &json!(5))
    );
    let message = found["message"].as_str().expect("a text");
    assert!(
        message.ends_with("\n`enigma explain E0310` says more"),
        "{message}"
    );
    let related = &found["relatedInformation"][0];
    assert_eq!(related["location"]["uri"], A, "{found}");
    editor.tell("textDocument/didClose", json!({"textDocument": {"uri": A}}));
    assert_eq!(editor.published(), json!({"uri": A, "diagnostics": []}));
    assert_eq!(editor.stop(), Ok(()));
}

#[test]
fn questions_about_a_place() {
    let mut editor = Editor::start();
    // What stands before on the line counts in UTF-16 units.
    let text = CONTRACT
        .replace("    reveal", "/*\u{1f600}*/reveal")
        .replace("/*", "  ")
        .replace("*/", "  ");
    let text = text.replace("\u{1f600}", "  ");
    editor.open(A, &text);
    let hover = editor
        .ask("textDocument/hover", place(A, 5, 23))
        .expect("an answer");
    let shown = hover["contents"]["value"].as_str().expect("a text");
    assert!(
        shown.starts_with("```enigma\ncollect pay: private u64"),
        "{shown}"
    );
    let definition = editor
        .ask("textDocument/definition", place(A, 5, 23))
        .expect("an answer");
    assert_eq!(definition[0]["uri"], A);
    assert_eq!(
        definition[0]["range"]["start"],
        json!({"line": 2, "character": 10})
    );
    assert_eq!(
        definition[0]["range"]["end"],
        json!({"line": 2, "character": 13})
    );
    let asked = |declaration: bool| {
        with(
            place(A, 2, 11),
            "context",
            json!({"includeDeclaration": declaration}),
        )
    };
    let all = editor
        .ask("textDocument/references", asked(true))
        .expect("an answer");
    let uses = editor
        .ask("textDocument/references", asked(false))
        .expect("an answer");
    assert_eq!(
        (all.as_array().map(Vec::len), uses.as_array().map(Vec::len)),
        (Some(2), Some(1))
    );
    let completions = editor
        .ask("textDocument/completion", place(A, 5, 27))
        .expect("an answer");
    let sum = completions
        .as_array()
        .expect("a list")
        .iter()
        .find(|item| item["label"] == "sum");
    assert_eq!(sum.expect("offered")["textEdit"]["newText"], "sum");
    let document = json!({"textDocument": {"uri": A}});
    let symbols = editor
        .ask("textDocument/documentSymbol", document)
        .expect("an answer");
    assert_eq!(symbols[0]["name"], "A");
    assert_eq!(symbols[0]["children"][2]["children"][0]["name"], "total");
    assert_eq!(
        editor.ask("textDocument/hover", place(A, 3, 0)),
        Ok(Value::Null)
    );
    assert_eq!(
        editor.ask("textDocument/definition", place(A, 3, 0)),
        Ok(Value::Null)
    );
    assert_eq!(editor.stop(), Ok(()));
}

#[test]
fn rename_is_prepared_done_and_refused() {
    let mut editor = Editor::start();
    editor.open(A, CONTRACT);
    let prepared = editor
        .ask("textDocument/prepareRename", place(A, 5, 20))
        .expect("an answer");
    assert_eq!(prepared["end"], json!({"line": 5, "character": 22}));
    let rename = |name: &str| with(place(A, 5, 20), "newName", name.into());
    let edit = editor
        .ask("textDocument/rename", rename("wage"))
        .expect("an answer");
    let change = &edit["documentChanges"][0];
    assert_eq!(change["textDocument"], json!({"uri": A, "version": 1}));
    assert_eq!(change["edits"].as_array().map(Vec::len), Some(2));
    assert_eq!(change["edits"][0]["newText"], "wage");
    for (name, what) in [
        ("reveal", "a word of the language"),
        ("g", "declared already"),
        ("9", "no name"),
    ] {
        let (code, message) = editor
            .ask("textDocument/rename", rename(name))
            .expect_err(name);
        assert_eq!(code, -32803);
        assert!(message.contains(what), "{message}");
    }
    let (code, message) = editor
        .ask("textDocument/prepareRename", place(A, 5, 6))
        .expect_err("a word");
    assert_eq!(
        (code, message.as_str()),
        (-32803, "this is no name that the source declares")
    );
    assert_eq!(editor.stop(), Ok(()));
}

#[test]
fn formatting_and_fixes() {
    let mut editor = Editor::start();
    let ugly = CONTRACT.replace("  group", "group");
    editor.open(A, &ugly);
    let format = json!({
        "textDocument": {"uri": A},
        "options": {"tabSize": 8, "insertSpaces": false},
    });
    let edits = editor
        .ask("textDocument/formatting", format.clone())
        .expect("an answer");
    assert_eq!(
        edits[0]["newText"], CONTRACT,
        "one style, whatever the editor's options"
    );
    assert_eq!(edits[0]["range"]["end"], json!({"line": 8, "character": 0}));
    editor.change(A, 2, CONTRACT);
    editor.published();
    assert_eq!(
        editor.ask("textDocument/formatting", format.clone()),
        Ok(json!([]))
    );
    editor.change(A, 3, &CONTRACT.replace("max 9;", "max 9"));
    editor.published();
    let (code, message) = editor
        .ask("textDocument/formatting", format)
        .expect_err("an error");
    assert_eq!(
        (code, message.as_str()),
        (-32803, "cannot be formatted: `;` is missing here")
    );
    let range = json!({"start": {"line": 1, "character": 0}, "end": {"line": 1, "character": 40}});
    let ask = json!({
        "textDocument": {"uri": A},
        "range": range,
        "context": {"diagnostics": []},
    });
    let actions = editor
        .ask("textDocument/codeAction", ask)
        .expect("an answer");
    assert_eq!(actions[0]["title"], "add `;`");
    assert_eq!(actions[0]["kind"], "quickfix");
    let change = &actions[0]["edit"]["documentChanges"][0];
    assert_eq!(change["textDocument"]["version"], 3);
    assert_eq!(change["edits"][0]["newText"], ";");
    assert_eq!(
        change["edits"][0]["range"]["start"],
        json!({"line": 1, "character": 21})
    );
    assert_eq!(editor.stop(), Ok(()));
}

#[test]
fn documents_are_apart() {
    let mut editor = Editor::start();
    // One that no file has, as an editor names a new text.
    let new = "untitled:Untitled-1";
    editor.open(A, CONTRACT);
    let broken = editor.open(new, "contract B version 1 {");
    assert_eq!(
        (&broken["uri"], &broken["diagnostics"][0]["code"]),
        (&json!(new), &json!("E0101"))
    );
    assert!(
        editor
            .ask("textDocument/hover", place(A, 2, 11))
            .expect("an answer")
            .is_object()
    );
    assert!(
        editor
            .ask("textDocument/hover", place(new, 0, 9))
            .expect("an answer")
            .is_object()
    );
    editor.tell(
        "textDocument/didClose",
        json!({"textDocument": {"uri": new}}),
    );
    editor.published();
    let closed = editor.ask("textDocument/hover", place(new, 0, 0));
    assert_eq!(closed, Err((-32602, format!("{new} is not open"))));
    assert!(editor.ask("textDocument/hover", place(A, 2, 11)).is_ok());
    assert_eq!(editor.stop(), Ok(()));
}

#[test]
fn what_cannot_be_answered_is_refused() {
    let mut editor = Editor::start();
    editor.open(A, CONTRACT);
    let mut refused = |method: &str, params: Value, code: i32, what: &str| {
        let (found, message) = editor.ask(method, params).expect_err(method);
        assert_eq!(found, code, "{message}");
        assert!(message.contains(what), "{message}");
    };
    refused(
        "textDocument/hover",
        place(A, 9, 0),
        -32602,
        "has no line 9",
    );
    refused(
        "textDocument/hover",
        place("file:///b.enigma", 0, 0),
        -32602,
        "is not open",
    );
    refused("textDocument/hover", json!({}), -32602, "missing field");
    refused("textDocument/hover", json!(null), -32602, "invalid type");
    let endless = place(A, u32::MAX, u32::MAX);
    refused("textDocument/definition", endless, -32602, "has no line");
    refused(
        "textDocument/inlayHint",
        json!({}),
        -32601,
        "does not know textDocument/inlayHint",
    );
    refused(
        "enigma/nothing",
        json!({}),
        -32601,
        "does not know enigma/nothing",
    );
    // A column behind the line's end is its end, by the protocol.
    assert_eq!(
        editor.ask("textDocument/hover", place(A, 3, 999)),
        Ok(Value::Null)
    );
    // Notifications have no answer: the editor's log gets it.
    editor.change("file:///b.enigma", 1, "");
    let log = editor.notified("window/logMessage");
    assert_eq!(
        log["message"],
        "textDocument/didChange: file:///b.enigma is not open"
    );
    let range = json!({"start": {"line": 0, "character": 0}, "end": {"line": 0, "character": 1}});
    let part = json!({
        "textDocument": {"uri": A, "version": 2},
        "contentChanges": [{"text": "x", "range": range}],
    });
    editor.tell("textDocument/didChange", part);
    let log = editor.notified("window/logMessage");
    assert!(
        log["message"]
            .as_str()
            .is_some_and(|text| text.contains("whole texts")),
        "{log}"
    );
    editor.tell("textDocument/didOpen", json!({"textDocument": 1}));
    editor.notified("window/logMessage");
    editor.tell("$/cancelRequest", json!({"id": 1}));
    editor.tell("workspace/didChangeConfiguration", json!({}));
    assert!(
        editor
            .ask("textDocument/hover", place(A, 2, 11))
            .expect("as before")
            .is_object()
    );
    assert_eq!(editor.stop(), Ok(()));
}

#[test]
fn a_document_that_is_too_large_is_not_kept() {
    let mut editor = Editor::start();
    let large = " ".repeat(enigma_lang::MAX_SOURCE_LEN + 1);
    let published = editor.open(A, &large);
    assert_eq!(published["diagnostics"][0]["code"], "E0105");
    let (code, message) = editor
        .ask("textDocument/hover", place(A, 0, 0))
        .expect_err("too large");
    assert!(
        code == -32803 && message.contains("at most 262144 bytes"),
        "{code} {message}"
    );
    editor.change(A, 2, CONTRACT);
    assert_eq!(editor.published()["diagnostics"], json!([]));
    assert!(
        editor
            .ask("textDocument/hover", place(A, 2, 11))
            .expect("an answer")
            .is_object()
    );
    assert_eq!(editor.stop(), Ok(()));
}

#[test]
fn an_editor_that_leaves_is_noticed() {
    let mut editor = Editor::start();
    editor.tell("exit", Value::Null);
    let served = editor
        .server
        .take()
        .expect("running")
        .join()
        .expect("no panic");
    assert!(served.is_err_and(|problem| problem.to_string().contains("without saying goodbye")));
    let mut editor = Editor::start();
    let server = editor.server.take().expect("running");
    drop(editor);
    assert!(server.join().expect("no panic").is_err());
    // Something else than `initialize` at first.
    let (server, client) = Connection::memory();
    let server = std::thread::spawn(move || super::serve(&server));
    client
        .sender
        .send(Notification::new("exit".to_owned(), Value::Null).into())
        .expect("sent");
    assert!(server.join().expect("no panic").is_err());
}

/// Who types fast gets the diagnostics of the last text, not of each.
#[test]
fn only_the_last_of_many_changes_is_checked() {
    let mut editor = Editor::start();
    editor.open(A, CONTRACT);
    for version in 2..200 {
        editor.change(A, version, &format!("{CONTRACT}// {version}\n"));
    }
    let mut published = 0;
    loop {
        published += 1;
        if editor.published()["version"] == 199 {
            break;
        }
    }
    assert!(published < 198, "{published}");
    assert!(editor.ask("textDocument/hover", place(A, 2, 11)).is_ok());
    assert_eq!(editor.stop(), Ok(()));
}

const USER: &str = "use lib::shapes::area;
contract X version 1 {
  state L { n: u64 = 0; }
  entry e() { L.n = area(2); }
}
";
const SHAPES: &str = "fn area(w: u64) -> u64 { return w * w; }\n";

/// A folder with the file that [`USER`] uses, and the URI of that folder.
fn shapes() -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::create_dir(folder.path().join("lib")).expect("made");
    std::fs::write(folder.path().join("lib/shapes.enigma"), SHAPES).expect("written");
    let uri = format!("file://{}", folder.path().display());
    (folder, uri)
}

#[test]
fn used_files_are_read_where_they_are() {
    let (_folder, uri) = shapes();
    let (user, shapes) = (
        format!("{uri}/x.enigma"),
        format!("{uri}/lib/shapes.enigma"),
    );
    let mut editor = Editor::start();
    assert_eq!(editor.open(&user, USER)["diagnostics"], json!([]));
    let to = editor.ask("textDocument/definition", place(&user, 3, 21));
    let to = to.expect("an answer");
    assert_eq!(to[0]["uri"], json!(shapes));
    assert_eq!(to[0]["range"]["start"], json!({"line": 0, "character": 3}));
    // What is open counts, saved or not; and is told of where it is used.
    let broken = editor.open(&shapes, "fn area(w: u64) -> u64 { return h; }\n");
    let (first, second) = (broken, editor.published());
    let (own, other) = match first["uri"] == json!(shapes) {
        true => (first, second),
        false => (second, first),
    };
    assert_eq!(own["diagnostics"][0]["code"], json!("E0201"));
    assert_eq!(other["uri"], json!(user));
    let found = &other["diagnostics"][0];
    assert_eq!(found["range"]["start"], json!({"line": 0, "character": 0}));
    assert_eq!(
        found["relatedInformation"][0]["location"]["uri"],
        json!(shapes)
    );
    assert_eq!(editor.stop(), Ok(()));
}

#[test]
fn renaming_goes_through_open_documents_and_used_files() {
    let (_folder, uri) = shapes();
    let (user, shapes) = (
        format!("{uri}/x.enigma"),
        format!("{uri}/lib/shapes.enigma"),
    );
    let mut editor = Editor::start();
    editor.open(&user, USER);
    let files = |change: &Value| {
        let edits = change["documentChanges"].as_array().expect("edits").clone();
        let file = |edit: &Value| {
            let document = &edit["textDocument"];
            let count = edit["edits"].as_array().map_or(0, Vec::len);
            (document["uri"].clone(), document["version"].clone(), count)
        };
        edits.iter().map(file).collect::<Vec<_>>()
    };
    let mut params = place(&user, 3, 21);
    params["newName"] = json!("extent");
    let change = editor
        .ask("textDocument/rename", params)
        .expect("an answer");
    let closed = [(json!(shapes), Value::Null, 1), (json!(user), json!(1), 2)];
    assert_eq!(files(&change), closed);
    // From the used file to those that use it.
    editor.open(&shapes, SHAPES);
    editor.published();
    let mut params = place(&shapes, 0, 4);
    params["newName"] = json!("extent");
    let change = editor
        .ask("textDocument/rename", params)
        .expect("an answer");
    let open = [(json!(shapes), json!(1), 1), (json!(user), json!(1), 2)];
    assert_eq!(files(&change), open);
    // A name that the user has already.
    let mut params = place(&shapes, 0, 4);
    params["newName"] = json!("X");
    let refused = editor.ask("textDocument/rename", params);
    assert!(refused.is_err(), "{refused:?}");
    assert_eq!(editor.stop(), Ok(()));
}

#[test]
fn a_text_that_was_never_saved_uses_no_files() {
    let editor = Editor::start();
    let found = editor.open("untitled:Untitled-1", USER);
    assert_eq!(found["diagnostics"][0]["code"], json!("E0109"));
    assert_eq!(editor.stop(), Ok(()));
}
