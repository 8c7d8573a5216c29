"""What an object storage said no to, in one line with the remedy."""

import re

from graphrec.errors import ConfigError, GraphrecError, StoreWriteError

_CODE = re.compile(r"<Code>([\w.]+)</Code>")
_URL = re.compile(r"https?://[^/\s]+")
_NO_BUCKET = re.compile(r"NoSuchBucket|ContainerNotFound|specified bucket does not exist|Account must be specified")
_KEYS = {
    "s3": "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (AWS_SKIP_SIGNATURE=true for a public bucket)",
    "gs": "GOOGLE_APPLICATION_CREDENTIALS",
    "az": "AZURE_STORAGE_ACCOUNT_NAME and AZURE_STORAGE_ACCOUNT_KEY",
}
_NO_CREDENTIALS = re.compile(
    r"InvalidAccessKeyId|SignatureDoesNotMatch|ExpiredToken|InvalidToken|TokenRefreshRequired|AuthenticationFailed"
    r"|Unauthenticated|Missing AccessKeyId|Missing SecretAccessKey"
    r"|/latest/api/token|/latest/meta-data|computeMetadata|/metadata/identity|token request"
)
"""Keys that are refused, and the places where a machine without keys asks for its role."""


def is_missing_bucket(error: Exception) -> bool:
    """Return whether "not found" speaks of the bucket, not of an object."""
    return bool(_NO_BUCKET.search(str(error)))


def told(error: Exception, uri: str, thing: str, kind: type[GraphrecError]) -> GraphrecError:
    """Return what to raise in place of an error of obstore.

    Args:
        error: What obstore raised.
        uri: Where.
        thing: Setting that names it: ``store`` or ``data``.
        kind: What to raise where the setting itself is right; ``StoreWriteError`` says that somebody was writing.
    """
    text, cause = str(error), _cause(error)
    if is_missing_bucket(error):
        return ConfigError(f"{thing} must name a bucket that exists (got {uri}: {cause}); create it or mend the URI")
    if _NO_CREDENTIALS.search(text) or type(error).__name__ == "UnauthenticatedError":
        keys = _KEYS.get(uri[:2], "the credentials of this storage")
        return ConfigError(f"{thing} must be opened with valid credentials (got {cause} for {uri}); set {keys}")
    if type(error).__name__ == "PermissionDeniedError":
        verb = "writable" if kind is StoreWriteError else "readable"
        return kind(f"{thing} must be {verb} (got {cause} for {uri}); let these credentials list, read and write there")
    if isinstance(error, ValueError) or "URL error" in text:
        return ConfigError(f"{thing} must be a URI such as s3://bucket/prefix (got {uri}: {cause}); mend it")
    url = _URL.search(text)
    server = f" from {url[0]}" if url else ""
    return kind(
        f"{thing} must answer (got {cause}{server} for {uri}); check the network and the endpoint "
        "(AWS_ENDPOINT_URL), then run again"
    )


def _cause(error: Exception) -> str:
    """Return the server's own code for it, or the last words of the first line."""
    code = _CODE.search(str(error))
    if code:
        return code[1]
    first = (str(error).strip() or type(error).__name__).splitlines()[0]
    return first.rpartition(" - ")[2].removesuffix(":")[:200]
