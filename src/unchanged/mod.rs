//! A run that found all up to date is remembered, so that the next one of the same fleets need not render them again.
//!
//! Nothing inside of a repository can prove that a rendered file is what its manifest means: who changes the file changes
//! the proof with it. What is remembered lies outside, in the user's cache, and says of all that such a run looked at how
//! the file system knew it. A fresh clone, as CI has it, has no memory and renders.
//!
//! It is as git's index does it: a file that was written to, replaced or renamed has another signature, but for one that
//! changes while it is looked at, or just before. What is that new is not remembered.

mod looked;
mod place;
mod record;
mod signature;

use std::time::SystemTime;

use camino::{Utf8Path, Utf8PathBuf};
use yaml_source::diagnostic::Levels;

use crate::cli::RenderArgs;
use crate::render::Run;

use looked::Looked;
use place::CacheFile;
use record::QuietRun;
use signature::Signature;

/// What earlier runs of the same program found, who were asked the same.
pub(crate) struct Memory {
    place: CacheFile,
    /// What is asked of which program.
    asked: String,
    paths: Vec<Utf8PathBuf>,
    begun: SystemTime,
}

impl Memory {
    /// To be asked for before anything is looked at. There is none for a run that looks at more than fleets and what
    /// they render, such as the code; where the user has no cache, or does not want it; and for a program that is
    /// just being built.
    pub(crate) fn of(args: &RenderArgs, levels: &Levels) -> Option<Self> {
        if args.no_cache || args.source_root.is_some() {
            return None;
        }
        let begun = SystemTime::now();
        let program = Utf8PathBuf::from_path_buf(std::env::current_exe().ok()?).ok()?;
        let signature = Signature::of(&program)?;
        let paths = if args.paths.is_empty() { vec![Utf8PathBuf::from(".")] } else { args.paths.clone() };
        let place = CacheFile::of(&paths, args.out.as_deref())?;
        let version = env!("CARGO_PKG_VERSION");
        let asked = format!("{:?}", (version, program, signature.to_string(), &place.of, &paths, &args.out, levels));
        signature.is_older(begun).then_some(Self { place, asked, paths, begun })
    }

    /// How many pipelines are known to be up to date: nothing has changed since a run found nothing to say of them.
    pub(crate) fn recall(&self) -> Option<usize> {
        QuietRun::parse(&self.place.read()?, &self.asked)?.pipelines_if_unchanged()
    }

    /// Remembers that a run found that many pipelines up to date, and had nothing to say. That it cannot be remembered
    /// is no failure of the run.
    pub(crate) fn keep(&self, run: &Run, folders: &[&Utf8Path], pipelines: usize) {
        if !run.diagnostics.is_empty() {
            return;
        }
        let looked = Looked::at(&self.paths, run, folders);
        if let Some(text) = looked.and_then(|looked| QuietRun::text(&self.asked, pipelines, &looked, self.begun)) {
            self.place.write(&text);
        }
    }
}
