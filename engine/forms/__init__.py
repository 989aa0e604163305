"""Form schemas: read them, say what is visible, give defaults, and turn what a person sent into typed values."""

from engine.forms.fields import Field, Option, Rules
from engine.forms.form import Accepted, Form
from engine.forms.messages import Message
from engine.forms.reader import read_form

__all__ = ["Accepted", "Field", "Form", "Message", "Option", "Rules", "read_form"]
