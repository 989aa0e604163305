"""Telling enterprises what happened in the library, in both languages."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import insert

from engine.store.types import new_id
from engine.store.unit_of_work import Work
from practice_repo.practice import Text
from practice_repo.tables import PracticeNotice

TEXTS: dict[str, Text] = {
    "new_version": Text("{name} {version} was released: {notes}", "{name_zh} 已发布 {version} 版：{notes_zh}"),
    "deprecated": Text(
        "{name} {version} should not be adopted any more: {reason}", "{name_zh} {version} 版已不建议采用：{reason}"
    ),
    "withdrawn": Text("{name} {version} was withdrawn: {reason}", "{name_zh} {version} 版已撤回：{reason}"),
    "confirm": Text(
        "Please confirm what leaves your enterprise with the contribution “{title}”",
        "请确认贡献“{title_zh}”中将离开本企业的内容",
    ),
    "changes_requested": Text(
        "The reviewers ask for changes of your contribution “{title}”: {reason}",
        "评审人要求修改贡献“{title_zh}”：{reason}",
    ),
    "contribution_decided": Text(
        "Your contribution “{title}” was not taken up: {reason}", "贡献“{title_zh}”未被采纳：{reason}"
    ),
    "contribution_released": Text(
        "Your contribution “{title}” was released as {name} {version}. Thank you!",
        "贡献“{title_zh}”已作为 {name_zh} {version} 版发布，感谢！",
    ),
    "kpi_alarm": Text("{name} is {value}: it misses its target of {target}", "{name_zh}为 {value}，未达目标 {target}"),
    "recalled": Text("The contribution “{title}” was recalled", "贡献“{title_zh}”已撤回"),
}

SendMail = Callable[[str, str, Text], None]  # enterprise id, a key that is the same for every attempt, the text


def notify(
    work: Work,
    enterprise_ids: Iterable[str],
    kind: str,
    now: datetime,
    *,
    item_id: str | None = None,
    version_id: str | None = None,
    candidate_id: str | None = None,
    contribution_id: str | None = None,
    details: Mapping[str, Any],
) -> None:
    """Leave a notice with each of these enterprises."""
    rows = [
        {
            "id": new_id(),
            "enterprise_id": enterprise_id,
            "kind": kind,
            "item_id": item_id,
            "version_id": version_id,
            "candidate_id": candidate_id,
            "contribution_id": contribution_id,
            "details": dict(details),
            "at": now,
        }
        for enterprise_id in sorted(set(enterprise_ids))
    ]
    if rows:
        work.execute(insert(PracticeNotice), rows)


def text_of_notice(kind: str, details: Mapping[str, Any]) -> Text:
    """The notice as a sentence."""
    pattern = TEXTS[kind]
    words = _Words({name: str(value) for name, value in details.items()})
    return Text(*(each.format_map(words).rstrip(" :：") for each in (pattern.en, pattern.zh)))


class _Words(dict):
    """Words that a notice does not have stay empty: an old notice is still shown."""

    def __missing__(self, key: str) -> str:
        return ""
