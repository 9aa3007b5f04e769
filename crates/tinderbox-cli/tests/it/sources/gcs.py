"""The storage emulator, with the bodies that Google's server gives to its refusals: Google's connector reads them.

Arguments: port, bucket.
"""

import sys

from gcp_storage_emulator import __main__ as emulator
from gcp_storage_emulator.server import Response

close = Response.close


def close_with_body(self):
    if self.status.value >= 400 and not self._content:
        code, message = self.status.value, self.status.phrase
        reason = "notFound" if code == 404 else message
        errors = [{"domain": "global", "reason": reason, "message": message}]
        self.json({"error": {"code": code, "message": message, "errors": errors}})
    close(self)


Response.close = close_with_body
port, bucket = sys.argv[1:]
emulator.get_server("127.0.0.1", int(port), memory=True, default_bucket=bucket).run()
