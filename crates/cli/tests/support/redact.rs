//! Takes out of a command's text what differs from run to run, so that the rest can be pinned.

/// Accounts, hashes, times, ports, process numbers and the test's folder become words.
pub(crate) fn redact(text: &str, folder: &str) -> String {
    let text = text
        .replace(folder, "[folder]")
        .replace(env!("CARGO_MANIFEST_DIR"), "[crate]");
    let mut out = String::new();
    let mut rest = text.as_str();
    while !rest.is_empty() {
        let (word, length) = placeholder(rest, out.chars().next_back());
        match word {
            Some(word) => out.push_str(word),
            None => out.push_str(&rest[..length]),
        }
        rest = &rest[length..];
    }
    out.lines().map(line).collect()
}

/// The drawn order of nodes, and the numbers of blocks.
fn line(text: &str) -> String {
    let numbers =
        |at: &usize| text[at + " nodes ".len()..].starts_with(|c: char| c.is_ascii_digit());
    let drawn = text
        .find(" nodes ")
        .filter(numbers)
        .filter(|_| !text.contains("[address]") && !text.contains("all nodes"));
    match (drawn, text.split_once("  [time]")) {
        (Some(at), _) => format!("{} nodes [drawn]\n", &text[..at]),
        (None, Some((block, rest))) if block.trim().parse::<u64>().is_ok() => {
            format!("[block]  [time]{rest}\n")
        }
        _ => format!("{text}\n"),
    }
}

/// What stands at the beginning of `rest`, and how long it is.
fn placeholder(rest: &str, before: Option<char>) -> (Option<&'static str>, usize) {
    let digits = |text: &str, is: fn(&u8) -> bool| text.bytes().take_while(is).count();
    if let Some(hex) = rest.strip_prefix("0x") {
        let word = match digits(hex, u8::is_ascii_hexdigit) {
            40 => Some(("[account]", 42)),
            64 => Some(("[hash]", 66)),
            8 => Some(("[start]", 10)),
            _ => None,
        };
        if let Some((word, length)) = word {
            return (Some(word), length);
        }
    }
    if let Some(port) = rest.strip_prefix("127.0.0.1:") {
        return (Some("[address]"), 10 + digits(port, u8::is_ascii_digit));
    }
    let time = rest.as_bytes().get(..20).is_some_and(|text| {
        text[4] == b'-' && text[7] == b'-' && text[10] == b'T' && text[19] == b'Z'
    });
    if time && before.is_none_or(|c| !c.is_ascii_digit()) {
        return (Some("[time]"), 20);
    }
    (None, rest.chars().next().map_or(1, char::len_utf8))
}
