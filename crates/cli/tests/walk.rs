//! The ten-minute walk of the README, read from the README and executed as it stands: the files it has the
//! reader write, the commands it has the reader run.

mod support;

use support::devnet::{Devnet, On};

const README: &str = include_str!("../../../README.md");

/// What the walk has the reader do, in order.
enum Step<'a> {
    Write { name: &'a str, text: String },
    Run(&'a str),
}

/// The walk's fenced blocks: a block after a line that ends with "`NAME`:" is a file, a block `sh` holds
/// commands.
fn steps() -> Vec<Step<'static>> {
    let walk = README
        .split("## Ten minutes")
        .nth(1)
        .expect("the README has the walk");
    let walk = walk.split("\n## ").next().expect("a section");
    let (mut steps, mut before) = (Vec::new(), "");
    let mut lines = walk.lines();
    while let Some(line) = lines.next() {
        if let Some(language) = line.strip_prefix("```") {
            let block: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
            let file = before
                .strip_suffix("`:")
                .and_then(|line| line.rsplit('`').next());
            match (file, language) {
                (Some(name), _) => steps.push(Step::Write {
                    name,
                    text: block.join("\n") + "\n",
                }),
                (None, "sh") => steps.extend(block.into_iter().map(Step::Run)),
                (None, _) => {}
            }
        }
        if !line.is_empty() {
            before = line;
        }
    }
    steps
}

/// Runs the walk on a network; the reader's first command, which starts the network, is done by `devnet`.
fn walk(devnet: &Devnet) {
    let (mut shell, mut ran) = (String::from("set -eu\n"), 0);
    for step in steps() {
        match step {
            // In the folder that the reader is in by then.
            Step::Write { name, text } => {
                shell += &format!("cat > '{name}' <<'END OF FILE'\n{text}END OF FILE\n");
            }
            // How the binary gets onto the path, and the network that is up already.
            Step::Run(line) if line.starts_with("cargo ") || line == "enigma devnet" => {}
            Step::Run(line) => {
                shell += &format!("{line}\n");
                ran += usize::from(line.starts_with("enigma "));
            }
        }
    }
    assert!(ran >= 12, "the walk has become short: {shell}");
    for command in ["new", "check", "test", "deploy", "give", "run"] {
        let line = format!("\nenigma {command}");
        assert!(
            shell.contains(&line),
            "`enigma {command}` is not in the walk"
        );
    }

    // What the reader is told to see: minutes 35, 10, 80, 25, 50.
    let text = devnet.shell(&shell, devnet.folder.path());
    let person = |name: &str| {
        let line = text
            .lines()
            .rfind(|line| line.starts_with(name))
            .expect("a line for everyone");
        line.split_whitespace()
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    for (name, place) in [
        ("ada", "3"),
        ("bob", "1"),
        ("cleo", "5"),
        ("dan", "2"),
        ("eve", "4"),
    ] {
        assert_eq!(person(name), [name, "40", place]);
    }
}

#[test]
fn the_walk_of_the_readme() {
    walk(&Devnet::start());
}

#[test]
fn the_walk_of_the_readme_on_a_real_chain_client() {
    if let Some(devnet) = Devnet::start_on(On::Anvil) {
        walk(&devnet);
    }
}
