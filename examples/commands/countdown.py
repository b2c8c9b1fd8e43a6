"""/countdown <from>: says a number a second, and how far it is."""

import json
import sys
import time

# Everything about the request is on standard input; what was typed is in sys.argv, too.
request = json.load(sys.stdin)

try:
    start = int(sys.argv[1])
except (IndexError, ValueError):
    # Shown with the exit code; standard error is only for the log, which admins read.
    print(json.dumps({"error": "I count down from a number, such as: countdown 5"}))
    sys.exit(1)

for number in range(start, 0, -1):
    # A line of JSON says how far it is, any other line is a piece of the answer. Both are seen at once if they are flushed.
    progress = {"progress": 100 * (start - number) / start, "text": f"{number} to go"}
    print(json.dumps(progress), flush=True)
    print(number, flush=True)
    time.sleep(1)

print(f"Lift-off, {request['handle']}!")
