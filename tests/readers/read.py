"""Reads pipelines with PyYAML, the libyaml parser where it is there; prints, a line a file, the document as JSON."""

import json
import sys

import yaml

LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

for name in sys.argv[1:]:
    with open(name, "rb") as file:
        print(json.dumps(yaml.load(file, Loader=LOADER), default=repr))
