module ol-pipegen.test/conformance/concourse

go 1.24.2

require (
	github.com/concourse/concourse v1.6.1-0.20250808200302-ff09ee64fcce
	sigs.k8s.io/yaml v1.4.0
)

require (
	github.com/hashicorp/errwrap v1.1.0 // indirect
	github.com/hashicorp/go-multierror v1.1.1 // indirect
	gopkg.in/yaml.v2 v2.4.0 // indirect
)
