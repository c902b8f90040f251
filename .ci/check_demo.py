"""Holds a survey's JSON result against plain arithmetic on its CSV file."""
import csv
import json
import sys

result = json.load(open(sys.argv[1]))
people = [(row["name"], int(row["salary"])) for row in csv.DictReader(open(sys.argv[2]))]
values = [value for _, value in people]
average = sum(values) // len(values)
expected = [
    {"name": name, "average": average, "rank": 1 + sum(other > value for other in values)}
    for name, value in people
]
assert result["average"] == average, (result["average"], average)
assert result["security"] == "malicious-abort", result["security"]
assert result["people"] == expected, result["people"]
print("equal to plain arithmetic:", {key: value for key, value in result.items() if key != "people"})
