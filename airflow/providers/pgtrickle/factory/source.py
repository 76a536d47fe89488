"""The text of a configuration file, and the line that an error in it is about."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from airflow.providers.pgtrickle.engine.errors import InvalidConfig


@dataclass(frozen=True, slots=True)
class Source:
    """A configuration file: its path as the user will look for it, and its text.

    Or a ``document`` that a DAG file makes by itself, and the ``place`` where it calls the factory: the line
    of all errors.
    """

    file: str
    text: str = ""
    document: Mapping[str, Any] | None = None
    place: int = 1

    @property
    def has_references(self) -> bool:
        """Whether there may be something in it to expand."""
        return self.document is not None or "${" in self.text

    def read(self) -> Any:
        """The document as Python values; InvalidConfig, with the line, when it is not YAML."""
        if self.document is not None:
            return dict(self.document)
        try:
            return yaml.load(self.text, Loader=_UniqueKeys)  # noqa: S506 -- a safe loader
        except _DuplicateKey as duplicate:
            raise InvalidConfig(
                f"{duplicate.key!r} is written twice.",
                file=self.file,
                line=duplicate.line,
                hint="Keep one of them.",
            ) from None
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            raise InvalidConfig(
                f"This is not YAML: {error.problem}.", file=self.file, line=mark.line + 1 if mark else None
            ) from error
        except yaml.YAMLError as error:
            raise InvalidConfig(f"This is not YAML: {error}.", file=self.file) from error

    def error(self, message: str, *path: Hashable, hint: str | None = None) -> InvalidConfig:
        """The error about the value at ``path`` (keys and list indexes), with its line."""
        return InvalidConfig(message, file=self.file, line=self.line(path), hint=hint)

    def line(self, path: tuple[Hashable, ...]) -> int:
        """The 1-based line of a value, or of the nearest written part of the document around it.

        Lines are only looked up for errors: composing the document keeps the usual path free of their cost.
        """
        if self.document is not None:
            return self.place
        node = yaml.compose(self.text, Loader=yaml.CSafeLoader)
        line = 1 if node is None else node.start_mark.line + 1
        for step in path:
            match node:
                case yaml.MappingNode():
                    pair = next((pair for pair in node.value if pair[0].value == step), None)
                    if pair is None:
                        break
                    line, node = pair[0].start_mark.line + 1, pair[1]
                case yaml.SequenceNode() if isinstance(step, int) and step < len(node.value):
                    node = node.value[step]
                    line = node.start_mark.line + 1
                case _:
                    break
        return line


class _DuplicateKey(Exception):
    def __init__(self, key: Hashable, line: int) -> None:
        super().__init__(key, line)
        self.key = key
        self.line = line


class _UniqueKeys(yaml.CSafeLoader):
    """YAML's safe loader, which would keep the last of two equal keys without a word."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        if len({key.value for key, _ in node.value}) < len(node.value):
            seen: set[Any] = set()
            for key, _ in node.value:
                if key.value in seen:
                    raise _DuplicateKey(key.value, key.start_mark.line + 1)
                seen.add(key.value)
        return super().construct_mapping(node, deep=deep)
