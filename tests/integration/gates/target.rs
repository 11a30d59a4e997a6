//! What is deployed behind a gate is deployed by no job that is not behind the same gate.

use insta::assert_snapshot;

use crate::support::Work;

use super::*;

#[test]
fn kind_of_another_project_puts_to_a_projects_resource() {
    let sly = "version: 1\nabout: puts to another project's resource\nsteps:\n\
               - put: pulumi-a\n  inputs: all\n  params: {stack_name: Production}\n";
    let work = fleet().file("kinds/stacks/sly.yml", sly).file(
        "projects/shop.yml",
        "environments: [CI, Production]\nprojects:\n  a: {stack: {pulumi: {path: infra/a}}}\n  \
         b: {stack: {sly: {}}, environments: [default], gate: none}\n",
    );
    assert_snapshot!(refused(&work), @"
error[shared-target]: the put to `pulumi-a` can deploy what the deploy of `a` Production deploys behind a gate
 --> kinds/stacks/sly.yml:4:3
  |
4 | - put: pulumi-a
  |   ^^^^^^^^^^^^^
  |
  = note: in the deploy of `b` default
  = note: both put to `pulumi-a`
  = help: put to a resource of its own; if both are kinds, name in `target` what each deploys

error: 1 error in 1 file; nothing was written
");
}

#[test]
fn resource_of_the_same_source_has_another_name_in_another_fleet() {
    let kind = format!("{KIND}target: \"{{{{ project }}}} in {{{{ environment }}}}\"\n");
    let work = Work::new()
        .file("one/pipegen.yml", FLEET)
        .file("one/kinds/stacks/cluster.yml", &kind)
        .file("one/projects/shop.yml", &format!("project: shop\nstack: {{cluster: {{}}}}\nextra:\n{CLUSTER}"))
        .file("two/pipegen.yml", FLEET)
        .file(
            "two/projects/tool.yml",
            &format!(
                "project: tool\n{SCRIPT}extra:\n{}  jobs:\n  - name: sneak\n    plan:\n    \
                 - {{get: shop-tool, trigger: true}}\n    - {{put: other, inputs: all, params: {{environment: Production}}}}\n",
                CLUSTER.replace("name: cluster", "name: other").replace("name: deployer", "name: kube").replace("type: deployer", "type: kube")
            ),
        );
    assert_snapshot!(refused(&work), @"
error[shared-target]: the put to `other` can deploy what the deploy of `shop` QA deploys behind a gate
 --> two/projects/tool.yml:9:5
  |
9 |   - name: sneak
  |     ^^^^^^^^^^^
  |
  = note: in the job `sneak` of `tool` CI
  = note: `other` and `cluster` have the same type and source
  = help: put to a resource of its own; if both are kinds, name in `target` what each deploys

error: 1 error in 1 file; nothing was written
");
}

#[test]
fn first_environment_deploys_the_stack_of_the_last() {
    assert_snapshot!(
        report(
            "project: shop\nstack: {pulumi: {path: infra}}\noverrides:\n  CI: {names: {stack: Production, deploy: first, \
             deployed: first, serial_group: x, deployed_title: first deployed.}}\n"
        ),
        @r#"
    error[shared-target]: the deploy of `shop` CI deploys `Pulumi stack Production of github.com/example/shop/infra`, which the deploy of `shop` Production deploys behind another gate
     --> projects/shop.yml:4:23
      |
    2 | stack: {pulumi: {path: infra}}
      |         ------ the other
    3 | overrides:
    4 |   CI: {names: {stack: Production, deploy: first, deployed: first, serial_group: x, deployed_title: first deployed.}}
      |                       ^^^^^^^^^^
      |
      = note: no approval is needed for `first`
      = help: name each stack after its environment: `names: {stack: "{{ environment }}"}`

    error: 1 error in 1 file; nothing was written
    "#
    );
}

#[test]
fn comment_allows_one_target_of_two_jobs() {
    let work = fleet().file(
        "projects/shop.yml",
        "project: shop\n# ol-pipegen: allow shared-target because both log in to organizations of their own\n\
         stack: {script: {image: alpine, deploy: ./x, target: web}}\n",
    );
    work.run(&["render", "--quiet"]).fine();
}

#[test]
fn credential_names_one_cluster_in_one_pipeline() {
    let work = fleet().file("projects/shop.yml", "project: shop\nstack: {helm: {chart: charts/x, namespace: shop}}\n");
    assert_snapshot!(refused(&work), @r#"
    error[shared-target]: the deploys of `shop` CI and `shop` QA deploy `Helm release shop/shop by ((kubeconfig))`, which the deploy of `shop` Production deploys behind another gate
     --> projects/shop.yml:2:9
      |
    2 | stack: {helm: {chart: charts/x, namespace: shop}}
      |         ^^^^
      |
      = note: no approval is needed for `deploy-shop-ci`
      = help: make `release`, `namespace` or `kubeconfig` differ: write `namespace: "shop-{{ stack | lower }}"`, or the credential `((kubeconfig.{{ stack }}))`

    error: 1 error in 1 file; nothing was written
    "#);
    let work = fleet().file(
        "projects/shop.yml",
        "project: shop\nstack: {helm: {chart: charts/x, namespace: shop, kubeconfig: \"((kubeconfig.{{ environment }}))\"}}\n",
    );
    work.run(&["render", "--quiet"]).fine();
    // In another pipeline the credential may name another cluster, if somebody says so.
    let cart = "project: cart\nenvironments: [QA, CI]\nstack: {helm: {chart: charts/x, release: x, namespace: \"{{ stack }}\"}}\n";
    let shop =
        "project: shop\nenvironments: [CI]\ngate: none\nstack: {helm: {chart: charts/x, release: x, namespace: CI}}\n";
    let work = fleet().file("projects/shop.yml", shop).file("projects/cart.yml", cart);
    let report = refused(&work);
    assert!(report.starts_with("error[shared-target]: the deploy of `shop` CI deploys `Helm release CI/x"), "{report}");
    assert!(report.contains("= help: let each environment deploy a stack of its own"), "{report}");
    let reason = "# ol-pipegen: allow shared-target because each pipeline has a credential of its own\nstack:";
    let work = fleet().file("projects/shop.yml", &shop.replace("stack:", reason)).file("projects/cart.yml", cart);
    assert_eq!(warned(&work), "");
}

#[test]
fn run_of_one_manifest_judges_its_whole_fleet() {
    let manifest = |project: &str, target: &str| {
        format!("project: {project}\nstack: {{script: {{image: alpine, deploy: ./x, target: \"{target}\"}}}}\n")
    };
    let work = fleet()
        .file("projects/a.yml", &manifest("a", "web of {{ environment }}"))
        .file("projects/b.yml", &manifest("b", "web of {{ environment }}"))
        .file("projects/c.yml", &manifest("c", "c {{ environment }}"))
        .file("projects/broken.yml", "project: broken\nstack: {nosuch: {}}\n");
    let run = |manifest: &str| work.run(&["render", "--quiet", manifest]);
    for one in ["projects/a.yml", "projects/b.yml"] {
        let printed = run(one).ended(1).stderr;
        assert!(printed.contains("`web of QA`, which the deploy of `"), "{one}: {printed}");
        assert!(printed.contains("error: 2 errors"), "{one}: {printed}");
    }
    // What concerns only others is theirs, and only what was named is written.
    run("projects/c.yml").fine();
    assert!(work.path().join("rendered/c.yml").is_file() && !work.path().join("rendered/a.yml").exists());
    // One pipeline of two manifests, and one gate.
    work.write(
        "projects/d.yml",
        "project: c\npipeline: c\nstack: {script: {image: alpine, deploy: ./y, target: d}}\ngate: none\n",
    );
    let printed = run("projects/d.yml").ended(1).stderr;
    assert!(printed.contains("two pipelines are named `c`") && printed.contains("projects/c.yml"), "{printed}");
    let printed = work.run(&["validate", "projects/a.yml"]).ended(1).stderr;
    assert!(printed.contains("[shared-target]"), "{printed}");
}

#[test]
fn one_target_has_many_spellings() {
    let with = |a: &str, b: &str| {
        let work = fleet().file("projects/a.yml", &format!("project: a\nstack: {a}\n")).file(
            "projects/b.yml",
            &format!("project: b\nsource: {{repository: git@github.com:Example/shop.git}}\nstack: {b}\n"),
        );
        work.run(&["render", "--quiet"])
    };
    for (a, b) in [
        ("{opentofu: {path: infra/net}}", "{opentofu: {path: ./infra//x/../net/}}"),
        ("{pulumi: {path: infra}}", "{pulumi: {path: ./infra/}}"),
        (
            "{script: {image: a, deploy: x, target: web/{{ stack }}}}",
            "{script: {image: a, deploy: x, target: ' ./web//{{ stack }}'}}",
        ),
    ] {
        let ran = with(&a.replace("web/{{ stack }}", "\"web/{{ stack }}\""), b);
        assert!(ran.code == 1 && ran.stderr.contains("error[shared-target]"), "{b}: {} {}", ran.code, ran.stderr);
    }
    // Another repository of the same name is another thing.
    let work = fleet().file("projects/a.yml", "project: a\nstack: {pulumi: {path: infra}}\n").file(
        "projects/b.yml",
        "project: b\nsource: {repository: https://github.com/other/shop}\nstack: {pulumi: {path: infra}}\n",
    );
    work.run(&["render", "--quiet"]).fine();
}

#[test]
fn repository_is_spelt_by_percent_encoding() {
    let other = format!("stack: {{{PULUMI}}}\nsource: {{repository: \"https://github.com/example/%73hop\"}}\n");
    assert!(refused(&beside(PULUMI, &other)).contains("error[shared-target]"));
}

#[test]
fn one_repository_is_found_however_its_address_is_spelt() {
    for address in [
        "https://github.com:0443/example/shop",
        "ssh://git@github.com:022/example/shop.git",
        "git@[github.com]:example/shop.git",
        "[git@github.com:22]:example/shop.git",
        "https://github.com/other/../example/shop",
    ] {
        let other = format!("stack: {{{PULUMI}}}\nsource: {{repository: \"{address}\"}}\n");
        let found = beside(PULUMI, &other).run(&["render"]).ended(1).stderr;
        assert!(found.contains("shared-target"), "{address}: {found}");
    }
}

/// A project whose job of `extra` puts to a resource of the type that Pulumi's kind puts to.
fn put_beside_a_kind(source: &str, params: &str) -> Work {
    fleet().file(
        "projects/shop.yml",
        &format!(
            "project: shop\nnames: {{code: shop}}\nstack: {{{PULUMI}}}\nextra:\n  \
             var_sources: [{{name: d, type: dummy, config: {{vars: {{p: shop/infra}}}}}}]\n  \
             resources: [{{name: own, type: pulumi-provisioner, source: {{{source}}}}}]\n  jobs:\n  \
             - {{name: other, plan: [{{get: shop, trigger: true}}, {{put: own, inputs: all, params: {{{params}}}}}]}}\n"
        ),
    )
}

#[test]
fn job_of_extra_puts_by_the_image_that_a_kind_deploys_with() {
    let same = "action: update, project_name: other, source_dir: shop/infra";
    assert_snapshot!(refused(&put_beside_a_kind(same, "stack_name: Production")), @"
    error[shared-target]: the put to `own` deploys what the deploy of `shop` Production deploys behind a gate
     --> projects/shop.yml:8:5
      |
    8 |   - {name: other, plan: [{get: shop, trigger: true}, {put: own, inputs: all, params: {stack_name: Production}}]}
      |     ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      |
      = note: in the job `other` of `shop` CI
      = note: `own` and `pulumi-shop` use the same image, and have the same `source_dir` and `stack_name`
      = help: make it a stage, which has a gate; to deploy something else, write another `source_dir` or `stack_name`

    error: 1 error in 1 file; nothing was written
    ");
    for (source, params) in [
        ("action: update, project_name: shop, source_dir: shop/infra, foo: bar", "stack_name: Production"),
        ("action: update, project_name: shop, source_dir: shop/infra, stack_name: QA", ""),
        ("action: update, project_name: shop", "stack_name: QA, source_dir: shop/./infra/"),
    ] {
        let found = refused(&put_beside_a_kind(source, params));
        assert!(found.contains("error[shared-target]") && found.contains("error: 1 error in"), "{source}\n{found}");
    }
    let other = "action: update, project_name: shop, source_dir: other";
    let found = refused(&put_beside_a_kind(other, "stack_name: Production, source_dir: shop/infra"));
    assert!(found.contains("the put to `own` deploys what the deploy of `shop` Production deploys"), "{found}");
    let other = "action: update, project_name: shop, source_dir: ((d:p))";
    assert_snapshot!(warned(&put_beside_a_kind(other, "stack_name: ((d:p))")), @"
    warning[shared-target]: the put to `own` can deploy what the deploy of `shop` QA deploys behind a gate
     --> projects/shop.yml:8:5
      |
    8 |   - {name: other, plan: [{get: shop, trigger: true}, {put: own, inputs: all, params: {stack_name: ((d:p))}}]}
      |     ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      |
      = note: in the job `other` of `shop` CI
      = note: `own` and `pulumi-shop` use the same image, and nothing in `source_dir` and `stack_name` tells apart what they deploy
      = help: make it a stage, which has a gate; to deploy something else, write another `source_dir` or `stack_name`

    warning: 1 warning in 1 file
    ");
    for (source, params) in [
        ("action: update, project_name: shop, source_dir: ((d:p))", "stack_name: Production"),
        ("action: update, project_name: shop, source_dir: shop/infra, foo: bar", "stack_name: ((d:p))"),
        ("action: update, project_name: shop, source_dir: shop/infra, foo: bar", "stack_name: example/infra/QA"),
        ("action: update, project_name: shop, source_dir: copy/infra", "stack_name: QA"),
        ("action: update, project_name: shop", "stack_name: QA"),
        ("action: update, project_name: shop", "\"((d:p))\": QA"),
        ("action: update, foo: bar, source_dir: shop/infra", "stack_name: Scratch, \"((d:p))\": QA"),
    ] {
        let found = warned(&put_beside_a_kind(source, params));
        assert!(
            found.contains("warning[shared-target]") && found.contains("1 warning in"),
            "{source} {params}\n{found}"
        );
    }
    for (source, params) in [
        ("action: update, project_name: shop, source_dir: shop/infra, foo: bar", "stack_name: Scratch"),
        ("action: update, project_name: shop, source_dir: shop/infra, foo: bar", "stack_name: CI"),
        ("action: update, project_name: other, source_dir: shop/other", "stack_name: Production"),
    ] {
        assert_eq!(warned(&put_beside_a_kind(source, params)), "", "{source} {params}");
    }
}

#[test]
fn image_of_a_put_comes_from_a_mirror() {
    let work = |params: &str| {
        fleet().file(
            "projects/shop.yml",
            &format!(
                "project: shop\nnames: {{code: shop}}\nstack: {{{PULUMI}}}\nextra:\n  resource_types:\n  \
                 - {{name: own, type: registry-image, source: {{repository: mirror/concourse-pulumi-resource-provisioner}}}}\n  \
                 resources: [{{name: own, type: own, source: {{action: update, source_dir: shop/infra}}}}]\n  jobs:\n  \
                 - {{name: other, plan: [{{get: shop, trigger: true}}, {{put: own, inputs: all, params: {params}}}]}}\n"
            ),
        )
    };
    assert!(refused(&work("{stack_name: QA}")).contains("error[shared-target]: the put to `own` deploys what"));
    let found = warned(&work("((v))"));
    assert!(found.contains("warning[shared-target]: the put to `own` can deploy what"), "{found}");
}

#[test]
fn step_before_puts_by_the_image_that_a_kind_deploys_with() {
    let work = |stack: &str| {
        fleet().file(
            "projects/shop.yml",
            &format!(
                "project: shop\nstack: {{{PULUMI}}}\nbefore:\n\
                 - {{put: own, inputs: all, params: {{stack_name: {stack}, source_dir: shop-shop/infra}}}}\nextra:\n  \
                 resources: [{{name: own, type: pulumi-provisioner, source: {{action: update, foo: bar}}}}]\n"
            ),
        )
    };
    assert!(refused(&work("Production")).contains("error[shared-target]: the put to `own` deploys what"));
    assert_eq!(warned(&work("Scratch")), "");
}

#[test]
fn kind_without_a_target_puts_by_the_image_of_another_kind() {
    let kind = "version: 1\nabout: x\nresources:\n- {name: own, type: pulumi-provisioner, source: {action: update, foo: bar}}\n\
                steps:\n- put: own\n  inputs: all\n  params: {stack_name: Production, source_dir: code/infra}\n";
    let work = fleet().file("kinds/stacks/sly.yml", kind).file(
        "projects/shop.yml",
        &format!(
            "projects:\n  a: {{stack: {{{PULUMI}}}}}\n  \
             b: {{stack: {{sly: {{}}}}, environments: [default], gate: none}}\n"
        ),
    );
    let found = warned(&work);
    assert!(found.contains("warning[shared-target]: the put to `own` can deploy what"), "{found}");
}

#[test]
fn job_of_extra_runs_the_script_of_a_gated_stage() {
    let work = fleet().file("projects/shop.yml", &format!("project: shop\n{SCRIPT}"));
    work.run(&["render", "--quiet"]).fine();
    let rendered = work.read("rendered/shop.yml");
    let job = rendered.split("- name: deploy-shop-production\n").nth(1).unwrap();
    let task = job.split("  - task: deploy\n").nth(1).unwrap();
    let task: String =
        task.lines().take_while(|line| line.starts_with("    ")).map(|line| format!("  {line}\n")).collect();
    let extra = format!(
        "extra:\n  jobs:\n  - name: nightly\n    plan:\n    - {{get: shop-shop, trigger: true}}\n    - task: again\n{task}"
    );
    let found = report(&format!("project: shop\n{SCRIPT}{extra}"));
    assert!(
        found.contains(
            "error[shared-target]: `nightly` needs no approval, and does the same as `deploy-shop-production`, which waits for one"
        ),
        "{found}"
    );
}

#[test]
fn one_state_is_reached_by_other_files_and_credentials() {
    let two = |first: &str, second: &str| {
        fleet()
            .file("projects/shop.yml", &format!("project: shop\nenvironments: [QA, Production]\nstack: {first}\n"))
            .file(
                "projects/other.yml",
                &format!("project: other\nenvironments: [Production]\ngate: none\nstack: {second}\n"),
            )
    };
    let tofu = |files: &str| format!("{{opentofu: {{path: net, var_files: [], backend_files: {files}}}}}");
    for (first, second) in [("[a]", "[a, ./a]"), ("[a, b]", "[b, a]"), ("[a]", "[a/]")] {
        let found = refused(&two(&tofu(first), &tofu(second)));
        assert!(found.contains("error[shared-target]"), "{first} {second}\n{found}");
    }
    for (first, second) in [("[]", "[\"\"]"), ("[a]", "[\"a\\na\"]")] {
        let found = refused(&two(&tofu(first), &tofu(second)));
        assert!(found.contains("a path on one line"), "{first} {second}\n{found}");
    }
    // One more file may lead elsewhere, and may not.
    let found = warned(&two(&tofu("[a]"), &tofu("[a, b]")));
    assert!(
        found.contains("warning[shared-target]: the deploy of `other` Production deploys `workspace Production"),
        "{found}"
    );
    assert_eq!(warned(&two(&tofu("[a]"), &tofu("[b]"))), "");
    let helm = |namespace: &str, by: &str| {
        format!(
            "{{helm: {{chart: chart, values: [], namespace: {namespace}, release: shop, kubeconfig: \"(({by}))\"}}}}"
        )
    };
    for by in ["kube.production", "vault:kube.production", "kube.production."] {
        let found = refused(&two(&helm("\"shop-{{ stack }}\"", "kube.production"), &helm("shop-Production", by)));
        assert!(found.contains("error[shared-target]"), "{by}\n{found}");
    }
    assert!(refused(&two(&helm("\"shop-{{ stack }}\"", "kube"), &helm("\"\"", "kube"))).contains("namespace"));
}

#[test]
fn stage_deploys_what_has_the_name_of_another_environment() {
    let work =
        |stack: &str, more: &str| fleet().file("projects/shop.yml", &format!("project: shop\nstack: {stack}\n{more}"));
    let names = |environment: &str, stack: &str| {
        format!(
            "  {environment}: {{names: {{stack: {stack}, deploy: deploy-{0}, deployed: issue-{0}, deployed_title: \"{0} deployed.\"}}}}\n",
            environment.to_lowercase()
        )
    };
    let more = format!("overrides:\n{}{}", names("QA", "Production"), names("Production", "QA"));
    let found = warned(&work("{pulumi: {path: infra}}", &more));
    for message in [
        "the deploy of `shop` QA deploys `Pulumi stack Production of github.com/example/shop/infra`, which has the name of the environment Production",
        "the deploy of `shop` Production deploys `Pulumi stack QA of github.com/example/shop/infra`, which has the name of the environment QA",
    ] {
        assert!(found.contains(&format!("warning[shared-target]: {message}")), "{found}");
    }
    let swapped = work("{pulumi: {path: infra}}", &more);
    warned(&swapped);
    assert!(swapped.read("rendered/shop.yml").contains("stack_name: Production"));
    assert_eq!(warned(&work("{pulumi: {path: infra}}", "")), "");
    assert_eq!(warned(&work("{pulumi: {path: production/infra}}", "")), "");
}

#[test]
fn second_project_runs_the_script_of_a_gated_stage() {
    let two = |script: &str| {
        fleet()
            .file("projects/shop.yml", &format!("project: shop\n{SCRIPT}"))
            .file("projects/other.yml", &format!("project: other\nenvironments: [Production]\ngate: none\n{script}"))
    };
    let found = warned(&two(SCRIPT));
    assert!(
        found.contains("warning[shared-target]: the deploy of `other` Production runs the same steps as the deploy of `shop` Production, which is behind a gate"),
        "{found}"
    );
    assert_eq!(warned(&two(&SCRIPT.replace("deploy: ", "deploy: cd other && "))), "");
    let named = SCRIPT.replace("deploy:", "target: \"other on {{ stack }}\", deploy:");
    assert_eq!(warned(&two(&named)), "");
}

/// A kind that puts to the resource of Pulumi's kind, with another text in `target`.
fn kind_of_other_words(source: &str, target: &str) -> String {
    format!(
        "version: 1\nabout: deploys a stack\n{target}resource_types:\n\
         - {{name: prov, type: registry-image, source: {{repository: mitodl/concourse-pulumi-resource-provisioner, tag: latest}}}}\n\
         resources:\n- {{name: \"prov-{{{{ project }}}}\", type: prov, source: {{{source}}}}}\nsteps:\n\
         - put: \"prov-{{{{ project }}}}\"\n  inputs: all\n  params: {{stack_name: \"{{{{ options.s }}}}\"}}\n\
         options: {{type: object, properties: {{s: {{type: string}}}}}}\n"
    )
}

#[test]
fn kind_with_another_name_of_its_target_puts_to_what_a_gated_stage_puts_to() {
    let gated = "project: a\nstack: {pulumi: {path: infra/x}}\n";
    let own = |stack: &str| {
        format!(
            "project: b\nenvironments: [zed]\ngate: none\nnames: {{code: shop-a}}\nstack: {{own: {{s: {stack}}}}}\n"
        )
    };
    let same = "action: update, project_name: a, source_dir: \"{{ code }}/infra/x\"";
    let words = "target: \"something {{ stack }}\"\n";
    let one = |kind: &str, stack: &str| {
        fleet().file("kinds/stacks/own.yml", kind).file("projects/a.yml", gated).file("projects/b.yml", &own(stack))
    };
    assert_snapshot!(refused(&one(&kind_of_other_words(same, words), "Production")), @r#"
    error[shared-target]: the put to `prov-b` deploys what the deploy of `a` Production deploys behind a gate
     --> kinds/stacks/own.yml:9:3
      |
    9 | - put: "prov-{{ project }}"
      |   ^^^^^^^^^^^^^^^^^^^^^^^^^
      |
      = note: in the deploy of `b` zed
      = note: `prov-b` and `pulumi-a` use the same image, and have the same `stack_name`
      = help: let each environment deploy a stack of its own; another text in `target` changes nothing

    error: 1 error in 1 file; nothing was written
    "#);
    // One more key, another order, and another way to write the stack.
    for (source, stack) in [
        (format!("{same}, zz: 1"), "Production"),
        ("source_dir: \"{{ code }}//infra/x/\", project_name: a, action: update".to_owned(), "QA"),
        (same.to_owned(), "example/a/Production"),
    ] {
        let found = refused(&one(&kind_of_other_words(&source, words), stack));
        assert!(
            found.contains("error[shared-target]: the put to `prov-b` deploys what the deploy of `a`"),
            "{source}: {found}"
        );
    }
    // Another stack, and another project of Pulumi's.
    assert_eq!(warned(&one(&kind_of_other_words(same, words), "Nightly")), "");
    assert_eq!(warned(&one(&kind_of_other_words(&same.replace("name: a", "name: b"), words), "Production")), "");
    // In another fleet, by a kind that has the name of Pulumi's.
    for kind in ["own", "pulumi"] {
        let work = Work::new()
            .file("one/pipegen.yml", FLEET)
            .file("one/projects/a.yml", gated)
            .file("two/pipegen.yml", &FLEET.replace("example/deployments", "other/deployments"))
            .file(&format!("two/kinds/stacks/{kind}.yml"), &kind_of_other_words(same, words))
            .file("two/projects/b.yml", &own("Production").replace("own", kind));
        let found = refused(&work);
        assert!(
            found.contains("error[shared-target]: the put to `prov-b` deploys what the deploy of `a` Production"),
            "{found}"
        );
    }
    // In one manifest.
    let both = "environments: [CI, Production]\nprojects:\n  a: {stack: {pulumi: {path: infra/x}}}\n  \
                b: {stack: {own: {s: Production}}, environments: [zed], gate: none, names: {code: shop-a}}\n";
    let work = fleet().file("kinds/stacks/own.yml", &kind_of_other_words(same, words)).file("projects/shop.yml", both);
    assert!(refused(&work).contains("error[shared-target]: the put to `prov-b` deploys what"), "{}", refused(&work));
}

/// The task that the kind `script` makes for a stage, with more params.
fn task_of_script(stack: &str, shell: &str, more: &str, indent: &str) -> String {
    let task = format!(
        "- task: d\n  config:\n    platform: linux\n    image_resource: {{type: registry-image, source: {{repository: alpine}}}}\n    \
         inputs: [{{name: shop-a}}]\n    outputs: [{{name: summary2}}]\n    \
         params: {{PHASE: deploy, STACK: {stack}, ENVIRONMENT: {stack}, CODE: shop-a, SCRIPT: './deploy.sh'{more}}}\n    \
         run:\n      path: {shell}\n      args:\n      - -euc\n      - |\n        export SUMMARY=\"$PWD/summary/$PHASE.md\"\n        \
         : >\"$SUMMARY\"\n        cd \"$CODE\"\n        eval \"$SCRIPT\"\n"
    );
    task.lines().map(|line| format!("{indent}{line}\n")).collect()
}

#[test]
fn steps_of_a_manifest_run_the_script_of_a_gated_stage() {
    let stack = "project: a\nstack: {script: {image: alpine, deploy: ./deploy.sh}}\nenv: {LOG_LEVEL: info}\n";
    let places: [(&str, &str, &str); 6] = [
        ("overrides:\n  CI:\n    after:\n", "    ", "deploy-a-ci"),
        ("overrides:\n  CI:\n    before:\n", "    ", "deploy-a-ci"),
        ("overrides:\n  QA:\n    after:\n", "    ", "deploy-a-qa"),
        ("overrides:\n  QA:\n    before:\n", "    ", "deploy-a-qa"),
        (
            "inputs:\n  img:\n    image: {repository: x/y}\n    build:\n      with: {image: {}}\n      before:\n",
            "      ",
            "build-img",
        ),
        ("extra:\n  jobs:\n  - name: tidy\n    plan:\n    - {get: shop-a, trigger: true}\n", "    ", "tidy"),
    ];
    for (head, indent, job) in places {
        let with = |stack_name: &str, shell: &str, more: &str| {
            let task = task_of_script(stack_name, shell, more, indent);
            fleet().file("projects/a.yml", &format!("{stack}{head}{task}"))
        };
        for (shell, more) in [("sh", ""), ("/bin/sh", ""), ("sh", ", LOG_LEVEL: debug")] {
            let found = refused(&with("Production", shell, more));
            assert!(found.contains(&format!("error[shared-target]: `{job}`")), "{head} {shell} {more}: {found}");
            assert!(found.contains("does the same as `deploy-a-production`"), "{head}: {found}");
        }
        with("Scratch", "sh", "").run(&["render", "--quiet"]).fine();
    }
    let kind = |stack: &str| {
        format!(
            "version: 1\nabout: builds\nsteps:\n{}- put: img\n  inputs: all\n  params: {{image: summary2/image.tar}}\n",
            task_of_script(stack, "sh", "", "")
        )
    };
    let build = "inputs:\n  img:\n    image: {repository: x/y}\n    build: {with: {own: {}}}\n";
    let with = |stack_name: &str| {
        fleet().file("kinds/builds/own.yml", &kind(stack_name)).file("projects/a.yml", &format!("{stack}{build}"))
    };
    assert!(refused(&with("Production")).contains("error[shared-target]: `build-img` needs no approval"));
    with("Scratch").run(&["render", "--quiet"]).fine();
}

#[test]
fn one_release_is_reached_by_another_credential() {
    let two = |first: &str, second: &str| {
        let helm = |by: &str, namespace: &str| {
            format!(
                "{{helm: {{chart: chart, values: [], namespace: {namespace}, release: shop, kubeconfig: \"(({by}))\"}}}}"
            )
        };
        fleet()
            .file(
                "projects/shop.yml",
                &format!(
                    "project: shop\nenvironments: [QA, Production]\nstack: {}\n",
                    helm(first, "\"shop-{{ stack }}\"")
                ),
            )
            .file(
                "projects/other.yml",
                &format!(
                    "project: other\nenvironments: [zed]\ngate: none\nstack: {}\n",
                    helm(second, "shop-Production")
                ),
            )
    };
    let found = warned(&two("kube", "admin"));
    assert!(
        found.contains(
            "warning[shared-target]: the deploy of `other` zed deploys `Helm release shop-Production/shop by ((admin))`"
        ),
        "{found}"
    );
    assert!(refused(&two("kube", "vault:kube")).contains("error[shared-target]"));
    let elsewhere = two("kube", "admin");
    elsewhere.write("projects/other.yml", &elsewhere.read("projects/other.yml").replace("shop-Production", "other"));
    assert_eq!(warned(&elsewhere), "");
}

#[test]
fn job_takes_the_code_of_another_gate_or_the_newest_and_runs_the_script_of_a_gated_stage() {
    let stack = "project: a\nstack: {script: {image: alpine, deploy: ./deploy.sh}}\n";
    let with = |gets: &str, name: &str| {
        let task = task_of_script(name, "sh", "", "    ");
        fleet().file("projects/a.yml", &format!("{stack}extra:\n  jobs:\n  - name: early\n    plan:\n{gets}{task}"))
    };
    let approved = |gate: &str, job: &str, name: &str| {
        format!("    - {{get: {name}, resource: github-issues-a-{gate}-trigger, passed: [{job}], trigger: true}}\n")
    };
    // What was approved for QA; and the newest code, beside an approval that nothing uses.
    let newest = "    - {get: shop-a, trigger: true}\n";
    for gets in [
        approved("ci", "deploy-a-qa", "shop-a"),
        format!("{newest}{}", approved("qa", "deploy-a-production", "unused")),
        approved("ci", "deploy-a-qa", "shop-a") + &approved("qa", "deploy-a-production", "unused"),
        newest.to_owned(),
    ] {
        let found = refused(&with(&gets, "Production"));
        let wanted = "error[shared-target]: `early` ";
        assert!(found.contains(wanted) && found.contains("does the same as `deploy-a-production`"), "{gets}: {found}");
        // A variable can hold any name, unless it has the name of another environment.
        let found = refused(&with(&gets, "((stack))"));
        assert!(found.contains("does the same as `deploy-a-production`"), "{gets}: {found}");
        with(&gets, "((ci.stack))").run(&["render", "--quiet"]).fine();
        with(&gets, "Scratch").run(&["render", "--quiet"]).fine();
    }
    // What was approved for that very stage may be deployed again.
    with(&approved("qa", "deploy-a-production", "shop-a"), "Production").run(&["render", "--quiet"]).fine();
}

#[test]
fn job_of_another_manifest_runs_the_script_of_a_gated_stage() {
    let stack = "stack: {script: {image: alpine, deploy: ./deploy.sh}}\n";
    let with = |more: &str, name: &str| {
        let job = task_of_script(name, "sh", "", "    ");
        fleet().file("projects/a.yml", &format!("project: a\n{stack}")).file(
            "projects/b.yml",
            &format!(
                "project: b\nenvironments: [CI, QA]\nnames: {{code: shop-a}}\nstack: {{pulumi: {{path: infra/b}}}}\n{more}extra:\n  jobs:\n  \
                 - name: quick\n    plan:\n    - {{get: shop-a, trigger: true}}\n{job}"
            ),
        )
    };
    assert_snapshot!(refused(&with("", "Production")), @"
    error[shared-target]: `quick` needs no approval, and does the same as the deploy of `a` Production, which waits for one
     --> projects/b.yml:7:5
      |
    7 |   - name: quick
      |     ^^^^^^^^^^^ the gate of that stage does not stop it
      |
      = help: remove the step; or make it a stage, which has a gate

    error: 1 error in 1 file; nothing was written
    ");
    with("", "Scratch").run(&["render", "--quiet"]).fine();
    // Behind a gate of its own, which is another one.
    let gated = |task: String| {
        let job = format!(
            "    - {{get: shop-a, resource: github-issues-b-ci-trigger, passed: [deploy-b-qa], trigger: true}}\n{task}"
        );
        let b = "project: b\nenvironments: [CI, QA]\nnames: {code: shop-a}\nstack: {pulumi: {path: infra/b}}\nextra:\n  jobs:\n  \
                 - name: quick\n    plan:\n";
        fleet().file("projects/a.yml", &format!("project: a\n{stack}")).file("projects/b.yml", &format!("{b}{job}"))
    };
    let found = refused(&gated(task_of_script("Production", "sh", "", "    ")));
    assert!(found.contains("error[shared-target]: `quick` does the same as the deploy of `a` Production"), "{found}");
    gated(task_of_script("QA", "sh", "", "    ")).run(&["render", "--quiet"]).fine();
    // Code of another repository does something else.
    let other = "source: {repository: https://github.com/example/other}\n";
    with(other, "Production").run(&["render", "--quiet"]).fine();
}

#[test]
fn put_takes_the_code_under_another_name() {
    let with = |source: &str, params: &str| {
        fleet().file("projects/shop.yml", &format!("project: shop\nstack: {{{PULUMI}}}\n")).file(
            "projects/other.yml",
            &format!(
                "project: other\nenvironments: [CI, QA]\nstack: {{pulumi: {{path: other}}}}\nextra:\n  \
                 resources: [{{name: own, type: pulumi-provisioner, source: {{{source}}}}}]\n  jobs:\n  \
                 - {{name: quick, plan: [{{get: c, resource: shop-other, trigger: true}}, {{put: own, params: {{{params}}}}}]}}\n"
            ),
        )
    };
    let found = refused(&with("action: update, project_name: shop, source_dir: c/infra", "stack_name: Production"));
    assert!(found.contains("error[shared-target]: the put to `own` deploys what"), "{found}");
    with("action: update, project_name: shop, source_dir: c/infra", "stack_name: Scratch")
        .run(&["render", "--quiet"])
        .fine();
}

/// A project whose Production is behind a gate, and another manifest of the fleet.
fn beside_pulumi(other: &str) -> Work {
    let shop = "project: shop\nstack: {pulumi: {path: infra}}\n";
    fleet().file("projects/shop.yml", shop).file("projects/other.yml", other)
}

#[test]
fn one_stack_of_pulumi_has_a_long_name() {
    let other = |path: &str, stack: &str| {
        format!(
            "project: other\nenvironments: [Live]\ngate: none\nstack: {{pulumi: {{path: {path}}}}}\nnames: {{stack: {stack}, \
             deploy: deploy-live, preview: preview-live, serial_group: live, deployed: live, ready: live-gate}}\n"
        )
    };
    for stack in ["Production", "example/infra/Production", "x/y/z/Production", "/Production"] {
        let found = refused(&beside_pulumi(&other("infra", stack)));
        assert!(found.contains("error[shared-target]") && found.contains("error: 1 error in"), "{stack}\n{found}");
    }
    assert_eq!(warned(&beside_pulumi(&other("infra", "example/infra/Live"))), "");
    let policy = "policy:\n- targets: [\"Pulumi stack Production of github.com/example/shop/*\"]\n  gate: issue\n";
    let work = beside_pulumi(&other("other", "example/other/Production"));
    let found = refused(&work.file("pipegen.yml", &format!("{FLEET}{policy}")));
    assert!(found.contains("error[below-policy]"), "{found}");
}

#[test]
fn one_stack_of_pulumi_is_deployed_from_another_folder() {
    let other = "project: shop\npipeline: other\nenvironments: [Production]\ngate: none\nrecord: none\nstack: {pulumi: {path: copy}}\n";
    assert_snapshot!(warned(&beside_pulumi(other)), @"
    warning[shared-target]: the deploy of `shop` Production deploys `Pulumi stack Production of github.com/example/shop/copy`, and the deploy of `shop` Production deploys `Pulumi stack Production of github.com/example/shop/infra` behind a gate: both have one project and one stack
     --> projects/other.yml:6:9
      |
    6 | stack: {pulumi: {path: copy}}
      |         ^^^^^^
      |
     ::: projects/shop.yml:2:9
      |
    2 | stack: {pulumi: {path: infra}}
      |         ------ the other
      |
      = note: no approval is needed for `deploy-shop-production`
      = help: give the second manifest another `project`, or the stack another name

    warning: 1 warning in 1 file
    ");
    // A step of the manifest, in the job of a stage before the gate.
    let same = "action: update, project_name: shop, source_dir: shop/copy";
    assert_snapshot!(warned(&put_beside_a_kind(same, "stack_name: Production")), @"
    warning[shared-target]: the put to `own` can deploy what the deploy of `shop` Production deploys behind a gate
     --> projects/shop.yml:8:5
      |
    8 |   - {name: other, plan: [{get: shop, trigger: true}, {put: own, inputs: all, params: {stack_name: Production}}]}
      |     ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      |
      = note: in the job `other` of `shop` CI
      = note: `own` and `pulumi-shop` use the same image, and Pulumi knows a stack by `project_name` and `stack_name`, which are the same
      = help: make it a stage, which has a gate; to deploy something else, write another `source_dir` or `stack_name`

    warning: 1 warning in 1 file
    ");
}

#[test]
fn preview_that_is_the_deployment_is_refused() {
    let kind = |phase: &str| {
        format!(
            "version: 1\ntitle: Cluster\nabout: deploys\ntarget: \"{{{{ stack }}}}\"\nphases: [deploy, preview]\n\
             resource_types:\n- {{name: deployer, type: registry-image, source: {{repository: example/deployer, tag: \"1\"}}}}\n\
             resources:\n- {{name: \"cluster-{{{{ project }}}}\", type: deployer, source: {{cluster: all}}}}\n\
             steps:\n- put: cluster-{{{{ project }}}}\n  inputs: all\n  params: {{environment: \"{{{{ environment }}}}\"{phase}}}\n"
        )
    };
    let with = |kind: &str| {
        fleet().file("kinds/stacks/cluster.yml", kind).file(
            "projects/shop.yml",
            "project: shop\nstack: {cluster: {}}\noverrides: {Production: {gate: preview}}\n",
        )
    };
    assert_snapshot!(refused(&with(&kind(""))), @r#"
    error[cannot-preview]: the preview of Production does what its deployment does
      --> kinds/stacks/cluster.yml:11:3
       |
    11 | - put: cluster-{{ project }}
       |   ^^^^^^^^^^^^^^^^^^^^^^^^^^ each version would be deployed before anybody approves it
       |
       = note: in the preview of `shop` Production
       = help: let the kind `cluster` do something else in the phase `preview`, such as with the param `preview: "{{ true if phase == 'preview' else none }}"`

    error: 1 error in 1 file; nothing was written
    "#);
    assert_eq!(warned(&with(&kind(", preview: \"{{ true if phase == 'preview' else none }}\""))), "");
}
