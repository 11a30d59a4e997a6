package main

import (
	"context"
	"fmt"
	"sort"

	"code.cloudfoundry.org/lager/v3"
	"github.com/concourse/concourse/atc"
	"github.com/concourse/concourse/atc/db"
	"github.com/concourse/concourse/atc/scheduler"
	"github.com/concourse/concourse/atc/scheduler/algorithm"
)

// recorder stands between the scheduler and what it asks for, so that asking changes nothing.
type recorder struct {
	db.Job
	algorithm *algorithm.Algorithm
	inputs    db.InputConfigs
	mapping   db.InputMapping
	resolved  bool
	hasNext   bool
	trigger   bool
}

func (r *recorder) Compute(c context.Context, job db.Job, inputs db.InputConfigs) (db.InputMapping, bool, bool, error) {
	var err error
	r.inputs = byName(inputs)
	r.mapping, r.resolved, r.hasNext, err = r.algorithm.Compute(c, job, r.inputs)
	return r.mapping, r.resolved, r.hasNext, err
}

// byName is the order that PostgreSQL gives, and does not promise.
func byName(inputs db.InputConfigs) db.InputConfigs {
	sort.Slice(inputs, func(a, b int) bool { return inputs[a].Name < inputs[b].Name })
	return inputs
}

func (r *recorder) SaveNextInputMapping(db.InputMapping, bool) error { return nil }
func (r *recorder) SetHasNewInputs(bool) error                       { return nil }
func (r *recorder) RequestSchedule() error                           { return nil }
func (r *recorder) EnsurePendingBuildExists(context.Context) error   { r.trigger = true; return nil }

func (r *recorder) GetFullNextBuildInputs() ([]db.BuildInput, bool, error) {
	inputs := []db.BuildInput{}
	for name, result := range r.mapping {
		if result.Input != nil {
			inputs = append(inputs, db.BuildInput{
				Name: name, ResourceID: result.Input.ResourceID, FirstOccurrence: result.Input.FirstOccurrence,
			})
		}
	}
	return inputs, r.resolved, nil
}

func (r *recorder) TryStartPendingBuildsForJob(lager.Logger, db.SchedulerJob, db.InputConfigs) (bool, error) {
	return false, nil
}

type ordered struct{ *algorithm.Algorithm }

func (o ordered) Compute(c context.Context, job db.Job, inputs db.InputConfigs) (db.InputMapping, bool, bool, error) {
	return o.Algorithm.Compute(c, job, byName(inputs))
}

// planner makes empty plans: no step is run here.
type planner struct{}

func (planner) Create(atc.StepConfig, db.SchedulerResources, atc.ResourceTypes, atc.Prototypes, []db.BuildInput, bool) (atc.Plan, error) {
	return atc.Plan{}, nil
}

// schedule runs the scheduler once for a job, unless it passes over the job as db.JobsToSchedule does.
func (w *world) schedule(name string) *Scheduled {
	job := w.job(name)
	w.waiting = true
	waits := false
	_, err := w.pipeline.Reload()
	must(err, "reload")
	if !job.Paused() && !w.pipeline.Paused() {
		compute := ordered{w.algorithm}
		s := scheduler.Scheduler{Algorithm: compute, BuildStarter: scheduler.NewBuildStarter(planner{}, compute)}
		waits, err = s.Schedule(ctx, logger, db.SchedulerJob{Job: job})
		must(err, "schedule %s", name)
	}
	return &Scheduled{Builds: w.buildsOf(job), Waits: waits}
}

func (w *world) buildsOf(job db.Job) []Build {
	rows, err := w.conn.Query(`SELECT b.id, b.status, b.scheduled, b.aborted, coalesce(i.name, ''), coalesce(i.version_md5, '')
		FROM builds b LEFT JOIN build_resource_config_version_inputs i ON i.build_id = b.id
		WHERE b.job_id = $1 ORDER BY b.id, i.name`, job.ID())
	must(err, "builds of %s", job.Name())
	defer rows.Close()
	builds := []Build{}
	last := 0
	for rows.Next() {
		var id int
		var name, sum string
		build := Build{Inputs: map[string]string{}}
		must(rows.Scan(&id, &build.Status, &build.Scheduled, &build.Aborted, &name, &sum), "build")
		if id != last {
			if _, ok := w.names[id]; !ok {
				w.names[id] = fmt.Sprintf("#%d", id)
				w.builds[w.names[id]] = id
			}
			build.Build = w.names[id]
			builds, last = append(builds, build), id
		}
		if name != "" {
			builds[len(builds)-1].Inputs[name] = w.versions[sum]
		}
	}
	must(rows.Err(), "builds of %s", job.Name())
	return builds
}
