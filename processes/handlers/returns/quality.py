"""Node 26: repeated and dangerous defects."""

from collections.abc import Mapping
from typing import Any

from engine.handlers import Handlers, Job
from processes.customer_base.quality import defect_count, open_nonconformity, record_step
from processes.handlers.values import required_text, text

handlers = Handlers()


@handlers.register("returns.defect_facts")
def defect_facts(job: Job) -> Mapping[str, Any]:
    """How often this defect of this product was found within 30 days."""
    line = dict(job.variables.get("line") or {})
    code = text(line, "defect_code")
    with job.resources.transaction(job) as session:
        same = defect_count(session, sku=line["sku"], defect_code=code, now=job.now) if code else 0
    return {"defects": {"same_in_30_days": same, "defect_code": code or None}}


@handlers.register("returns.open_nonconformity")
def open_one(job: Job) -> Mapping[str, Any]:
    """A new nonconformity, or the open one of the same product and defect."""
    source = job.variables
    line = dict(source.get("line") or {})
    with job.resources.once(job) as once:
        if once.done:
            return once.result
        found = open_nonconformity(
            once.session,
            sku=line["sku"],
            defect_code=text(line, "defect_code", "unspecified"),
            occurrences=int((source.get("defects") or {}).get("same_in_30_days") or 1),
            safety=bool((source.get("quality_action") or {}).get("safety")),
            now=job.now,
        )
        return once.keep(
            {
                "nonconformity_id": found.id,
                "nonconformity_no": found.number,
                "nonconformity_is_new": found.created_at == job.now,
            }
        )


@handlers.register("returns.close_nonconformity")
def close_one(job: Job) -> Mapping[str, Any]:
    """Keep containment, cause, action and verification; the nonconformity is closed."""
    source = job.variables
    steps = {
        "containment": text(source, "containment"),
        "cause": text(source, "root_cause"),
        "action": text(source, "corrective_action"),
        "verification": text(source, "verification"),
    }
    with job.resources.once(job) as once:
        if once.done:
            return once.result
        for step, said in steps.items():
            record_step(
                once.session,
                nonconformity_id=required_text(source, "nonconformity_id"),
                step=step,
                text=said,
                now=job.now,
            )
        return once.keep({"nonconformity_status": "verified"})
