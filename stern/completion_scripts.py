"""The scripts that make bash, zsh and fish ask us for candidates."""

from __future__ import annotations

from stern.errors import UsageError

_BASH = r"""# bash completion for stern: put this into a file of your bash-completion folder,
# or: source <(stern --completion bash)

__stern_candidates() {
    local IFS=$'\n'
    local answer directive words
    words=("${COMP_WORDS[@]:1:COMP_CWORD}")
    answer="$(stern __complete "${words[@]}" 2>/dev/null)" || return
    directive="${answer##*:}"
    answer="${answer%:*}"
    if [[ $((directive & 1)) -ne 0 ]]; then
        return
    fi
    if [[ $((directive & 2)) -ne 0 && $(type -t compopt) == builtin ]]; then
        compopt -o nospace
    fi
    if [[ $((directive & 4)) -ne 0 && $(type -t compopt) == builtin ]]; then
        compopt +o default
    fi
    local line
    while IFS= read -r line; do
        line="${line%%$'\t'*}"
        if [[ -n "$line" && "$line" == "$1"* ]]; then
            COMPREPLY+=("$line")
        fi
    done <<<"$answer"
}

__start_stern() {
    COMPREPLY=()
    local word="${COMP_WORDS[COMP_CWORD]}"
    if [[ "$word" == "=" ]]; then
        word=""
    fi
    __stern_candidates "$word"
}

if [[ $(type -t compopt) == builtin ]]; then
    complete -o default -F __start_stern stern
else
    complete -o default -o nospace -F __start_stern stern
fi
"""

_ZSH = r"""#compdef stern
# zsh completion for stern: put this into a folder of $fpath as _stern,
# or: source <(stern --completion zsh)

_stern() {
    local -a lines described plain words
    local answer directive line name text
    words=("${(@)words[2,CURRENT]}")
    answer="$(stern __complete "${(@)words}" 2>/dev/null)" || return
    lines=("${(@f)answer}")
    directive="${lines[-1]#:}"
    lines=("${(@)lines[1,-2]}")
    if (( directive & 1 )); then
        return
    fi
    for line in "${(@)lines}"; do
        name="${line%%$'\t'*}"
        text="${line#*$'\t'}"
        name="${name//:/\\:}"
        if [[ "$line" == *$'\t'* ]]; then
            described+=("$name:$text")
        else
            described+=("$name")
        fi
    done
    if (( $#described )); then
        if (( directive & 2 )); then
            _describe -V 'completions' described -S ''
        else
            _describe -V 'completions' described
        fi
    elif (( ! (directive & 4) )); then
        _files
    fi
}

if [ "$funcstack[1]" = "_stern" ]; then
    _stern
fi

compdef _stern stern"""

_FISH = r"""# fish completion for stern: save this as ~/.config/fish/completions/stern.fish,
# or: stern --completion fish | source

function __stern_candidates
    set -l words (commandline -opc) (commandline -ct)
    set -l answer (stern __complete $words[2..-1] 2>/dev/null)
    or return
    set -g __stern_directive (string replace ':' '' -- $answer[-1])
    for line in $answer[1..-2]
        echo $line
    end
end

function __stern_wants_files
    __stern_candidates >/dev/null
    test (math "bitand($__stern_directive, 4)") -eq 0
end

complete -c stern -e
complete -c stern -f
complete -c stern -n __stern_wants_files -F
complete -c stern -a '(__stern_candidates)'
"""

_SCRIPTS = {"bash": _BASH, "zsh": _ZSH, "fish": _FISH}


def completion_script(shell: str) -> str:
    """The script of a shell.

    Raises:
        UsageError: We have none for it.
    """
    script = _SCRIPTS.get(shell)
    if script is None:
        raise UsageError(f'unsupported shell type: "{shell}"')
    return script
