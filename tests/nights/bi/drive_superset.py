"""Runs in Superset's own environment: connects it to a published file, registers marts and asks its own queries.

usage: python drive_superset.py WORK_FOLDER < request.json > answer.json

request: {"database": path, "datasets": [[schema, table]], "saved_metrics": {"schema.table": {name: SQL}}, "queries":
[{"id", "dataset": "schema.table", "columns", "metrics": {label: SQL} or [names of saved ones], "filters": [{"col", "op",
"val"}]}]}
answer: {"schemas": [...], "tables": {"schema.table": [columns]}, "results": {id: [rows]}, "sql": {id: text}}
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import sys
from pathlib import Path

CONFIG = """
SECRET_KEY = {secret!r}
SQLALCHEMY_DATABASE_URI = "sqlite:///{work}/superset.db?check_same_thread=false"
# A local file is an "unsafe" address for Superset; here it is the whole point.
PREVENT_UNSAFE_DB_CONNECTIONS = False
TALISMAN_ENABLED = False
WTF_CSRF_ENABLED = False
CACHE_CONFIG = DATA_CACHE_CONFIG = FILTER_STATE_CACHE_CONFIG = EXPLORE_FORM_DATA_CACHE_CONFIG = {{
    "CACHE_TYPE": "SimpleCache"
}}
RATELIMIT_ENABLED = False
SQLALCHEMY_TRACK_MODIFICATIONS = False
"""


def main(work: Path) -> None:
    """Answer the request on stdin; everything else that is printed goes to stderr."""
    request = json.load(sys.stdin)
    config = work / "superset_config.py"
    config.write_text(CONFIG.format(secret=secrets.token_hex(24), work=work))
    os.environ |= {"SUPERSET_CONFIG_PATH": str(config), "SUPERSET_HOME": str(work), "SCARF_ANALYTICS": "false"}
    with contextlib.redirect_stdout(sys.stderr):
        answer = ask(request, work)
    json.dump(answer, sys.stdout, default=str)


def ask(request: dict, work: Path) -> dict:
    """Set Superset up on an empty metadata database and go through its REST API."""
    from flask_migrate import upgrade
    from superset.app import create_app

    app = create_app()
    password = secrets.token_hex(12)
    with app.app_context():
        upgrade(str(Path(__import__("superset").__file__).parent / "migrations"))
        from superset import appbuilder

        appbuilder.add_permissions(update_perms=True)
        appbuilder.sm.sync_role_definitions()
        admin = appbuilder.sm.find_role("Admin")
        appbuilder.sm.add_user("founder", "F", "O", "founder@example.com", admin, password=password)
    client = app.test_client()

    def call(method: str, path: str, body: dict | None = None) -> dict:
        response = client.open(f"/api/v1/{path}", method=method, json=body, headers=headers)
        if response.status_code >= 300:
            raise SystemExit(f"{method} {path}: {response.status_code} {response.get_data(as_text=True)[:2000]}")
        return response.get_json()

    headers: dict[str, str] = {}
    login = {"username": "founder", "password": password, "provider": "db"}
    headers["Authorization"] = f"Bearer {call('POST', 'security/login', login)['access_token']}"
    database = call(
        "POST",
        "database/",
        {
            "database_name": "stayhouse",
            "sqlalchemy_uri": f"duckdb:///{request['database']}",
            "extra": json.dumps({"engine_params": {"connect_args": {"read_only": True}}}),
        },
    )["id"]
    answer: dict = {
        "schemas": call("GET", f"database/{database}/schemas/")["result"],
        "tables": {},
        "results": {},
        "sql": {},
    }
    datasets = {}
    for schema, table in request["datasets"]:
        body = {"database": database, "schema": schema, "table_name": table}
        name = f"{schema}.{table}"
        datasets[name] = call("POST", "dataset/", body)["id"]
        columns = call("GET", f"dataset/{datasets[name]}")["result"]["columns"]
        answer["tables"][name] = sorted(column["column_name"] for column in columns)
    for name, saved in request["saved_metrics"].items():
        metrics = [{"metric_name": metric, "expression": sql} for metric, sql in saved.items()]
        call("PUT", f"dataset/{datasets[name]}", {"metrics": metrics})
    for query in request["queries"]:
        metrics = query["metrics"]
        if isinstance(metrics, dict):
            metrics = [
                {"expressionType": "SQL", "sqlExpression": sql, "label": label} for label, sql in metrics.items()
            ]
        result = call(
            "POST",
            "chart/data",
            {
                "datasource": {"id": datasets[query["dataset"]], "type": "table"},
                "force": True,
                "result_format": "json",
                "result_type": "full",
                "queries": [
                    {
                        "columns": query["columns"],
                        "metrics": metrics,
                        "filters": query.get("filters", []),
                        "row_limit": 50_000,
                        "orderby": [],
                    }
                ],
            },
        )["result"][0]
        answer["results"][query["id"]] = result["data"]
        answer["sql"][query["id"]] = result["query"]
    return answer


if __name__ == "__main__":
    main(Path(sys.argv[1]))
