"""Who may sign in: enterprises, their roles (the keys of lanes and groups) and users."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from engine.store.types import Base, Json, UtcDateTime, new_id


class Enterprise(Base):
    """The organisation that adopts practices: everything an enterprise has carries its id."""

    __tablename__ = "enterprise"

    id: Mapped[str] = mapped_column(String(255), primary_key=True)
    name: Mapped[str] = mapped_column(String(255))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Role(Base):
    """A role of an enterprise. The key never changes, names may: visibility of work hangs on the key."""

    __tablename__ = "role"

    enterprise_id: Mapped[str] = mapped_column(ForeignKey("enterprise.id", ondelete="CASCADE"), primary_key=True)
    key: Mapped[str] = mapped_column(String(255), primary_key=True)
    name: Mapped[str] = mapped_column(String(255))
    name_zh: Mapped[str | None] = mapped_column(String(255))


class User(Base):
    """A person who signs in. `name` is the sign-in name and the id that tasks carry."""

    __tablename__ = "user_account"

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)
    enterprise_id: Mapped[str] = mapped_column(ForeignKey("enterprise.id"))
    name: Mapped[str] = mapped_column(String(64))
    full_name: Mapped[str] = mapped_column(String(255))
    email: Mapped[str | None] = mapped_column(String(255))
    password_hash: Mapped[str] = mapped_column(String(255))
    language: Mapped[str | None] = mapped_column(String(16))
    is_supervisor: Mapped[bool] = mapped_column(default=False)  # may see and repair everybody's work
    is_active: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    session_key: Mapped[str] = mapped_column(String(36), default=new_id)  # a new one ends every session

    memberships: Mapped[list["Membership"]] = relationship(cascade="all, delete-orphan", lazy="selectin")

    __table_args__ = (UniqueConstraint("name"),)


class Membership(Base):
    """A user has a role."""

    __tablename__ = "membership"

    user_id: Mapped[str] = mapped_column(ForeignKey("user_account.id", ondelete="CASCADE"), primary_key=True)
    role_key: Mapped[str] = mapped_column(String(255), primary_key=True)


class SavedView(Base):
    """A worklist filter under a name, of one person or of everybody with a role."""

    __tablename__ = "saved_view"

    id: Mapped[str] = mapped_column(String(36), primary_key=True, default=new_id)
    enterprise_id: Mapped[str] = mapped_column(ForeignKey("enterprise.id", ondelete="CASCADE"))
    owner: Mapped[str] = mapped_column(String(64))
    shared_with: Mapped[str | None] = mapped_column(String(255))  # role key
    name: Mapped[str] = mapped_column(String(120))
    query: Mapped[Any] = mapped_column(Json)  # the URL's parameters
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)

    __table_args__ = (UniqueConstraint("enterprise_id", "owner", "name"),)
