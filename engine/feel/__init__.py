"""FEEL, the expression language of OMG DMN 1.5 (chapter 10): parse once, evaluate often, never run Python text."""

from engine.feel.budget import Budget
from engine.feel.codec import dump, load
from engine.feel.errors import EvaluationError, FeelSyntaxError
from engine.feel.expression import (
    Evaluation,
    Expression,
    Script,
    UnaryTests,
    compile_expression,
    compile_script,
    compile_unary_tests,
    known_functions,
)
from engine.feel.values import display, function_value, normalise, to_json

__all__ = [
    "Budget",
    "Evaluation",
    "EvaluationError",
    "Expression",
    "FeelSyntaxError",
    "Script",
    "UnaryTests",
    "compile_expression",
    "compile_script",
    "compile_unary_tests",
    "display",
    "dump",
    "function_value",
    "known_functions",
    "load",
    "normalise",
    "to_json",
]
