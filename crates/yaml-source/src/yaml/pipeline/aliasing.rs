/// How much of a file aliases may stand for: the measure by which go-yaml refuses a file as `excessive aliasing`.
#[derive(Debug, Default)]
pub(super) struct Aliasing {
    /// Values decoded so far, those of aliases counted again.
    decoded: usize,
    /// Those of them that stand for an alias.
    aliased: usize,
}

impl Aliasing {
    pub(super) fn decoded(&self) -> usize {
        self.decoded
    }

    pub(super) fn count(&mut self) {
        self.decoded += 1;
    }

    /// Counts an alias for that many values. Says whether that is too much: 99 of 100 for a small file, one of ten for a
    /// large one (go-yaml v2, `decode.go`).
    pub(super) fn alias(&mut self, values: usize) -> bool {
        self.decoded += 1 + values;
        self.aliased += values;
        #[expect(clippy::cast_precision_loss, reason = "a ratio needs no more precision")]
        let (decoded, aliased) = (self.decoded as f64, self.aliased as f64);
        let allowed = (0.99 - 0.89 * (decoded - 400_000.0) / 3_600_000.0).clamp(0.1, 0.99);
        self.aliased > 100 && self.decoded > 1000 && aliased / decoded > allowed
    }
}
