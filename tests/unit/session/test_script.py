# SPDX-License-Identifier: Apache-2.0
from pathlib import Path

import pytest

from services.session.adapters.script_files import BadScript, load_script, load_scripts

SHORT = """\
name: short
title: {de: Kurz, en: Short}
phases:
  - key: welcome
    kind: plenary
    minutes: 10
    tools: [poll]
    title: {de: Hallo, en: Hello}
    prompt: {de: Wer ist da, en: Who is here}
    polls:
      - key: from
        kind: single
        question: {de: Woher, en: From where}
        options:
          - {de: Hier, en: Here}
          - {de: Dort, en: There}
  - key: groups
    kind: groups
    group_mode: mix
    minutes: 15
    title: {de: Gruppen, en: Groups}
    prompt: {de: Redet, en: Talk}
"""


def written(folder: Path, text: str) -> Path:
    file = folder / "short.yaml"
    file.write_text(text, encoding="utf-8")
    return file


def test_the_full_evening_takes_three_hours():
    script = load_scripts()["full-evening"]
    assert [(phase.key, phase.minutes, phase.kind, phase.group_mode, phase.tools) for phase in script.phases] == [
        ("welcome", 25, "plenary", None, ("poll",)),
        ("exchange-1", 15, "groups", "mix", ("needs_offers",)),
        ("exchange-2", 15, "groups", "mix", ("needs_offers",)),
        ("values", 20, "plenary", None, ("values", "poll")),
        ("problems", 25, "plenary", None, ("problems", "topics", "poll")),
        ("break", 10, "break", None, ()),
        ("solutions", 45, "groups", "topic", ("sheet",)),
        ("support", 15, "groups", "need_offer", ("needs_offers",)),
        ("closing", 10, "plenary", None, ("ideas", "poll")),
    ]
    assert script.minutes == 180


def test_the_full_evening_has_prepared_polls_of_both_kinds():
    script = load_scripts()["full-evening"]
    assert {poll.kind for phase in script.phases for poll in phase.polls} == {"single", "word_cloud"}
    assert script.poll("concerns") is not None
    assert script.poll("unknown") is None


def test_a_folder_of_a_city_adds_scripts(tmp_path):
    written(tmp_path, SHORT)
    assert set(load_scripts(tmp_path)) == {"full-evening", "short"}


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("minutes: 10", "minutes: soon", "short.yaml, line 6: Expected `int`"),
        ("minutes: 10", "minutes: 0", "short.yaml, line 6: Expected `int` >= 1"),
        ("    kind: groups\n", "    kind: party\n", "short.yaml, line 18: Invalid enum value 'party'"),
        ("    prompt: {de: Redet, en: Talk}\n", "", "short.yaml, line 17: Object missing required field `prompt`"),
        ("minutes: 15", "minutes: 15\n    colour: red", "short.yaml, line 17: Object contains unknown field `colour`"),
        ("    group_mode: mix\n", "", "short.yaml, line 18: a phase of kind `groups` has a `group_mode`"),
        ("key: groups", "key: welcome", "short.yaml, line 17: a second phase has the key `welcome`"),
        ("tools: [poll]", "tools: [values]", "short.yaml, line 10: a phase with polls needs the tool `poll`"),
        ("tools: [poll]", "tools: [poll, poll]", "short.yaml, line 7: a tool is named twice"),
        ("group_mode: mix", "group_mode: same", "short.yaml, line 19: no earlier phase has groups"),
        ("          - {de: Dort, en: There}\n", "", "short.yaml, line 11: a single choice has 2 to 12 options"),
        ("kind: single", "kind: word_cloud", "short.yaml, line 14: a word cloud has no options"),
        ("name: short", "name: long", "short.yaml, line 1: the script's name is not the name of its file"),
        ("title: {de: Kurz", "title: {de: Kurz, de: Lang", "short.yaml, line 2: `de` stands here twice"),
        ("phases:", "phases: [", "short.yaml, line"),
    ],
)
def test_a_script_that_cannot_be_used_names_line_and_problem(tmp_path, old, new, message):
    with pytest.raises(BadScript) as refused:
        load_script(written(tmp_path, SHORT.replace(old, new, 1)))
    assert str(refused.value).startswith(message)


def test_an_empty_script_is_named(tmp_path):
    with pytest.raises(BadScript, match=r"short\.yaml, line 1: the file is empty"):
        load_script(written(tmp_path, ""))
