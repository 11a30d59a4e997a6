package main

import (
	"crypto/md5"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"sort"
	"strings"

	"github.com/concourse/concourse/atc"
	"github.com/concourse/concourse/atc/configvalidate"
	"github.com/concourse/concourse/atc/db"
	"github.com/concourse/concourse/atc/scheduler"
	"github.com/concourse/concourse/atc/scheduler/algorithm"
)

// world is a case while it is played.
type world struct {
	conn      *connection
	team      db.Team
	pipeline  db.Pipeline
	resources map[string]db.Resource
	builds    map[string]int    // the name that events use: id
	names     map[int]string    // id: that name
	versions  map[string]string // sum: version
	algorithm *algorithm.Algorithm
	limit     int
	attempts  int
	clock     int
	waiting   bool // whether pending builds can exist
	steps     []Step
}

func version(text string) atc.Version { return atc.Version{"v": text} }

func sum(text string) string {
	encoded, _ := json.Marshal(version(text))
	sum := md5.Sum(encoded)
	return hex.EncodeToString(sum[:])
}

func (w *world) set(encoded []byte) {
	var config atc.Config
	must(atc.UnmarshalConfig(encoded, &config), "pipeline")
	_, problems := configvalidate.Validate(config)
	need(len(problems) == 0, "invalid pipeline: %s", strings.Join(problems, "; "))
	var from db.ConfigVersion
	if w.pipeline != nil {
		from = w.pipeline.ConfigVersion()
	}
	pipeline, _, err := w.team.SavePipeline(atc.PipelineRef{Name: "p"}, config, from, false)
	must(err, "save pipeline")
	resources, err := pipeline.Resources()
	must(err, "resources")
	w.pipeline, w.resources = pipeline, map[string]db.Resource{}
	for _, resource := range resources {
		w.resources[resource.Name()] = resource
	}
	w.algorithm = newAlgorithm(w.conn, w.limit)
}

func (w *world) resource(name string) db.Resource {
	resource, ok := w.resources[name]
	need(ok, "no resource %s", name)
	return resource
}

func (w *world) job(name string) db.Job {
	job, ok, err := w.pipeline.Job(name)
	must(err, "job %s", name)
	need(ok, "no job %s", name)
	return job
}

// build returns nil if the build is gone: with a job whose name another job took.
func (w *world) build(id int) db.Build {
	build, found, err := db.NewBuildFactory(w.conn, nil, 0, 0).Build(id)
	must(err, "build %d", id)
	if !found {
		return nil
	}
	return build
}

// of is the build that an event is about: the named one, or the first one of a job, if it fits.
func (w *world) of(event Event, fits string) db.Build {
	among, of := "id = $1", w.builds[event.Of] // 0 if it was never made, because the inputs did not resolve
	if event.Of == "" {
		among, of = "job_id = $1", w.job(event.Job).ID()
	}
	var id *int
	must(w.conn.QueryRow("SELECT min(id) FROM builds WHERE "+among+" AND "+fits, of).Scan(&id), "find build")
	if id == nil {
		return nil
	}
	return w.build(*id)
}

// change pins or disables a version, or takes that back. Concourse answers with an error if there is nothing to change.
func (w *world) change(event Event) {
	resource := w.resource(event.Resource)
	var id int
	var pinned, pinnedInFile, disabled bool
	must(w.conn.QueryRow(`SELECT
		coalesce((SELECT v.id FROM resource_config_versions v JOIN resources r USING (resource_config_scope_id)
			WHERE r.id = $1 AND v.version_md5 = $2), 0),
		EXISTS (SELECT 1 FROM resource_pins WHERE resource_id = $1),
		EXISTS (SELECT 1 FROM resource_pins WHERE resource_id = $1 AND config),
		EXISTS (SELECT 1 FROM resource_disabled_versions WHERE resource_id = $1 AND version_md5 = $2)`,
		resource.ID(), sum(event.Version)).Scan(&id, &pinned, &pinnedInFile, &disabled), "state of %s", event.Resource)
	found := id != 0
	switch {
	case event.Do == "pin" && found && !pinnedInFile:
		_, err := resource.PinVersion(id)
		must(err, "pin")
	case event.Do == "unpin" && pinned:
		must(resource.UnpinVersion(), "unpin")
	case event.Do == "disable" && found && !disabled:
		must(resource.DisableVersion(id), "disable")
	case event.Do == "enable" && found && disabled:
		must(resource.EnableVersion(id), "enable")
	}
}

func (w *world) exec(query string, args ...any) {
	_, err := w.conn.Exec(query, args...)
	must(err, "%s", query)
}

func (w *world) play(at int, event Event) {
	w.clock++
	switch event.Do {
	case "set_pipeline":
		w.set(event.Pipeline)
		// A rerun whose version is gone is rolled back.
		w.conn.savepoints = true
	case "check":
		w.check(event.Resource, event.Versions)
	case "pin", "unpin", "disable", "enable":
		w.change(event)
	case "pause":
		if event.Job == "" {
			must(w.pipeline.Pause("judge"), "pause")
		} else {
			must(w.job(event.Job).Pause("judge"), "pause")
		}
	case "unpause":
		if event.Job == "" {
			must(w.pipeline.Unpause(), "unpause")
		} else {
			must(w.job(event.Job).Unpause(), "unpause")
		}
	case "build":
		w.buildAtOnce(at, event)
	case "trigger":
		w.create(event)
	case "rerun":
		w.rerun(event)
	case "finish":
		if build := w.of(event, "status = 'started'"); build != nil {
			w.finish(build, event)
		}
	case "abort":
		if build := w.of(event, "NOT completed"); build != nil {
			must(build.MarkAsAborted(), "abort")
			if build.Status() == db.BuildStatusStarted { // whoever runs the build ends it
				w.finish(build, Event{Status: "aborted"})
			}
		}
	case "schedule":
		w.steps = append(w.steps, Step{Event: at, Job: event.Job, Scheduled: w.schedule(event.Job)})
	default:
		panic(fmt.Errorf("unknown event %q", event.Do))
	}
}

func (w *world) check(name string, texts []string) {
	resource := w.resource(name)
	config, err := db.NewResourceConfigFactory(w.conn, nil).FindOrCreateResourceConfig(resource.Type(), resource.Source(), nil)
	must(err, "resource config of %s", name)
	id := resource.ID()
	scope, err := config.FindOrCreateScope(&id)
	must(err, "scope of %s", name)
	must(resource.SetResourceConfigScope(scope), "set scope of %s", name)
	var versions []atc.Version
	for _, text := range texts {
		w.versions[sum(text)] = text
		versions = append(versions, version(text))
	}
	must(scope.SaveVersions(nil, versions), "save versions of %s", name)
	// Inside a transaction all times are equal.
	w.exec(`UPDATE resource_config_scopes SET last_check_end_time = to_timestamp($1) WHERE id = $2`, w.clock, scope.ID())
}

func (w *world) create(event Event) db.Build {
	build, err := w.job(event.Job).CreateBuild("judge")
	must(err, "create build")
	w.exec(`UPDATE builds SET create_time = to_timestamp($1) WHERE id = $2`, w.clock, build.ID())
	w.name(build, event)
	w.waiting = true
	return build
}

func (w *world) name(build db.Build, event Event) {
	name := event.As
	if name == "" {
		name = fmt.Sprintf("#%d", build.ID())
	}
	w.builds[name], w.names[build.ID()] = build.ID(), name
}

// buildAtOnce makes a build that takes its inputs now, whatever limits the job has.
func (w *world) buildAtOnce(at int, event Event) {
	next, mapping := w.ask(event.Job)
	w.steps = append(w.steps, Step{Event: at, Job: event.Job, Built: next.Resolved, Answer: &next})
	if !next.Resolved {
		return
	}
	must(w.job(event.Job).SaveNextInputMapping(mapping, true), "save inputs")
	build := w.create(event)
	if event.Status == "pending" {
		return
	}
	_, ready, err := build.AdoptInputsAndPipes()
	must(err, "adopt inputs")
	need(ready, "inputs are not ready")
	w.end(build, event)
}

// rerun makes a rerun. With the name of a build it takes its inputs now, else it waits for the scheduler.
func (w *world) rerun(event Event) {
	of := w.of(event, "inputs_ready")
	if of == nil {
		return
	}
	job, found, err := w.pipeline.Job(of.JobName())
	must(err, "job of build")
	if !found {
		return // the job is not in the pipeline any more
	}
	build, err := job.RerunBuild(of, "judge")
	must(err, "rerun")
	w.name(build, event)
	w.waiting = true
	if event.Of == "" {
		return
	}
	_, ready, err := build.AdoptRerunInputsAndPipes()
	must(err, "adopt inputs")
	if ready {
		w.end(build, event)
	}
}

func (w *world) end(build db.Build, event Event) {
	if event.Status == "started" {
		_, err := build.Start(atc.Plan{})
		must(err, "start")
		return
	}
	w.finish(build, event)
}

// Concourse writes the inputs of a build in the order of a Go map, and a build that has two versions of one resource offers
// them downstream in that order. Here it is: outputs, then inputs, each by name.
const inOrder = `UPDATE successful_build_outputs SET outputs = (SELECT json_object_agg(resource_id, versions) FROM (
	SELECT resource_id, json_agg(version_md5 ORDER BY rank, name) AS versions FROM (
		SELECT DISTINCT ON (resource_id, version_md5) * FROM (
			SELECT resource_id, version_md5, name, 1 AS rank FROM build_resource_config_version_outputs WHERE build_id = $1
			UNION ALL
			SELECT resource_id, version_md5, name, 2 AS rank FROM build_resource_config_version_inputs WHERE build_id = $1
		) every ORDER BY resource_id, version_md5, rank, name
	) once GROUP BY resource_id) ordered)
	WHERE build_id = $1 AND outputs != '{}'`

func (w *world) finish(build db.Build, event Event) {
	w.put(build, event)
	status := db.BuildStatus(event.Status)
	if event.Status == "" {
		status = db.BuildStatusSucceeded
	}
	must(build.Finish(status), "finish")
	if status == db.BuildStatusSucceeded {
		w.exec(inOrder, build.ID())
	}
}

// put leaves out steps that the job no longer has.
func (w *world) put(build db.Build, event Event) {
	if len(event.Outputs) == 0 {
		return
	}
	job, found, err := w.pipeline.Job(build.JobName())
	must(err, "job of build")
	if !found {
		return
	}
	outputs, err := job.Outputs()
	must(err, "outputs")
	for _, output := range outputs { // by name
		text, ok := event.Outputs[output.Name]
		if !ok {
			continue
		}
		resource := w.resource(output.Resource)
		w.versions[sum(text)] = text
		err := build.SaveOutput(resource.Type(), nil, resource.Source(), version(text), nil, output.Name, output.Resource)
		must(err, "save output")
	}
}

// ask returns what Concourse finds for the next build of a job.
func (w *world) ask(name string) (Next, db.InputMapping) {
	job := w.job(name)
	asked := &recorder{Job: job, algorithm: w.algorithm}
	run := func() {
		asked.trigger = false
		s := scheduler.Scheduler{Algorithm: asked, BuildStarter: asked}
		_, err := s.Schedule(ctx, logger, db.SchedulerJob{Job: asked})
		must(err, "schedule %s", name)
	}
	next := Next{}
	if w.waiting {
		pending, err := job.GetPendingBuilds()
		must(err, "pending builds of %s", name)
		next.Pending = len(pending)
	}
	found := func() Next {
		n := next
		n.Inputs = w.inputs(asked.mapping)
		n.Resolved, n.HasNext, n.WouldTrigger = asked.resolved, asked.hasNext, asked.trigger
		return n
	}
	run()
	if !joinsTwoGroups(asked.inputs) {
		return found(), asked.mapping
	}
	// An input whose passed jobs belong to two groups joins one of them by the order of a Go map
	// (algorithm.groupInputsConfigsByPassedJobs). Ask until there are two answers.
	answers, mappings := map[string]Next{}, map[string]db.InputMapping{}
	for i := 0; i < w.attempts && len(answers) < 2; i++ {
		n := found()
		key, _ := json.Marshal(n)
		answers[string(key)], mappings[string(key)] = n, asked.mapping
		run()
	}
	keys := []string{}
	for key := range answers {
		keys = append(keys, key)
	}
	sort.Strings(keys)
	first := answers[keys[0]]
	for _, key := range keys[1:] {
		first.Variants = append(first.Variants, json.RawMessage(key))
	}
	return first, mappings[keys[0]]
}

func joinsTwoGroups(inputs db.InputConfigs) bool {
	groups := []map[int]bool{}
	for _, input := range inputs {
		joined := -1
		for at, group := range groups {
			for job := range input.Passed {
				if group[job] && joined != at {
					if joined >= 0 {
						return true
					}
					joined = at
				}
			}
		}
		if joined < 0 {
			joined = len(groups)
			groups = append(groups, map[int]bool{})
		}
		for job := range input.Passed {
			groups[joined][job] = true
		}
	}
	return false
}

func (w *world) inputs(mapping db.InputMapping) map[string]Input {
	inputs := map[string]Input{}
	for name, result := range mapping {
		if result.ResolveError != "" {
			inputs[name] = Input{Error: string(result.ResolveError)}
			continue
		}
		input := Input{Version: w.versions[string(result.Input.Version)], FirstOccurrence: &result.Input.FirstOccurrence}
		for _, id := range result.PassedBuildIDs {
			input.PassedBuilds = append(input.PassedBuilds, w.names[id])
		}
		sort.Strings(input.PassedBuilds)
		for resource, saved := range w.resources {
			if saved.ID() == result.Input.ResourceID {
				input.Resource = resource
			}
		}
		inputs[name] = input
	}
	return inputs
}
