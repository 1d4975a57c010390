"""The help of the command line in the language of who asks; English stands in the code, Chinese in help_zh.toml."""

import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import typer
from typer import rich_utils

from shared.messages import Language

CHINESE = Path(__file__).with_name("help_zh.toml")

PANELS = {
    "ARGUMENTS_PANEL_TITLE": "参数",
    "OPTIONS_PANEL_TITLE": "选项",
    "COMMANDS_PANEL_TITLE": "命令",
    "ERRORS_PANEL_TITLE": "用法有误",
    "DEFAULT_STRING": "[默认：{}]",
    "ENVVAR_STRING": "[环境变量：{}]",
    "REQUIRED_LONG_STRING": "[必填]",
    "RICH_HELP": "[blue]{command_path} {help_option}[/] 显示说明。",
}


def speak(command: Any, language: Language) -> None:
    """Let *command* and all below it explain themselves in *language*; what has no text stays English."""
    if language is not Language.ZH:
        return
    for name, text in PANELS.items():
        setattr(rich_utils, name, text)
    command.epilog = chinese().get(command.epilog, command.epilog)
    for part in parts_of(command):
        part.help = chinese().get(one_line(part.help), part.help)


def parts_of(command: Any, above: typer.Context | None = None) -> Iterator[Any]:
    """Tell everything of a tree of commands that has a help text: commands, options, arguments."""
    context = typer.Context(command, parent=above, **command.context_settings)
    parts = (command, *command.params, command.get_help_option(context))
    yield from (part for part in parts if getattr(part, "help", None))
    for below in getattr(command, "commands", {}).values():
        yield from parts_of(below, context)


def one_line(text: str) -> str:
    """Return a help text as it is a key of the catalogue."""
    return " ".join(text.split())


@cache
def chinese() -> Mapping[str, str]:
    """Return the Chinese text of each English one."""
    return tomllib.loads(CHINESE.read_text(encoding="utf-8"))
