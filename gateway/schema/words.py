# SPDX-License-Identifier: Apache-2.0
"""What the fields of commands, answers and refusals mean, by their name in the contracts.

One name means one thing in all contracts; that is why one table is enough.
"""

MEANINGS = {
    "amount_cents": "The amount, in cents.",
    "attributes": "What the person agrees to be used for mixed groups.",
    "budget_cents": "What can be recommended in all, in cents.",
    "call_id": "The help call.",
    "capacity": "How many seats there are: 3 to 500.",
    "card_id": "The card.",
    "challenge_id": "The challenge.",
    "channel": "`plenary`, `staff`, or the global id of the group one sits in.",
    "checked_in": "Whether the person came.",
    "code": "Which rule of the code of conduct, for example `insult`.",
    "comment": "What the juror says about it; at most 2000 characters.",
    "conference_id": "The conference.",
    "conference_ids": "The conferences whose ideas are judged; at most 200.",
    "consents": "What the person consents to.",
    "criteria": "What jurors score; 1 to 8.",
    "criterion_id": "The criterion.",
    "de": "The text in German.",
    "district_id": "The district.",
    "dots": "The dots; they replace those put before.",
    "email": "The address for mails.",
    "en": "The text in English.",
    "expires_at": "When it expires.",
    "field": "The field.",
    "first": "Lowest house number; null: the whole street.",
    "generation": "The generation of placements the client knows.",
    "group_id": "The group.",
    "home_district_id": "The district where the person lives, for conflicts of interest.",
    "idea_id": "The idea.",
    "jurors": "Who judges; 1 to 50.",
    "key": "Which poll of the script; null for one made now.",
    "kind": "Which kind.",
    "language": "Language.",
    "last": "Highest house number; null: the whole street.",
    "live": "Whether everybody sees the results while ballots come in.",
    "message_id": "The message.",
    "minutes": "By how many minutes, -120 to 120; shorter when negative.",
    "name": "The name.",
    "needs": "What is needed.",
    "option": "Index of the option voted for.",
    "options": "The options, in their order.",
    "participant_id": "The person.",
    "partner_id": "The organisation the person belongs to, for conflicts of interest.",
    "passage_id": "The passage; who begins a new one makes its id.",
    "poll_id": "The poll.",
    "position": "The place in the service's log to read from.",
    "postal_codes": "Postal codes that the district shares.",
    "problem": "What is wrong with it.",
    "problem_id": "The problem statement.",
    "problem_ids": "The problem statements chosen; empty: those with most dots.",
    "purpose": "What for.",
    "question": "What is asked.",
    "reason": "What it is about.",
    "retry_after_ms": "After how many milliseconds to try again.",
    "reviews_per_idea": "How many jurors score each idea.",
    "role": "What the person does.",
    "round_id": "The jury round.",
    "run": "The entry into a phase that the client has seen.",
    "scores": "The scores; they replace those given before.",
    "script": "The script of its evenings.",
    "secret": "The secret of the link in the mail.",
    "seen": "The version of the passage that the writer had before them; 0: a new passage.",
    "series_id": "The series.",
    "service": "The service.",
    "share_tags": "Whether the tags may be used to bring people together.",
    "sheet_id": "The idea sheet.",
    "staff_id": "The person of the staff.",
    "starts_at": "When the evening begins.",
    "status": "Where the registration stands.",
    "street": "Name of the street.",
    "streets": "The streets that belong to it.",
    "tags": "Words to find it by; at most 40 characters each.",
    "text": "The text; at most 2000 characters.",
    "title": "The title.",
    "token": "The access token, for `Authorization: Bearer`.",
    "topic": "The stored event type that is not known.",
    "topic_ids": "The topics, the dearest first.",
    "trace": "Under which the defect stands in the service's log.",
    "version": "Which version of the text was shown.",
    "waiting_position": "Place on the waiting list, from 1.",
    "weight": "How much it counts: 1 to 10.",
    "words": "Up to three words of at most 40 characters.",
    "zone": "IANA zone of the local time.",
}

KINDS = {
    "by": "Person",
    "call": "HelpCall",
    "home_district": "District",
    "juror": "Person",
    "message": "ChatMessage",
    "mentor": "Person",
    "participant": "Person",
    "round": "JuryRound",
    "sheet": "IdeaSheet",
    "staff": "Person",
    "author": "Person",
    "person": "Person",
}


def meaning(name: str) -> str:
    """What a field means; of one that the table does not know, its name in words."""
    return MEANINGS.get(name) or name.replace("_", " ").capitalize() + "."


def kind_of_id(name: str) -> str:
    """The type in the global id of a field that holds an id, by the field's name."""
    stem = name.removesuffix("_ids").removesuffix("_id")
    if not name.endswith(("_id", "_ids")) and stem not in KINDS:
        stem = stem.removesuffix("s")
    return KINDS.get(stem) or "".join(part.capitalize() for part in stem.split("_"))
