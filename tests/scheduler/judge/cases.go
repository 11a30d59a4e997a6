package main

import "encoding/json"

// Case is a pipeline and what happens to it. README.md describes each event.
type Case struct {
	ID       string          `json:"id"`
	Pipeline json.RawMessage `json:"pipeline"`
	Events   []Event         `json:"events"`
}

// Event is one thing that happens.
type Event struct {
	Do       string            `json:"do"`
	Resource string            `json:"resource"`
	Version  string            `json:"version"`
	Versions []string          `json:"versions"`
	Job      string            `json:"job"`
	As       string            `json:"as"`
	Of       string            `json:"of"`
	Outputs  map[string]string `json:"outputs"`
	Status   string            `json:"status"`
	Pipeline json.RawMessage   `json:"pipeline"`
}

// Answer is what Concourse does in a case.
type Answer struct {
	ID    string          `json:"id"`
	Jobs  map[string]Next `json:"jobs,omitempty"`
	Steps []Step          `json:"steps,omitempty"`
	Error string          `json:"error,omitempty"` // the case itself is wrong
}

// Step is what Concourse does in one event.
type Step struct {
	Event     int        `json:"event"`
	Job       string     `json:"job"`
	Built     bool       `json:"built"`
	Answer    *Next      `json:"answer,omitempty"`
	Scheduled *Scheduled `json:"scheduled,omitempty"`
}

// Next is what Concourse finds for the next build of a job.
type Next struct {
	Inputs       map[string]Input  `json:"inputs"`
	Resolved     bool              `json:"resolved"`
	HasNext      bool              `json:"has_next"`
	WouldTrigger bool              `json:"would_trigger"`
	Pending      int               `json:"pending,omitempty"`
	Variants     []json.RawMessage `json:"variants,omitempty"` // what it may find as well
}

// Input is the version of an input, or why there is none.
type Input struct {
	Resource        string   `json:"resource,omitempty"`
	Version         string   `json:"version,omitempty"`
	FirstOccurrence *bool    `json:"first_occurrence,omitempty"`
	PassedBuilds    []string `json:"passed_builds,omitempty"`
	Error           string   `json:"error,omitempty"`
}

// Scheduled is what there is after the scheduler has run once for a job.
type Scheduled struct {
	Builds []Build `json:"builds"`
	Waits  bool    `json:"waits"`
}

// Build is the state of a build.
type Build struct {
	Build     string            `json:"build"`
	Status    string            `json:"status"`
	Scheduled bool              `json:"scheduled"`
	Aborted   bool              `json:"aborted"`
	Inputs    map[string]string `json:"inputs"`
}
