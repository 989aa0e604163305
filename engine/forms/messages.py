"""What a form says when a value does not fit, in English and Chinese."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

SENTENCES: dict[str, dict[str, str]] = {
    "required": {"en": "{label}: please fill this in.", "zh": "{label}：此项必填。"},
    "required_choice": {"en": "{label}: please choose one of the options.", "zh": "{label}：请选择一项。"},
    "required_tick": {"en": "{label}: please tick the box to go on.", "zh": "{label}：请勾选后继续。"},
    "required_rows": {"en": "{label}: please add at least one row.", "zh": "{label}：请至少添加一行。"},
    "not_text": {"en": "{label}: expected a text, found {found}.", "zh": "{label}：应为文本，实际为 {found}。"},
    "not_a_number": {
        "en": "{label}: expected a number such as 1250.50, found {found}.",
        "zh": "{label}：应为数字（例如 1250.50），实际为 {found}。",
    },
    "not_a_boolean": {
        "en": "{label}: expected yes or no, found {found}.",
        "zh": "{label}：应为是或否，实际为 {found}。",
    },
    "not_a_date": {
        "en": "{label}: expected a date such as 2026-03-31, found {found}.",
        "zh": "{label}：应为日期（例如 2026-03-31），实际为 {found}。",
    },
    "not_a_time": {
        "en": "{label}: expected a time such as 14:30, found {found}.",
        "zh": "{label}：应为时间（例如 14:30），实际为 {found}。",
    },
    "not_a_datetime": {
        "en": "{label}: expected a date and time such as 2026-03-31T14:30, found {found}.",
        "zh": "{label}：应为日期和时间（例如 2026-03-31T14:30），实际为 {found}。",
    },
    "not_an_option": {
        "en": "{label}: {found} is not one of the options; choose one of: {options}.",
        "zh": "{label}：{found} 不在选项中，请从以下选项中选择：{options:zh}。",
    },
    "not_a_list": {"en": "{label}: expected a list, found {found}.", "zh": "{label}：应为列表，实际为 {found}。"},
    "not_a_row": {
        "en": "{label}: expected a row with named entries, found {found}.",
        "zh": "{label}：应为包含命名字段的一行，实际为 {found}。",
    },
    "too_many_rows": {
        "en": "{label}: at most {limit} rows are accepted, found {found}.",
        "zh": "{label}：最多接受 {limit} 行，实际为 {found} 行。",
    },
    "min": {
        "en": "{label}: must be at least {limit}, found {found}.",
        "zh": "{label}：不得小于 {limit}，实际为 {found}。",
    },
    "max": {
        "en": "{label}: must be at most {limit}, found {found}.",
        "zh": "{label}：不得大于 {limit}，实际为 {found}。",
    },
    "decimal_digits": {
        "en": "{label}: at most {limit} digits after the decimal point, found {found}.",
        "zh": "{label}：小数位最多 {limit} 位，实际为 {found}。",
    },
    "min_length": {
        "en": "{label}: needs at least {limit} characters, found {found}.",
        "zh": "{label}：至少需要 {limit} 个字符，实际为 {found} 个。",
    },
    "max_length": {
        "en": "{label}: takes at most {limit} characters, found {found}.",
        "zh": "{label}：最多 {limit} 个字符，实际为 {found} 个。",
    },
    "pattern": {
        "en": "{label}: {found} does not have the expected form ({limit}).",
        "zh": "{label}：{found} 的格式不符合要求（{limit}）。",
    },
    "email": {
        "en": "{label}: expected an e-mail address such as name@example.com, found {found}.",
        "zh": "{label}：应为电子邮箱地址（例如 name@example.com），实际为 {found}。",
    },
    "phone": {
        "en": "{label}: expected a phone number such as +86 21 5555 0100, found {found}.",
        "zh": "{label}：应为电话号码（例如 +86 21 5555 0100），实际为 {found}。",
    },
}

LONGEST_QUOTE = 60


@dataclass(frozen=True)
class Message:
    """Why a value was not accepted: `key` names the sentence, `params` fill it, `text` is the English sentence."""

    key: str
    text: str
    params: Mapping[str, Any]

    def translated(self, language: str) -> str:
        """The sentence in this language ("en" or "zh"; English for any other)."""
        sentences = SENTENCES[self.key]
        language = language.replace("-", "_").split("_")[0].lower()
        return _fill(sentences.get(language, sentences["en"]), self.params, language)

    def __str__(self) -> str:
        return self.text


def message(key: str, labels: Mapping[str, str], **params: Any) -> Message:
    """The message of this key; `labels` holds the field's name by language."""
    filled = {"label": labels["en"], "label:zh": labels.get("zh", labels["en"]), **params}
    return Message(key, _fill(SENTENCES[key]["en"], filled, "en"), filled)


def quoted(value: Any) -> str:
    """What was found, short enough for a sentence."""
    text = value if isinstance(value, str) else repr(value)
    text = text if len(text) <= LONGEST_QUOTE else text[: LONGEST_QUOTE - 1] + "…"
    return f'"{text}"' if isinstance(value, str) else text


def _fill(sentence: str, params: Mapping[str, Any], language: str) -> str:
    for name, value in params.items():
        if ":" in name:
            continue
        localised = params.get(f"{name}:{language}", value)
        sentence = sentence.replace("{" + name + ":zh}", str(localised)).replace("{" + name + "}", str(localised))
    return sentence
