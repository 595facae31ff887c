// SPDX-License-Identifier: Apache-2.0
import { completed, HEADER, typedNames, type Choices, type Completed, type CompletedRow } from './model';

/** What answers a value in the script: a call. */
function action(choices: Choices): string | null {
  switch (choices.from) {
    case 'words':
      return `_ipvsadm_choose ${choices.words.join(' ')}`;
    case 'daemon':
      return `_ipvsadm_ask ${choices.what}`;
    case 'files':
      return '_ipvsadm_files';
    case 'nowhere':
      return null;
  }
}

function pattern(row: CompletedRow): string {
  return typedNames(row).join('|');
}

function valueCases(rows: readonly CompletedRow[]): string {
  const lines = rows
    .filter((row) => row.value !== 'none')
    .map((row) => `        ${pattern(row)}) ${action(row.choices) ?? ':'}; ${row.value === 'optional' ? 'return 2' : 'return 0'} ;;\n`);
  return lines.join('');
}

function optionCases({ commands }: Completed): string {
  return commands.map((command) => `        ${pattern(command)}) options='${command.options.flatMap(typedNames).join(' ')}' ;;\n`).join('');
}

/** The completion of bash, from 4.3 on. */
export function bashCompletion(): string {
  const table = completed();
  const commands = table.commands.flatMap(typedNames).join(' ');
  const services = table.options.filter(({ isService }) => isService).map(pattern).join('|');
  const groups = [...new Set(table.options.map(({ group }) => group.join('|')))].filter((group) => group !== '');
  return `# Completion of ipvsadm for bash, ${HEADER} bash

# Puts together what bash splits at : and =, up to the cursor: words, cur, prev.
_ipvsadm_words() {
    local i word last glue=
    words=("\${COMP_WORDS[0]}")
    for ((i = 1; i <= COMP_CWORD; i++)); do
        word=\${COMP_WORDS[i]}
        last=\${words[\${#words[@]} - 1]}
        if [[ -n $glue || ($word == :* && ($last != -* || $last == --*=*) && $i -gt 1) || ($word == =* && $last == --*) ]]; then
            words[\${#words[@]} - 1]=$last$word
        else
            words+=("$word")
        fi
        [[ $word == +([:=]) ]] && glue=1 || glue=
    done
    cur=\${words[\${#words[@]} - 1]}
    prev=\${words[\${#words[@]} - 2]}
}

# Offers a word that begins like the current one. What comes from the daemon must not be expanded by anything.
_ipvsadm_offer() {
    [[ $1 == "$cur"* ]] && COMPREPLY+=("$1")
}

_ipvsadm_choose() {
    local word
    for word; do _ipvsadm_offer "$word"; done
}

_ipvsadm_files() {
    compopt -o filenames 2>/dev/null
    local word
    while IFS= read -r word; do COMPREPLY+=("$word"); done < <(compgen -f -- "$cur")
}

# Asks the daemon, about the service that is named already. Nothing is said when it cannot be asked.
_ipvsadm_ask() {
    local i word ask=("\${words[0]}" --complete "$1")
    for ((i = 1; i < \${#words[@]} - 2; i++)); do
        word=\${words[i]}
        [[ $word == -[!-]?* ]] && word=-\${word: -1}
        case $word in
        ${services})
            # Names would have to be looked up.
            [[ \${words[i + 1]} == [0-9[]* || $word == @(-H|--match) ]] && ask+=("$word" "\${words[i + 1]}") ;;
        -6|--ipv6) ask+=(-6) ;;
        --socket) ask+=(--socket "\${words[i + 1]}") ;;
        --socket=*) ask+=("$word") ;;
        esac
    done
    while IFS= read -r word; do _ipvsadm_offer "$word"; done < <(IPVSADM_COMPLETE_PREFIX=$cur "\${ask[@]}" 2>/dev/null </dev/null)
}

# Offers values of an option. Status 0: it needs one; 2: it may have one; 1: it has none.
_ipvsadm_value() {
    case $1 in
${valueCases([...table.commands, ...table.options])}    esac
    return 1
}

# The options of the command that the first word is, or begins with.
_ipvsadm_options() {
    case $1 in
${optionCases(table)}        -[!-]?*) _ipvsadm_options "\${1:0:2}" ;;
    esac
}

# Whether an option is there already, or another one that excludes it.
_ipvsadm_given() {
    local word group
    case $1 in
${groups.map((group) => `        ${group}) group=' ${group.replaceAll('|', ' ')} ' ;;\n`).join('')}        *) return 1 ;;
    esac
    for word in "\${words[@]:1:\${#words[@]} - 2}"; do
        [[ $word == -[!-]?* ]] && word=-\${word: -1}
        [[ $group == *" \${word%%=*} "* ]] && return 0
    done
    return 1
}

_ipvsadm() {
    local cur prev options= word status words=()
    COMPREPLY=()
    _ipvsadm_words
    if [[ $cur == --*=* ]]; then
        local name=\${cur%%=*}
        cur=\${cur#*=}
        _ipvsadm_value "$name"
        # Where bash does not split at =, the whole word is replaced.
        if [[ $COMP_WORDBREAKS != *=* ]]; then
            COMPREPLY=("\${COMPREPLY[@]/#/$name=}")
            cur=$name=$cur
        fi
    elif ((\${#words[@]} == 2)); then
        _ipvsadm_choose ${commands}
    else
        # The last letter of -At is the option that the value is for.
        [[ $prev == -[!-]?* ]] && prev=-\${prev: -1}
        _ipvsadm_value "$prev"
        status=$?
        if ((status == 1)) || [[ $status == 2 && ($cur == -* || -z $cur) ]]; then
            _ipvsadm_options "\${words[1]}"
            for word in $options; do _ipvsadm_given "$word" || _ipvsadm_offer "$word"; done
        fi
    fi
    # Bash replaces only what is behind the last : or =.
    local behind=$cur
    [[ $COMP_WORDBREAKS == *:* ]] && behind=\${behind##*:}
    [[ $COMP_WORDBREAKS == *=* ]] && behind=\${behind##*=}
    if [[ $behind != "$cur" ]]; then
        local i before=\${cur%"$behind"}
        for i in "\${!COMPREPLY[@]}"; do COMPREPLY[i]=\${COMPREPLY[i]#"$before"}; done
    fi
}

complete -F _ipvsadm ipvsadm
`;
}
