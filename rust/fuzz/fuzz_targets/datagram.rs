//! libFuzzer's entry to [`videocall_fuzz::targets::datagram`].
#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| videocall_fuzz::targets::datagram(data));
