"""What stands on a quote or an invoice, independent of the file format."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from processes.customer_base.amounts import ZERO
from processes.customer_base.parties import primary_contact
from processes.customer_base.scope import find
from processes.customer_base.tables import Contact, Invoice, Order, OrderLine, Party, Product, Quote, Site

SELLER = {
    "name": "Praxis Demo Machinery Co., Ltd.",
    "name_zh": "普瑞思演示机械有限公司",
    "address": "88 Example Road, Shanghai",
    "address_zh": "上海市示例路88号",
}


@dataclass(frozen=True)
class PaperLine:
    """One row."""

    position: int
    sku: str
    description: str
    options: str
    quantity: Decimal
    unit: str
    list_price: Decimal
    discount_share: Decimal
    unit_price: Decimal
    net: Decimal
    tax: Decimal


@dataclass(frozen=True)
class Paper:
    """A quote or an invoice, ready to be written."""

    kind: str  # quote | invoice
    language: str  # en | zh
    number: str
    version: int
    written_on: date
    last_day: date  # valid until, or due on
    seller: str
    seller_address: str
    customer: str
    customer_number: str
    contact: str
    address: str
    tax_id: str
    reference: str  # the customer's purchase order number or our order
    currency: str
    lines: tuple[PaperLine, ...]
    net_total: Decimal
    freight: Decimal
    tax: Decimal
    total: Decimal
    payment_days: int
    terms: str

    @property
    def file_stem(self) -> str:
        return f"{self.number}-v{self.version}" if self.kind == "quote" else self.number


def quote_paper(session: Session, *, quote_id: str, seller: Mapping[str, str] | None = None) -> Paper:
    """What stands on a quote, in its language."""
    quote = find(session, Quote, quote_id)
    language = _language(quote.language)
    products = _products(session, [line.product_sku for line in quote.lines])
    lines = tuple(
        PaperLine(
            position=line.position,
            sku=line.product_sku,
            description=_product_name(products.get(line.product_sku), line.description, language),
            options=_options(products.get(line.product_sku), line.configuration),
            quantity=line.quantity,
            unit=_unit(products.get(line.product_sku)),
            list_price=line.list_price,
            discount_share=line.discount_share,
            unit_price=line.unit_price,
            net=line.net,
            tax=line.tax,
        )
        for line in quote.lines
    )
    return Paper(
        kind="quote",
        number=quote.number,
        version=quote.version,
        written_on=quote.created_at.date(),
        last_day=quote.valid_to,
        reference="",
        lines=lines,
        net_total=quote.net_total,
        freight=quote.freight,
        tax=quote.tax,
        total=quote.total,
        currency=quote.currency,
        payment_days=quote.payment_days,
        terms=quote.terms or "",
        **_people(session, quote.party_id, quote.contact_id, language, seller),
    )


def invoice_paper(session: Session, *, invoice_id: str, seller: Mapping[str, str] | None = None) -> Paper:
    """What stands on an invoice, in the customer's language."""
    invoice = find(session, Invoice, invoice_id)
    party = find(session, Party, invoice.party_id)
    language = _language(party.language)
    order = find(session, Order, invoice.order_id) if invoice.order_id else None
    skus = {line.id: line.product_sku for line in order.lines} if order else {}
    products = _products(session, list(skus.values()))
    lines = []
    for line in invoice.lines:
        sku = skus.get(line.order_line_id or "", "")
        ordered = find(session, OrderLine, line.order_line_id) if line.order_line_id else None
        lines.append(
            PaperLine(
                position=line.position,
                sku=sku,
                description=_product_name(products.get(sku), line.description, language),
                options=_options(products.get(sku), ordered.configuration if ordered else {}),
                quantity=line.quantity,
                unit=_unit(products.get(sku)),
                list_price=line.unit_price,
                discount_share=ZERO,
                unit_price=line.unit_price,
                net=line.net,
                tax=line.tax,
            )
        )
    return Paper(
        kind="invoice",
        number=invoice.number,
        version=1,
        written_on=invoice.invoiced_on,
        last_day=invoice.due_on,
        reference=(order.purchase_order_number or order.number) if order else "",
        lines=tuple(lines),
        net_total=invoice.net_total,
        freight=ZERO,
        tax=invoice.tax,
        total=invoice.total,
        currency=invoice.currency,
        payment_days=(invoice.due_on - invoice.invoiced_on).days,
        terms="",
        **_people(session, invoice.party_id, order.contact_id if order else None, language, seller),
    )


def _people(
    session: Session, party_id: str, contact_id: str | None, language: str, seller: Mapping[str, str] | None
) -> dict[str, str]:
    party, ours = find(session, Party, party_id), {**SELLER, **(seller or {})}
    contact = find(session, Contact, contact_id) if contact_id else primary_contact(session, party_id)
    suffix = "_zh" if language == "zh" else ""
    return {
        "language": language,
        "seller": ours.get(f"name{suffix}") or ours["name"],
        "seller_address": ours.get(f"address{suffix}") or ours["address"],
        "customer": (party.name_zh if language == "zh" else None) or party.name,
        "customer_number": party.number,
        "contact": contact.name if contact else "",
        "address": _address(session, party),
        "tax_id": party.tax_id or "",
    }


def _address(session: Session, party: Party) -> str:
    site = session.scalar(select(Site).where(Site.party_id == party.id).order_by(Site.created_at).limit(1))
    parts = [site.street, site.postal_code, site.city, site.country] if site else [party.city, party.country]
    return ", ".join(part for part in parts if part)


def _products(session: Session, skus: list[str]) -> dict[str, Product]:
    return {product.sku: product for product in session.scalars(select(Product).where(Product.sku.in_(skus)))}


def _product_name(product: Product | None, description: str, language: str) -> str:
    if language == "zh" and product and product.name_zh and description == product.name:
        return product.name_zh
    return description


def _options(product: Product | None, configuration: Mapping[str, object]) -> str:
    choices = configuration.get("choices") if configuration else None
    if not product or not isinstance(choices, Mapping):
        return ""
    named = []
    for option in product.options:
        for choice in option["choices"]:
            if choices.get(option["key"]) == choice["key"]:
                named.append(f"{option['name']}: {choice['name']}")
    return "; ".join(named)


def _unit(product: Product | None) -> str:
    return product.unit if product else ""


def _language(language: str) -> str:
    return "zh" if language.lower().startswith("zh") else "en"
