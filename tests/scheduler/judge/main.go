// judge answers, for a pipeline and what happened to it, which inputs Concourse chooses and which builds it starts. It reads
// one case a line and writes one answer a line. Everything that decides is Concourse's own code; this program only repeats
// what happened, and asks.
package main

import (
	"bufio"
	"context"
	"database/sql"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"time"

	"code.cloudfoundry.org/lager/v3"
	"github.com/concourse/concourse/atc"
	"github.com/concourse/concourse/atc/db"
	"github.com/concourse/concourse/atc/db/migration"
	"github.com/concourse/concourse/atc/scheduler/algorithm"
	_ "github.com/jackc/pgx/v5/stdlib"
	gocache "github.com/patrickmn/go-cache"
)

var (
	ctx    = context.Background()
	logger = lager.NewLogger("judge")
)

// resourceType is what all resources of the cases have.
const resourceType = "mock"

// A trigger makes a table of events with each pipeline, which takes 6 ms. The pipeline of a case always gets the id 1, so
// that one table is enough. The other ids begin again too: builds are named by theirs.
const prepare = `ALTER TABLE pipelines DISABLE TRIGGER pipeline_build_events_insert_trigger;
	CREATE TABLE IF NOT EXISTS pipeline_build_events_1 () INHERITS (build_events);
	CREATE INDEX IF NOT EXISTS pipeline_build_events_1_by ON pipeline_build_events_1 (build_id, event_id)`
const resetIDs = `SELECT setval(name || '_id_seq', 1, false) FROM unnest(ARRAY['pipelines', 'jobs', 'resources', 'builds',
	'resource_config_versions', 'resource_configs', 'resource_config_scopes']) name`

func must(err error, what string, args ...any) {
	if err != nil {
		panic(fmt.Errorf(what+": %w", append(args, err)...))
	}
}

func need(ok bool, what string, args ...any) {
	if !ok {
		panic(fmt.Errorf(what, args...))
	}
}

// answer plays one case inside a transaction.
func answer(pool *sql.DB, team, limit, attempts int, c Case) (a Answer) {
	a.ID = c.ID
	tx, err := pool.Begin()
	must(err, "begin")
	defer tx.Rollback()
	at := -1
	defer func() {
		if reason := recover(); reason != nil {
			a = Answer{ID: c.ID, Error: fmt.Sprintf("event %d: %v", at, reason)}
		}
	}()
	_, err = tx.Exec(resetIDs)
	must(err, "reset ids")
	conn := &connection{Tx: tx}
	w := &world{
		conn: conn, team: db.NewTeamFactory(conn, nil).GetByID(team), attempts: attempts, limit: limit,
		builds: map[string]int{}, names: map[int]string{}, versions: map[string]string{},
	}
	w.set(c.Pipeline)
	for i, event := range c.Events {
		at = i
		w.play(i, event)
	}
	at = len(c.Events)
	a.Steps, a.Jobs = w.steps, map[string]Next{}
	jobs, err := w.pipeline.Jobs()
	must(err, "jobs")
	for _, job := range jobs {
		a.Jobs[job.Name()], _ = w.ask(job.Name())
	}
	need(!conn.broken, "Concourse rolled back a write")
	return a
}

func main() {
	dsn := flag.String("db", "", "the database: host=FOLDER_OF_SOCKET user=postgres dbname=NAME sslmode=disable")
	limit := flag.Int("limit", 100, "how many builds Concourse reads at once; 100 in production")
	attempts := flag.Int("attempts", 80, "how often to ask where the answer depends on the order of a Go map")
	flag.Parse()

	pool, err := migration.NewOpenHelper("pgx", *dsn, nil, nil, nil).Open()
	must(err, "open and migrate")
	pool.SetMaxOpenConns(1)
	_, err = pool.Exec(prepare)
	must(err, "prepare")
	tx, err := pool.Begin()
	must(err, "begin")
	conn := &connection{Tx: tx}
	// Concourse caches the type in the process, so the type must be committed.
	_, err = db.BaseResourceType{Name: resourceType}.FindOrCreate(conn, false)
	must(err, "resource type")
	teams := db.NewTeamFactory(conn, nil)
	team, found, err := teams.FindTeam("judge")
	must(err, "team")
	if !found {
		team, err = teams.CreateTeam(atc.Team{Name: "judge"})
		must(err, "team")
	}
	must(tx.Commit(), "commit")

	in := bufio.NewReaderSize(os.Stdin, 1<<20)
	out := json.NewEncoder(os.Stdout)
	for {
		line, err := in.ReadBytes('\n')
		if len(line) > 1 {
			var c Case
			must(json.Unmarshal(line, &c), "case")
			must(out.Encode(answer(pool, team.ID(), *limit, *attempts, c)), "answer")
		}
		if err != nil {
			break
		}
	}
}

// newAlgorithm has an empty cache. Concourse keeps pins and outputs for ten seconds.
func newAlgorithm(conn db.DbConn, limit int) *algorithm.Algorithm {
	return algorithm.New(db.NewVersionsDB(conn, limit, gocache.New(time.Hour, 0)))
}
