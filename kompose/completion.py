"""Scripts that complete commands and flags in a shell, made from the tables."""

from collections.abc import Sequence

from kompose.flags import COMMANDS, FLAGS
from kompose.report import ConvertError

_EXAMPLE = "ex. kompose completion [bash|zsh|fish]"

_BASH = """# bash completion for kompose
_kompose() {{
    local word="${{COMP_WORDS[COMP_CWORD]}}"
    if [[ "$word" == -* ]]; then
        COMPREPLY=($(compgen -W "{flags}" -- "$word"))
    elif [[ $COMP_CWORD -eq 1 ]]; then
        COMPREPLY=($(compgen -W "{commands}" -- "$word"))
    else
        COMPREPLY=($(compgen -f -- "$word"))
    fi
}}
complete -o default -F _kompose kompose
"""

_ZSH = """#compdef kompose
# zsh completion for kompose
_kompose() {{
    if (( CURRENT == 2 )) && [[ "$words[CURRENT]" != -* ]]; then
        local -a commands
        commands=(
{commands}
        )
        _describe 'command' commands
    elif [[ "$words[CURRENT]" == -* ]]; then
        compadd -- {flags}
    else
        _files
    fi
}}
compdef _kompose kompose
"""


def completion_script(words: Sequence[str]) -> str:
    """The script for the shell that the words name.

    Raises:
        ConvertError: They name none, too many, or one that we do not know.
    """
    if not words:
        raise ConvertError(f"Error: shell not specified. {_EXAMPLE}")
    if len(words) > 1:
        raise ConvertError(f"Error: too many arguments. Expected only the shell type. {_EXAMPLE}")
    shell = words[0]
    if shell == "bash":
        return _BASH.format(flags=" ".join(_flag_words()), commands=" ".join(COMMANDS))
    if shell == "zsh":
        lines = "\n".join(f"            '{name}:{text}'" for name, text in COMMANDS.items())
        return _ZSH.format(flags=" ".join(_flag_words()), commands=lines)
    if shell == "fish":
        return _fish()
    raise ConvertError("Error: not a compatible shell, bash, zsh and fish are only supported")


def _flag_words() -> list[str]:
    return [f"--{flag.name}" for flag in FLAGS if not flag.deprecated]


def _fish() -> str:
    lines = ["# fish completion for kompose"]
    lines += [
        f"complete -c kompose -n __fish_use_subcommand -f -a {name} -d '{text}'"
        for name, text in COMMANDS.items()
    ]
    lines += [
        f"complete -c kompose -l {flag.name}"
        + (f" -s {flag.short}" if flag.short else "")
        + f" -d '{flag.help}'"
        for flag in FLAGS
        if not flag.deprecated
    ]
    return "\n".join(lines) + "\n"
