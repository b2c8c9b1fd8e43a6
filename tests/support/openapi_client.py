"""Validates a description of an interface, makes a client of it, and prints what was found as one object of JSON."""

import json
import pathlib
import subprocess
import sys
import tempfile
import urllib.request

from openapi_spec_validator import OpenAPIV31SpecValidator

(url,) = sys.argv[1:]
with urllib.request.urlopen(url) as answer:
    description = json.load(answer)
errors = [str(error.message) for error in OpenAPIV31SpecValidator(description).iter_errors()]
methods = {"get", "post", "put", "patch", "delete"}
operations = [path for path, item in description["paths"].items() for method in item if method in methods]

with tempfile.TemporaryDirectory() as folder:
    file = pathlib.Path(folder) / "openapi.json"
    file.write_text(json.dumps(description))
    program = pathlib.Path(sys.executable).parent / "openapi-python-client"
    made = subprocess.run(
        [program, "generate", "--path", file, "--output-path", pathlib.Path(folder) / "client", "--meta", "none"],
        capture_output=True,
        text=True,
    )
    if made.returncode != 0:
        errors.append(made.stdout + made.stderr)
    modules = (pathlib.Path(folder) / "client" / "api").rglob("*.py")
    generated = [module for module in modules if "def sync_detailed" in module.read_text()]
    warnings = [line for line in made.stdout.splitlines() if line.startswith("WARNING")]

print(json.dumps({"errors": errors, "warnings": warnings, "operations": len(operations), "generated": len(generated)}))
