use gate_contract::GateKey;
use ring::hmac;

use crate::digest::hex;

/// Seals markers with `signing_key`, for one repository on one server.
pub struct Signer {
    key: hmac::Key,
    place: String,
}

impl Signer {
    /// Returns the signer of one repository on one server.
    pub fn new(key: &str, host: &str, repository: &str) -> Self {
        Self {
            key: hmac::Key::new(hmac::HMAC_SHA256, key.as_bytes()),
            place: format!("{}\n{}", host.to_ascii_lowercase(), repository.to_ascii_lowercase()),
        }
    }

    /// The seal of `json` on issue `number`. An issue that is about to be opened has no number yet; its seal is
    /// renewed as soon as it has one, and approves nothing before.
    pub fn sign(&self, gate: &GateKey, number: Option<u64>, json: &str) -> String {
        hex(hmac::sign(&self.key, self.message(gate, number, json).as_bytes()).as_ref())
    }

    /// Whether `mac` is the seal of `json` on issue `number`.
    pub fn verify(&self, gate: &GateKey, number: Option<u64>, json: &str, mac: &str) -> bool {
        let Some(tag) = unhex(mac) else { return false };
        hmac::verify(&self.key, self.message(gate, number, json).as_bytes(), &tag).is_ok()
    }

    fn message(&self, gate: &GateKey, number: Option<u64>, json: &str) -> String {
        let number = number.map_or_else(|| "new".to_owned(), |number| number.to_string());
        format!("{}\n{number}\n{gate}\n{json}", self.place)
    }
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    (text.len().is_multiple_of(2) && text.is_ascii())
        .then(|| (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).ok()).collect())?
}
