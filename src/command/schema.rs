use camino::{Utf8Path, Utf8PathBuf};
use yaml_source::Failure;
use yaml_source::diagnostic::Diagnostics;
use yaml_source::report::report_schema;
use yaml_source::source::Sources;

use crate::cli::{SchemaArgs, SchemaOf};
use crate::kind::KindSet;
use crate::manifest::{FileShape, published_schema};
use crate::project::Fleet;
use crate::workspace::{FLEET_FILE, fleet_above};

use super::{Outcome, Output};

/// Written by hand: Concourse has none. From 7.14 to 8.3, it refuses nothing that `fly validate-pipeline --strict`
/// accepts, but for integers of YAML 1.1 and keys in capitals, which Go takes for the same.
const PIPELINE: &str = include_str!("../../schemas/concourse-pipeline.v1.json");

pub(super) fn run(args: &SchemaArgs, output: &mut Output) -> Result<Outcome, Failure> {
    let shape = match args.file {
        SchemaOf::Project => FileShape::Manifest,
        SchemaOf::Fleet => FileShape::Fleet,
        SchemaOf::Kind => FileShape::Kind,
        SchemaOf::Scenario => FileShape::Scenario,
        SchemaOf::Pipeline => {
            output.print(PIPELINE)?;
            return Ok(Outcome::Fine);
        }
        SchemaOf::Report => {
            output.print(&report_schema())?;
            return Ok(Outcome::Fine);
        }
    };
    let Some((own, kinds, _)) = kinds(args.fleet.as_deref(), output)? else { return Ok(Outcome::Problems) };
    output.print(&published_schema(shape, &kinds, own))?;
    Ok(Outcome::Fine)
}

/// The kinds at hand, whether a fleet says that there are no others, and their files. `None` when the fleet is wrong.
pub(super) fn kinds(
    fleet: Option<&Utf8Path>,
    output: &mut Output,
) -> Result<Option<(bool, KindSet, Sources)>, Failure> {
    let mut sources = Sources::default();
    let mut diagnostics = Diagnostics::default();
    let path = match fleet {
        Some(path) => Some(path.to_owned()),
        None => fleet_above(&Utf8PathBuf::from("."))?.or_else(|| {
            let here = Utf8PathBuf::from(FLEET_FILE);
            here.is_file().then_some(here)
        }),
    };
    let kinds = match &path {
        Some(path) => Fleet::read(path, &mut sources, &mut diagnostics)?.map(|fleet| fleet.kinds),
        None => Some(KindSet::load(None, &mut sources, &mut diagnostics)?),
    };
    let failed = output.diagnostics(&diagnostics.into_sorted(), &sources, "nothing was printed");
    Ok(kinds.filter(|_| !failed).map(|kinds| (path.is_some(), kinds, sources)))
}
