# SPDX-License-Identifier: Apache-2.0
"""Which words are the same word, and which are better looked at by a person before everybody sees them.

Both are made for German, the language of the evenings; other languages are only compared as they are written.
"""

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from typing import Final

import snowballstemmer

_STEMMER: Final = snowballstemmer.stemmer("german")

_GENDERED: Final = re.compile(r"(?<=\w)[:*_·]-?in(?:nen)?\b|(?<=[a-zäöüß])/-?in(?:nen)?\b|(?<=[a-zäöüß])In(?:nen)?\b")
"""`Bürger:innen`, `Bürger*innen`, `Bürger_innen`, `Bürger/-innen` and `BürgerInnen` are all `Bürger`."""

_TOKEN: Final = re.compile(r"\w+")

_UNIMPORTANT: Final = frozenset(
    "der die das den dem des ein eine einen einem einer und oder für von vom im in am an auf zu zum zur mit".split()
)
"""Words that tell nothing beside another one: `das Licht` is `Licht`."""


def stem_of(text: str) -> str:
    """What a word, or a few, have in common with their other forms: `Bäume`, `bäume` and `der Baum` are one.

    Snowball's German stemmer, on each word that tells something.

    Args:
        text: as it was written.
    """
    tokens = [token.casefold() for token in _TOKEN.findall(_GENDERED.sub("", unicodedata.normalize("NFC", text)))]
    telling = [token for token in tokens if token not in _UNIMPORTANT] or tokens
    return " ".join(_stem(token) for token in telling) or text.casefold()


@lru_cache(maxsize=20_000)
def _stem(token: str) -> str:
    return str(_STEMMER.stemWord(token))


# What a person should look at first ------------------------------------------------------------------------------

_INSULTS: Final = (
    "arsch arschgeige arschloch arschlöcher bastard behindi bitch bimbo cunt depp drecksau dreckskerl dreckspack "
    "dumm dummkopf faggot fick ficken ficker fickt fotze fuck fucker fucking hackfresse hitler hure "
    "hurensohn idiot idioten judensau kanake kanacke kacke missgeburt mongo motherfucker nazi neger negerin "
    "nigga nigger nutte penner pisser retard sau sauhund scheiße scheiss scheissdreck schlampe schwein "
    "schwuchtel schwanz shit spast spasti spinner trottel tunte untermensch verpiss verrecke vollidiot "
    "vollpfosten vollspast whore wichser wixer zigeuner"
).split()
"""Words that hurt. Some have a harmless meaning too; a person decides, the list only asks for one."""

_ROOTS: Final = (
    "arschloch",
    "fotze",
    "hurensohn",
    "wichser",
    "nigger",
    "kanak",
    "missgeburt",
    "motherfuck",
    "schwuchtel",
)
"""Found inside of longer words too."""

_LOOKALIKES: Final = str.maketrans({"0": "o", "1": "i", "3": "e", "4": "a", "5": "s", "@": "a", "$": "s"})

_CONTACT: Final = re.compile(r"[\w.+-]+@[\w-]+\.\w{2,}|https?://|www\.|(?:\+|\b00?)[\d\s/().-]{6,}\d")
"""Addresses of mail and web, and numbers of telephones."""


def is_held(text: str) -> bool:
    """Whether a person should look at a text before it is shown: it may insult, or tell how to reach somebody.

    Args:
        text: as it was written; disguises such as `1d10t` and `Idiooot` are seen through.
    """
    if _CONTACT.search(text):
        return True
    plain = unicodedata.normalize("NFC", text).casefold().translate(_LOOKALIKES)
    tokens = [re.sub(r"(.)\1{2,}", r"\1", token) for token in re.findall(r"[^\W\d_]+", plain)]
    return any(_stem(token) in _HELD for token in tokens) or any(root in token for token in tokens for root in _ROOTS)


def _stems(words: Iterable[str]) -> frozenset[str]:
    return frozenset(_stem(word.casefold()) for word in words)


_HELD: Final = _stems(_INSULTS)
