// Judges pipelines as Concourse 7.14.0 does, many in one process: what `fly validate-pipeline` says of each, with and
// without --strict, and what the server would say. Prints a JSON object a line and a file.
//
//	judge FILE...
//	judge -mutate COUNT -seed SEED -out FOLDER FILE...
//
// With -mutate it writes COUNT pipelines into FOLDER, each one of the files with one to three nodes dropped, renamed,
// duplicated, retyped or reordered, and judges those.
package main

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/concourse/concourse/atc"
	"github.com/concourse/concourse/atc/configvalidate"
	"github.com/concourse/concourse/vars"
	"sigs.k8s.io/yaml"

	// The credential managers that fly knows: fly/commands/validate_pipeline.go.
	_ "github.com/concourse/concourse/atc/creds/conjur"
	_ "github.com/concourse/concourse/atc/creds/credhub"
	_ "github.com/concourse/concourse/atc/creds/dummy"
	_ "github.com/concourse/concourse/atc/creds/kubernetes"
	_ "github.com/concourse/concourse/atc/creds/secretsmanager"
	_ "github.com/concourse/concourse/atc/creds/ssm"
	_ "github.com/concourse/concourse/atc/creds/vault"
)

// Verdict is what one gate says of a pipeline.
type Verdict struct {
	Ok bool `json:"ok"`
	// Fatal is the one thing said of what could not be decoded.
	Fatal string `json:"fatal,omitempty"`
	// Errors and Warnings are lines; an error is preceded by its group: `jobs: jobs.a.plan...`.
	Errors   []string `json:"errors,omitempty"`
	Warnings []string `json:"warnings,omitempty"`
}

// Judgement is what all gates say of a file.
type Judgement struct {
	File   string  `json:"file"`
	Plain  Verdict `json:"plain"`
	Strict Verdict `json:"strict"`
	Server Verdict `json:"server"`
}

func main() {
	count := flag.Int("mutate", 0, "how many mutated pipelines to make of the files")
	seed := flag.Uint64("seed", 1, "what the mutations are drawn from")
	out := flag.String("out", "", "the folder of the mutated pipelines")
	flag.Parse()
	// As --enable-across-step does, and as Concourse 8 always is.
	atc.EnableAcrossStep = true

	files := flag.Args()
	if *count > 0 {
		files = mutateAll(files, *count, *seed, *out)
	}
	lines := bufio.NewWriter(os.Stdout)
	defer lines.Flush()
	for _, file := range files {
		text, err := os.ReadFile(file)
		check(err)
		line, err := json.Marshal(Judgement{
			File:   file,
			Plain:  judge(func() (atc.Config, error) { return fly(text, false) }, false),
			Strict: judge(func() (atc.Config, error) { return fly(text, true) }, true),
			Server: judge(func() (atc.Config, error) { return server(text) }, false),
		})
		check(err)
		fmt.Fprintln(lines, string(line))
	}
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "judge:", err)
		os.Exit(3)
	}
}

// fly decodes as `fly validate-pipeline` does: fly/commands/internal/templatehelpers/yaml_template.go and
// validatepipelinehelpers/validate.go, whose packages cannot be imported.
func fly(text []byte, strict bool) (atc.Config, error) {
	var config atc.Config
	unmarshal := yaml.Unmarshal
	if strict {
		unmarshal = yaml.UnmarshalStrict
		if err := yaml.UnmarshalStrict(text, make(map[string]any)); err != nil {
			return config, fmt.Errorf("error parsing yaml before applying templates: %w", err)
		}
	}
	evaluated, err := evaluate(text)
	if err != nil {
		return config, err
	}
	return config, unmarshal(evaluated, &config)
}

// server decodes as the API does: atc/api/configserver/save.go. What it is sent has been through fly's templates.
func server(text []byte) (atc.Config, error) {
	var config atc.Config
	evaluated, err := evaluate(text)
	if err != nil {
		return config, err
	}
	return config, atc.UnmarshalConfig(evaluated, &config)
}

func evaluate(text []byte) ([]byte, error) {
	return vars.NewTemplateResolver(text, []vars.Variables{vars.KVPairs(nil).Expand()}).Resolve(false, true)
}

func judge(decode func() (atc.Config, error), strict bool) (verdict Verdict) {
	defer func() {
		if panic := recover(); panic != nil {
			verdict = Verdict{Fatal: fmt.Sprint("panic: ", panic)}
		}
	}()
	config, err := decode()
	if err != nil {
		return Verdict{Fatal: err.Error()}
	}
	warnings, errors := configvalidate.Validate(config)
	for _, warning := range warnings {
		verdict.Warnings = append(verdict.Warnings, warning.Message)
	}
	for _, group := range errors {
		// `invalid GROUP:`, then a line each, indented.
		name, lines, _ := strings.Cut(group, ":\n")
		for line := range strings.SplitSeq(strings.TrimRight(lines, "\n"), "\n") {
			verdict.Errors = append(verdict.Errors, strings.TrimPrefix(name, "invalid ")+": "+strings.TrimPrefix(line, "\t"))
		}
	}
	verdict.Ok = len(errors) == 0 && !(strict && len(warnings) > 0)
	return verdict
}

func mutateAll(files []string, count int, seed uint64, out string) []string {
	documents := make([][]byte, 0, len(files))
	for _, file := range files {
		text, err := os.ReadFile(file)
		check(err)
		documents = append(documents, text)
	}
	mutants := make([]string, 0, count)
	for number := range count {
		name := filepath.Join(out, fmt.Sprintf("mutant-%06d.yml", number))
		check(os.WriteFile(name, mutate(documents, seed, uint64(number)), 0o644))
		mutants = append(mutants, name)
	}
	return mutants
}
