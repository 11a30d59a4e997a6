//! Variables in texts of a pipeline.

/// The variables of the build that a text uses: `v` of `((.:v.field))`, which `load_var` or `across` fills. Spaces and quotes,
/// which Concourse reads in some places only, hide none.
pub fn of_build(text: &str) -> impl Iterator<Item = &str> {
    let names = text.split("((").skip(1).filter_map(|rest| rest.split("))").next()?.trim().strip_prefix(".:"));
    names.map(|name| name.split('.').next().unwrap_or(name).trim().trim_matches('"'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_of_the_build_are_found_however_they_are_spelt() {
        let found = |text| of_build(text).collect::<Vec<_>>();
        assert_eq!(found("a ((.:v)) ((.:w.x)) (( .:\"y\" )) ((z)) ((s:t))"), ["v", "w", "y"]);
        assert_eq!(found("$((.5 + 1)) .:v"), [""; 0]);
    }
}
