"""What every table of the customer base shares: an id, the enterprise that owns the row, and column shorthands."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any

from sqlalchemy import Date, ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from engine.store.types import Base, Json, Money, UtcDateTime, Variables, new_id

Amount = Annotated[Decimal, mapped_column(Money)]  # money, in the row's currency
Quantity = Annotated[Decimal, mapped_column(Money)]  # pieces, hours, kilograms: exact, four places
Share = Annotated[Decimal, mapped_column(Money)]  # 0 to 1
Moment = Annotated[datetime, mapped_column(UtcDateTime)]
Day = Annotated[date, mapped_column(Date)]
Key = Annotated[str, mapped_column(String(120))]  # an id of ours, or of somebody else
Code = Annotated[str, mapped_column(String(40))]  # a word out of a short list
Name = Annotated[str, mapped_column(String(300))]
Prose = Annotated[str, mapped_column(Text)]
Result = Annotated[Any, mapped_column(Variables)]  # typed values: numbers, moments and lists come back as they were
Details = Annotated[dict[str, Any], mapped_column(Json, default=dict)]
Items = Annotated[list[Any], mapped_column(Json, default=list)]


def reference(table: str, *, required: bool = True) -> Any:
    """A foreign key with an index."""
    return mapped_column(String(64), ForeignKey(f"{table}.id"), index=True, nullable=not required)


class Owned:
    """A row of one enterprise. Sessions opened with `in_enterprise` see only their own enterprise's rows."""

    id: Mapped[str] = mapped_column(String(64), primary_key=True, default=new_id)
    enterprise_id: Mapped[str] = mapped_column(String(255), index=True)


class Created(Owned):
    """An owned row that remembers when it came to be."""

    created_at: Mapped[Moment]


__all__ = [
    "Amount",
    "Base",
    "Code",
    "Created",
    "Day",
    "Details",
    "Items",
    "Key",
    "Moment",
    "Name",
    "Owned",
    "Prose",
    "Quantity",
    "Result",
    "Share",
    "new_id",
    "reference",
]
