"""Layers and domains read only what they may. Exceptions have a reason, and each list may only shrink."""

from __future__ import annotations

from conventions import lints
from conventions.fakes import model, project_of, singular_test
from conventions.lints import Project, unexcepted

LAYERING_EXCEPTIONS = {
    "run_context": "the day of a run follows from what was loaded, which only the ledger of the loader knows",
    "mart_data_quality_results": "copies what the gates wrote; there is nothing between them and the mart",
    "mart_raw_accounting": "is about the loader itself, and counts the accounts that staging leaves out",
}


def test_every_layer_reads_only_what_it_may(project: Project) -> None:
    assert unexcepted(lints.layering(project), LAYERING_EXCEPTIONS) == []


def test_relations_are_named_by_ref_and_source(project: Project) -> None:
    assert unexcepted(lints.hard_coded_relations(project)) == []


def test_intermediate_models_are_private_to_their_domain(project: Project) -> None:
    assert unexcepted(lints.access_and_groups(project)) == []


def test_layering_catches_a_mart_on_staging_a_source_in_core_and_another_domain() -> None:
    staging = model("stg_crm__customers", "staging/crm", reads=["source.stayhouse.crm.customers"])
    fine = model("dim_customers", "core", reads=[staging])
    mart = model("mart_a", "marts/activation", reads=[staging])
    core = model("dim_b", "core", reads=["source.stayhouse.crm.customers"])
    other = model("mart_c", "marts/churn", reads=[mart])
    seed = model("stg_crm__policy", "staging/crm", reads=["seed.stayhouse.thresholds"])
    stacked = model("stg_crm__twice", "staging/crm", reads=[staging])
    # Asking staging which customers have changed is not reading it; reading it as well is.
    by = {"meta": {}, "change_sources": [{"relation": "stg_crm__customers"}]}
    asking = model("mart_e", "marts/churn", reads=[staging], config=by)
    both = model("mart_f", "marts/churn", reads=[staging], config=by, sql="from {{ ref('stg_crm__customers') }}")
    assert unexcepted(lints.layering(project_of(staging, fine, mart, core, other, seed, stacked, asking, both))) == [
        "mart_a: marts reads staging (stg_crm__customers)",
        "dim_b: core reads source (crm.customers)",
        "mart_c: reads mart_a of another domain",
        "stg_crm__policy: staging reads seed (thresholds)",
        "stg_crm__twice: staging reads staging (stg_crm__customers)",
        "mart_f: marts reads staging (stg_crm__customers)",
    ]


def test_only_the_roofs_read_other_domains_and_only_what_those_offer() -> None:
    signals = model("int_signals__churn", "intermediate/churn", access="protected")
    step = model("int_churn__dated", "intermediate/churn")
    mart = model("mart_churn", "marts/churn")
    roof = model("mart_alerts", "marts/alerts", reads=[signals, mart, step])
    other = model("int_usage__scored", "intermediate/usage", reads=[signals])
    assert lints.layering(project_of(signals, step, mart, roof, other)) == [
        "mart_alerts: reads int_churn__dated of another domain",
        "int_usage__scored: reads int_signals__churn of another domain",
    ]


def test_no_edge_runs_back_from_a_mart() -> None:
    mart = model("mart_alerts", "marts/alerts")
    step = model("int_alerts__episodes", "intermediate/alerts", reads=[mart])
    fact = model("fct_alerts", "core", reads=[mart])
    assert lints.layering(project_of(mart, step, fact)) == [
        "int_alerts__episodes: intermediate reads marts (mart_alerts)",
        "fct_alerts: core reads marts (mart_alerts)",
    ]


def test_exceptions_may_only_shrink() -> None:
    faults = ["a: reads staging", "b: reads staging"]
    assert unexcepted(faults, {"a": "known"}) == ["b: reads staging"]
    assert unexcepted(faults, {"a": "known", "b": "known", "c": "was repaired"}) == [
        "c: exception is no longer needed, remove it"
    ]


def test_hard_coded_relations_are_caught_in_models_and_tests() -> None:
    bad = model("mart_a", "marts/x", sql="select 1 from raw.events -- from ops.loads\njoin {{ ref('b') }} as b on true")
    good = model("mart_b", "marts/x", sql="with a as (select 1 as x) select a.x from a join {{ ref('b') }} on true")
    test = singular_test("assert_x", "-- Prevents x.\nselect 1 from\n  core.dim_customers")
    assert lints.hard_coded_relations(project_of(bad, good, test)) == [
        "mart_a: names raw.events directly",
        "assert_x: names core.dim_customers directly",
    ]


def test_a_public_intermediate_model_is_caught() -> None:
    open_model = model("int_a__b", "intermediate/churn", access="public", group="churn")
    strange = model("int_c__d", "intermediate/churn", access="private", group="core")
    fine = model("int_e__f", "intermediate/churn", access="private", group="churn")
    hidden = model("int_signals__churn", "intermediate/churn", access="private", group="churn")
    assert lints.access_and_groups(project_of(open_model, strange, fine, hidden)) == [
        "int_a__b: is public in the group churn, not private in churn",
        "int_c__d: is private in the group core, not private in churn",
        "int_signals__churn: is private in the group churn, not protected in churn",
    ]
