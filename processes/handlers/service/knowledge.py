"""Writing an article (the essential work of D.7): check the draft, publish it."""

import re
from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any

from engine.handlers import Handlers, Job
from processes.customer_base.scope import add
from processes.customer_base.tables import KnowledgeArticle, Ticket
from processes.customer_base.tickets import suggest_articles
from processes.handlers.values import day, required_text, text

handlers = Handlers()
SAME = Decimal("0.9")
REVIEW_AFTER = timedelta(days=182)
PERSONAL = {
    "an e-mail address": re.compile(r"[\w.+-]+@[\w-]+\.[\w.-]+"),
    "a phone number": re.compile(r"\+?\d[\d ()-]{8,}\d"),
}


@handlers.register("service.check_article")
def check_article(job: Job) -> Mapping[str, Any]:
    """What the reviewer should know: the same question is answered already, personal data stands in the draft."""
    source = job.variables
    title = required_text(source, "article_title")
    with job.resources.transaction(job) as session:
        known = suggest_articles(session, text=title, limit=3)
    findings = [f"Very like '{row['question']}'." for row in known if Decimal(str(row["score"])) >= SAME]
    findings += personal_data(f"{title}\n{text(source, 'article_text')}")
    return {"article_findings": [{"finding": finding} for finding in findings]}


def personal_data(words: str) -> list[str]:
    """What of a text must not be published (pure)."""
    return [f"It holds {what}: remove it." for what, pattern in PERSONAL.items() if pattern.search(words)]


@handlers.register("service.publish_article")
def publish(job: Job) -> Mapping[str, Any]:
    """The article can be found from now on, and is reviewed on its day (else after half a year)."""
    source = job.variables
    with job.resources.once(job) as once:
        if once.done:
            return once.result
        session = once.session
        ticket = session.get(Ticket, text(source, "ticket_id"))
        article = add(
            session,
            KnowledgeArticle(
                question=required_text(source, "article_title"),
                answer=required_text(source, "article_text"),
                language="zh" if re.search(r"[\u4e00-\u9fff]", text(source, "article_text")) else "en",
                product_sku=text(source, "article_product") or None,
                symptom=ticket.symptom if ticket else None,
                review_due_on=day(source, "article_review_on") or (job.now + REVIEW_AFTER).date(),
                created_at=job.now,
            ),
        )
        return once.keep({"article_id": article.id})
