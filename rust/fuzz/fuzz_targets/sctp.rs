//! libFuzzer's entry to [`videocall_fuzz::targets::sctp`].
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| videocall_fuzz::targets::sctp(data));
