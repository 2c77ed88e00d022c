"""The words of a command line made ready for Click: `--person a.jpg b.jpg`, as a shell makes of a pattern, becomes
`--person a.jpg --person b.jpg`, and what Click would drop in silence is an error.
"""

from __future__ import annotations

from typing import Any

from typer.core import TyperCommand, TyperGroup

# Options whose value may be left out, and what they then stand for.
ALONE = {"--cache": "auto"}


class Command(TyperCommand):
    """A command that takes several values after one flag; where commands are listed, what it does is said whole."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        return super().parse_args(ctx, gathered(ctx, args, self.params))

    def get_short_help_str(self, limit: int = 45) -> str:
        return " ".join((self.help or "").split("\n\n")[0].split())


class Group(TyperGroup):
    """A command that has sub-commands, likewise."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        return super().parse_args(ctx, gathered(ctx, args, self.params, set(self.commands)))


def gathered(ctx: Any, args: list[str], params: list[Any], stop: set[str] | frozenset[str] = frozenset()) -> list[str]:
    """The arguments with each flag before each of its values.

    Args:
        ctx: Click's context, for its errors. args: As typed. params: The command's own.
        stop: Names of sub-commands: what comes from there on is theirs.

    Raises:
        UsageError: An option that takes one value is given two that differ.
    """
    if ctx.resilient_parsing:  # the shell asks what may come next
        return args
    by_flag = {flag: param for param in params for flag in (*param.opts, *param.secondary_opts) if flag[:1] == "-"}
    greedy = all(param.param_type_name == "option" for param in params)  # else a value may be an argument
    once: dict[str, tuple[str, str]] = {}
    ready: list[str] = []
    rest = list(args)
    while rest and rest[0] not in stop and rest[0] != "--":
        word = rest.pop(0)
        flag, equals, value = word.partition("=")
        param = by_flag.get(flag)
        if param is None or not word.startswith("--"):
            ready.append(word)
            continue
        if not (equals or param.is_flag):
            if flag in ALONE and (not rest or rest[0].startswith("-")):
                value = ALONE[flag]
            elif not rest or rest[0] in by_flag:
                ctx.fail(f"{flag} needs a value")
            else:
                value = rest.pop(0)
            word = f"{flag}={value}"
        ready.append(word)
        while (
            greedy
            and param.multiple
            and rest
            and (not rest[0].startswith("-") or rest[0] == "-")
            and rest[0] not in stop
        ):
            ready.append(f"{flag}={rest.pop(0)}")
        if not param.multiple:
            meant = flag if param.is_flag else value
            before = once.setdefault(param.name, (word, meant))
            if before[1] != meant:
                ctx.fail(f"{_shown(before)} and {_shown((word, meant))} are both given; it takes one of them")
    return ready + rest


def _is_value(word: str) -> bool:
    return word == "-" or not word.startswith("-")


def _shown(given: tuple[str, str]) -> str:
    word, meant = given
    return word.replace("=", " ", 1) if word != meant else word
