//! Looks for the smallest case that still breaks a rule.

use crate::adversary::Adversary;
use crate::case::Case;
use crate::network::Network;

/// The smallest case near `case` for which `breaks` holds, as it does for `case` itself. Tries at most
/// `tries` cases.
pub fn shrink(case: &Case, mut tries: u32, mut breaks: impl FnMut(&Case) -> bool) -> Case {
    let mut best = case.clone();
    loop {
        let mut smaller = candidates(&best).into_iter().filter(|case| *case != best);
        let found = smaller.find(|case| {
            let may_try = tries > 0;
            tries = tries.saturating_sub(1);
            may_try && breaks(case)
        });
        match found {
            Some(case) => best = case,
            None => return best,
        }
    }
}

/// Cases that are smaller in one way, the most promising first.
fn candidates(case: &Case) -> Vec<Case> {
    let mut all = Vec::new();
    let mut add = |change: &dyn Fn(&mut Case)| {
        let mut smaller = case.clone();
        change(&mut smaller);
        all.push(smaller);
    };
    // Never back from shorter delays to the usual ones: that would not end.
    if case.network.delay >= Network::fair().delay {
        add(&|case| case.network = Network::fair());
    }
    add(&|case| case.adversary = Adversary::none());
    for parties in (3..case.parties).step_by(2) {
        add(&|case| case.parties = parties);
    }
    for place in 0..case.adversary.mutations.len() {
        add(&|case| {
            case.adversary.mutations.remove(place);
        });
    }
    add(&|case| case.invalid = 0);
    add(&|case| case.rows /= 2);
    add(&|case| case.rows = case.rows.saturating_sub(1));
    add(&|case| case.network.slow = 0);
    add(&|case| case.network.unordered = 0);
    add(&|case| case.network.duplicate = 0);
    add(&|case| case.network.drop = 0);
    add(&|case| case.network.partition = None);
    add(&|case| case.network.delay = case.network.delay.min(20));
    for delay in [1, case.network.delay / 2] {
        add(&|case| case.network.delay = delay.max(1).min(case.network.delay));
    }
    for place in 0..case.adversary.mutations.len() {
        add(&|case| case.adversary.mutations[place].element = 0);
        add(&|case| case.adversary.mutations[place].number = 0);
        add(&|case| case.adversary.mutations[place].number /= 2);
        add(&|case| case.adversary.mutations[place].other = None);
    }
    add(&|case| case.seed %= 1000);
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_matters_stays_and_all_else_goes() {
        let line = "program=a parties=7 rows=9 invalid=2 seed=123456789 network=unordered:300,slow:30 \
                    adversary=5:product:add@40.3>1,2:opening:flip@12.9,2:coin:drop@3";
        let case: Case = line.parse().expect("is a case");
        let guilty = |case: &Case| {
            let text = case.adversary.to_string();
            text.contains("2:opening:flip") && case.rows >= 4
        };
        let small = shrink(&case, 1000, guilty);
        assert_eq!(
            small.to_string(),
            "program=a parties=3 rows=4 invalid=0 seed=789 network=delay:1 adversary=2:opening:flip@0"
        );
        let barely = shrink(&case, 1, guilty);
        assert_eq!(barely.network, Network::fair());
    }
}
