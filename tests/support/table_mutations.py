"""Changes to decision tables and forms as a person makes them, each drawn by chance."""

import copy
import json
import random
import re

from lxml import etree

from tests.support.diagram_mutations import NUMBER, Drawn
from tests.support.random_models import THINGS, VERBS


class Rules:
    """One DMN file with what mutations ask of it."""

    def __init__(self, content: bytes, chance: random.Random):
        self.root = etree.fromstring(content)
        self.chance = chance
        self.tables = self.found(self.root, "decisionTable")

    @staticmethod
    def found(node: etree._Element, local: str) -> list[etree._Element]:
        return [each for each in node.iter() if isinstance(each.tag, str) and etree.QName(each).localname == local]

    def content(self) -> bytes:
        return etree.tostring(self.root, xml_declaration=True, encoding="UTF-8")

    def rule(self, spent: frozenset[str]) -> etree._Element | None:
        rules = [each for each in self.found(self.root, "rule") if each.get("id") and each.get("id") not in spent]
        return self.chance.choice(rules) if rules else None

    def cells(self, rule: etree._Element) -> list[etree._Element]:
        return self.found(rule, "text")


def add_rule(rules: Rules, spent: frozenset[str]) -> Drawn | None:
    """A new rule that looks like another one, with another number or text in it."""
    tables = [each for each in rules.tables if each.get("hitPolicy", "UNIQUE") not in ("UNIQUE", "ANY")]
    like = rules.rule(frozenset())
    if like is None or like.getparent() not in tables:
        return None
    new = copy.deepcopy(like)
    identifier = f"rule_{rules.chance.getrandbits(40):010x}"
    for node in new.iter():
        if isinstance(node.tag, str) and node.get("id"):
            node.set("id", node.get("id").replace(like.get("id"), identifier))
    new.set("id", identifier)
    if not change_cell(rules, new):
        return None
    table = like.getparent()
    places = [at for at, child in enumerate(table) if child.tag == like.tag]
    table.insert(rules.chance.choice([*places, places[-1] + 1]), new)
    return Drawn("AddRule", identifier)


def remove_rule(rules: Rules, spent: frozenset[str]) -> Drawn | None:
    rule = rules.rule(spent)
    if rule is None or len(rules.found(rule.getparent(), "rule")) < 3:
        return None
    rule.getparent().remove(rule)
    return Drawn("RemoveRule", rule.get("id"))


def change_rule(rules: Rules, spent: frozenset[str]) -> Drawn | None:
    rule = rules.rule(spent)
    if rule is None or not change_cell(rules, rule):
        return None
    return Drawn("ChangeRule", rule.get("id"))


def change_cell(rules: Rules, rule: etree._Element) -> bool:
    """Change a whole number, or a text, in one cell; False when no cell has one."""
    cells = [cell for cell in rules.cells(rule) if re.search(NUMBER, cell.text or "")]
    if cells:
        cell = rules.chance.choice(cells)
        cell.text = NUMBER.sub(lambda found: str(int(found.group()) + rules.chance.randint(1, 9)), cell.text, count=1)
        return True
    texts = [cell for cell in rules.cells(rule) if re.fullmatch(r'\s*"[^"]*"\s*', cell.text or "")]
    if not texts:
        return False
    cell = rules.chance.choice(texts)
    cell.text = f'{cell.text.strip()[:-1]} {rules.chance.choice(("again", "later", "by phone"))}"'
    return True


class Form:
    """One form file with what mutations ask of it."""

    def __init__(self, content: bytes, chance: random.Random):
        self.document = json.loads(content)
        self.chance = chance

    def content(self) -> bytes:
        return json.dumps(self.document, ensure_ascii=False, indent=2).encode()

    def lists(self, owner: dict | None = None) -> list[list[dict]]:
        components = (owner or self.document).get("components") or []
        return [components] + [inner for each in components if each.get("components") for inner in self.lists(each)]

    def fields(self, spent: frozenset[str]) -> list[tuple[list[dict], dict]]:
        return [(each, one) for each in self.lists() for one in each if one.get("key") and one["key"] not in spent]


def add_field(form: Form, spent: frozenset[str]) -> Drawn | None:
    components = form.chance.choice(form.lists())
    key = f"field_{form.chance.getrandbits(40):010x}"
    label = f"{form.chance.choice(VERBS)} {form.chance.choice(THINGS)}"
    new = {"type": form.chance.choice(("textfield", "checkbox")), "key": key, "id": f"id_{key}", "label": label}
    components.insert(form.chance.randint(0, len(components)), new)
    return Drawn("AddField", key)


def remove_field(form: Form, spent: frozenset[str]) -> Drawn | None:
    found = [(components, field) for components, field in form.fields(spent) if not field.get("components")]
    if len(found) < 2:
        return None
    components, field = form.chance.choice(found)
    components.remove(field)
    return Drawn("RemoveField", field["key"])


def change_field(form: Form, spent: frozenset[str]) -> Drawn | None:
    """A field becomes required, or no longer so."""
    found = [field for _, field in form.fields(spent) if not field.get("components")]
    if not found:
        return None
    field = form.chance.choice(found)
    rules = field.setdefault("validate", {})
    rules["required"] = not rules.get("required", False)
    return Drawn("ChangeField", field["key"])


RULE_MUTATORS = {"AddRule": add_rule, "RemoveRule": remove_rule, "ChangeRule": change_rule}
FORM_MUTATORS = {"AddField": add_field, "RemoveField": remove_field, "ChangeField": change_field}
