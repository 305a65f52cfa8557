# SPDX-License-Identifier: Apache-2.0
"""The code by which a survey pairs the answers of one person, made of what only they know."""

import hashlib
import unicodedata
from collections.abc import Sequence


def pairing_code(conference_id: str, answers: Sequence[str]) -> str:
    """The code to send with answers to a survey: 64 hexadecimal digits.

    Args:
        conference_id: global id of the conference.
        answers: to the survey's `codeQuestions`, in their order, as they were typed.
    """
    text = "|".join((conference_id, *map(_short, answers)))
    return hashlib.sha256(text.encode()).hexdigest()


def _short(answer: str) -> str:
    """Two digits of a number, the first character of everything else."""
    plain = unicodedata.normalize("NFC", answer.strip().upper())
    return plain.zfill(2) if plain.isdecimal() else plain[:1]
