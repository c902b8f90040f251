//! What a committee keeps secret between runs, on a real network, through the commands: votes that nobody sees are counted, also when
//! the nodes were killed in between.

mod support;

use serde_json::json;
use support::devnet::Devnet;

const VOTE: &str = "
contract Vote version 1 {
  party registrar;
  state L { voted: map<id, bool>; count: u64 = 0; closed: bool = false; }
  state MPC {
    tally: private [u64; 2] accumulator = [0, 0] allow aggregate(3) to public;
    pin: private u64 allow bit to caller;
  }
  entry vote(yes: private bool from caller) when !L.closed {
    require !L.voted[caller], \"already voted\";
    MPC.tally[0] += yes as u64;
    MPC.tally[1] += !yes as u64;
    L.voted[caller] = true;
    L.count += 1;
  }
  entry close() by registrar when !L.closed {
    reveal result = MPC.tally to public;
    L.closed = true;
  }
  entry set(pin: private u64 from caller range 0..=9_999) by registrar { MPC.pin = pin; }
  entry guess(pin: private u64 from caller range 0..=9_999) { reveal right = pin == MPC.pin to caller; }
}
";

#[test]
fn votes_are_counted_that_nobody_sees() {
    let mut devnet = Devnet::start();
    let source = devnet.write("vote.enigma", VOTE);
    devnet.json(&["deploy", &source, "--party", "registrar=dev-1"]);
    let run = |entry: &'static str, key: &'static str| {
        ["run", "--instance", "Vote", "--entry", entry, "--key", key]
    };
    let vote = |devnet: &Devnet, key: &'static str, yes: &str| {
        let yes = format!("yes={yes}");
        devnet.json(&[&run("vote", key)[..], &["--arg", &yes]].concat())
    };
    assert_eq!(vote(&devnet, "dev-1", "yes")["results"], json!(null));
    vote(&devnet, "dev-2", "no");
    let twice = [&run("vote", "dev-2")[..], &["--arg", "yes=yes"]].concat();
    let errors = devnet.refused(1, &twice);
    assert!(errors.contains("already voted"), "{errors}");
    let errors = devnet.refused(1, &run("close", "dev-1"));
    assert!(
        errors.contains("`tally` has 2 contributions; this entry needs 3"),
        "{errors}"
    );
    devnet.kill();
    devnet.go_on();
    vote(&devnet, "dev-3", "yes");
    assert_eq!(devnet.json(&["state", "Vote"])["state"]["count"], 3);
    let closed = devnet.json(&run("close", "dev-1"));
    assert_eq!(closed["public"]["result"], json!([2, 1]));

    devnet.json(&[&run("set", "dev-1")[..], &["--arg", "pin=1234"]].concat());
    for (pin, right) in [("1233", false), ("1234", true)] {
        let pin = format!("pin={pin}");
        let ran = devnet.json(&[&run("guess", "dev-2")[..], &["--arg", &pin]].concat());
        assert_eq!(ran["results"]["right"], right);
    }
}
