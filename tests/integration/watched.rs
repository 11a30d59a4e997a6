//! `--source-root`: the watched paths of a project against the code that it deploys.

use crate::support::Work;

/// The layout of MIT Open Learning's infrastructure, in small.
pub(crate) fn estate() -> Work {
    Work::new()
        .file(
            "pipegen.yml",
            "\
version: 1
concourses: {main: {target: main, team: ol}}
defaults:
  environments: [QA, Production]
  source:
    repository: https://github.com/mitodl/ol-infrastructure
    common_paths: [src/ol_infrastructure/lib, src/bridge/secrets/sops.py, pipelines/scripts]
  env: {PYTHONPATH: \"/usr/lib/:/tmp/build/put/{{ code }}/src/\"}
  issues: {repository: example/deployments, auth: {token: ((github.token))}}
",
        )
        .file("code/pipelines/scripts/setup.sh", "")
        .file("code/src/bridge/__init__.py", "")
        .file("code/src/bridge/lib/__init__.py", "")
        .file("code/src/bridge/lib/versions.py", "TIKA = open('version_pins/TIKA_CHART').read()\n")
        .file("code/src/bridge/lib/magic_numbers.py", "DEFAULT_HTTPS_PORT = 443\n")
        .file("code/src/bridge/lib/version_pins/TIKA_CHART", "1.2.3\n")
        .file("code/src/bridge/secrets/__init__.py", "")
        .file("code/src/bridge/secrets/sops.py", "def read(path): ...\n")
        .file("code/src/bridge/secrets/tika/production.yaml", "token: ENC[...]\n")
        .file("code/src/bridge/settings/github.py", "TEAMS = []\n")
        .file("code/src/pipelines_of_old/jobs.py", "import os\n")
        .file("code/src/pipelines_of_old/more/steps.py", "")
        .file("code/src/ol_infrastructure/__init__.py", "")
        .file("code/src/ol_infrastructure/lib/aws/eks.py", "from bridge.lib import magic_numbers\n")
        .file("code/src/ol_infrastructure/lib/vault.py", "import yaml\n")
        .file(
            "code/src/ol_infrastructure/applications/tika/__main__.py",
            "\
\"\"\"Deploys Tika: import everything.\"\"\"

from typing import TYPE_CHECKING

import pulumi
from bridge.lib.magic_numbers import (
    DEFAULT_HTTPS_PORT,
)
from bridge.lib.versions import TIKA
from bridge.secrets.sops import read
from ol_infrastructure.lib import vault
from ol_infrastructure.lib.aws import eks

if TYPE_CHECKING:
    from bridge.settings.github import TEAMS

read('tika/production.yaml')
",
        )
        .file("code/src/ol_infrastructure/applications/tika/Pulumi.QA.yaml", "")
        .file("code/src/ol_infrastructure/applications/tika/Pulumi.Production.yaml", "")
        .file("code/src/ol_infrastructure/applications/tika/tests/test_it.py", "import bridge.settings.github\n")
        .file(
            "code/src/ol_infrastructure/applications/vault/__main__.py",
            "from bridge.settings.github import TEAMS\nfrom . import policies\n",
        )
        .file("code/src/ol_infrastructure/applications/vault/policies.py", "")
        .file("code/src/ol_infrastructure/applications/vault/Pulumi.QA.yaml", "")
        .file("code/src/ol_infrastructure/applications/vault/Pulumi.Production.yaml", "")
        .file("code/src/ol_infrastructure/applications/vault/auth/Pulumi.yaml", "name: another project\n")
        .file("code/src/ol_infrastructure/applications/vault/auth/__main__.py", "import bridge.lib.versions\n")
}

fn manifest(folder: &str, paths: &str) -> String {
    let project = folder.rsplit('/').next().unwrap();
    format!("project: {project}\nstack:\n  pulumi: {{path: {folder}}}\nsource: {{paths: [{paths}]}}\n")
}

const TIKA: &str = "src/ol_infrastructure/applications/tika";

#[test]
fn paths_that_cover_the_code_are_fine() {
    for paths in [
        "src/bridge/lib, src/bridge/secrets/tika",
        "src/bridge/lib/versions.py, src/bridge/lib/magic_numbers.py, src/bridge/lib/version_pins/TIKA_CHART",
        "'src/bridge/lib/*.py', 'src/bridge/secrets/*/production.yaml'",
    ] {
        let work = estate().file("projects/x.yml", &manifest(TIKA, paths));
        work.run(&["render", "--source-root", "code"]).fine();
    }
}

#[test]
fn nothing_is_read_without_a_source_root() {
    let work = estate().file("projects/x.yml", &manifest(TIKA, "src/nowhere"));
    work.run(&["render"]).fine();
}

#[test]
fn typescript_and_go_are_read_too() {
    let fleet = "version: 1\ndefaults:\n  environments: [QA, Production]\n  source: {repository: https://x/y}\n  issues: \
                 {repository: a/b, auth: {token: ((t))}}\n";
    let work = Work::new()
        .file("pipegen.yml", fleet)
        .file("projects/ts.yml", &manifest("infra/ts", "infra/shared/vpc"))
        .file("projects/go.yml", &manifest("infra/go", "infra/pkg/dns"))
        .file(
            "code/infra/ts/index.ts",
            "import { vpc } from \"../shared/vpc\";\nimport { db } from '../shared/db.js';\n",
        )
        .file("code/infra/ts/node_modules/x/index.js", "require('../../../shared/db')\n")
        .file("code/infra/shared/vpc/index.ts", "")
        .file("code/infra/shared/db.ts", "")
        .file("code/infra/go.mod", "module example.com/infra\n\nreplace example.com/other => ../other\n")
        .file(
            "code/infra/go/main.go",
            "package main\n\nimport (\n\t\"fmt\"\n\t\"example.com/infra/pkg/dns\"\n\t\"example.com/other/x\"\n)\n",
        )
        .file("code/infra/pkg/dns/dns.go", "package dns\n")
        .file("code/other/x/x.go", "package x\n");
    for project in ["ts", "go"] {
        for environment in ["QA", "Production"] {
            work.write(&format!("code/infra/{project}/Pulumi.{environment}.yaml"), "");
        }
    }
    let printed = work.run(&["render", "--source-root", "code"]).ended(0).stderr;
    let printed: Vec<&str> = printed.lines().filter(|line| line.contains("imports `")).collect();
    assert_eq!(
        printed,
        [
            "warning[unwatched-import]: `infra/go` imports `other/x`, which no watched path holds",
            "  = note: infra/go/main.go:6 imports `example.com/other/x`",
            "warning[unwatched-import]: `infra/ts` imports `infra/shared/db.ts`, which no watched path holds",
            "  = note: infra/ts/index.ts:2 imports `../shared/db.js`",
        ]
    );
}

#[cfg(unix)]
#[test]
fn links_out_of_the_source_root_are_not_followed() {
    let work = estate()
        .file("secret/key.py", "from bridge.settings.github import TEAMS\n")
        .file("projects/x.yml", &manifest(TIKA, "src/bridge/lib, src/link"));
    std::os::unix::fs::symlink(work.path().join("secret"), work.path().join("code/src/link")).unwrap();
    let ran = work.run(&["render", "--source-root", "code"]).ended(1);
    assert!(
        ran.stderr.contains("error[missing-path]: `src/link` is watched, and is not in the code"),
        "{}",
        ran.stderr
    );
    assert!(!ran.stderr.contains("settings"), "{}", ran.stderr);
}
