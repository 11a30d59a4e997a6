use crate::Failure;
use crate::cli::{KindArgs, KindCommand};
use crate::diagnostic::{did_you_mean, one_of, visible};
use crate::kind::{BUILT_IN_KINDS, Family, KindSet};

use super::{Outcome, Output, schema};

pub(super) fn run(args: &KindArgs, output: &mut Output) -> Result<Outcome, Failure> {
    match &args.command {
        KindCommand::List { fleet } => {
            let Some((_, kinds)) = schema::kinds(fleet.as_deref(), output)? else { return Ok(Outcome::Problems) };
            list(&kinds, output)?;
        }
        KindCommand::Show { name, family } => {
            let family = family.map(Family::from);
            let found: Vec<_> = BUILT_IN_KINDS
                .iter()
                .filter(|kind| kind.name == name && family.is_none_or(|family| family == kind.family))
                .collect();
            match found.as_slice() {
                [kind] => output.print(kind.text)?,
                [] => {
                    let known = BUILT_IN_KINDS.iter().map(|kind| kind.name);
                    let help = did_you_mean(name, known.clone()).map_or_else(
                        || format!("there are {}", one_of(known)),
                        |meant| format!("did you mean `{meant}`?"),
                    );
                    return Err(Failure::Usage(format!("no kind `{name}` is built in; {help}")));
                }
                _ => return Err(Failure::Usage(format!("`{name}` is a stack kind and a build kind: say --family"))),
            }
        }
    }
    Ok(Outcome::Fine)
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
