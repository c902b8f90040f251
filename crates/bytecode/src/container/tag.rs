//! Numbers that stand for choices. A number is never given to something else: what is not used any more
//! leaves a gap.

pub(super) const PROFILE_SHAMIR_M61_V1: u8 = 1;
pub(super) const PROFILE_SHAMIR_M127_V1: u8 = 2;

pub(super) const NO: u8 = 0;
pub(super) const YES: u8 = 1;

pub(super) const KNOWN_NUMBER: u8 = 0;
pub(super) const KNOWN_BYTES: u8 = 1;

pub(super) const SHAPE_AGGREGATE: u8 = 0;
pub(super) const SHAPE_PER_OWNER: u8 = 1;
pub(super) const SHAPE_ANY: u8 = 2;
pub(super) const SHAPE_MEMBER: u8 = 3;
pub(super) const SHAPE_BIT: u8 = 4;

pub(super) const KIND_INTEGER: u8 = 0;
pub(super) const KIND_BOOL: u8 = 1;
pub(super) const KIND_MEMBER_OF: u8 = 2;
pub(super) const KIND_FIXED: u8 = 3;
pub(super) const KIND_ENUM: u8 = 4;
pub(super) const KIND_BYTES: u8 = 5;
pub(super) const KIND_LIMB: u8 = 6;
pub(super) const KIND_ACCOUNT: u8 = 7;

pub(super) const TO_EACH_OF: u8 = 0;
pub(super) const TO_OWNER_OF: u8 = 1;
pub(super) const TO_PARTY: u8 = 2;
pub(super) const TO_CALLER: u8 = 3;
pub(super) const TO_PUBLIC: u8 = 4;

pub(super) const FROM_EACH: u8 = 0;
pub(super) const FROM_PARTY: u8 = 1;

pub(super) const ROWS_ONE: u8 = 0;
pub(super) const ROWS_UP_TO: u8 = 1;

pub(super) const KEPT_LEDGER: u8 = 0;
pub(super) const KEPT_SECRET: u8 = 1;
pub(super) const KEPT_DHT: u8 = 2;

pub(super) const SOURCE_COLLECTION: u8 = 0;
pub(super) const SOURCE_SLOT: u8 = 1;
pub(super) const SOURCE_PARAM: u8 = 2;

pub(super) const NOISE_LAPLACE: u8 = 0;
pub(super) const NOISE_GAUSSIAN: u8 = 1;

pub(super) const BY_PARTY: u8 = 0;
pub(super) const BY_MEMBER: u8 = 1;

// The public bank, order and effects: 0 to 15 and 128 to 159.
pub(super) const CONST: u8 = 0;
pub(super) const ROWS: u8 = 1;
pub(super) const PUBLIC_ADD: u8 = 2;
pub(super) const PUBLIC_SUB: u8 = 3;
pub(super) const PUBLIC_MUL: u8 = 4;
pub(super) const PUBLIC_DIV: u8 = 5;
pub(super) const PUBLIC_REM: u8 = 6;
pub(super) const PUBLIC_LESS: u8 = 7;
pub(super) const PUBLIC_EQUAL: u8 = 8;
pub(super) const CHOOSE: u8 = 9;
pub(super) const CONST_BYTES: u8 = 10;
pub(super) const PARAM: u8 = 11;
pub(super) const CALLER: u8 = 12;
pub(super) const PARTY_ACCOUNT: u8 = 13;
pub(super) const HEIGHT: u8 = 14;
pub(super) const LOAD: u8 = 15;

// Secrets: 16 to 127.
pub(super) const INPUT: u8 = 16;
pub(super) const ADD: u8 = 17;
pub(super) const SUB: u8 = 18;
pub(super) const ADD_PUBLIC: u8 = 19;
pub(super) const MUL_PUBLIC: u8 = 20;
pub(super) const MUL: u8 = 21;
pub(super) const SUM: u8 = 22;
pub(super) const DIV_PUBLIC: u8 = 23;
pub(super) const RANK_ASCENDING: u8 = 24;
pub(super) const RANK_DESCENDING: u8 = 25;
pub(super) const LESS: u8 = 26;
pub(super) const EQUAL: u8 = 27;
pub(super) const GREATER: u8 = 28;
pub(super) const LESS_PUBLIC: u8 = 29;
pub(super) const EQUAL_PUBLIC: u8 = 30;
pub(super) const GREATER_PUBLIC: u8 = 31;
pub(super) const OUT: u8 = 32;
pub(super) const FIRST_ASCENDING: u8 = 33;
pub(super) const FIRST_DESCENDING: u8 = 34;
pub(super) const FIRST_MEMBER_ASCENDING: u8 = 35;
pub(super) const FIRST_MEMBER_DESCENDING: u8 = 36;
pub(super) const DIV: u8 = 37;
pub(super) const SQUARE_ROOT: u8 = 38;
pub(super) const SELECT: u8 = 39;
pub(super) const QUANTILE: u8 = 40;
pub(super) const SECOND_ASCENDING: u8 = 41;
pub(super) const SECOND_DESCENDING: u8 = 42;
pub(super) const SECRET_PARAM: u8 = 43;
pub(super) const LOAD_SECRET: u8 = 44;
pub(super) const STORE_SECRET: u8 = 45;
pub(super) const ACCUMULATE: u8 = 46;
pub(super) const HIDE: u8 = 47;
pub(super) const DOT: u8 = 48;
pub(super) const ABSOLUTE: u8 = 49;
pub(super) const SMALLER: u8 = 50;
pub(super) const LARGER: u8 = 51;
pub(super) const RANDOM: u8 = 52;
pub(super) const MUL_FIXED: u8 = 53;
pub(super) const DOT_FIXED: u8 = 54;
pub(super) const DIV_FIXED: u8 = 55;
pub(super) const SQUARE_ROOT_FIXED: u8 = 56;
pub(super) const LOGISTIC: u8 = 57;
pub(super) const EXP: u8 = 58;
pub(super) const LN: u8 = 59;
pub(super) const GATHER: u8 = 60;
pub(super) const ELEMENT: u8 = 61;
pub(super) const LOOKUP: u8 = 62;
pub(super) const HISTOGRAM: u8 = 63;
pub(super) const COUNT_EACH: u8 = 64;
pub(super) const CELL_SUM: u8 = 65;
pub(super) const CELL_QUANTILE: u8 = 66;
pub(super) const EQUAL_KEYS: u8 = 67;
pub(super) const DISTINCT: u8 = 68;
pub(super) const JOIN: u8 = 69;
pub(super) const COVARIANCE: u8 = 70;
pub(super) const MEAN_SQUARE: u8 = 71;
pub(super) const REGRESSION: u8 = 72;
pub(super) const MERGE: u8 = 73;

// More of secrets: 160 to 191.
pub(super) const SORT_ASCENDING: u8 = 160;
pub(super) const SORT_DESCENDING: u8 = 161;
pub(super) const TOP: u8 = 162;
pub(super) const PREFIX_SUMS: u8 = 163;
pub(super) const SHUFFLE: u8 = 164;

pub(super) const REQUIRE: u8 = 128;
pub(super) const PAYS: u8 = 129;
pub(super) const STORE: u8 = 130;
pub(super) const TRANSFER: u8 = 131;
pub(super) const IF: u8 = 132;
pub(super) const ELSE: u8 = 133;
pub(super) const END: u8 = 134;
pub(super) const EACH_MEMBER: u8 = 135;
pub(super) const MERGE_PUBLIC: u8 = 136;
pub(super) const TIME: u8 = 137;
pub(super) const LOAD_AT: u8 = 138;
pub(super) const CORRELATION: u8 = 139;
pub(super) const RANDOM_LIKE: u8 = 140;
pub(super) const LOGISTIC_REGRESSION: u8 = 141;
pub(super) const MODULO_PUBLIC: u8 = 142;
pub(super) const MODULO: u8 = 143;
pub(super) const PUBLIC_SMALLER: u8 = 144;
pub(super) const PUBLIC_LARGER: u8 = 145;

pub(super) const BITS: u8 = 192;
pub(super) const REMAINDER: u8 = 193;
pub(super) const SHIFT_RIGHT: u8 = 194;
pub(super) const AND: u8 = 195;
pub(super) const OR: u8 = 196;
pub(super) const XOR: u8 = 197;
pub(super) const AND_PUBLIC: u8 = 198;
pub(super) const OR_PUBLIC: u8 = 199;
pub(super) const XOR_PUBLIC: u8 = 200;
