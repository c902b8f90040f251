//! Tests of dealing: acceptance, and refusal of every kind of wrong package.
