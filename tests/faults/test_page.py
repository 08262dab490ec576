"""docs/operations.md shows every row that there is a test of, and no other."""

from faults.rows import rows_of_page, rows_of_tests


def test_the_page_and_the_tests_have_the_same_rows() -> None:
    def names(rows: list) -> list[tuple[str, str, str]]:
        return sorted({(row.number, row.what, row.expected) for row in rows})

    assert names(rows_of_page()) == names(rows_of_tests())
    assert len(names(rows_of_tests())) >= 20
