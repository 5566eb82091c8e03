#!/usr/bin/env python3
"""Holds `drctl schema` and `drctl lint` together: on runbooks, site files and catalogues, and on mutants of them.

  Tests/Checks/check-schema.py [--every N] DRCTL FILE...

A mutant has a key taken away, misspelt or doubled in meaning, or a value of another kind. What lint calls a mistake of
shape the schema has to refuse, and what the schema refuses lint has to call one. Prints the counts; exits 1 where the
two disagree. With --every only each N-th mutant is tried. Needs the Python packages jsonschema and PyYAML.
"""
import argparse, copy, json, os, subprocess, sys, tempfile

import jsonschema, yaml

# What the schema can see: the others are about meaning, or about how a text is written.
SHAPE = {"unknownKey", "missingKey", "wrongType", "notAllowed", "duration", "script"}


class Core(yaml.SafeLoader):
    """YAML as drctl reads it: `yes` and `on` are texts."""


Core.yaml_implicit_resolvers = {
    first: [(tag, expression) for tag, expression in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
for first in "yYnNoO":
    Core.yaml_implicit_resolvers[first] = [
        one for one in Core.yaml_implicit_resolvers.get(first, []) if one[0] != "tag:yaml.org,2002:bool"]


class Plain(yaml.SafeDumper):
    """Texts of several lines as blocks, as scripts are written."""


Plain.add_representer(str, lambda dumper, text: dumper.represent_scalar(
    "tag:yaml.org,2002:str", text, style="|" if "\n" in text else '"' if text == "" else None))


def places(value, path=()):
    yield path
    if isinstance(value, dict):
        for key in value:
            yield from places(value[key], path + (key,))
    elif isinstance(value, list):
        for index in range(len(value)):
            yield from places(value[index], path + (index,))


def at(value, path):
    for step in path:
        value = value[step]
    return value


def mutants(document):
    for path in places(document):
        if not path:
            continue
        for kind in ("remove", "rename", "text", "list", "mapping", "number"):
            mutant = copy.deepcopy(document)
            parent = at(mutant, path[:-1])
            if kind == "remove":
                del parent[path[-1]]
            elif kind == "rename":
                if not isinstance(parent, dict):
                    continue
                parent[str(path[-1]) + "x"] = parent.pop(path[-1])
            else:
                new = {"text": "some text", "list": ["some", "texts"], "mapping": {"some": "mapping"}, "number": 7}[kind]
                parent[path[-1]] = new
            yield path, kind, mutant


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--every", type=int, default=1)
    options.add_argument("drctl")
    options.add_argument("files", nargs="+")
    options = options.parse_args()
    drctl, files = options.drctl, options.files
    schemas = {}
    counts = {"files": 0, "mutants": 0, "refused by both": 0, "taken by both": 0}
    faults = []
    with tempfile.TemporaryDirectory() as folder:
        jobs = []
        for name in files:
            with open(name) as file:
                document = yaml.load(file, Loader=Core)
            kind = document["kind"]
            if kind not in schemas:
                text = subprocess.run([drctl, "schema", kind.lower()], check=True, stdout=subprocess.PIPE).stdout
                jsonschema.Draft202012Validator.check_schema(json.loads(text))
                schemas[kind] = jsonschema.Draft202012Validator(json.loads(text))
            counts["files"] += 1
            jobs.append((name, (), "as it is", document, schemas[kind]))
            for number, (path, how, mutant) in enumerate(mutants(document)):
                if path[0] == "kind" or number % options.every:
                    continue
                counts["mutants"] += 1
                jobs.append((name, path, how, mutant, schemas[kind]))
        paths = []
        for number, (_, _, _, document, _) in enumerate(jobs):
            path = os.path.join(folder, f"{number}.yaml")
            with open(path, "w") as file:
                yaml.dump(document, file, Dumper=Plain, sort_keys=False, width=100000)
            paths.append(path)
        found = {}
        for start in range(0, len(paths), 500):
            run = subprocess.run([drctl, "lint", "--json", *paths[start:start + 500]], stdout=subprocess.PIPE)
            for row in json.loads(run.stdout)["result"]:
                found.setdefault(row["file"], set()).add(row["code"])
        for path, (name, where, how, document, schema) in zip(paths, jobs):
            # Written and read again, so that both see the same text.
            with open(path) as file:
                document = yaml.load(file, Loader=Core)
            codes = found.get(path, set()) & SHAPE
            if bool(codes) == schema.is_valid(document):
                place = ".".join(map(str, where))
                error = None if codes else jsonschema.exceptions.best_match(schema.iter_errors(document))
                said = f"lint says {sorted(codes)}" if codes else f"the schema says {error.message[:100]}"
                faults.append(f"{os.path.basename(name)}: {place or 'the file'} ({how}): only {said}")
            else:
                counts["refused by both" if codes else "taken by both"] += 1
    print(", ".join(f"{count} {what}" for what, count in counts.items()))
    for fault in faults[:40]:
        print(fault)
    print(f"{len(faults)} disagreements")
    sys.exit(1 if faults else 0)


main()
