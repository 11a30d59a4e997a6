//! What the program does, one verb a file.

mod budget;
mod committed;
mod completions;
mod diff;
mod explain;
mod graph;
mod import;
mod init;
mod kind;
mod orphans;
mod pipeline;
mod project;
mod render;
mod revisions;
mod rule;
mod schema;
mod set;
mod shapes;
mod show;
mod simulate;
mod targets;
mod validate;
mod verify;

use std::io::{self, IsTerminal, Write};

use anstream::ColorChoice;
use yaml_source::diagnostic::{Diagnostic, Severity, visible};
use yaml_source::report::Format;
use yaml_source::secrets::without_secrets;
use yaml_source::source::Sources;
use yaml_source::{Failure, report};

use crate::cli::{Cli, Colour, Command};
use crate::interrupt;

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Nothing is wrong.
    Fine,
    /// Something is wrong with the input.
    Problems,
    /// The command line asks for what cannot be.
    Usage,
    /// It could not be done at all.
    CouldNotRun,
    /// The input is right, and a committed file is not what it renders.
    OutOfDate,
    /// A search found nothing, and stopped before its end.
    Incomplete,
}

impl Outcome {
    /// The exit code: a published contract.
    pub const fn code(self) -> u8 {
        match self {
            Self::Fine => 0,
            Self::Problems => 1,
            Self::Usage => 2,
            Self::CouldNotRun => 3,
            Self::OutOfDate => 4,
            Self::Incomplete => 5,
        }
    }
}

/// Does what the command line says.
pub fn run(cli: &Cli) -> Outcome {
    let mut output = Output::new(cli.color);
    let result = match &cli.command {
        Command::Render(args) => render::run(args, &mut output),
        Command::Set(args) => set::run(args, &mut output),
        Command::Validate(args) => validate::run(args, &mut output),
        Command::Verify(args) => verify::run(args, &mut output),
        Command::Simulate(args) => simulate::run(args, &mut output),
        Command::Init(args) => init::run(args, &mut output),
        Command::Show(args) => show::run(args, &mut output),
        Command::Explain(args) => explain::run(args, &mut output),
        Command::Diff(args) => diff::run(args, &mut output),
        Command::Budget(args) => budget::run(args, &mut output),
        Command::Import(args) => import::run(args, &mut output),
        Command::Graph(args) => graph::run(args, &mut output),
        Command::Schema(args) => schema::run(args, &mut output),
        Command::Kind(args) => kind::run(args, &mut output),
        Command::Rule(args) => rule::run(args, &mut output),
        Command::Completions(args) => completions::run(args, &mut output),
    };
    let result = result.and_then(|outcome| output.finish().map(|()| outcome));
    // A signal that came while the last file was written is not forgotten.
    let result = interrupt::check().and(result);
    result.unwrap_or_else(|failure| {
        let (message, outcome) = match &failure {
            Failure::Usage(message) => (message.clone(), Outcome::Usage),
            Failure::Io { .. } | Failure::NoFile { .. } | Failure::Internal(_) => {
                (failure.to_string(), Outcome::CouldNotRun)
            }
            Failure::Interrupted(signal) => {
                interrupt::obey(*signal);
                (failure.to_string(), Outcome::CouldNotRun)
            }
        };
        output.error(&message);
        outcome
    })
}

/// Where results and diagnostics go.
struct Output {
    stdout: io::BufWriter<io::Stdout>,
    /// Its reader, such as `head`, has seen enough: that is no failure, and changes nothing of what is to be done.
    stdout_closed: bool,
    /// A document stands there, which ends where it ends.
    stdout_is_full: bool,
    colour_out: bool,
    colour_err: bool,
}

impl Output {
    fn new(colour: Colour) -> Self {
        let wanted = |terminal: bool, auto: ColorChoice| match colour {
            Colour::Always => true,
            Colour::Never => false,
            Colour::Auto => terminal && auto != ColorChoice::Never,
        };
        Self {
            colour_out: wanted(io::stdout().is_terminal(), anstream::AutoStream::choice(&io::stdout())),
            colour_err: wanted(io::stderr().is_terminal(), anstream::AutoStream::choice(&io::stderr())),
            stdout: io::BufWriter::new(io::stdout()),
            stdout_closed: false,
            stdout_is_full: false,
        }
    }

    /// A result.
    fn print(&mut self, text: &str) -> Result<(), Failure> {
        if self.stdout_closed || self.stdout_is_full {
            return Ok(());
        }
        let written = self.stdout.write_all(text.as_bytes());
        self.unless_closed(written)
    }

    /// A result that not everybody wants to hear.
    fn print_unless(&mut self, quiet: bool, text: &str) -> Result<(), Failure> {
        if quiet { Ok(()) } else { self.print(text) }
    }

    fn finish(&mut self) -> Result<(), Failure> {
        if self.stdout_closed {
            return Ok(());
        }
        let flushed = self.stdout.flush();
        self.unless_closed(flushed)
    }

    fn unless_closed(&mut self, result: io::Result<()>) -> Result<(), Failure> {
        match result {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                self.stdout_closed = true;
                Ok(())
            }
            other => other.map_err(|error| Failure::io("write", "standard output".into(), error)),
        }
    }

    /// Something that is no result. Nothing can be done when it cannot be said.
    fn write_err(&mut self, text: &str) {
        let _ = self.stdout.flush();
        let _ = writeln!(io::stderr(), "{text}");
    }

    /// A question, behind which the answer is typed.
    fn ask(&mut self, question: &str) {
        let _ = self.stdout.flush();
        let _ = write!(io::stderr(), "{question}");
    }

    /// What keeps the run from being done, a line.
    fn error(&mut self, message: &str) {
        let (red, end) = if self.colour_err { ("\u{1b}[1;31m", "\u{1b}[0m") } else { ("", "") };
        self.write_err(&format!("{red}error{end}: {}", visible(&without_secrets(message))));
    }

    /// Shows diagnostics to people, and says what follows from them. Are there errors?
    fn diagnostics(&mut self, diagnostics: &[Diagnostic], sources: &Sources, follows: &str) -> bool {
        self.plain(diagnostics, sources);
        self.summary(diagnostics, Some(follows))
    }

    fn plain(&mut self, diagnostics: &[Diagnostic], sources: &Sources) {
        if !diagnostics.is_empty() {
            let text = report::plain(diagnostics, sources, self.colour_err);
            self.write_err(&format!("{}\n", text.trim_end()));
        }
    }

    /// Writes a report, and says what follows from it. Are there errors? A document is all that is on standard output.
    fn report(
        &mut self,
        diagnostics: &[Diagnostic],
        sources: &Sources,
        format: Format,
        follows: Option<&str>,
    ) -> Result<bool, Failure> {
        match format {
            Format::Plain => self.plain(diagnostics, sources),
            Format::Github => self.print(&report::github(diagnostics, sources))?,
            Format::Json => self.document(&report::json(diagnostics, sources))?,
            Format::Sarif => self.document(&report::sarif(diagnostics, sources))?,
        }
        Ok(self.summary(diagnostics, follows))
    }

    /// Prints how often each rule reports something. Are there errors?
    fn by_rule(&mut self, diagnostics: &[Diagnostic]) -> Result<bool, Failure> {
        self.print(&report::by_rule(diagnostics))?;
        Ok(self.summary(diagnostics, None))
    }

    /// A result that nothing else may stand beside.
    fn document(&mut self, text: &str) -> Result<(), Failure> {
        self.print(text)?;
        self.stdout_is_full = true;
        Ok(())
    }

    fn summary(&mut self, diagnostics: &[Diagnostic], follows: Option<&str>) -> bool {
        let failed = diagnostics.iter().any(|diagnostic| diagnostic.severity() == Severity::Error);
        if let Some(summary) = report::summary(diagnostics) {
            match follows {
                Some(follows) if failed => self.error(&format!("{summary}; {follows}")),
                None if failed => self.error(&summary),
                _ => self.write_err(&format!("warning: {summary}")),
            }
        }
        failed
    }
}
