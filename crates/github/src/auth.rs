use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use gate_contract::AuthMethod;
use jiff::Timestamp;
use ring::rand::SystemRandom;
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use rustls_pki_types::PrivateKeyDer;
use rustls_pki_types::pem::{self, PemObject as _};
use serde_json::json;

use crate::error::{Error, Result};

/// Who the resource is to GitHub.
#[derive(Clone)]
pub enum Credentials {
    /// A token of an account.
    Token(String),
    /// An installation of a GitHub App.
    App {
        /// The id of the App, or its client id.
        id: String,
        /// The id of the installation.
        installation: String,
        /// The private key, in PEM.
        key: String,
    },
}

/// The authentication fields of a `source`, whichever mode it is in.
pub struct AuthFields<'a> {
    /// Which of the other fields are used.
    pub method: AuthMethod,
    /// The token, for the method `token`.
    pub access_token: Option<&'a String>,
    /// The id of the App, or its client id.
    pub app_id: Option<&'a String>,
    /// The id of the App's installation.
    pub app_installation_id: Option<&'a String>,
    /// The App's private key, in PEM.
    pub private_ssh_key: Option<&'a String>,
}

impl Credentials {
    /// Returns the credentials of the fields that the method uses.
    pub fn of(fields: &AuthFields<'_>) -> Result<Self> {
        let need = |value: Option<&String>, field: &str, method: &str| {
            value
                .map(|value| value.trim().to_owned())
                .filter(|value| !value.is_empty())
                .ok_or_else(|| Error::Settings(format!("`auth_method: {method}` needs `{field}`")))
        };
        match fields.method {
            AuthMethod::Token => {
                let token = need(fields.access_token, "access_token", "token")?;
                // A header cannot carry it, and the error of the HTTP library would show it.
                if !token.chars().all(|c| c.is_ascii_graphic()) {
                    return Err(Error::Settings("`access_token` holds characters that no token has".to_owned()));
                }
                Ok(Self::Token(token))
            }
            AuthMethod::App => {
                let id = need(fields.app_id, "app_id", "app")?;
                let installation = need(fields.app_installation_id, "app_installation_id", "app")?;
                if !installation.chars().all(|c| c.is_ascii_digit()) {
                    return Err(Error::Settings("`app_installation_id` is a number".to_owned()));
                }
                let key = need(fields.private_ssh_key, "private_ssh_key", "app")?;
                key_pair(&key)?;
                Ok(Self::App { id, installation, key })
            }
        }
    }
}

/// The token by which an App asks for an installation's.
///
/// `iat` lies 60 s back against clocks that differ, and `exp` at most 600 s ahead (GitHub Docs, "Generating a JSON Web
/// Token for a GitHub App").
pub(crate) fn app_jwt(id: &str, key: &str, now: Timestamp) -> Result<String> {
    let claims = json!({"iat": now.as_second() - 60, "exp": now.as_second() + 540, "iss": id});
    let header = json!({"alg": "RS256", "typ": "JWT"});
    let encode = |value: &serde_json::Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
    let message = format!("{}.{}", encode(&header), encode(&claims));
    let pair = key_pair(key)?;
    let mut signature = vec![0; pair.public().modulus_len()];
    pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message.as_bytes(), &mut signature)
        .map_err(|_| Error::Internal("the App's key does not sign".to_owned()))?;
    Ok(format!("{message}.{}", BASE64_URL_SAFE_NO_PAD.encode(signature)))
}

/// Reads PKCS #1, which GitHub hands out, and PKCS #8. An error holds nothing of the key.
fn key_pair(pem: &str) -> Result<RsaKeyPair> {
    let bad = |why: &str| Error::Settings(format!("`private_ssh_key` {why}"));
    // A key kept as one line of JSON or of an environment file has its line ends escaped, and one in a block of YAML may be
    // indented.
    let pem: String = pem.replace("\\n", "\n").lines().flat_map(|line| [line.trim(), "\n"]).collect();
    let other = "is not an RSA private key; GitHub makes one under the App's settings";
    let key = PrivateKeyDer::from_pem_slice(pem.as_bytes()).map_err(|error| match error {
        pem::Error::NoItemsFound if pem.contains("-----BEGIN ") => bad(other),
        pem::Error::MissingSectionEnd { .. } => bad("is cut off: its last line is not there"),
        pem::Error::Base64Decode(_) => bad("is not PEM: its text is not base64"),
        _ => bad("is not PEM"),
    })?;
    let pair = match &key {
        PrivateKeyDer::Pkcs1(key) => RsaKeyPair::from_der(key.secret_pkcs1_der()),
        PrivateKeyDer::Pkcs8(key) => RsaKeyPair::from_pkcs8(key.secret_pkcs8_der()),
        _ => return Err(bad(other)),
    };
    pair.map_err(|error| bad(&format!("is not accepted: {error}")))
}

#[cfg(test)]
mod tests {
    use super::key_pair;

    #[test]
    fn key_that_cannot_be_read_is_described_and_not_shown() {
        for (pem, why) in [
            ("MIIEpAIBAAKC", "is not PEM"),
            ("-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKC\n", "is cut off: its last line is not there"),
            ("-----BEGIN RSA PRIVATE KEY-----\\nMIIEpAIBAAKC\\n", "is cut off: its last line is not there"),
            ("-----BEGIN RSA PRIVATE KEY-----\nMIIE!AIBAAKC\n-----END RSA PRIVATE KEY-----", "its text is not base64"),
            ("  -----BEGIN PRIVATE KEY-----\n  MIIEpAIBAAKC\n  -----END PRIVATE KEY-----", "is not accepted"),
            ("-----BEGIN PUBLIC KEY-----\nMIIEpAIBAAKC\n-----END PUBLIC KEY-----", "is not an RSA private key"),
            ("-----BEGIN EC PRIVATE KEY-----\nMIIEpAIBAAKC\n-----END EC PRIVATE KEY-----", "is not an RSA private key"),
            ("-----BEGIN CERTIFICATE-----\nMIIEpAIBAAKC\n-----END CERTIFICATE-----", "is not an RSA private key"),
        ] {
            let error = key_pair(pem).err().map(|error| error.to_string()).unwrap_or_default();
            assert!(error.contains(why), "{pem}: {error}");
            assert!(!error.contains("MIIE"), "{error}");
        }
    }
}
