# SPDX-License-Identifier: Apache-2.0
"""Scripts as files: what can be used, and what is said of a file that cannot."""

import json
from pathlib import Path
from typing import get_args

import pytest
import yaml
from jsonschema_rs import Draft202012Validator

from services.session.adapters.script_files import SHIPPED, BadScript, load_script, load_scripts, schema
from services.session.domain.script import PollKind

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


def as_json(text: str) -> str:
    return json.dumps(yaml.safe_load(text))


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
        ("closing", 10, "plenary", None, ("ideas", "poll", "survey")),
    ]
    assert script.minutes == 180


def test_the_full_evening_uses_every_kind_of_poll():
    script = load_scripts()["full-evening"]
    assert {poll.kind for phase in script.phases for poll in phase.polls} == set(get_args(PollKind))
    assert script.poll("concerns") is not None
    assert script.poll("unknown") is None


def test_a_folder_of_a_city_adds_scripts(tmp_path):
    written(tmp_path, SHORT)
    assert load_scripts(tmp_path).keys() - load_scripts().keys() == {"short"}


def test_a_script_of_the_city_takes_the_place_of_one_of_the_same_name(tmp_path):
    (tmp_path / "rehearsal.yaml").write_text(SHORT.replace("name: short", "name: rehearsal\nversion: 7"))
    assert load_scripts()["rehearsal"].version != 7
    assert load_scripts(tmp_path)["rehearsal"].version == 7


def test_two_scripts_of_a_folder_never_have_the_same_name(tmp_path):
    written(tmp_path, SHORT)
    (tmp_path / "short.json").write_text(as_json(SHORT))
    with pytest.raises(BadScript, match=r"short\.yaml, line 1: another file of this folder has the same name"):
        load_scripts(tmp_path)


def test_the_library_has_a_full_evening_a_short_one_and_a_rehearsal():
    assert {name: script.minutes for name, script in load_scripts().items()} == {
        "full-evening": 180, "short-evening": 90, "rehearsal": 20,
    }  # fmt: skip


def test_a_script_may_be_written_as_json(tmp_path):
    file = tmp_path / "short.json"
    file.write_text(as_json(SHORT))
    assert load_script(file) == load_script(written(tmp_path, SHORT))


@pytest.mark.parametrize("name", sorted(load_scripts()))
def test_the_published_schema_takes_what_is_shipped(name):
    data = yaml.safe_load((SHIPPED / f"{name}.yaml").read_text(encoding="utf-8"))
    Draft202012Validator(json.loads(schema())).validate(data)


@pytest.mark.parametrize(
    "wrong", [("minutes: 10", "minutes: 0"), ("kind: plenary", "kind: party"), ("name: short", "nom: short")]
)
def test_the_published_schema_refuses_what_cannot_be_used(wrong):
    data = yaml.safe_load(SHORT.replace(*wrong, 1))
    assert list(Draft202012Validator(json.loads(schema())).iter_errors(data))


def test_every_field_of_the_published_schema_is_described():
    kinds = json.loads(schema())["$defs"]
    fields = {f"{kind}.{name}": field for kind in ("Script", "Phase", "PreparedPoll")
              for name, field in kinds[kind]["properties"].items()}  # fmt: skip
    assert [name for name, field in fields.items() if not field.get("description")] == []


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
        ("group_mode: mix", "group_mode: topic", "short.yaml, line 19: no earlier phase has the tool `topics`"),
        (
            "group_mode: mix",
            "group_mode: need_offer",
            "short.yaml, line 19: no earlier phase has the tool `needs_offers`",
        ),
        ("group_mode: mix", "group_size: 6\n    group_mode: mix", "short.yaml, line 19: Expected `int` <= 5"),
        ("group_mode: mix", "group_mode: mix\n    like: welcome", "short.yaml, line 20: only a phase with"),
        (
            "    tools: [poll]\n",
            "    tools: [poll]\n    steps: [{de: A, en: A}]\n",
            "short.yaml, line 8: only a phase",
        ),
        ("          - {de: Dort, en: There}\n", "", "short.yaml, line 14: a single choice has 2 to 12 options"),
        ("kind: single", "kind: word_cloud", "short.yaml, line 14: a word cloud has no options"),
        ("kind: single", "kind: scale\n        at_most: 0", "short.yaml, line 13: a scale goes up"),
        ("kind: single", "kind: multiple\n        at_least: 3", "short.yaml, line 13: a ballot has one option or more"),
        ("name: short", "name: long", "short.yaml, line 1: the script's name is not the name of its file"),
        ("title: {de: Kurz", "title: {de: Kurz, de: Lang", "short.yaml, line 2: `de` stands here twice"),
        ("phases:", "phases: [", "short.yaml, line"),
    ],
)
def test_a_script_that_cannot_be_used_names_line_and_problem(tmp_path, old, new, message):
    with pytest.raises(BadScript) as refused:
        load_script(written(tmp_path, SHORT.replace(old, new, 1)))
    assert str(refused.value).startswith(message)


def test_everything_that_is_wrong_is_named_at_once(tmp_path):
    text = SHORT.replace("minutes: 10", "minutes: soon").replace("kind: groups", "kind: party")
    with pytest.raises(BadScript) as refused:
        load_script(written(tmp_path, text))
    assert [fault.line for fault in refused.value.faults] == [6, 18]
    text = SHORT.replace("name: short", "name: long").replace("key: groups", "key: welcome")
    with pytest.raises(BadScript) as refused:
        load_script(written(tmp_path, text))
    assert [fault.line for fault in refused.value.faults] == [1, 17]


@pytest.mark.parametrize("text", ["- 1", "a: &a [*a]", "name: 2026-99-99", "name: !!python/object:os.system x", "7"])
def test_whatever_a_file_holds_is_answered_with_a_line(tmp_path, text):
    with pytest.raises(BadScript, match=r"short\.yaml, line 1: "):
        load_script(written(tmp_path, text))


def test_a_file_that_is_no_text_is_answered_with_a_line(tmp_path):
    (tmp_path / "short.yaml").write_bytes(b"\xff\xfe\x00name")
    with pytest.raises(BadScript, match=r"short\.yaml, line 1: "):
        load_script(tmp_path / "short.yaml")


def test_an_empty_script_is_named(tmp_path):
    with pytest.raises(BadScript, match=r"short\.yaml, line 1: the file is empty"):
        load_script(written(tmp_path, ""))


AGAIN = """\
  - key: again
    kind: groups
    group_mode: same
    like: groups
    group_size: 5
    minutes: 5
    steps: [{de: Reden, en: Talk}]
    title: {de: Noch einmal, en: Again}
    prompt: {de: Redet, en: Talk}
"""


def test_a_phase_may_bring_back_the_groups_of_an_earlier_one_by_its_key(tmp_path):
    *_, first, second = load_script(written(tmp_path, SHORT + AGAIN)).phases
    assert (first.like, first.group_size, first.steps) == (None, 4, ())
    assert (second.like, second.group_size, second.steps[0].de) == ("groups", 5, "Reden")


def test_a_phase_without_groups_cannot_be_brought_back(tmp_path):
    wrong = "short.yaml, line 26: no earlier phase with groups has the key `welcome`"
    with pytest.raises(BadScript, match=wrong):
        load_script(written(tmp_path, SHORT + AGAIN.replace("like: groups", "like: welcome")))


def test_every_shipped_phase_with_new_groups_tells_them_what_to_do_without_a_mentor():
    for name, script in load_scripts().items():
        for phase in script.phases:
            if phase.kind == "groups" and phase.group_mode != "same":
                assert phase.steps, (name, phase.key)


def test_a_channel_of_the_chat_is_named_once(tmp_path):
    twice = SHORT.replace("kind: plenary", "kind: plenary\n    chat: [plenary, plenary]", 1)
    (tmp_path / "short.yaml").write_text(twice)
    with pytest.raises(BadScript, match="a channel is named twice"):
        load_scripts(tmp_path)
