# Completion of dpip for bash, printed by: dpip --completion bash

_dpip() {
    local word cur words=() i glue=
    # Puts together what bash splits at : and =, up to the cursor.
    for ((i = 1; i <= COMP_CWORD; i++)); do
        word=${COMP_WORDS[i]}
        if ((${#words[@]} > 0)) && [[ -n $glue || $word == +([:=])* ]]; then
            words[${#words[@]} - 1]+=$word
        else
            words+=("$word")
        fi
        [[ $word == *+([:=]) ]] && glue=1 || glue=
    done
    cur=${words[${#words[@]} - 1]}
    COMPREPLY=()
    while IFS= read -r word; do
        if [[ $word == :files ]]; then
            compopt -o filenames 2>/dev/null
            while IFS= read -r word; do COMPREPLY+=("$word"); done < <(compgen -f -- "$cur")
        else
            COMPREPLY+=("$word")
        fi
    done < <("${COMP_WORDS[0]}" --complete "${words[@]}" 2>/dev/null </dev/null)
    # Bash replaces only what is behind the last : or =.
    local behind=$cur
    [[ $COMP_WORDBREAKS == *:* ]] && behind=${behind##*:}
    [[ $COMP_WORDBREAKS == *=* ]] && behind=${behind##*=}
    if [[ $behind != "$cur" ]]; then
        local before=${cur%"$behind"}
        for i in "${!COMPREPLY[@]}"; do COMPREPLY[i]=${COMPREPLY[i]#"$before"}; done
    fi
}

shopt -s extglob
complete -F _dpip dpip
