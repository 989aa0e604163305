"""Every drawn model has its shapes in place and nothing on top of anything else."""

import pytest

from engine.bpmn.layout import lay_out_xml
from engine.bpmn.layout.quality import measure
from engine.errors import InvalidModel

DOCUMENT = (
    '<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" id="d" targetNamespace="t">'
    '<bpmn:process id="p">{}</bpmn:process></bpmn:definitions>'
)


def test_a_single_task_is_drawn():
    drawn = lay_out_xml(DOCUMENT.format('<bpmn:task id="a" name="Alone"/>').encode())

    assert measure(drawn).fault_count == 0
    assert (measure(drawn).width, measure(drawn).height) == (100, 80)


def test_a_document_that_is_no_bpmn_is_refused():
    with pytest.raises(InvalidModel, match="document was expected"):
        lay_out_xml(b"<html/>")
