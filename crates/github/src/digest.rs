//! Hashes and random names, in hexadecimal digits.

use std::fmt::Write as _;

use ring::digest;
use ring::rand::{SecureRandom as _, SystemRandom};

use crate::error::{Error, Result};

/// Returns the SHA-256 of a text, in hexadecimal digits.
pub fn sha256(text: &str) -> String {
    hex(digest::digest(&digest::SHA256, text.as_bytes()).as_ref())
}

/// Returns bytes in hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Returns 128 random bits, in hexadecimal digits.
pub fn random_hex() -> Result<String> {
    let mut bytes = [0; 16];
    SystemRandom::new()
        .fill(&mut bytes)
        .map_err(|_| Error::Internal("the machine gives no random numbers".to_owned()))?;
    Ok(hex(&bytes))
}

/// Returns the nonce of a comment that is written once: a hash of what the comment is about.
pub fn nonce_of(parts: &[&str]) -> String {
    sha256(&parts.join("\n"))[..32].to_owned()
}
