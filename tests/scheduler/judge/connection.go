package main

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"strings"

	sq "github.com/Masterminds/squirrel"
	"github.com/concourse/concourse/atc/db"
	"github.com/concourse/concourse/atc/db/encryption"
)

// connection is Concourse's database connection inside one transaction. The transaction is rolled back when a case is
// answered, so nothing remains. A transaction that Concourse begins inside it is a savepoint only when asked for, because a
// savepoint costs two round trips. If Concourse rolls back after a write without one, the case is broken.
type connection struct {
	*sql.Tx
	savepoints bool
	depth      int
	broken     bool
}

var _ db.DbConn = (*connection)(nil)

type silentBus struct{}

func (silentBus) Notify(string) error { return nil }
func (silentBus) Listen(string, int) (chan db.Notification, error) {
	return nil, errors.New("nothing listens here")
}
func (silentBus) Unlisten(string, chan db.Notification) error { return nil }
func (silentBus) Close() error                                { return nil }

func (c *connection) Bus() db.NotificationsBus                { return silentBus{} }
func (c *connection) EncryptionStrategy() encryption.Strategy { return encryption.NewNoEncryption() }
func (c *connection) Ping() error                             { return nil }
func (c *connection) Driver() driver.Driver                   { return nil }
func (c *connection) Conn(context.Context) (*sql.Conn, error) { return nil, errors.ErrUnsupported }
func (c *connection) SetMaxIdleConns(int)                     {}
func (c *connection) SetMaxOpenConns(int)                     {}
func (c *connection) Stats() sql.DBStats                      { return sql.DBStats{} }
func (c *connection) Close() error                            { return nil }
func (c *connection) Name() string                            { return "judge" }

// db.LatestBuildUsingLatestVersion takes any one of the builds that used the version. Its index gives the oldest build
// until rows move; this makes it certain.
const (
	anyBuild    = "LIMIT 1\n\t\t) AS inputs"
	oldestBuild = "ORDER BY i.build_id LIMIT 1) AS inputs"
)

func (c *connection) QueryRow(query string, args ...any) sq.RowScanner {
	return c.Tx.QueryRow(query, args...)
}

func (c *connection) QueryRowContext(ctx context.Context, query string, args ...any) sq.RowScanner {
	return c.Tx.QueryRowContext(ctx, strings.Replace(query, anyBuild, oldestBuild, 1), args...)
}

// db.LatestBuildPipes takes any one of two builds of a job that went into a build. This makes it the newest.
func (c *connection) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	if strings.HasPrefix(query, "SELECT p.from_build_id") {
		query += " ORDER BY p.from_build_id"
	}
	return c.Tx.QueryContext(ctx, query, args...)
}

func (c *connection) Begin() (db.Tx, error) {
	n := &nested{connection: c}
	if c.savepoints {
		c.depth++
		n.savepoint = fmt.Sprintf("depth%d", c.depth)
		if _, err := c.Tx.Exec("SAVEPOINT " + n.savepoint); err != nil {
			return nil, err
		}
	}
	return n, nil
}
func (c *connection) BeginTx(context.Context, *sql.TxOptions) (db.Tx, error) {
	return c.Begin()
}

// unread are writes that only the web page, the loop of the scheduler or the garbage collector reads. Leaving them out saves
// a third of the time.
var unread = []string{
	"UPDATE jobs SET schedule_requested", "UPDATE jobs AS j SET next_build_id",
	"UPDATE jobs AS j SET latest_completed_build_id", "UPDATE jobs SET transition_build_id",
	"UPDATE jobs SET has_new_inputs", "INSERT INTO pipeline_build_events_", "DELETE FROM build_image_resource_caches",
}

type nested struct {
	*connection
	savepoint   string
	done, wrote bool
}

func (n *nested) Commit() error   { return n.end("RELEASE ") }
func (n *nested) Rollback() error { return n.end("ROLLBACK TO ") }

func (n *nested) end(how string) error {
	if n.done {
		return sql.ErrTxDone
	}
	n.done = true
	if n.savepoint == "" {
		n.broken = n.broken || n.wrote && how != "RELEASE "
		return nil
	}
	n.depth--
	_, err := n.Tx.Exec(how + n.savepoint)
	return err
}

// What db.EnsurePendingBuildExists rolls back if a build is pending is the number of the build that it did not make.
var harmless = []string{
	"SELECT", "UPDATE jobs SET build_number_seq", "INSERT INTO builds (name, job_id, pipeline_id, team_id, status, needs",
}

func (n *nested) watch(query string) {
	query = strings.TrimSpace(query)
	for _, prefix := range harmless {
		if strings.HasPrefix(query, prefix) {
			return
		}
	}
	n.wrote = true
}

func (n *nested) Exec(query string, args ...any) (sql.Result, error) {
	for _, prefix := range unread {
		if strings.HasPrefix(query, prefix) {
			return driver.RowsAffected(1), nil
		}
	}
	n.watch(query)
	return n.Tx.Exec(query, args...)
}

func (n *nested) Query(query string, args ...any) (*sql.Rows, error) {
	n.watch(query)
	return n.Tx.Query(query, args...)
}

func (n *nested) QueryRow(query string, args ...any) sq.RowScanner {
	n.watch(query)
	return n.Tx.QueryRow(query, args...)
}
