//! `enigma fmt` through the real binary.

mod support;

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Output, Stdio};

use support::{enigma, stderr, stdout};

const UGLY: &str = "contract A version 1 {party p ;\n\n\n// why\ngroup g min 1 max 2 ; }";
const PRETTY: &str = "contract A version 1 {\n  party p;\n\n  // why\n  group g min 1 max 2;\n}\n";
const BROKEN: &str = "contract A version 1 { party p }";

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("temporary folder")
}

fn put(folder: &Path, name: &str, text: &str) {
    let path = folder.join(name);
    fs::create_dir_all(path.parent().expect("a folder")).expect("made");
    fs::write(path, text).expect("written");
}

fn text(folder: &Path, name: &str) -> String {
    fs::read_to_string(folder.join(name)).expect("readable")
}

fn fmt(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = enigma(&["fmt"]);
    command.args(arguments).current_dir(folder);
    command.output().expect("the binary starts")
}

fn fmt_input(arguments: &[&str], input: &[u8]) -> Output {
    let mut command = enigma(&["fmt", "--stdin"]);
    command.args(arguments);
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().expect("the binary starts");
    // What is refused early may not be read to its end.
    let _ = child.stdin.take().expect("piped").write_all(input);
    child.wait_with_output().expect("it ends")
}

#[test]
fn files_below_the_current_folder_are_rewritten() {
    let folder = folder();
    let folder = folder.path();
    put(folder, "a.enigma", UGLY);
    put(folder, "deep/er/b.enigma", UGLY);
    put(folder, "good.enigma", PRETTY);
    put(folder, "other.txt", UGLY);
    put(folder, ".hidden/c.enigma", UGLY);
    let output = fmt(folder, &[]);
    assert!(output.status.success(), "{}", stderr(&output));
    assert_eq!(
        stdout(&output),
        "formatted  a.enigma\nformatted  deep/er/b.enigma\n"
    );
    assert_eq!(text(folder, "a.enigma"), PRETTY);
    assert_eq!(text(folder, "deep/er/b.enigma"), PRETTY);
    assert_eq!(text(folder, "other.txt"), UGLY);
    assert_eq!(text(folder, ".hidden/c.enigma"), UGLY);
    let again = fmt(folder, &[]);
    assert!(again.status.success());
    assert_eq!(stdout(&again), "");
    assert_eq!(
        stderr(&again),
        "3 files are formatted already, nothing to do\n"
    );
    // Nothing but the files is left in the folder.
    assert_eq!(fs::read_dir(folder).expect("a folder").count(), 5);
}

#[test]
fn named_files_and_folders() {
    let folder = folder();
    let folder = folder.path();
    put(folder, "a.txt", UGLY);
    put(folder, "b/b.enigma", UGLY);
    put(folder, "c.enigma", UGLY);
    let output = fmt(folder, &["a.txt", "b", "--json"]);
    assert!(output.status.success(), "{}", stderr(&output));
    let object: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(
        object["files"][0],
        serde_json::json!({"file": "a.txt", "changed": true})
    );
    assert_eq!(object["files"][1]["file"], "b/b.enigma");
    assert_eq!(text(folder, "a.txt"), PRETTY);
    assert_eq!(text(folder, "c.enigma"), UGLY);
}

#[test]
fn check_says_what_would_change_and_changes_nothing() {
    let folder = folder();
    let folder = folder.path();
    put(folder, "a.enigma", UGLY);
    put(folder, "good.enigma", PRETTY);
    let output = fmt(folder, &["--check"]);
    assert_eq!(output.status.code(), Some(1));
    let diff = stdout(&output);
    assert!(diff.starts_with("--- a.enigma\n+++ formatted\n"), "{diff}");
    assert!(
        diff.contains("\n-group g min 1 max 2 ; }") && diff.contains("\n+  party p;\n"),
        "{diff}"
    );
    assert!(!diff.contains("good.enigma"), "{diff}");
    assert_eq!(
        stderr(&output),
        "error: 1 of 2 files are not formatted\nhint: `enigma fmt` without --check formats them\n"
    );
    assert_eq!(text(folder, "a.enigma"), UGLY);
    assert!(fmt(folder, &["--check", "good.enigma"]).status.success());
}

#[test]
fn errors_leave_a_file_alone_and_do_not_keep_others_from_being_formatted() {
    let folder = folder();
    let folder = folder.path();
    put(folder, "a.enigma", UGLY);
    put(folder, "broken.enigma", BROKEN);
    let output = fmt(folder, &[]);
    assert_eq!(output.status.code(), Some(2));
    let errors = stderr(&output);
    assert!(
        errors.contains("error[E0101]") && errors.contains("broken.enigma:1:"),
        "{errors}"
    );
    assert!(
        errors.contains("error: 1 file has errors and cannot be formatted\nhint: "),
        "{errors}"
    );
    assert_eq!(text(folder, "broken.enigma"), BROKEN);
    assert_eq!(text(folder, "a.enigma"), PRETTY);
}

#[test]
fn bad_paths_and_bad_bytes_change_nothing() {
    let folder = folder();
    let folder = folder.path();
    let refused = |arguments: &[&str], what: &str| {
        let output = fmt(folder, arguments);
        let errors = stderr(&output);
        assert_eq!(output.status.code(), Some(2), "{errors}");
        assert!(
            errors.contains(what) && errors.contains("\nhint: "),
            "{errors}"
        );
        assert_eq!(stdout(&output), "");
    };
    refused(&[], "no contract (.enigma) in or below .");
    put(folder, "a.enigma", UGLY);
    refused(
        &["a.enigma", "missing.enigma"],
        "missing.enigma: cannot be read",
    );
    fs::write(folder.join("bytes.enigma"), b"contract A\n\xff").expect("written");
    refused(&[], "bytes.enigma:2: is not UTF-8 text");
    put(
        folder,
        "large.enigma",
        &" ".repeat(enigma_lang::MAX_SOURCE_LEN + 1),
    );
    refused(&["large.enigma"], "error[E0105]");
    assert_eq!(text(folder, "a.enigma"), UGLY);
}

#[cfg(unix)]
#[test]
fn permissions_and_links_are_kept() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = folder();
    let folder = folder.path();
    put(folder, "a.enigma", UGLY);
    let mode = |mode| fs::Permissions::from_mode(mode);
    fs::set_permissions(folder.join("a.enigma"), mode(0o640)).expect("set");
    std::os::unix::fs::symlink("a.enigma", folder.join("link.enigma")).expect("linked");
    assert!(fmt(folder, &["link.enigma"]).status.success());
    assert_eq!(text(folder, "a.enigma"), PRETTY);
    let is_link = |name| {
        fs::symlink_metadata(folder.join(name))
            .expect("there")
            .is_symlink()
    };
    assert!(is_link("link.enigma") && !is_link("a.enigma"));
    let kept = fs::metadata(folder.join("a.enigma"))
        .expect("there")
        .permissions()
        .mode();
    assert_eq!(kept & 0o777, 0o640);
    put(folder, "fixed.enigma", UGLY);
    fs::set_permissions(folder.join("fixed.enigma"), mode(0o444)).expect("set");
    let output = fmt(folder, &["fixed.enigma"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        stderr(&output).contains("fixed.enigma is read-only"),
        "{}",
        stderr(&output)
    );
    assert_eq!(text(folder, "fixed.enigma"), UGLY);
}

#[test]
fn standard_input() {
    let output = fmt_input(&[], UGLY.as_bytes());
    assert!(output.status.success(), "{}", stderr(&output));
    assert_eq!(stdout(&output), PRETTY);
    assert_eq!(stdout(&fmt_input(&[], PRETTY.as_bytes())), PRETTY);
    let check = fmt_input(&["--check"], UGLY.as_bytes());
    assert_eq!(check.status.code(), Some(1));
    assert!(
        stdout(&check).starts_with("--- standard input\n"),
        "{}",
        stdout(&check)
    );
    for (input, what) in [
        (BROKEN.as_bytes(), "error[E0101]"),
        (b"\xff", "is not UTF-8"),
        (
            " ".repeat(enigma_lang::MAX_SOURCE_LEN + 1).as_bytes(),
            "more than the 262144 bytes",
        ),
    ] {
        let output = fmt_input(&[], input);
        assert_eq!(output.status.code(), Some(2));
        assert!(stderr(&output).contains(what), "{}", stderr(&output));
        assert_eq!(stdout(&output), "");
    }
    assert_eq!(
        fmt_input(&["a.enigma"], b"").status.code(),
        Some(2),
        "a file or standard input"
    );
}
