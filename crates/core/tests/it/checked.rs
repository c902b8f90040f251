//! Rows that a collection's condition does not let count are dropped like those out of range, before the entry sees any.

use enigma_wire::id::MemberIndex;
use enigma_wire::ledger::JobState;
use enigma_wire::output::PublicValue;

use crate::committee::{PAST_ANY_FEE, Setting, Survey};

const SOURCE: &str = "
contract Spans version 1 {
  struct Span { start: u32 range 0..=1000; end: u32 range 0..=1000; }
  group people min 3 max 50;
  collect span: private Span from each people check |s| s.end > s.start
    allow aggregate(3) to public;
  entry total() { reveal time = span.map(|s| s.end as i64 - s.start as i64).sum() to public; }
}";

const SPANS: Setting<'_> = Setting {
    source: SOURCE,
    parties: 0,
    bound: &[],
};

fn rows(spans: &[(i64, i64)]) -> Vec<Vec<i64>> {
    spans
        .iter()
        .map(|(start, end)| vec![*start, *end])
        .collect()
}

#[test]
fn rows_that_contradict_themselves_are_dropped() {
    for (committee, seed) in [(3, 1), (5, 2)] {
        // The second one is turned around, the fourth out of its range, the last one both.
        let given = rows(&[(10, 30), (30, 10), (0, 1000), (0, 1001), (7, 8), (2000, 1)]);
        let mut survey = Survey::sealed_rows(SPANS, committee, &given, seed);
        let job = survey.request(PAST_ANY_FEE);
        let certificate = survey.settle(job);
        assert_eq!(certificate.rows, 3);
        let shown = survey.public(job).expect("settled")["time"].columns[0].clone();
        assert_eq!(shown, [PublicValue::Number(20 + 1000 + 1)]);
        for node in survey.committee() {
            assert_eq!(survey.dropped(node, job), [1, 3, 5].map(MemberIndex));
        }
        assert_eq!(survey.world.trouble(), Vec::<String>::new());
    }
}

#[test]
fn too_few_may_be_left() {
    let given = rows(&[(10, 30), (30, 10), (0, 1000), (9, 9)]);
    let mut survey = Survey::sealed_rows(SPANS, 3, &given, 3);
    let job = survey.request(PAST_ANY_FEE);
    let state = survey.finish(job);
    assert!(matches!(state, JobState::Failed(_)), "{state:?}");
    assert!(survey.public(job).is_err());
}
