// SPDX-License-Identifier: Apache-2.0
// Completions of shells. They hand the words over to dpip --complete, which knows the tables and asks the daemon.
import { FILES } from './words';

const HEADER = (shell: string): string => `# Completion of dpip for ${shell}, printed by: dpip --completion ${shell}`;

const bash = (): string => `${HEADER('bash')}

_dpip() {
    local word cur words=() i glue=
    # Puts together what bash splits at : and =, up to the cursor.
    for ((i = 1; i <= COMP_CWORD; i++)); do
        word=\${COMP_WORDS[i]}
        if ((\${#words[@]} > 0)) && [[ -n $glue || $word == +([:=])* ]]; then
            words[\${#words[@]} - 1]+=$word
        else
            words+=("$word")
        fi
        [[ $word == *+([:=]) ]] && glue=1 || glue=
    done
    cur=\${words[\${#words[@]} - 1]}
    COMPREPLY=()
    while IFS= read -r word; do
        if [[ $word == ${FILES} ]]; then
            compopt -o filenames 2>/dev/null
            while IFS= read -r word; do COMPREPLY+=("$word"); done < <(compgen -f -- "$cur")
        else
            COMPREPLY+=("$word")
        fi
    done < <("\${COMP_WORDS[0]}" --complete "\${words[@]}" 2>/dev/null </dev/null)
    # Bash replaces only what is behind the last : or =.
    local behind=$cur
    [[ $COMP_WORDBREAKS == *:* ]] && behind=\${behind##*:}
    [[ $COMP_WORDBREAKS == *=* ]] && behind=\${behind##*=}
    if [[ $behind != "$cur" ]]; then
        local before=\${cur%"$behind"}
        for i in "\${!COMPREPLY[@]}"; do COMPREPLY[i]=\${COMPREPLY[i]#"$before"}; done
    fi
}

shopt -s extglob
complete -F _dpip dpip
`;

const zsh = (): string => `#compdef dpip
${HEADER('zsh')}

_dpip() {
    local -a found
    found=("\${(@f)$(\${words[1]} --complete "\${(@)words[2,CURRENT]}" 2>/dev/null </dev/null)}")
    if (( \${found[(Ie)${FILES}]} )); then
        _files
    elif [[ -n "\${found[1]}" ]]; then
        compadd -- "\${found[@]}"
    fi
}

_dpip "$@"
`;

const fish = (): string => `${HEADER('fish')}

function __dpip_complete
    set -l words (commandline -opc)
    set -l found ($words[1] --complete $words[2..-1] (commandline -ct) 2>/dev/null </dev/null)
    if contains -- ${FILES} $found
        __fish_complete_path (commandline -ct)
    else
        string join -- \\n $found
    end
end

complete -c dpip -f -a '(__dpip_complete)'
`;

const SCRIPTS: Readonly<Record<string, () => string>> = { bash, zsh, fish };

export const SHELLS = Object.keys(SCRIPTS);

/** null: no such shell. */
export function completionOf(shell: string): string | null {
  return SCRIPTS[shell]?.() ?? null;
}
