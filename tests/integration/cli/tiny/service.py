# SPDX-License-Identifier: Apache-2.0
"""A process with the outside of a service and nothing inside: it is ready, signs everybody in, stops on SIGTERM.

It also remembers how often it was started, in a file beside its data, and starts a grandchild as services with a
process pool do.
"""

import json
import os
import signal
import subprocess
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import FrameType


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        environment = {name: os.environ[name] for name in sorted(os.environ)}
        self._answer({"process": os.getpid(), "environment": environment})

    def do_POST(self) -> None:
        if self.path == "/graphql":
            self._answer({"errors": [{"message": "this is no gateway", "extensions": {"code": "TINY"}}]})
            return
        wanted = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self._answer({"token": f"token-of-{wanted['role']}", "conference": "c" * 32})

    def _answer(self, body: object) -> None:
        data = json.dumps(body).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        """Says nothing."""


def main() -> int:
    grandchild = subprocess.Popen([sys.executable, "-S", "-c", "import time; time.sleep(600)"])
    if "TINY_PIDS" in os.environ:
        Path(os.environ["TINY_PIDS"], f"{os.getpid()}-{grandchild.pid}").touch()

    def stop(_: int, __: FrameType | None) -> None:
        grandchild.kill()
        os._exit(0)

    signal.signal(signal.SIGTERM, stop)
    ThreadingHTTPServer(("127.0.0.1", int(os.environ["QUARTIER_HTTP_PORT"])), Handler).serve_forever()
    return 0
