"""``docker-compose.yml`` cannot be run where this project is checked, so everything that can be read from it is."""

import importlib
import importlib.resources
import json
import re
from pathlib import Path

import jsonschema
import pytest
import yaml

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
COMPOSE = yaml.safe_load(TEXT)
SERVICES = COMPOSE["services"]
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
OURS = {name: service for name, service in SERVICES.items() if "build" in service}
ENGINES = {name: service for name, service in SERVICES.items() if "build" not in service}
SECRET = re.compile(r"PASSWORD|SECRET|TOKEN|AUTH|requirepass", re.IGNORECASE)
VARIABLE = re.compile(r"\$\{([A-Z_]+)(:[?-])?")


def schema():
    vendored = importlib.resources.files("check_jsonschema") / "builtin_schemas" / "vendor" / "compose-spec.json"
    return json.loads(vendored.read_text(encoding="utf-8"))


def test_it_is_a_compose_file():
    jsonschema.validators.validator_for(schema())(schema()).validate(COMPOSE)


def test_the_schema_would_see_a_mistake():
    wrong = {"services": {"api": {"image": "a", "helthcheck": {}}}}
    with pytest.raises(jsonschema.ValidationError, match="helthcheck"):
        jsonschema.validators.validator_for(schema())(schema()).validate(wrong)


def test_it_holds_the_engines_and_both_processes():
    assert (set(ENGINES), set(OURS)) == ({"opensearch", "redis"}, {"api", "worker"})


@pytest.mark.parametrize("name", ENGINES)
def test_images_are_pinned_to_a_patch_release(name):
    assert re.fullmatch(r"[a-z/]+:\d+\.\d+\.\d+", SERVICES[name]["image"])


def test_the_engine_is_the_version_that_is_embedded():
    from stack.artifacts import pinned

    assert SERVICES["opensearch"]["image"].endswith(f":{pinned()[0].version}")


@pytest.mark.parametrize("name", SERVICES)
def test_every_service_has_a_health_check(name):
    check = SERVICES[name]["healthcheck"]
    assert check["test"][0] in {"CMD", "CMD-SHELL"}
    assert {"interval", "timeout", "retries"} <= set(check)


@pytest.mark.parametrize("name", SERVICES)
def test_ports_are_bound_to_loopback(name):
    assert [port for port in SERVICES[name].get("ports", []) if not str(port).startswith("127.0.0.1:")] == []


@pytest.mark.parametrize("name", OURS)
def test_ours_wait_for_healthy_engines(name):
    wanted = {engine: {"condition": "service_healthy"} for engine in ENGINES}
    assert SERVICES[name]["depends_on"] == wanted


@pytest.mark.parametrize("name", OURS)
def test_ours_can_do_as_little_as_possible(name):
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert not service.get("privileges")


@pytest.mark.parametrize("name", OURS)
def test_the_inline_programs_compile(name):
    test = SERVICES[name]["healthcheck"]["test"]
    assert test[:3] == ["CMD", "python", "-c"]
    program = compile(test[3], name, "exec")
    for module in {part for part in program.co_names if "." in part}:
        importlib.import_module(module)


@pytest.mark.parametrize("name", OURS)
def test_the_settings_of_ours_are_settings(name):
    from creators.settings import PREFIX, Settings

    given = {key.removeprefix(PREFIX).lower() for key in SERVICES[name]["environment"]}
    assert given <= set(Settings.model_fields)
    assert {"opensearch_url", "redis_url", "data_dir", "cache_dir"} <= given


def test_everything_that_is_mounted_is_declared():
    named = {str(volume).partition(":")[0] for service in SERVICES.values() for volume in service.get("volumes", [])}
    assert named == set(COMPOSE["volumes"])
    configs = {config["source"] for service in SERVICES.values() for config in service.get("configs", [])}
    assert configs == set(COMPOSE["configs"])


def test_no_secret_stands_in_the_file():
    lines = [line for line in TEXT.splitlines() if SECRET.search(line) and not line.lstrip().startswith("#")]
    assert lines
    assert [line for line in lines if "${REDIS_PASSWORD:?" not in line] == []
    assert "REDIS_PASSWORD=\n" in (ROOT / ".env.example").read_text(encoding="utf-8")


def test_every_variable_is_in_the_example_and_only_the_password_has_no_default():
    example = (ROOT / ".env.example").read_text(encoding="utf-8")
    code = "\n".join(line for line in TEXT.splitlines() if not line.lstrip().startswith("#"))
    used = set(VARIABLE.findall(code))
    assert {name for name, _ in used if f"{name}=" not in example} == set()
    assert {name for name, default in used if default != ":-"} == {"REDIS_PASSWORD"}


def test_the_image_runs_as_nobody_special_and_checks_what_it_installs():
    final = DOCKERFILE.rpartition("\nFROM ")[2]
    assert re.search(r"^USER (?!root\b|0\b)\w+$", final, re.MULTILINE)
    assert "--require-hashes -r requirements.lock" in DOCKERFILE
    assert re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE) == ["python:3.11-slim-bookworm"] * 2


def test_the_image_holds_every_package():
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    packages = project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    copied = set(re.findall(r"^COPY (\w+) \./\1$", DOCKERFILE, re.MULTILINE))
    let_in = set(re.findall(r"^!([a-z]+)$", (ROOT / ".dockerignore").read_text(encoding="utf-8"), re.MULTILINE))
    assert copied == let_in == set(packages)
