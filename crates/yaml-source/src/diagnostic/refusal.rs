/// Who refuses a pipeline for a problem. Lints are refused by nobody.
///
/// What nobody refuses is a matter of taste; what only `fly validate-pipeline --strict` refuses
/// is a warning; anything else is an error.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Refusal {
    /// `fly validate-pipeline`.
    pub plain: bool,
    /// `fly validate-pipeline --strict`.
    pub strict: bool,
    /// The server, when `fly set-pipeline` brings it.
    pub server: bool,
}

impl Refusal {
    /// All of them.
    pub const EVERYWHERE: Self = Self { plain: true, strict: true, server: true };
    /// `--strict` and the server: keys that a plain run passes over.
    pub const NOT_PLAIN: Self = Self { plain: false, strict: true, server: true };
    /// `fly`, whatever the server would say if another program brought it.
    pub const FLY: Self = Self { plain: true, strict: true, server: false };
    /// Only the server, of what a `fly` does not know.
    pub const SERVER: Self = Self { plain: false, strict: false, server: true };
    /// Only `--strict`.
    pub const STRICT: Self = Self { plain: false, strict: true, server: false };

    /// Whoever is of the one or of the other.
    pub(super) fn or(self, other: Self) -> Self {
        Self {
            plain: self.plain || other.plain,
            strict: self.strict || other.strict,
            server: self.server || other.server,
        }
    }
}
