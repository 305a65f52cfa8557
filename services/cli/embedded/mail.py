# SPDX-License-Identifier: Apache-2.0
"""Catches all mail of an embedded city: a real SMTP server that writes a maildir and sends nothing on.

python -m services.cli.embedded.mail <port> <maildir>
"""

import signal
import sys
from pathlib import Path

from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Mailbox


def main(port: int, maildir: Path) -> int:
    """Serves on loopback until SIGTERM.

    Args:
        port: TCP port.
        maildir: folder for the mails, read with any mail program.
    """
    signals = {signal.SIGTERM, signal.SIGINT}
    signal.pthread_sigmask(signal.SIG_BLOCK, signals)
    maildir.parent.mkdir(parents=True, exist_ok=True)
    server = Controller(Mailbox(maildir), hostname="127.0.0.1", port=port)
    server.start()
    signal.sigwait(signals)
    server.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), Path(sys.argv[2])))
