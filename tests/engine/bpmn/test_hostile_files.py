"""Files that mean harm, or are broken: always InvalidModel with a reason, never a hang, a crash or a network call."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.bpmn import read_model
from engine.bpmn.builder import ProcessBuilder
from engine.bpmn.elements import Model
from engine.bpmn.lint import lint
from engine.bpmn.secure_xml import MAX_BYTES, MAX_DEPTH, MAX_ELEMENTS
from engine.errors import InvalidModel

OPENING = b'<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL"><process id="p">'
CLOSING = b"</process></definitions>"
LAUGHS = b"".join(b'<!ENTITY l%d "%s">' % (n, b"&l%d;" % (n - 1) * 10) for n in range(1, 10))
GOOD = (
    ProcessBuilder("p")
    .start("s")
    .user_task("u", name="Ask")
    .exclusive("g")
    .branch("g", "a > 1")
    .end("e")
    .model()
    .source
)

HOSTILE = {
    "billion laughs": (
        b'<!DOCTYPE x [<!ENTITY l0 "ha">' + LAUGHS + b"]>" + OPENING + b'<task id="t" name="&l9;"/>' + CLOSING,
        "document type",
    ),
    "external entity": (
        b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>' + OPENING + b"&e;" + CLOSING,
        "document type",
    ),
    "external document type": (
        b'<!DOCTYPE x SYSTEM "http://127.0.0.1:9/x.dtd">' + OPENING + CLOSING,
        "document type",
    ),
    "parameter entity": (
        b'<!DOCTYPE x [<!ENTITY % e SYSTEM "http://127.0.0.1:9/x.dtd">%e;]>' + OPENING + CLOSING,
        "document type",
    ),
    "undeclared entity": (OPENING + b"&boom;" + CLOSING, "not defined"),
    "deep nesting": (OPENING + b'<subProcess id="x">' * 5000 + CLOSING, "deep"),
    "deep nesting within the parser's limit": (
        OPENING
        + b"".join(b'<subProcess id="x%d">' % number for number in range(110))
        + b"</subProcess>" * 110
        + CLOSING,
        "deeper than",
    ),
    "many elements": (
        OPENING + b"".join(b'<task id="t%d"/>' % number for number in range(MAX_ELEMENTS + 1)) + CLOSING,
        "more than 20,000 elements",
    ),
    "huge file": (OPENING + b" " * MAX_BYTES + CLOSING, "at most 10 MB"),
    "truncated": (GOOD[: len(GOOD) // 2], "not well-formed"),
    "binary": (bytes(range(256)) * 8, "not"),
    "zip archive": (b"PK\x03\x04" + b"\0" * 64, "not"),
    "empty": (b"  \n", "is empty"),
    "wrong encoding": (b'<?xml version="1.0" encoding="no-such-code"?><a/>', "not"),
    "nul character": (OPENING + b"\0" + CLOSING, "not well-formed"),
    "two roots": (GOOD + b"<a/>", "not well-formed"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_is_refused_with_a_reason(name):
    source, reason = HOSTILE[name]

    with pytest.raises(InvalidModel, match=reason) as error:
        read_model(source)

    assert error.value.findings


def test_a_huge_attribute_is_only_text():
    name = "x" * 1_000_000
    model = read_model(OPENING + f'<task id="t" name="{name}"/>'.encode() + CLOSING)

    assert len(model.processes[0].elements["t"].name) == 1_000_000


def test_processing_instructions_and_comments_do_not_matter():
    model = read_model(OPENING + b'<?php echo 1 ?><!-- x --><task id="t"><!-- y --></task>' + CLOSING)

    assert list(model.processes[0].elements) == ["t"]


def test_a_hostile_expression_is_a_finding_and_not_a_crash():
    for text in ["(" * 5000, "[" * 2000 + "]" * 2000, "${" + "(" * 3000, "a" * 100_000, "${" + "!" * 3000 + "x}"]:
        model = ProcessBuilder("p").start("s").exclusive("g").branch("g", text).end("e").model()
        assert isinstance(lint(model), list)


@given(st.binary(max_size=300))
def test_any_bytes_are_a_model_or_refused(source):
    with pytest.raises(InvalidModel):
        read_model(source)


@settings(max_examples=150, deadline=None)
@given(st.integers(0, len(GOOD) - 1), st.integers(0, 40), st.binary(max_size=8))
def test_a_damaged_file_is_a_model_or_refused(position, removed, inserted):
    damaged = GOOD[:position] + inserted + GOOD[position + removed :]

    outcome = read_or_refuse(damaged)

    assert isinstance(lint(outcome), list) if isinstance(outcome, Model) else outcome.findings


def read_or_refuse(source: bytes) -> Model | InvalidModel:
    try:
        return read_model(source)
    except InvalidModel as error:
        return error


def test_sub_processes_may_nest_as_deep_as_the_limit():
    depth = MAX_DEPTH - 3
    opening = b"".join(b'<subProcess id="x%d">' % number for number in range(depth))
    model = read_model(OPENING + opening + b'<task id="t"/>' + b"</subProcess>" * depth + CLOSING)

    assert len(list(model.processes[0].walk())) == depth + 1
    assert isinstance(lint(model), list)
