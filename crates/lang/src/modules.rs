//! Files of the library that are written in the language itself: `use auction::second_price;` finds them where the contract's folder
//! has no file of that name.

/// Where they lie, for people: no path that a contract can write begins so.
pub(crate) const FOLDER: &str = "<library>/";

/// By their names.
const FILES: [(&str, &str); 2] = [
    ("auction", include_str!("../library/auction.enigma")),
    ("vote", include_str!("../library/vote.enigma")),
];

/// The text of a file.
pub(crate) fn text(name: &str) -> Option<&'static str> {
    let file = FILES.iter().find(|(file, _)| *file == name);
    file.map(|(_, text)| *text)
}

/// The file with a function of this name.
pub(crate) fn with_function(name: &str) -> Option<&'static str> {
    let declares = |text: &str| {
        let mut lines = text.lines().filter_map(|line| line.strip_prefix("fn "));
        lines.any(|line| line.split(['<', '(']).next() == Some(name))
    };
    let file = FILES.iter().find(|(_, text)| declares(text));
    file.map(|(file, _)| *file)
}
