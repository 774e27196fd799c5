"""Which answers may have changed after an edit: what each of them was about, and what was asked for it in turn."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any, TypeAlias

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Mapping

Question: TypeAlias = "tuple[Callable[..., Any], tuple[Hashable, ...], tuple[tuple[str, Hashable], ...]]"
"""A question with its arguments."""


class Record(Struct, frozen=True):
    """On what an answer depends.

    Attributes:
        words: what it is about.
        asked: what else was asked for it.
    """

    words: list[str]
    asked: list[Question]


class Dependencies:
    """The records of all questions, by what they depend on.

    One of these serves all versions of a module that follow each other: what it knows of a version before does no harm.
    """

    __slots__ = ("_about_project", "_askers", "_by_word", "_touched", "_undeclared")

    def __init__(self) -> None:
        self._by_word: defaultdict[str, set[Question]] = defaultdict(set)
        self._askers: defaultdict[Question, set[Question]] = defaultdict(set)
        self._undeclared: set[Question] = set()
        self._about_project: set[Question] = set()
        self._touched: set[Question] = set()

    def note(self, question: Question, record: Record, *, is_declared: bool, is_about_project: bool) -> None:
        """Keep what an answer depends on.

        Args:
            question: what was asked.
            record: what the answer depends on.
            is_declared: whether that is all; otherwise it may change with every edit.
            is_about_project: whether it depends on nothing but the files around.
        """
        if is_about_project:
            self._about_project.add(question)
        elif not is_declared:
            self._undeclared.add(question)
        for word in record.words:
            self._by_word[word].add(question)
        for each in record.asked:
            self._askers[each].add(question)

    def doubtful(
        self, changed: str, is_kept: Callable[[Callable[..., Any]], bool], *, has_project_changed: bool
    ) -> set[Question]:
        """The questions that may have other answers than before.

        Args:
            changed: the text of all that came or went.
            is_kept: whether a question depends on something that is what it was, whatever the text is.
            has_project_changed: whether something may have changed in the files around.
        """
        # A name can be written in several ways if not all of its characters are ASCII.
        anything = not changed.isascii()
        found = self._touched = set(self._undeclared)
        if has_project_changed:
            found |= self._about_project
        for word, questions in self._by_word.items():
            if anything or word in changed:
                found |= questions
        found -= {question for question in found if is_kept(question[0])}
        found = set(found)
        todo = list(found)
        while todo:
            for asker in self._askers.get(todo.pop(), ()):
                if asker not in found:
                    found.add(asker)
                    todo.append(asker)
        return found

    def is_touched(self, question: Question) -> bool:
        """Whether, after the last edit, a question is doubtful for itself, and not only for what it asks."""
        return question in self._touched


def closure(questions: Iterable[Question], records: Mapping[Question, Record]) -> set[Question]:
    """Some questions, and all that was asked for them."""
    found = set(questions)
    todo = list(found)
    while todo:
        record = records.get(todo.pop())
        for each in record.asked if record is not None else ():
            if each not in found:
                found.add(each)
                todo.append(each)
    return found
