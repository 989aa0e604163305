from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal

import pytest

from engine.errors import InvalidModel
from engine.forms import read_form

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def form_of(*components, **more):
    return read_form({"type": "default", "id": "f", "components": list(components), **more})


def component(kind, key, **more):
    name = "path" if kind == "dynamiclist" else "key"
    return {"type": kind, name: key, "label": key.title(), **more}


def choices(*values):
    return [{"label": str(value).title(), "label:zh": f"选{value}", "value": value} for value in values]


def accept(form, values, variables=None):
    return form.accept(values, variables or {}, NOW)


def error_of(form, values, path, variables=None):
    accepted = accept(form, values, variables)
    assert path in accepted.errors, accepted
    assert path not in accepted.values
    return accepted.errors[path].key


# -- reading ------------------------------------------------------------------------------------------------------


def test_a_form_is_read_from_json_bytes():
    form = read_form(b'{"type": "default", "id": "contact", "components": [{"type": "textfield", "key": "name"}]}')

    assert form.id == "contact"
    assert form.keys == ("name",)


@pytest.mark.parametrize(
    ("components", "rule"),
    [
        ([{"type": "textfield"}], "form-key"),
        ([{"type": "textfield", "key": "first name"}], "form-key"),
        ([{"type": "hologram", "key": "a"}], "form-type"),
        ([component("textfield", "a"), component("number", "a")], "form-duplicate"),
        ([component("textfield", "a", conditional={"hide": "=1 +"})], "form-expression"),
        ([component("textfield", "a", validate={"pattern": "["})], "form-pattern"),
        ([component("select", "a")], "form-options"),
        ([component("select", "a", values=choices("x", "x"))], "form-options"),
        ([component("textfield", "a", validate={"minLength": -1})], "form-number"),
        ([component("datetime", "a", subtype="century")], "form-subtype"),
        (["text"], "form-component"),
        ([{"type": "text", "text": "Hello {{1 +}}"}], "form-expression"),
        ([{"type": "group", "components": [component("number", "a")]}, component("number", "a")], "form-duplicate"),
    ],
)
def test_what_is_wrong_with_a_form_is_found_with_its_field(components, rule):
    with pytest.raises(InvalidModel) as caught:
        form_of(*components)

    assert [finding.rule for finding in caught.value.findings] == [rule]


def test_all_findings_of_a_form_come_at_once():
    with pytest.raises(InvalidModel) as caught:
        form_of({"type": "textfield"}, component("select", "a"), component("number", "b", readonly="yes"))

    assert {finding.rule for finding in caught.value.findings} == {"form-key", "form-options", "form-flag"}


def test_broken_json_names_its_line():
    with pytest.raises(InvalidModel) as caught:
        read_form('{"id": "f",\n "components": [}')

    assert caught.value.findings[0].line == 2


def test_a_form_that_is_too_large_is_refused():
    with pytest.raises(InvalidModel, match="at most"):
        read_form(b" " * 600_000)


def test_texts_come_in_the_language_asked_for_and_else_in_english():
    form = form_of({"type": "textfield", "key": "a", "label": "Name", "label:zh": "姓名", "description": "Full"})

    assert form.field("a").label("zh") == "姓名"
    assert form.field("a").description("zh") == "Full"


# -- typed values -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("field", "sent", "expected"),
    [
        (component("textfield", "a"), "  Anna ", "Anna"),
        (component("textfield", "a"), ["Anna"], "Anna"),
        (component("textarea", "a"), "one\r\ntwo", "one\ntwo"),
        (component("textfield", "a"), "   ", None),
        (component("number", "a"), "12", 12),
        (component("number", "a"), "12.50", Decimal("12.50")),
        (component("number", "a"), "1,250.5", Decimal("1250.5")),
        (component("number", "a"), 0.1, Decimal("0.1")),
        (component("number", "a"), 12.0, 12),
        (component("checkbox", "a"), "on", True),
        (component("checkbox", "a"), ["false", "true"], True),
        (component("checkbox", "a"), False, False),
        (component("datetime", "a", subtype="date"), "2026-03-31", date(2026, 3, 31)),
        (component("datetime", "a", subtype="time"), "14:30", time(14, 30)),
        (component("datetime", "a", subtype="datetime"), "2026-03-31T14:30", datetime(2026, 3, 31, 14, 30, tzinfo=UTC)),
        (component("select", "a", values=choices("x", "y")), "y", "y"),
        (component("radio", "a", values=choices(1, 2)), "2", 2),
        (component("radio", "a", values=choices(True, False)), "false", False),
        (component("checklist", "a", values=choices("x", "y", "z")), ["z", "x"], ["x", "z"]),
        (component("checklist", "a", values=choices("x", "y")), "y", ["y"]),
        (component("filepicker", "a"), "file-1", "file-1"),
        (component("filepicker", "a", multiple=True), ["file-1", ""], ["file-1"]),
    ],
)
def test_what_is_sent_becomes_a_value_of_the_fields_type(field, sent, expected):
    accepted = accept(form_of(field), {"a": sent})

    assert accepted.errors == {}
    assert accepted.values["a"] == expected
    assert type(accepted.values["a"]) is type(expected)


@pytest.mark.parametrize(
    ("field", "sent", "key"),
    [
        (component("number", "a"), "twelve", "not_a_number"),
        (component("number", "a"), "NaN", "not_a_number"),
        (component("number", "a"), True, "not_a_number"),
        (component("number", "a"), "1,25", "not_a_number"),
        (component("number", "a"), "9" * 70, "not_a_number"),
        (component("number", "a", decimalDigits=0), "1.5", "decimal_digits"),
        (component("number", "a", validate={"min": 1}), "0", "min"),
        (component("number", "a", validate={"max": "=limit"}), "11", "max"),
        (component("checkbox", "a"), "maybe", "not_a_boolean"),
        (component("datetime", "a", subtype="date"), "31.03.2026", "not_a_date"),
        (component("datetime", "a", subtype="date"), "2026-02-30", "not_a_date"),
        (component("datetime", "a", subtype="time"), "25:00", "not_a_time"),
        (component("datetime", "a", subtype="datetime"), "tomorrow", "not_a_datetime"),
        (component("datetime", "a", subtype="date", validate={"min": "=date(now())"}), "2026-03-01", "min"),
        (component("select", "a", values=choices("x")), "y", "not_an_option"),
        (component("select", "a", values=choices(1)), True, "not_an_option"),
        (component("checklist", "a", values=choices("x")), ["x", "y"], "not_an_option"),
        (component("textfield", "a"), {"x": 1}, "not_text"),
        (component("textfield", "a", validate={"minLength": 3}), "ab", "min_length"),
        (component("textfield", "a", validate={"maxLength": 3}), "abcd", "max_length"),
        (component("textfield", "a", validate={"pattern": "^[0-9]+$"}), "12a", "pattern"),
        (component("textfield", "a", validate={"pattern": "^(a+)+$"}), "a" * 5000 + "b", "pattern"),
        (component("textfield", "a", validate={"validationType": "email"}), "anna@", "email"),
        (component("textfield", "a", validate={"validationType": "phone"}), "call me", "phone"),
        (component("textfield", "a", validate={"required": True}), "  ", "required"),
        (component("checkbox", "a", validate={"required": True}), None, "required_tick"),
        (component("radio", "a", values=choices("x"), validate={"required": True}), "", "required_choice"),
        (component("dynamiclist", "a", components=[component("number", "n")]), "x", "not_a_list"),
    ],
)
def test_a_value_that_does_not_fit_is_refused_with_its_reason(field, sent, key):
    accepted = accept(form_of(field), {"a": sent}, {"limit": 10})

    assert accepted.errors["a"].key == key
    assert not accepted.ok


def test_a_reason_is_a_sentence_in_english_and_in_chinese():
    field = component("number", "a", label="Amount", validate={"min": 10}, **{"label:zh": "金额"})

    message = accept(form_of(field), {"a": "5"}).errors["a"]

    assert message.text == "Amount: must be at least 10, found 5."
    assert message.translated("zh_CN") == "金额：不得小于 10，实际为 5。"


def test_the_options_are_named_in_the_reader_s_language():
    form = form_of(component("select", "a", values=choices("x", "y")))

    message = accept(form, {"a": "z"}).errors["a"]

    assert "X, Y" in message.text
    assert "选x、选y" in message.translated("zh")


def test_a_date_time_without_zone_is_in_the_zone_of_now():
    form = form_of(component("datetime", "a", subtype="datetime"))
    now = NOW.astimezone(timezone(timedelta(hours=8)))

    accepted = form.accept({"a": "2026-03-31T14:30"}, {}, now)

    assert accepted.values["a"].utcoffset() == timedelta(hours=8)


# -- hidden, read-only, missing -----------------------------------------------------------------------------------


def test_unknown_keys_are_dropped():
    assert accept(form_of(component("textfield", "a")), {"a": "x", "role": "admin"}).values == {"a": "x"}


def test_a_hidden_field_is_dropped_and_not_required():
    form = form_of(
        component("checkbox", "urgent"),
        component("textfield", "reason", conditional={"hide": "=urgent != true"}, validate={"required": True}),
    )

    assert accept(form, {"urgent": "", "reason": "x"}).values == {"urgent": False}
    assert error_of(form, {"urgent": "on"}, "reason") == "required"


def test_hiding_follows_through_a_chain_of_fields():
    form = form_of(
        component("textfield", "c", conditional={"hide": "=b = null"}),
        component("textfield", "b", conditional={"hide": "=a = null"}),
        component("textfield", "a"),
    )

    assert accept(form, {"b": "2", "c": "3"}).values == {}
    assert accept(form, {"a": "1", "b": "2", "c": "3"}).values == {"a": "1", "b": "2", "c": "3"}


def test_a_hidden_group_hides_its_fields():
    group = {
        "type": "group",
        "id": "g",
        "label": "G",
        "conditional": {"hide": "=kind = 1"},
        "components": [component("textfield", "a")],
    }
    form = form_of(group)

    assert form.visible({"kind": 1}, NOW) == set()
    assert form.visible({"kind": 2}, NOW) == {"g", "a"}
    assert accept(form, {"a": "x"}, {"kind": 1}).values == {}


def test_a_read_only_field_keeps_the_variables_value():
    form = form_of(component("number", "price", readonly=True), component("textfield", "a"))

    assert accept(form, {"price": "1", "a": "x"}, {"price": 100}).values == {"a": "x"}


def test_a_read_only_fields_default_is_what_gets_stored():
    form = form_of(component("number", "total", readonly=True, defaultValue="=qty * price"))

    assert accept(form, {"total": "1"}, {"qty": 2, "price": Decimal("1.5")}).values == {"total": 3}


def test_a_field_can_be_read_only_by_expression():
    form = form_of(component("number", "discount", readonly="=level < 2"))

    assert accept(form, {"discount": "5"}, {"level": 1}).values == {}
    assert accept(form, {"discount": "5"}, {"level": 2}).values == {"discount": 5}
    assert form.readonly({"level": 1}, NOW) == {"discount"}


def test_a_field_that_was_not_sent_is_unchanged_but_boxes_are_emptied():
    form = form_of(
        component("textfield", "a", validate={"required": True}),
        component("checkbox", "b"),
        component("checklist", "c", values=choices("x")),
    )

    accepted = accept(form, {}, {"a": "kept", "b": True, "c": ["x"]})

    assert accepted.errors == {}
    assert accepted.values == {"b": False, "c": []}


def test_an_emptied_field_is_null():
    assert accept(form_of(component("textfield", "a")), {"a": ""}, {"a": "old"}).values == {"a": None}


def test_a_rule_can_require_a_field_by_expression():
    form = form_of(component("number", "a"), component("textfield", "b", validate={"required": "=a > 10"}))

    assert accept(form, {"a": "5", "b": ""}).ok
    assert accept(form, {"a": "15", "b": ""}).errors["b"].key == "required"


# -- defaults, options, texts -------------------------------------------------------------------------------------


def test_defaults_show_variables_first_then_literals_and_expressions():
    form = form_of(
        component("textfield", "a", defaultValue="x"),
        component("number", "b", defaultValue="=a_number + 1"),
        component("datetime", "c", subtype="date", defaultValue="=date(now())"),
        component("textfield", "d"),
    )

    assert form.defaults({"a": "kept", "a_number": 1}, NOW) == {"a": "kept", "b": 2, "c": date(2026, 3, 2), "d": None}


def test_options_come_from_an_expression_and_are_checked_against_it():
    form = form_of(
        component("select", "area", values=choices("north", "south")),
        component("select", "city", valuesExpression="=cities[region = area]"),
    )
    cities = [
        {"region": "north", "value": "BJ", "label": "Beijing", "label:zh": "北京"},
        {"region": "south", "value": "GZ", "label": "Guangzhou"},
    ]

    found = form.options("city", {"cities": cities, "area": "north"}, NOW)

    assert [(option.value, option.label("zh")) for option in found] == [("BJ", "北京")]
    assert accept(form, {"area": "south", "city": "GZ"}, {"cities": cities}).values == {"area": "south", "city": "GZ"}
    assert error_of(form, {"area": "south", "city": "BJ"}, "city", {"cities": cities}) == "not_an_option"


def test_a_text_shows_values_with_their_markdown_escaped():
    form = form_of({"type": "text", "id": "t", "text": "Hello **{{name}}**, {{1 + 1}}", "text:zh": "你好 {{name}}"})

    assert form.markdown("t", {"name": "<b>*x*"}, NOW) == "Hello **\\<b\\>\\*x\\***, 2"
    assert form.markdown("t", {"name": "安娜"}, NOW, "zh") == "你好 安娜"


def test_a_table_shows_only_its_columns():
    form = form_of(
        {"type": "table", "id": "t", "label": "T", "dataSource": "=lines", "columns": [{"key": "sku", "label": "SKU"}]}
    )

    assert form.table_rows("t", {"lines": [{"sku": "a", "cost": 1}, 5]}, NOW) == [{"sku": "a"}]


# -- dynamic lists ------------------------------------------------------------------------------------------------


def lines_form(**more):
    return form_of(
        component(
            "dynamiclist",
            "lines",
            components=[
                component("textfield", "sku", validate={"required": True}),
                component("number", "qty", validate={"min": 1}),
                component("textfield", "note", conditional={"hide": "=qty < 10"}),
            ],
            **more,
        )
    )


def test_rows_are_read_field_by_field_and_blank_rows_are_dropped():
    sent = [{"sku": "A", "qty": "2", "note": "x"}, {"sku": "", "qty": ""}, {"sku": "B", "qty": "20", "note": "y"}]

    accepted = accept(lines_form(), {"lines": sent})

    assert accepted.values == {"lines": [{"sku": "A", "qty": 2}, {"sku": "B", "qty": 20, "note": "y"}]}


def test_errors_in_rows_name_the_row_as_it_was_sent():
    accepted = accept(lines_form(), {"lines": [{"sku": "A", "qty": "2"}, {"sku": "", "qty": "0"}]})

    assert {path: message.key for path, message in accepted.errors.items()} == {
        "lines.1.sku": "required",
        "lines.1.qty": "min",
    }


def test_a_required_list_needs_a_row():
    assert accept(lines_form(validate={"required": True}), {"lines": []}).errors["lines"].key == "required_rows"


def test_too_many_rows_are_refused():
    assert accept(lines_form(), {"lines": [{"sku": "A"}] * 1001}).errors["lines"].key == "too_many_rows"


def test_read_only_entries_of_fixed_rows_cannot_be_changed():
    form = form_of(
        component(
            "dynamiclist",
            "lines",
            allowAddRemove=False,
            components=[component("textfield", "sku", readonly=True), component("number", "received")],
        )
    )
    stored = [{"id": 7, "sku": "A"}, {"id": 8, "sku": "B"}]

    accepted = accept(
        form, {"lines": [{"received": "1", "sku": "Z"}, {"received": "2"}, {"received": "3"}]}, {"lines": stored}
    )

    assert accepted.values["lines"] == [{"id": 7, "sku": "A", "received": 1}, {"id": 8, "sku": "B", "received": 2}]


def test_a_row_that_stays_is_known_by_its_read_only_entries():
    form = form_of(
        component(
            "dynamiclist",
            "lines",
            components=[component("textfield", "sku", readonly=True), component("number", "received")],
        )
    )
    stored = [{"id": 7, "sku": "A"}, {"id": 8, "sku": "B"}]

    accepted = accept(form, {"lines": [{"sku": "B", "received": "2"}]}, {"lines": stored})

    assert accepted.values["lines"] == [{"id": 8, "sku": "B", "received": 2}]


# -- lint ---------------------------------------------------------------------------------------------------------


def test_lint_names_missing_translations_and_defaults_that_do_not_fit():
    form = form_of(
        {"type": "select", "key": "a", "label": "A", "values": [{"label": "X", "value": "x"}], "defaultValue": "z"},
        {"type": "number", "key": "b", "validate": {"min": 5, "max": 1}},
    )

    rules = sorted(finding.rule for finding in form.lint())

    assert rules == ["form-default", "form-label", "form-limits", "form-translation", "form-translation"]
    assert all(finding.severity == "warning" for finding in form.lint())


def test_lint_of_a_complete_form_is_empty():
    form = form_of({"type": "textfield", "key": "a", "label": "A", "label:zh": "甲"})

    assert form.lint(variables=frozenset({"a"})) == []
    assert [finding.rule for finding in form.lint(variables=frozenset())] == ["form-unused"]
