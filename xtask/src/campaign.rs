//! The long campaigns of attacks, which the test command runs a small part of: every kind of message x
//! party x way of spoiling it x 20 seeds, and drawn cases of the simulator. Prints how many cases ran; the
//! first one that breaks a rule ends it. Built for release: it runs far longer than it builds.

use std::process::Command;

use anyhow::{bail, ensure};

/// Which tests, of which package and file.
const CAMPAIGNS: [(&str, &str, &str); 5] = [
    ("enigma-mpc", "setup", "the_long_campaign_of_setups"),
    (
        "enigma-mpc",
        "cheating",
        "the_long_campaign_of_three_parties",
    ),
    (
        "enigma-mpc",
        "cheating",
        "the_long_campaign_of_five_parties",
    ),
    (
        "enigma-mpc",
        "cheating",
        "the_long_campaign_of_seven_parties",
    ),
    (
        "enigma-sim",
        "campaign",
        "no_case_of_a_long_campaign_breaks_a_rule",
    ),
];

/// `options`: `--every K` runs one in K of the cases that cheat in a computation, and then words that
/// the campaigns wanted have in their names; all when there is none.
pub(crate) fn run(options: &[&str]) -> anyhow::Result<()> {
    let (every, wanted) = match options {
        ["--every", every, wanted @ ..] => (*every, wanted),
        wanted => ("1", wanted),
    };
    ensure!(
        every.parse::<u64>().is_ok_and(|every| every > 0),
        "--every takes a number"
    );
    let mut run = 0;
    for (package, suite, test) in CAMPAIGNS {
        if !wanted.is_empty() && !wanted.iter().any(|part| test.contains(part)) {
            continue;
        }
        let status = Command::new("cargo")
            .current_dir(crate::root())
            .env("ENIGMA_CAMPAIGN_EVERY", every)
            .args([
                "test",
                "--release",
                "--quiet",
                "--package",
                package,
                "--test",
                suite,
                "--",
            ])
            .args(["--ignored", "--nocapture", "--exact", test])
            .status()?;
        if !status.success() {
            bail!("{test}: a case broke a rule");
        }
        run += 1;
    }
    ensure!(run > 0, "no campaign is called so");
    println!("campaign: {run} campaigns, no rule broken");
    Ok(())
}
