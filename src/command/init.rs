use std::fs;

use camino::Utf8Path;
use yaml_source::Failure;
use yaml_source::diagnostic::{Diagnostics, visible};
use yaml_source::source::Sources;

use crate::cli::InitArgs;
use crate::kind::KindSet;
use crate::manifest::{FileShape, published_schema};
use crate::workspace::FLEET_FILE;
use crate::write;

use super::{Outcome, Output};

/// Writes what is not there yet; a file that is there is never touched.
pub(super) fn run(args: &InitArgs, output: &mut Output) -> Result<Outcome, Failure> {
    let here = args.folder == ".";
    let folder = if here { Utf8Path::new("") } else { args.folder.as_path() };
    let fleet = folder.join(FLEET_FILE);
    if fleet.exists() {
        return Err(Failure::Usage(format!(
            "{fleet} is there already: this folder has its fleet; write a manifest for it, such as {}",
            folder.join("projects/cart.yml")
        )));
    }
    let kinds = KindSet::load(None, &mut Sources::default(), &mut Diagnostics::default())?;
    let schema = |shape| published_schema(shape, &kinds, false);
    let files = [
        ("schemas/fleet.v1.json", schema(FileShape::Fleet)),
        ("schemas/project.v1.json", schema(FileShape::Manifest)),
        ("schemas/kind.v1.json", schema(FileShape::Kind)),
        ("projects/cart.yml", include_str!("../../templates/init/project.yml").to_owned()),
        (FLEET_FILE, include_str!("../../templates/init/pipegen.yml").to_owned()),
    ];
    for (name, text) in files {
        let path = folder.join(name);
        if path.exists() {
            output.print(&format!("kept {}\n", visible(path.as_str())))?;
            continue;
        }
        let parent = path.parent().unwrap_or(Utf8Path::new(""));
        fs::create_dir_all(parent).map_err(|error| Failure::io("make the folder", parent, error))?;
        write::atomically(&path, text.as_bytes())?;
        output.print(&format!("wrote {}\n", visible(path.as_str())))?;
    }
    let path = if here { String::new() } else { format!(" {folder}") };
    let next = format!(
        "Next: in {fleet}, write the repositories of your code and of your issues. Then run `ol-pipegen render{path}`."
    );
    output.print(&format!("\n{}\n", visible(&next)))?;
    Ok(Outcome::Fine)
}
