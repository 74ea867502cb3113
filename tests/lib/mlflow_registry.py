"""Fills a registry of MLflow through MLflow's own client, then prints what the client says is there, as JSON.

usage: mlflow_registry.py URI     (sqlite:////path or postgresql://…; the schema is MLflow's own, made by its client)

What a version of MLflow cannot do (aliases before 2.3, prompts before 2.21, stages that some day are gone) is left out, so
that the same script serves every version that can be installed.
"""

import json
import sys
import warnings

warnings.filterwarnings("ignore")

import mlflow  # noqa: E402
from mlflow.tracking import MlflowClient  # noqa: E402

# As long as the oldest of them lets a value be.
LONG = "long " * 1000


def main(uri):
    # Also where the client looks up models that it logged itself.
    mlflow.set_tracking_uri(uri)
    client = MlflowClient(tracking_uri=uri, registry_uri=uri)
    fill(client)
    prompts = fill_prompts(client)
    report = {
        "models": [model(client, one) for one in every(client.search_registered_models)],
        "prompts": prompts,
    }
    json.dump(report, sys.stdout, indent=1, sort_keys=True)


def fill(client):
    experiment = client.create_experiment("training", artifact_location="s3://bucket/experiment")
    run = client.create_run(experiment).info.run_id

    client.create_registered_model("churn", tags={"team": "growth", "empty": ""}, description="Who leaves?")
    for number, stage in enumerate(["Archived", "Production", "Staging", "None"], start=1):
        source = f"s3://bucket/churn/{number}"
        client.create_model_version("churn", source, run, tags={"n": str(number)}, description=f"The {number}.")
        if stage != "None":
            client.transition_model_version_stage("churn", str(number), stage)
    # A gap, and the next number above the newest one that is left.
    client.delete_model_version("churn", "1")
    client.create_model_version("churn", "s3://bucket/churn/5", run)
    client.delete_model_version("churn", "5")
    set_alias(client, "churn", "champion", "2")
    set_alias(client, "churn", "Candidate-1", "4")

    client.create_registered_model("no versions")
    client.create_registered_model("Привет мир", description="")
    client.create_model_version("Привет мир", "file:///data/привет", tags={"a key/with 1.sign": "v", "long": LONG, "_hidden": "h"})
    client.create_registered_model("only deleted")
    client.create_model_version("only deleted", "s3://bucket/gone", run)
    client.delete_model_version("only deleted", "1")
    client.create_registered_model("deleted")
    client.delete_registered_model("deleted")
    client.create_registered_model("old name")
    client.create_model_version("old name", "s3://bucket/renamed", None, run_link="https://mlflow.example/run")
    client.rename_registered_model("old name", "new-name")


    if hasattr(client, "create_logged_model"):
        fill_newest(client, experiment)


def fill_newest(client, experiment):
    """What only MLflow 3 has: versions of logged models, and longer values."""
    logged = client.create_logged_model(experiment, name="logged")
    client.create_registered_model("logged")
    client.create_model_version("logged", f"models:/{logged.model_id}", model_id=logged.model_id)
    client.set_model_version_tag("logged", "1", "very long", LONG * 12)


def set_alias(client, name, alias, version):
    if hasattr(client, "set_registered_model_alias"):
        client.set_registered_model_alias(name, alias, version)


def fill_prompts(client):
    """A prompt is a registered model with a tag; the client hides it from what it lists."""
    if hasattr(client, "register_prompt"):
        client.register_prompt("greeting", "Hello {{name}}", commit_message="first", tags={"lang": "en"})
        client.register_prompt("greeting", "Good day {{name}}", commit_message="second")
    else:
        client.create_registered_model("greeting", tags={"mlflow.prompt.is_prompt": "true", "lang": "en"})
        for text in ["Hello {{name}}", "Good day {{name}}"]:
            client.create_model_version("greeting", "prompt-template", tags={"mlflow.prompt.text": text})
    return ["greeting"]


def every(search, *arguments):
    token = None
    while True:
        page = search(*arguments, max_results=100, page_token=token)
        yield from page
        token = page.token
        if not token:
            return


def model(client, one):
    versions = every_version(client, one.name)
    return {
        "name": one.name,
        "description": one.description,
        "tags": dict(one.tags),
        "aliases": {alias: int(version) for alias, version in dict(getattr(one, "aliases", {})).items()},
        "creation_time": one.creation_timestamp,
        "last_updated_time": one.last_updated_timestamp,
        "versions": [version(client, one) for one in sorted(versions, key=lambda one: int(one.version))],
    }


def every_version(client, name):
    escaped = name.replace("'", "''")
    return [one for one in client.search_model_versions(f"name='{escaped}'")]


def version(client, one):
    return {
        "version": int(one.version),
        "description": one.description,
        "stage": one.current_stage,
        "tags": dict(one.tags),
        "run_id": one.run_id,
        "run_link": one.run_link,
        "source": client.get_model_version_download_uri(one.name, one.version),
        "status": one.status,
        "creation_time": one.creation_timestamp,
        "last_updated_time": one.last_updated_timestamp,
    }


if __name__ == "__main__":
    main(sys.argv[1])
