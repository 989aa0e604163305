"""Addresses of the built front end: file names carry a hash of their content, the manifest knows them."""

import json
from functools import cache
from pathlib import Path

from flask import Flask, request, url_for

BUILD = Path(__file__).parent / "static" / "build"


@cache
def _manifest(changed_at: float) -> dict[str, dict]:
    path = BUILD / ".vite" / "manifest.json"
    return json.loads(path.read_text()) if changed_at else {}


def manifest() -> dict[str, dict]:
    """Vite's manifest; empty when the front end has not been built (pages work then without styles and scripts)."""
    path = BUILD / ".vite" / "manifest.json"
    return _manifest(path.stat().st_mtime if path.exists() else 0)


def script_address(entry: str) -> str | None:
    """The address of an entry's script (`worklist` for src/worklist.js)."""
    chunk = manifest().get(f"src/{entry}.js")
    return url_for("static", filename=f"build/{chunk['file']}") if chunk else None


def style_addresses(entry: str) -> list[str]:
    """The addresses of the style sheets that an entry and what it imports need."""
    chunks = manifest()
    found: list[str] = []
    waiting = [f"src/{entry}.js"]
    seen = set()
    while waiting:
        name = waiting.pop()
        if name in seen or name not in chunks:
            continue
        seen.add(name)
        found += chunks[name].get("css", [])
        waiting += chunks[name].get("imports", [])
    return [url_for("static", filename=f"build/{file}") for file in dict.fromkeys(found)]


def install(app: Flask) -> None:
    app.jinja_env.globals.update(script_address=script_address, style_addresses=style_addresses)

    @app.after_request
    def keep_built_files(response):
        """Hashed names never change their content: browsers may keep them."""
        if request.path.startswith("/static/build/assets/") and response.status_code == 200:
            response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        return response
