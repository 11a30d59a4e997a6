// Reads pipelines as Concourse 7.14 does: fly's template stage, then the decoder of the server. Prints, a line a file,
// the whole document as JSON.
package main

import (
	"encoding/json"
	"fmt"
	"os"

	"github.com/concourse/concourse/vars"
	"sigs.k8s.io/yaml"
)

func main() {
	for _, name := range os.Args[1:] {
		text, err := os.ReadFile(name)
		if err == nil {
			text, err = vars.NewTemplateResolver(text, []vars.Variables{}).Resolve(false, false)
		}
		var document any
		if err == nil {
			err = yaml.Unmarshal(text, &document)
		}
		if err != nil {
			fmt.Fprintf(os.Stderr, "%s: %v\n", name, err)
			os.Exit(1)
		}
		line, err := json.Marshal(document)
		if err != nil {
			panic(err)
		}
		fmt.Println(string(line))
	}
}
