/**
 * What the shells are told. All they do is to hand over the words up to the cursor and to show
 * what `kvz-cloud __complete` answers: a first line with `files`, `folders` or `words`, and then a
 * line for each word, with its meaning behind a tab.
 */

/**
 * bash splits words at `=` and `:` as well; they are joined before they are handed over, and what
 * stands before the last such sign is taken off the answers.
 */
const BASH = `# bash completion of kvz-cloud: eval "$(kvz-cloud completion bash)"
_kvz_cloud() {
    local -a words=()
    local n=0 i word kind line prefix
    for ((i = 1; i <= COMP_CWORD; i++)); do
        word=\${COMP_WORDS[i]}
        if ((n > 0)) && [[ $word == [=:]* || \${words[n - 1]} == *[=:] ]]; then
            words[n - 1]+=$word
        else
            words[n]=$word
            n=$((n + 1))
        fi
    done
    word=\${words[n - 1]}
    prefix=\${word%"\${word##*[=:]}"}
    COMPREPLY=()
    {
        read -r kind
        while IFS= read -r line; do
            line=\${line%%$'\\t'*}
            COMPREPLY+=("\${line#"$prefix"}")
        done
    } < <("\${1/#\\~/$HOME}" __complete "\${words[@]}" 2>/dev/null)
    case $kind in
        files) ;;
        folders) compopt +o default -o dirnames 2>/dev/null ;;
        *) compopt +o default 2>/dev/null ;;
    esac
}
complete -o default -o nosort -F _kvz_cloud kvz-cloud 2>/dev/null ||
    complete -o default -F _kvz_cloud kvz-cloud
`;

const ZSH = `#compdef kvz-cloud
# zsh completion of kvz-cloud: source <(kvz-cloud completion zsh), or as _kvz-cloud in a folder of $fpath
_kvz_cloud() {
    local -a lines found
    local kind line help tab=$'\\t'
    lines=("\${(@f)$("\${(Q)words[1]}" __complete "\${(@Q)words[2,CURRENT-1]}" "\${(Q)PREFIX}" 2>/dev/null)}")
    kind=$lines[1]
    shift lines
    case $kind in
        files|folders)
            [[ $PREFIX == -*=* ]] && compset -P '*='
            if [[ $kind == files ]]; then _files; else _files -/; fi
            return ;;
    esac
    for line in $lines; do
        help=\${line#*$tab}
        found+=("\${\${line%%$tab*}//:/\\\\:}\${help:+:}$help")
    done
    _describe -V 'kvz-cloud' found
}
if [[ $funcstack[1] == _kvz-cloud ]]; then
    _kvz_cloud "$@"
else
    compdef _kvz_cloud kvz-cloud
fi
`;

const FISH = `# fish completion of kvz-cloud: kvz-cloud completion fish | source
function __kvz_cloud_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    set -l program $words[1]
    set -e words[1]
    set -l lines ($program __complete $words "$current" 2>/dev/null)
    set -l kind $lines[1]
    set -e lines[1]
    set -l before (string match -r -- '^--[^=]*=' "$current")
    set -l path (string replace -- "$before" '' "$current")
    switch "$kind"
        case files
            for each in (__fish_complete_path "$path")
                echo "$before$each"
            end
        case folders
            for each in (__fish_complete_directories "$path" '')
                echo "$before$each"
            end
        case '*'
            test (count $lines) -gt 0; and printf '%s\\n' $lines
    end
end
complete -c kvz-cloud -f -k -a '(__kvz_cloud_complete)'
`;

export const COMPLETION_SCRIPTS = { bash: BASH, zsh: ZSH, fish: FISH } as const;
export type ShellName = keyof typeof COMPLETION_SCRIPTS;
export const SHELL_NAMES = Object.keys(COMPLETION_SCRIPTS) as ShellName[];
