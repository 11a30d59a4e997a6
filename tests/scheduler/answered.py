"""Joins cases and answers: answered.py CASES ANSWERS"""

import json
import sys

with open(sys.argv[1]) as cases, open(sys.argv[2]) as answers:
    for case, answer in zip(map(json.loads, cases), map(json.loads, answers), strict=True):
        assert case["id"] == answer.pop("id"), case["id"]
        print(json.dumps(case | {"answer": answer}, separators=(",", ":")))
