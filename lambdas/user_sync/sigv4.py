"""AWS Signature Version 4 of a POST request: headers in, headers out.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
"""

from __future__ import annotations

import hashlib
import hmac
from collections import namedtuple
from urllib.parse import quote

ALGORITHM = "AWS4-HMAC-SHA256"

Credentials = namedtuple("Credentials", "key_id secret token")  # `token` is that of a session, or None.


def signed(headers, body, *, path, service, region, credentials, at):
    """These headers (lower case, `host` among them) with those that sign them and the body.

    `at` is a datetime in UTC, which AWS wants to be right within five minutes.
    """
    moment = at.strftime("%Y%m%dT%H%M%SZ")
    scope = f"{moment[:8]}/{region}/{service}/aws4_request"
    headers = {**headers, "x-amz-date": moment}
    if credentials.token:
        headers["x-amz-security-token"] = credentials.token
    names = ";".join(sorted(headers))
    lines = [f"{name}:{' '.join(headers[name].split())}" for name in sorted(headers)]
    canonical = "\n".join(["POST", quote(path, safe="/~"), "", *lines, "", names, hashlib.sha256(body).hexdigest()])
    text = "\n".join([ALGORITHM, moment, scope, hashlib.sha256(canonical.encode()).hexdigest()])
    key = f"AWS4{credentials.secret}".encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    signature = hmac.digest(key, text.encode(), "sha256").hex()
    authorization = f"{ALGORITHM} Credential={credentials.key_id}/{scope}, SignedHeaders={names}, Signature={signature}"
    return {**headers, "authorization": authorization}
