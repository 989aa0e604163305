"""Links that a customer may follow without signing in: signed, so that nobody can guess another one's."""

from itsdangerous import BadSignature, URLSafeSerializer

from engine.errors import NotFound


def _signer(key: str, purpose: str) -> URLSafeSerializer:
    return URLSafeSerializer(key, salt=f"praxis link {purpose}")


def sign(key: str, purpose: str, enterprise_id: str, subject_id: str) -> str:
    """The token for the address, for one purpose and one subject of an enterprise."""
    return _signer(key, purpose).dumps([enterprise_id, subject_id])


def read_token(key: str, purpose: str, token: str) -> tuple[str, str]:
    """(enterprise id, subject id) of a token that we signed. Raises NotFound for any other."""
    try:
        enterprise_id, subject_id = _signer(key, purpose).loads(token)
    except (BadSignature, ValueError, TypeError) as error:
        raise NotFound("This link is not complete: copy the whole address from the mail.") from error
    return str(enterprise_id), str(subject_id)
