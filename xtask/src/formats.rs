//! Holds the format pages against the code: the versions they state, every operation code, every
//! signed type. A page that was not changed with its format fails here.

use std::fs;
use std::path::Path;

use anyhow::Context as _;

/// A constant that a page states as `` `NAME` = `VALUE` ``.
struct Stated {
    page: &'static str,
    source: &'static str,
    name: &'static str,
}

const fn stated(page: &'static str, source: &'static str, name: &'static str) -> Stated {
    Stated { page, source, name }
}

const WIRE: &str = "docs/formats/wire.md";
const BYTECODE: &str = "docs/formats/bytecode.md";
const STORAGE: &str = "docs/formats/storage.md";

const STATED: &[Stated] = &[
    stated(WIRE, "crates/net/src/frame.rs", "PROTOCOL_VERSION"),
    stated(WIRE, "crates/net/src/frame.rs", "MAGIC"),
    stated(WIRE, "crates/wire/src/peer.rs", "HEADER_BYTES"),
    stated(WIRE, "crates/wire/src/peer.rs", "MAX_PAYLOAD_BYTES"),
    stated(WIRE, "crates/wire/src/peer.rs", "KIND_COMPUTE"),
    stated(WIRE, "crates/wire/src/peer.rs", "KIND_CONTROL"),
    stated(WIRE, "crates/wire/src/peer.rs", "KIND_SETUP"),
    stated(WIRE, "crates/wire/src/dealing/package.rs", "VERSION"),
    stated(WIRE, "crates/wire/src/dealing/package.rs", "WIDE_VERSION"),
    stated(WIRE, "crates/wire/src/dealing.rs", "MAX_VALUES"),
    stated(WIRE, "crates/wire/src/salted.rs", "PIECE_BYTES"),
    stated(WIRE, "crates/wire/src/seal.rs", "INFO"),
    stated(WIRE, "crates/wire/src/seal.rs", "OVERHEAD_BYTES"),
    stated(WIRE, "crates/wire/src/api.rs", "VERSION"),
    stated(
        WIRE,
        "crates/wire/src/api/signed.rs",
        "CLOCK_TOLERANCE_SECONDS",
    ),
    stated(BYTECODE, "crates/bytecode/src/container.rs", "MAGIC"),
    stated(BYTECODE, "crates/bytecode/src/container.rs", "MAX_BYTES"),
    stated(BYTECODE, "crates/bytecode/src/container.rs", "MAX_NAME"),
    stated(BYTECODE, "crates/bytecode/src/verify.rs", "MAX_GROUP"),
    stated(
        BYTECODE,
        "crates/bytecode/src/verify.rs",
        "MAX_DECLARATIONS",
    ),
    stated(BYTECODE, "crates/bytecode/src/verify.rs", "MAX_PARTIES"),
    stated(BYTECODE, "crates/bytecode/src/verify.rs", "MAX_REVEALS"),
    stated(BYTECODE, "crates/bytecode/src/verify.rs", "MAX_COLUMNS"),
    stated(BYTECODE, "crates/bytecode/src/verify.rs", "MAX_VALUE_BYTES"),
    stated(BYTECODE, "crates/bytecode/src/verify.rs", "MAX_TEXT"),
    stated(BYTECODE, "crates/bytecode/src/ranges.rs", "MAX_OPS"),
    stated(BYTECODE, "crates/bytecode/src/ranges.rs", "MAX_LEN"),
    stated(BYTECODE, "crates/bytecode/src/ranges.rs", "MAX_MOVED"),
    stated(
        BYTECODE,
        "crates/bytecode/src/ranges.rs",
        "MAX_CONTRIBUTION",
    ),
    stated(
        BYTECODE,
        "crates/bytecode/src/ranges/scope.rs",
        "MAX_NESTING",
    ),
    stated(STORAGE, "crates/store/src/store.rs", "FORMAT_VERSION"),
    stated(STORAGE, "crates/store/src/record.rs", "PIECE"),
    stated(STORAGE, "crates/store/src/record.rs", "CONTEXT"),
    stated(STORAGE, "crates/store/src/batch.rs", "MAX_KEY"),
    stated(STORAGE, "crates/store/src/batch.rs", "MAX_VALUE"),
    stated(STORAGE, "crates/chain/src/dev/journal.rs", "FORMAT"),
];

/// Where the codes of a container are; every `const NAME: u8 = CODE` of it has a line in the page.
const TAGS: &str = "crates/bytecode/src/container/tag.rs";
/// Where the signed types are; every type string is in the page.
const TYPES: &[&str] = &["crates/wire/src/eip712.rs", "crates/wire/src/api/signed.rs"];

/// Everything in which pages and code differ.
pub(crate) fn faults(root: &Path) -> anyhow::Result<Vec<String>> {
    let read = |name: &str| {
        fs::read_to_string(root.join(name)).with_context(|| format!("{name} cannot be read"))
    };
    let mut faults = Vec::new();
    for Stated { page, source, name } in STATED {
        let code = read(source)?;
        let Some(value) = constant(&code, name) else {
            faults.push(format!(
                "{source}: has no constant {name}, which {page} states"
            ));
            continue;
        };
        let line = format!("`{name}` = `{value}`");
        let here = |text: &&str| text.contains(&line) && text.contains(source);
        if read(page)?.lines().filter(here).count() != 1 {
            faults.push(format!("{page}: must state {line} of {source} in one line"));
        }
    }
    let page = read(BYTECODE)?;
    for (name, code) in codes(&read(TAGS)?) {
        let line = format!("| {code} | `{name}` |");
        if !page.contains(&line) {
            faults.push(format!("{BYTECODE}: lacks a row beginning with {line}"));
        }
    }
    let page = read(WIRE)?;
    for source in TYPES {
        for text in type_strings(&read(source)?) {
            if !page.contains(&text) {
                faults.push(format!("{WIRE}: lacks the type {text} of {source}"));
            }
        }
    }
    Ok(faults)
}

/// The value of a constant, as the source writes it.
fn constant<'a>(source: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = source.split_once(&format!("const {name}: "))?;
    let (_, rest) = rest.split_once(" = ")?;
    let (value, _) = rest.split_once(';')?;
    Some(value.trim())
}

/// Names and codes of the choices in a container.
fn codes(source: &str) -> Vec<(&str, &str)> {
    let constants = source.lines().filter_map(|line| {
        let line = line.trim().strip_prefix("pub(super) const ")?;
        let (name, code) = line.split_once(": u8 = ")?;
        Some((name, code.strip_suffix(';')?))
    });
    constants.collect()
}

/// The type strings that are hashed: `Name(type field,...)`, without what is appended to them.
fn type_strings(source: &str) -> Vec<String> {
    let quoted = source.split('"').skip(1).step_by(2);
    let named = quoted.filter(|text| text.starts_with(|first: char| first.is_ascii_uppercase()));
    let types = named.filter_map(|text| {
        let (name, rest) = text.split_once('(')?;
        let (fields, _) = rest.split_once(')')?;
        let is_name = name.bytes().all(|byte| byte.is_ascii_alphanumeric());
        (is_name && fields.contains(' ')).then(|| format!("{name}({fields})"))
    });
    types.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constants_codes_and_types_are_found_in_sources() {
        let source = "/// A.\npub const A: u8 = 1;\nconst LEN: usize = (64 << 10) - 1;\n";
        assert_eq!(constant(source, "A"), Some("1"));
        assert_eq!(constant(source, "LEN"), Some("(64 << 10) - 1"));
        assert_eq!(constant(source, "B"), None);
        let tags = "const X: u8 = 9;\n// Codes.\npub(super) const ADD: u8 = 17;\n";
        assert_eq!(codes(tags), [("ADD", "17")]);
        let types = "f(\"T(uint8 a)\")\n.g(b\"Enigma\", \n\"U(bytes32 b,uint8 c){T}\",)";
        assert_eq!(type_strings(types), ["T(uint8 a)", "U(bytes32 b,uint8 c)"]);
    }

    #[test]
    fn the_pages_are_those_of_this_code() {
        let faults = faults(&crate::root()).expect("pages and sources are there");
        assert_eq!(faults, Vec::<String>::new());
    }
}
