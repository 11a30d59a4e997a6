use camino::Utf8Path;
use yaml_source::Failure;
use yaml_source::diagnostic::{did_you_mean, ticked, visible};

use crate::cli::{KindArgs, KindCommand};
use crate::kind::{BUILT_IN_KINDS, BuiltIn, Family, Kind, KindSet};

use super::{Outcome, Output, schema};

pub(super) fn run(args: &KindArgs, output: &mut Output) -> Result<Outcome, Failure> {
    match &args.command {
        KindCommand::List { fleet } => {
            let Some((_, kinds, _)) = schema::kinds(fleet.as_deref(), output)? else { return Ok(Outcome::Problems) };
            list(&kinds, output)?;
        }
        KindCommand::Show { name, family, fleet } => {
            let family = family.map(Family::from);
            let is_named = |kind: &&BuiltIn| kind.name == name && family.is_none_or(|family| family == kind.family);
            let found: Vec<&BuiltIn> = BUILT_IN_KINDS.iter().filter(is_named).collect();
            match found.as_slice() {
                [kind] => output.print(kind.text)?,
                [] => return show_own(name, family, fleet.as_deref(), output),
                _ => return Err(several_families(name)),
            }
        }
    }
    Ok(Outcome::Fine)
}

/// Prints a kind of the fleet.
fn show_own(
    name: &str,
    family: Option<Family>,
    fleet: Option<&Utf8Path>,
    output: &mut Output,
) -> Result<Outcome, Failure> {
    let Some((_, kinds, sources)) = schema::kinds(fleet, output)? else { return Ok(Outcome::Problems) };
    let is_wanted = |kind: &&Kind| family.is_none_or(|family| family == kind.family());
    let found: Vec<&Kind> = kinds.own().iter().filter(|kind| kind.name() == name).filter(is_wanted).collect();
    match found.as_slice() {
        [kind] => {
            output.print(&sources.get(kind.node().span.file).text)?;
            Ok(Outcome::Fine)
        }
        [] => {
            if let Some(family) = family
                && [Family::Stack, Family::Build].iter().any(|other| kinds.get(*other, name).is_some())
            {
                let known = ticked(kinds.of(family).map(Kind::name));
                return Err(Failure::Usage(format!("`{name}` is not a {}: there are {known}", family.noun())));
            }
            let built_in = BUILT_IN_KINDS.iter().map(|kind| kind.name);
            let known: Vec<&str> = built_in.chain(kinds.own().iter().map(Kind::name)).collect();
            let help = did_you_mean(name, known.iter().copied())
                .map_or_else(|| format!("there are {}", ticked(&known)), |meant| format!("did you mean `{meant}`?"));
            Err(Failure::Usage(format!("there is no kind `{name}`; {help}")))
        }
        _ => Err(several_families(name)),
    }
}

fn several_families(name: &str) -> Failure {
    Failure::Usage(format!("`{name}` is a stack kind and a build kind: add --family stack or --family build"))
}

fn list(kinds: &KindSet, output: &mut Output) -> Result<(), Failure> {
    for family in [Family::Stack, Family::Build] {
        for kind in kinds.of(family) {
            let built_in =
                BUILT_IN_KINDS.iter().any(|built_in| built_in.family == family && built_in.name == kind.name());
            let own = if built_in && !kinds.hidden().contains(&format!("{} `{}`", family.noun(), kind.name())) {
                ""
            } else {
                "  (of this fleet)"
            };
            let line = format!("{:<10}  {:<12}  {}{own}", family.noun(), kind.name(), kind.about());
            output.print(&format!("{}\n", visible(&line)))?;
        }
    }
    Ok(())
}
