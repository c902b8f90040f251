//! What a run changes beside its results: an instance's public state, and who has how much money in the instance.
//!
//! The chain keeps a hash of all that was written and the balances; what is written travels in the log. So an instance's public state
//! follows from the log alone, as everything else does.

use std::collections::BTreeMap;

use borsh::{BorshDeserialize, BorshSerialize};

use crate::controller::Amount;
use crate::eip712::Words;
use crate::id::{Address, Hash};
use crate::output::PublicValue;
use crate::sign::keccak256;

/// Most bytes of writes that the controller takes.
pub const WRITES_MAX_BYTES: usize = 65_536;
/// Most transfers that the controller takes.
pub const TRANSFERS_MAX: usize = 128;

/// One place of an instance's public state.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize)]
pub struct StatePlace {
    /// Which of the contract's slots.
    pub slot: u16,
    /// Where in a map.
    pub key: Option<PublicValue>,
    /// Which column of the slot.
    pub column: u16,
}

/// Money that a run moves.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Transfer {
    /// Whose balance in the instance; none for the instance's own funds.
    pub from: Option<Address>,
    /// To whose credit.
    pub to: Address,
    /// How much.
    pub amount: Amount,
}

/// What a run changes.
#[derive(Clone, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Effects {
    /// What is written, as [`encode_writes`] has it. Bytes, as the chain takes them: more than t corrupt nodes can have it
    /// take anything, and that must harm nobody but their own instance.
    pub writes: Vec<u8>,
    /// In order.
    pub transfers: Vec<Transfer>,
    /// What the requester pays into the instance's funds before anything is transferred.
    pub paid: Amount,
}

/// What an instance has on the chain.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InstanceState {
    /// What runs wrote last. Where nothing is, the slot's initial value is.
    pub values: BTreeMap<StatePlace, PublicValue>,
    /// What accounts have in the instance; none is the instance itself.
    pub balances: BTreeMap<Option<Address>, Amount>,
}

/// An account has less in the instance than is transferred.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooLittle {
    /// Which one; none is the instance itself.
    pub account: Option<Address>,
    /// What it has.
    pub balance: Amount,
    /// What is transferred.
    pub amount: Amount,
}

impl std::fmt::Display for TooLittle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.account {
            Some(account) => write!(
                f,
                "account {account} has put {} into the instance",
                self.balance
            ),
            None => write!(f, "the instance has funds of {}", self.balance),
        }?;
        write!(f, ", and {} is to be transferred", self.amount)
    }
}

impl std::error::Error for TooLittle {}

impl Effects {
    /// Is nothing changed?
    pub fn is_empty(&self) -> bool {
        self.writes.is_empty() && self.transfers.is_empty() && self.paid == 0
    }

    /// What a certificate says of them.
    pub fn hash(&self) -> Hash {
        let words = Words::plain().hash(keccak256(&self.writes)).uint(self.paid);
        let transfers = self.transfers.iter();
        let words = transfers.fold(words, |words, transfer| {
            words
                .address(transfer.from.unwrap_or_default())
                .address(transfer.to)
                .uint(transfer.amount)
        });
        words.finish()
    }
}

impl InstanceState {
    /// Applies a settled run's effects, and gives what was before where it wrote. Writes that do not decode change nothing: no honest
    /// node has signed them.
    ///
    /// # Errors
    /// When somebody has less than is transferred; then nothing is changed.
    pub fn apply(
        &mut self,
        effects: &Effects,
    ) -> Result<Vec<(StatePlace, Option<PublicValue>)>, TooLittle> {
        let mut balances = self.balances.clone();
        *balances.entry(None).or_default() += effects.paid;
        for transfer in &effects.transfers {
            take(&mut balances, transfer.from, transfer.amount)?;
        }
        balances.retain(|_, balance| *balance != 0);
        self.balances = balances;
        let writes = decode_writes(&effects.writes).unwrap_or_default();
        let replaced = writes.into_iter().map(|(place, value)| {
            let before = self.values.insert(place.clone(), value);
            (place, before)
        });
        Ok(replaced.collect())
    }

    /// An account puts money in.
    pub fn put_in(&mut self, account: Address, amount: Amount) {
        *self.balances.entry(Some(account)).or_default() += amount;
    }

    /// An account takes money out.
    ///
    /// # Errors
    /// When it has less.
    pub fn take_out(&mut self, account: Address, amount: Amount) -> Result<(), TooLittle> {
        take(&mut self.balances, Some(account), amount)?;
        self.balances.retain(|_, balance| *balance != 0);
        Ok(())
    }

    /// What was written in a slot, of a map at a key, by column.
    pub fn written<'a>(
        &'a self,
        slot: u16,
        key: &Option<PublicValue>,
    ) -> impl Iterator<Item = (&'a StatePlace, &'a PublicValue)> + use<'a> {
        let place = |column| StatePlace {
            slot,
            key: key.clone(),
            column,
        };
        self.values.range(place(0)..=place(u16::MAX))
    }

    /// What an account has in the instance; none is the instance itself.
    pub fn balance(&self, account: Option<Address>) -> Amount {
        self.balances.get(&account).copied().unwrap_or(0)
    }
}

fn take(
    balances: &mut BTreeMap<Option<Address>, Amount>,
    account: Option<Address>,
    amount: Amount,
) -> Result<(), TooLittle> {
    let balance = balances.get(&account).copied().unwrap_or(0);
    let left = balance.checked_sub(amount).ok_or(TooLittle {
        account,
        balance,
        amount,
    })?;
    balances.insert(account, left);
    Ok(())
}

/// What the chain has of a value that nodes keep beside it: a hash of the value at its place.
pub fn kept_hash(instance: Hash, place: &StatePlace, value: &PublicValue) -> Hash {
    let mut hasher = blake3::Hasher::new_derive_key("enigma kept value v1");
    let bytes = borsh::to_vec(&(instance, place, value)).expect("writing to memory cannot fail");
    hasher.update(&bytes);
    Hash(*hasher.finalize().as_bytes())
}

/// What is written as bytes: by place, in the order of places. Nothing is no bytes.
pub fn encode_writes(writes: &BTreeMap<StatePlace, PublicValue>) -> Vec<u8> {
    if writes.is_empty() {
        return Vec::new();
    }
    borsh::to_vec(writes).expect("writing to memory cannot fail")
}

/// The same from bytes; `None` if they are no writes.
pub fn decode_writes(bytes: &[u8]) -> Option<BTreeMap<StatePlace, PublicValue>> {
    if bytes.is_empty() {
        return Some(BTreeMap::new());
    }
    borsh::from_slice(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALICE: Address = Address([0xa; 20]);
    const BOB: Address = Address([0xb; 20]);

    fn place(slot: u16, key: Option<PublicValue>, column: u16) -> StatePlace {
        StatePlace { slot, key, column }
    }

    fn transfer(from: Option<Address>, amount: Amount) -> Transfer {
        Transfer {
            from,
            to: BOB,
            amount,
        }
    }

    /// Pins the format of what is written, and the hash, which the contract computes as well.
    #[test]
    fn writes_have_one_encoding() {
        let key = PublicValue::Bytes(ALICE.0.to_vec());
        let writes = BTreeMap::from([
            (place(1, Some(key), 0), PublicValue::Number(-1)),
            (place(0, None, 2), PublicValue::Bytes(vec![7])),
        ]);
        let bytes = encode_writes(&writes);
        let expected = "02000000\
            0000000200010100000007\
            0100010114000000\
            0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a\
            000000ffffffffffffffff";
        assert_eq!(hex::encode(&bytes), expected);
        assert_eq!(decode_writes(&bytes), Some(writes));
        assert_eq!(encode_writes(&BTreeMap::new()), Vec::<u8>::new());
        assert_eq!(decode_writes(&bytes[..bytes.len() - 1]), None);
    }

    /// Pins what the chain has of values beside it: readers compare with it.
    #[test]
    fn a_kept_value_has_one_hash_at_its_place() {
        let key = PublicValue::Bytes(ALICE.0.to_vec());
        let (at, value) = (place(1, Some(key), 2), PublicValue::Number(-1));
        let hash = kept_hash(Hash([7; 32]), &at, &value);
        assert_eq!(
            hash.to_string(),
            "0x785a0d857d046054acd30ef2fa916fe6a6ef7257bf8d303ac87accd15a9d1ca6"
        );
        let others = [
            kept_hash(Hash([8; 32]), &at, &value),
            kept_hash(Hash([7; 32]), &place(1, None, 2), &value),
            kept_hash(Hash([7; 32]), &at, &PublicValue::Bytes(vec![255; 8])),
        ];
        assert!(others.iter().all(|other| *other != hash));
    }

    #[test]
    fn a_run_moves_what_there_is() {
        let mut state = InstanceState::default();
        state.put_in(ALICE, 10);
        let effects = |paid, transfers: &[Transfer]| Effects {
            writes: Vec::new(),
            transfers: transfers.to_vec(),
            paid,
        };
        // What is paid can be transferred at once; what is left stays.
        let run = effects(5, &[transfer(None, 4), transfer(Some(ALICE), 7)]);
        assert_eq!(state.apply(&run), Ok(vec![]));
        assert_eq!((state.balance(None), state.balance(Some(ALICE))), (1, 3));
        // Two transfers that are too much together move nothing, nor is anything paid.
        let before = state.clone();
        let run = effects(2, &[transfer(Some(ALICE), 2), transfer(Some(ALICE), 2)]);
        let too_little = TooLittle {
            account: Some(ALICE),
            balance: 1,
            amount: 2,
        };
        assert_eq!(state.apply(&run), Err(too_little));
        assert_eq!(state, before);
        assert_eq!(state.take_out(ALICE, 3), Ok(()));
        assert!(state.take_out(ALICE, 1).is_err());
        assert_eq!(state.balances, BTreeMap::from([(None, 1)]));
    }

    #[test]
    fn what_was_written_stands_by_slot_and_key() {
        let key = |byte| Some(PublicValue::Bytes(vec![byte; 20]));
        let places = [
            place(1, None, 0),
            place(1, key(1), 0),
            place(1, key(1), 9),
            place(1, key(2), 0),
            place(2, key(1), 0),
        ];
        let state = InstanceState {
            values: places
                .map(|place| (place, PublicValue::Number(0)))
                .into_iter()
                .collect(),
            ..InstanceState::default()
        };
        let columns = |slot, key| {
            let written = state.written(slot, &key);
            written.map(|(place, _)| place.column).collect::<Vec<_>>()
        };
        assert_eq!(columns(1, key(1)), [0, 9]);
        assert_eq!(columns(1, None), [0]);
        assert_eq!(columns(3, key(1)), Vec::<u16>::new());
    }

    /// Bytes that no honest node signs harm nobody who reads the log.
    #[test]
    fn writes_that_do_not_decode_change_nothing() {
        let mut state = InstanceState::default();
        let effects = Effects {
            writes: vec![1, 2, 3],
            ..Effects::default()
        };
        assert_eq!(state.apply(&effects), Ok(vec![]));
        assert!(state.values.is_empty());
    }
}
