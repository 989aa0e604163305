"""The BPMN model in memory: frozen, one class per family of elements, named as in BPMN 2.0.2.

The reader has already normalised what vendors write differently (see dialects): assignee, groups, form key, topic,
mappings and loops are the same fields whether they came from `praxis:`, Camunda 7, Camunda 8 or SpiffWorkflow
extensions. `type` is the BPMN local name (`userTask`, `exclusiveGateway`, `boundaryEvent` …).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Expression:
    """A FEEL expression of the model. `problem` says why it cannot run (foreign language that has no translation)."""

    source: str  # as written in the file
    feel: str  # without the leading "=", translated where a vendor's language could be
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class Value:
    """A literal text, or an expression when the text started with "=" (or was a translated ${…})."""

    text: str | None = None
    expression: Expression | None = None


@dataclass(frozen=True, slots=True)
class VariableMapping:
    """One input or output mapping: evaluate `source`, store it as variable `target` (may be a path a.b)."""

    source: Value
    target: str


@dataclass(frozen=True, slots=True)
class SequenceFlow:
    id: str
    source_id: str
    target_id: str
    name: str = ""
    condition: Expression | None = None
    line: int = 0
    uid: str | None = None  # praxis:uid, the lineage that survives editing and copying


@dataclass(frozen=True, slots=True)
class Loop:
    """Standard loop or multi-instance characteristics."""

    kind: str  # standard | parallel | sequential
    cardinality: Expression | None = None
    collection: Expression | None = None
    element_variable: str | None = None
    output_collection: str | None = None
    output_element: Expression | None = None
    completion_condition: Expression | None = None
    condition: Expression | None = None  # standard loop: repeat while true
    test_before: bool = False
    maximum: int | None = None


@dataclass(frozen=True, slots=True)
class Assignment:
    """Who does a user task, until when, with which form."""

    assignee: Value | None = None
    candidate_users: Value | None = None  # comma-separated text, or an expression giving a list or text
    candidate_groups: Value | None = None
    form_key: Value | None = None
    due: Value | None = None  # ISO 8601 duration or date-time text, or an expression giving one or a temporal value
    follow_up: Value | None = None
    priority: Value | None = None
    touchpoint: str | None = None  # key of the information standard that the form must satisfy


@dataclass(frozen=True, slots=True)
class TimerDefinition:
    kind: str  # date | duration | cycle
    value: Value  # ISO 8601 (or cron for cycle) text, or an expression


@dataclass(frozen=True, slots=True)
class EventDefinition:
    """One event definition. `name` is the message, signal or link name, `code` the error or escalation code."""

    kind: str  # message signal timer error escalation conditional link compensation terminate cancel
    name: str | None = None  # message and signal names may be expressions: then name_expression is set
    name_expression: Expression | None = None
    code: str | None = None
    ref: str | None = None  # id of the root element referred to
    timer: TimerDefinition | None = None
    condition: Expression | None = None
    activity_ref: str | None = None  # compensation
    wait_for_completion: bool = True
    correlation: tuple[
        VariableMapping, ...
    ] = ()  # key name (target) and value (source): what a catch needs, a throw sends
    variables: tuple[
        VariableMapping, ...
    ] = ()  # throw: what is sent (empty: all variables); catch: payload → variables
    code_variable: str | None = None  # error/escalation catch: variable for the code
    message_variable: str | None = None  # error catch: variable for the text


@dataclass(frozen=True, slots=True, kw_only=True)
class Element:
    """A flow node."""

    id: str
    type: str
    name: str = ""
    line: int = 0
    parent_id: str = ""  # process or sub-process
    lane_id: str | None = None
    incoming: tuple[str, ...] = ()  # sequence-flow ids, in document order
    outgoing: tuple[str, ...] = ()
    default: str | None = None  # default flow id
    documentation: str = ""
    inputs: tuple[VariableMapping, ...] = ()
    outputs: tuple[VariableMapping, ...] = ()
    problems: tuple[str, ...] = ()  # constructs the reader saw here and that cannot be run; the gate refuses them
    notes: tuple[str, ...] = ()  # constructs that were read over (listeners …): warnings
    outputs_only: bool = True  # with outputs present only they leave; False (Camunda 7): the other results leave too
    properties: Mapping[str, str] = field(default_factory=dict)  # praxis:property name → value, for packs and tools
    uid: str | None = None  # praxis:uid, the lineage that survives editing and copying

    @property
    def label(self) -> str:
        """How messages to people call this element."""
        return f"'{self.name}' ({self.id})" if self.name else f"'{self.id}'"


@dataclass(frozen=True, slots=True, kw_only=True)
class Activity(Element):
    loop: Loop | None = None
    is_for_compensation: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Task(Activity):
    """task, userTask, manualTask, scriptTask, serviceTask, sendTask, receiveTask, businessRuleTask."""

    assignment: Assignment | None = None
    topic: Value | None = None
    retries: Value | None = None
    retry_backoff: str | None = None  # comma-separated ISO 8601 durations
    script: Expression | None = None  # of a service task: the expression that Camunda 7 evaluates in its place
    decision: Value | None = None  # id of a DMN decision
    result_variable: str | None = None
    message: EventDefinition | None = None  # send and receive task
    instantiate: bool = False  # receive task that starts the process
    implementation: str | None = None  # what a foreign model names (class, delegate expression): shown in findings


@dataclass(frozen=True, slots=True, kw_only=True)
class CallActivity(Activity):
    called_element: Value | None = None
    binding: str = "latest"  # latest | deployment | version
    version: str | None = None
    all_in: bool = True  # every variable of the caller is visible to the called process
    all_out: bool = True  # every variable of the called process comes back


@dataclass(frozen=True, slots=True, kw_only=True)
class SubProcess(Activity):
    """subProcess, transaction, adHocSubProcess."""

    triggered_by_event: bool = False
    elements: Mapping[str, Element] = field(default_factory=dict)
    flows: Mapping[str, SequenceFlow] = field(default_factory=dict)
    completion_condition: Expression | None = None
    sequential: bool = False  # ad-hoc ordering
    cancel_remaining: bool = True  # ad-hoc


@dataclass(frozen=True, slots=True, kw_only=True)
class CatchOrThrow(Element):
    """startEvent, endEvent, intermediateCatchEvent, intermediateThrowEvent, boundaryEvent."""

    definitions: tuple[EventDefinition, ...] = ()
    parallel_multiple: bool = False
    attached_to: str | None = None  # boundary event
    compensation_handler: str | None = None  # compensation boundary event: the activity its association points to
    interrupting: bool = True  # boundary cancelActivity; event sub-process start isInterrupting
    form_key: str | None = None  # start form
    topic: Value | None = None  # throw message event implemented by a job (Camunda)


@dataclass(frozen=True, slots=True, kw_only=True)
class Gateway(Element):
    """exclusiveGateway, parallelGateway, inclusiveGateway, eventBasedGateway, complexGateway."""

    instantiate: bool = False
    event_gateway_type: str = "Exclusive"
    activation_condition: Expression | None = None


@dataclass(frozen=True, slots=True)
class Lane:
    id: str
    name: str
    role: str | None = None  # praxis:role, else the name as a key: lower case, words joined by "_"
    parent_id: str | None = None
    element_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DataObject:
    id: str
    name: str
    type: str  # dataObject dataObjectReference dataStoreReference dataInput dataOutput
    ref: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    id: str
    name: str = ""
    executable: bool = True
    line: int = 0
    documentation: str = ""
    version_tag: str | None = None
    elements: Mapping[str, Element] = field(default_factory=dict)  # top level; sub-processes hold their own
    flows: Mapping[str, SequenceFlow] = field(default_factory=dict)
    lanes: tuple[Lane, ...] = ()
    data_objects: tuple[DataObject, ...] = ()
    business_key: Expression | None = None
    title: Value | None = None  # praxis:title, a FEEL expression for the case's one-line title
    searchable: tuple[str, ...] = ()  # variables kept as searchable business attributes
    candidate_starters: Value | None = None
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    properties: Mapping[str, str] = field(default_factory=dict)

    def walk(self) -> Iterator[Element]:
        """Every flow node of the process, outer before inner, in document order."""
        yield from walk(self.elements)


@dataclass(frozen=True, slots=True)
class Message:
    id: str
    name: str
    correlation: tuple[VariableMapping, ...] = ()


@dataclass(frozen=True, slots=True)
class Participant:
    id: str
    name: str
    process_id: str | None


@dataclass(frozen=True, slots=True)
class MessageFlow:
    id: str
    name: str
    source_id: str
    target_id: str
    message_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """One BPMN file."""

    id: str = ""
    name: str = ""
    digest: str = ""  # sha-256 of the source bytes, hexadecimal
    source: bytes = b""
    exporter: str = ""
    processes: tuple[Process, ...] = ()
    messages: Mapping[str, Message] = field(default_factory=dict)
    signals: Mapping[str, str] = field(default_factory=dict)  # id → name
    errors: Mapping[str, str | None] = field(default_factory=dict)  # id → code
    escalations: Mapping[str, str | None] = field(default_factory=dict)
    participants: tuple[Participant, ...] = ()
    message_flows: tuple[MessageFlow, ...] = ()
    problems: tuple[str, ...] = ()  # root constructs that cannot be run (choreographies …)

    def process(self, process_id: str) -> Process | None:
        return next((process for process in self.processes if process.id == process_id), None)


def walk(elements: Mapping[str, Element]) -> Iterator[Element]:
    """Every flow node in these elements and in the sub-processes among them."""
    for element in elements.values():
        yield element
        if isinstance(element, SubProcess):
            yield from walk(element.elements)
