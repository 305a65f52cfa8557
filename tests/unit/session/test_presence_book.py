# SPDX-License-Identifier: Apache-2.0
from services.session.adapters.presence import PresenceBook

HERE = "1" * 32


class Watch:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_who_was_reported_lately_is_seen():
    watch = Watch()
    book = PresenceBook(watch)
    book.report(HERE, ["anna"])
    watch.now += 10
    book.report(HERE, ["ben"])
    assert book.seen(HERE, 15) == {"anna", "ben"}
    watch.now += 10
    assert book.seen(HERE, 15) == {"ben"}


def test_a_fresh_replica_judges_nobody_before_the_grace_time():
    watch = Watch()
    book = PresenceBook(watch)
    book.report(HERE, [])
    watch.now += 14
    assert not book.knows(HERE, 15)
    watch.now += 2
    assert book.knows(HERE, 15)


def test_a_replica_that_hears_nothing_more_of_a_conference_forgets_it():
    watch = Watch()
    book = PresenceBook(watch)
    book.report(HERE, ["anna"])
    assert book.conferences(15) == [HERE]
    watch.now += 8
    assert book.conferences(15) == []
    book.report(HERE, ["ben"])
    assert not book.knows(HERE, 15)


def test_a_replica_that_hears_nothing_more_forgets_before_it_would_judge():
    watch = Watch()
    book = PresenceBook(watch)
    for second in range(60):
        if second < 30 and second % 3 == 0:
            book.report(HERE, ["anna"])
        if second < 30 and second % 3 == 1:
            book.report(HERE, ["ben"])
        if HERE in book.conferences(15) and book.knows(HERE, 15):
            assert book.seen(HERE, 15) == {"anna", "ben"}
        watch.now += 1


def test_the_table_hears_of_reports_a_few_times_in_a_grace_time():
    watch = Watch()
    book = PresenceBook(watch)
    noted = 0
    for _ in range(30):
        noted += book.worth_noting(HERE, 15)
        watch.now += 1
    assert noted == 6
