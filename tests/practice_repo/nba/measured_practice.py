"""The practice of the shelf, with facts and KPIs that real cases tell."""

from practice_repo.algebra.package import Package
from tests.practice_repo.workspace.shelf import practice

MEASURES = """[[fact]]
key = "hours"
formula = "hours_between(first.call.started_at, last.call.ended_at)"
[[fact]]
key = "glad"
formula = "variables.glad"
[[kpi]]
key = "mean_hours"
name = {en = "Hours per call", zh = "每次致电小时数"}
unit = "hours"
better = "lower"
formula = "mean(cases[hours != null].hours)"
[[kpi]]
key = "glad_share"
name = {en = "Glad customers", zh = "满意客户占比"}
unit = "share"
better = "higher"
formula = "count(cases[glad = true]) / count(cases)"
"""


def greetings(version: str = "1.0.0", **names) -> Package:
    """The practice with measures instead of its constant KPI."""
    files = dict(practice(version, **names).files)
    card = files["practice.toml"].decode()
    start, end = card.index("[[kpi]]"), card.index("[[variation_point]]")
    return Package(files | {"practice.toml": (card[:start] + MEASURES + card[end:]).encode()})
