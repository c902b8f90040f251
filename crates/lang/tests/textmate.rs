//! The grammar for editors' colours knows the words of the language, and no others.

use std::collections::{BTreeMap, BTreeSet};

use enigma_lang::ide::{Place, WORDS};
use enigma_lang::syntax::RESERVED;
use serde_json::Value;

const TEXTMATE: &str = include_str!("../../../editors/vscode/syntaxes/enigma.tmLanguage.json");
const PACKAGE: &str = include_str!("../../../editors/vscode/package.json");
const CONFIGURATION: &str = include_str!("../../../editors/vscode/language-configuration.json");

/// The words of every pattern `\b(one|two)\b`, by the pattern's name.
fn words() -> BTreeMap<String, Vec<String>> {
    let grammar: Value = serde_json::from_str(TEXTMATE).expect("JSON");
    let patterns = grammar["repository"]["words"]["patterns"]
        .as_array()
        .expect("patterns");
    let words = patterns.iter().map(|pattern| {
        let text = pattern["match"].as_str().expect("a pattern");
        let words = text
            .strip_prefix(r"\b(")
            .and_then(|text| text.strip_suffix(r")\b"));
        let words = words
            .expect("a list of words")
            .split('|')
            .map(str::to_owned);
        (
            pattern["name"].as_str().expect("a name").to_owned(),
            words.collect(),
        )
    });
    words.collect()
}

#[test]
fn every_word_is_matched_by_one_pattern() {
    let all: Vec<String> = words().into_values().flatten().collect();
    let set: BTreeSet<&str> = all.iter().map(String::as_str).collect();
    assert_eq!(set.len(), all.len(), "each word once");
    let known: BTreeSet<&str> = WORDS.iter().map(|word| word.text).collect();
    assert_eq!(set, known);
    assert!(RESERVED.iter().all(|word| set.contains(word)));
}

#[test]
fn words_of_one_place_have_one_colour() {
    let words = words();
    let colours = |place: Place| {
        let of_place = WORDS.iter().filter(|word| word.place == place);
        let colours = of_place.flat_map(|word| {
            let colours = words.iter();
            colours
                .filter(|(_, list)| list.iter().any(|text| text == word.text))
                .map(|(name, _)| name)
        });
        colours.collect::<BTreeSet<&String>>().len()
    };
    for place in [
        Place::Declaration,
        Place::Clause,
        Place::Statement,
        Place::Test,
        Place::Shape,
    ] {
        assert_eq!(colours(place), 1, "{place:?}");
    }
    // `private` and its like are apart from the types.
    assert_eq!(colours(Place::Type), 2);
}

#[test]
fn what_is_included_is_there_and_what_is_there_is_included() {
    let grammar: Value = serde_json::from_str(TEXTMATE).expect("JSON");
    let there: BTreeSet<String> = grammar["repository"]
        .as_object()
        .expect("an object")
        .keys()
        .map(|name| format!("#{name}"))
        .collect();
    let included: BTreeSet<String> = grammar["patterns"]
        .as_array()
        .expect("patterns")
        .iter()
        .map(|pattern| pattern["include"].as_str().expect("an include").to_owned())
        .collect();
    assert_eq!(included, there);
}

#[test]
fn the_extension_names_files_that_are_there() {
    let package: Value = serde_json::from_str(PACKAGE).expect("JSON");
    serde_json::from_str::<Value>(CONFIGURATION).expect("JSON");
    let language = &package["contributes"]["languages"][0];
    let grammar = &package["contributes"]["grammars"][0];
    assert_eq!(language["extensions"][0], ".enigma");
    assert_eq!(grammar["language"], language["id"]);
    assert_eq!(
        grammar["scopeName"],
        serde_json::from_str::<Value>(TEXTMATE).expect("JSON")["scopeName"]
    );
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../editors/vscode");
    for path in [
        &package["main"],
        &language["configuration"],
        &grammar["path"],
    ] {
        let path = path.as_str().expect("a path");
        assert!(folder.join(path).is_file(), "{path}");
    }
}
