"""What others make of generated pipelines: schemas, zizmor, and GitHub's own parser."""

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.lab.nodetool import NodeTool

_PROGRAMS = Path(sys.executable).parent
_PARSE = """\
const { parseWorkflow, convertWorkflowTemplate, NoOperationTraceWriter } = require("parser.js");
const given = JSON.parse(require("fs").readFileSync(0, "utf8"));
const tried = async ([name, content]) => {
  const parsed = parseWorkflow({ name, content }, new NoOperationTraceWriter());
  const errors = parsed.context.errors.getErrors().map((each) => each.message);
  if (errors.length) return [name, errors, []];
  const made = await convertWorkflowTemplate(parsed.context, parsed.value);
  const more = parsed.context.errors.getErrors().map((each) => each.message);
  return [name, more, (made.jobs || []).map((job) => job.id.value)];
};
Promise.all(Object.entries(given).map(tried)).then((all) => console.log(JSON.stringify(all)));
"""
_EVALUATE = """\
const { Lexer, Parser, Evaluator, wellKnownFunctions, data } = require("expressions.js");
const given = JSON.parse(require("fs").readFileSync(0, "utf8"));
const context = JSON.parse(JSON.stringify(given.contexts), data.reviver);
const functions = Object.values(wellKnownFunctions);
const value = (text) => {
  try {
    const tokens = new Lexer(text).lex().tokens;
    const tree = new Parser(tokens, Object.keys(given.contexts), functions).parse();
    const found = new Evaluator(tree, context).evaluate();
    return { value: JSON.parse(JSON.stringify(found, data.replacer)) };
  } catch (error) {
    return { error: String(error.message) };
  }
};
console.log(JSON.stringify(given.expressions.map(value)));
"""


def schema_problems(schema: str, *files: Path) -> str:
    """What check-jsonschema says against a schema that it carries; empty where all is well."""
    command = [str(_PROGRAMS / "check-jsonschema"), "--builtin-schema", f"vendor.{schema}"]
    done = subprocess.run([*command, *map(str, files)], capture_output=True, text=True, check=False)
    return "" if done.returncode == 0 else done.stdout + done.stderr


def zizmor_findings(folder: Path) -> list[str]:
    """What zizmor finds, as `file:line: rule`; it is told to ask nobody on the network."""
    command = [str(_PROGRAMS / "zizmor"), "--offline", "--no-config", "--format", "json"]
    done = subprocess.run([*command, str(folder)], capture_output=True, text=True, check=False)
    assert done.stdout.startswith("["), done.stderr
    return [_finding(each) for each in json.loads(done.stdout) if not each["ignored"]]


def parsed_by_github(
    node: NodeTool, files: Mapping[str, str]
) -> dict[str, tuple[list[str], list[str]]]:
    """What GitHub's parser says of each file: what it does not take, and the jobs that it sees."""
    said: Any = node.script(_PARSE, dict(files))
    return {name: (errors, jobs) for name, errors, jobs in said}


def worked_out_by_github(
    node: NodeTool, expressions: list[str], contexts: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """What GitHub's library makes of each expression: `value`, or `error`."""
    given = {"expressions": expressions, "contexts": dict(contexts)}
    said: Any = node.script(_EVALUATE, given)
    return list(said)


def _finding(found: Mapping[str, Any]) -> str:
    place = next(each for each in found["locations"] if each["symbolic"]["kind"] == "Primary")
    row = place["concrete"]["location"]["start_point"]["row"] + 1
    name = Path(place["symbolic"]["key"]["Local"]["verbatim_path"]).name
    return f"{name}:{row}: {found['ident']}"
