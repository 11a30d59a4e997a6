module ol-pipegen.test/e2e/registry-image

go 1.25.0

require github.com/concourse/registry-image-resource v1.18.0
