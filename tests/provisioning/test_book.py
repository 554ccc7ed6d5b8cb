"""The book of nodes: people edit it too, and nothing of theirs is lost."""

import multiprocessing

import pytest
from torgpuls.provisioning import book
from torgpuls.provisioning.book import Book, Entry
from torgpuls.provisioning.errors import SiteError

BY_HAND = """\
# Boards of the old town. Ask Jana before changing.

node,board,made,state
# north side
zebra,olimex_c3,2024-05-02,active
 apple , olimex_c3,2024-05-03 , retired

# south side
mango,devkit_s3,2024-06-01,new
"""
SQUARE = Entry("square-1", "olimex_c3", "2024-07-01", "new")


def test_what_people_wrote_comes_back_byte_for_byte_with_the_new_row_at_the_end():
    by_hand = Book(BY_HAND)
    by_hand.add(SQUARE)
    assert by_hand.text() == BY_HAND + "square-1,olimex_c3,2024-07-01,new\n"


def test_a_change_of_state_touches_its_own_row_only():
    by_hand = Book(BY_HAND)
    by_hand.set_state("zebra", "retired")
    changed = "zebra,olimex_c3,2024-05-02,active", "zebra,olimex_c3,2024-05-02,retired"
    assert by_hand.text() == BY_HAND.replace(*changed)


def test_rows_are_read_in_the_books_order():
    assert [entry.node for entry in Book(BY_HAND).entries] == ["zebra", "apple", "mango"]
    assert Book(BY_HAND).entry("apple") == ("apple", "olimex_c3", "2024-05-03", "retired")


def test_a_node_that_is_there_already_is_refused():
    with pytest.raises(SiteError, match="node 'zebra' is in nodes.csv already"):
        Book(BY_HAND).add(SQUARE._replace(node="zebra"))


def test_only_a_retired_node_may_not_write():
    assert [entry.may_write for entry in Book(BY_HAND).entries] == [True, False, True]


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ("Square,c3,2024-05-02,new", "line 2: node name 'Square': use 1 to 12 of a-z, 0-9 and -"),
        (",c3,2024-05-02,new", "line 2: node name ''"),
        ("abcdefghijklm,c3,2024-05-02,new", "line 2: node name 'abcdefghijklm'"),
        ("a/b,c3,2024-05-02,new", "line 2: node name 'a/b'"),
        ("a,,2024-05-02,new", "line 2: board '' of node a"),
        ("a,c3,2.5.2024,new", "line 2: made '2.5.2024' of node a: write the day as YYYY-MM-DD"),
        ("a,c3,20240502,new", "line 2: made '20240502'"),
        ("a,c3,2024-02-30,new", "line 2: made '2024-02-30'"),
        ("a,c3,2024-05-02,lost", "line 2: state 'lost' of node a: use one of new, active, retired"),
        ("a,c3,2024-05-02", "line 2: 3 columns instead of 4"),
        ("a,c3,2024-05-02,new\na,c3,2024-05-02,new", "line 3: node 'a' is also on line 2"),
    ],
)
def test_a_wrong_row_is_named_by_its_line_and_what_to_write(row, problem):
    with pytest.raises(SiteError) as caught:
        Book(f"{book.COLUMNS}\n{row}\n")
    assert problem in str(caught.value)


def test_a_file_that_is_not_a_book_is_refused():
    with pytest.raises(SiteError, match="line 1: the first row must be node,board,made,state"):
        Book("name;chip\nx;y\n")


@pytest.mark.parametrize("name", ["a", "abcdefghijkl", "0-9"])
def test_names_at_both_edges_of_the_range_are_taken(name):
    Book().add(SQUARE._replace(node=name))


def test_a_node_is_found_only_when_it_is_there():
    with pytest.raises(SiteError, match="has no node 'pear': see torgpuls node list"):
        Book(BY_HAND).entry("pear")


def test_a_site_without_a_book_has_an_empty_one(tmp_path):
    assert book.read(tmp_path).entries == []
    with book.editing(tmp_path) as empty:
        empty.add(SQUARE)
    assert (tmp_path / "nodes.csv").read_text() == f"{book.COLUMNS}\nsquare-1,olimex_c3,2024-07-01,new\n"


def test_an_edit_that_fails_leaves_the_file_as_it_was(tmp_path):
    (tmp_path / "nodes.csv").write_text(BY_HAND)
    with pytest.raises(ZeroDivisionError), book.editing(tmp_path) as by_hand:
        by_hand.add(SQUARE)
        raise ZeroDivisionError
    assert (tmp_path / "nodes.csv").read_text() == BY_HAND


def test_a_book_that_is_not_text_is_refused_by_name(tmp_path):
    (tmp_path / "nodes.csv").write_bytes(b"node\xff")
    with pytest.raises(SiteError, match="nodes.csv is not UTF-8 text at byte 4"):
        book.read(tmp_path)


def test_a_byte_order_mark_is_no_part_of_the_first_row(tmp_path):
    book.path_in(tmp_path).write_bytes(b"\xef\xbb\xbfnode,board,made,state\n")
    assert book.read(tmp_path).entries == []


def test_a_site_that_is_not_there_is_named(tmp_path):
    with pytest.raises(SiteError, match="there is no site folder"), book.editing(tmp_path / "none"):
        pass


def _add_one(site_and_number):
    site, number = site_and_number
    with book.editing(site) as opened:
        opened.add(SQUARE._replace(node=f"node-{number}"))


def test_many_that_add_at_once_lose_no_row(tmp_path):
    with multiprocessing.get_context("spawn").Pool(4) as pool:
        pool.map(_add_one, [(tmp_path, number) for number in range(40)], chunksize=1)
    assert {entry.node for entry in book.read(tmp_path).entries} == {f"node-{n}" for n in range(40)}
