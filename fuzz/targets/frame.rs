#![no_main]
#![allow(missing_docs)] // The fuzzer's macro writes the entry point.
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fuzz::frame(bytes));
