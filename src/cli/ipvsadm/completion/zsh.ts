// SPDX-License-Identifier: Apache-2.0
import { completed, HEADER, typedNames, type Choices, type CompletedRow } from './model';

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

function action(choices: Choices): string {
  switch (choices.from) {
    case 'words':
      return `compadd -- ${choices.words.join(' ')}`;
    case 'daemon':
      return `_ipvsadm_ask ${choices.what}`;
    case 'files':
      return '_files';
    case 'nowhere':
      return ':';
  }
}

function pattern(row: CompletedRow): string {
  return typedNames(row).join('|');
}

/** Words with descriptions, as _describe takes them. */
function described(row: CompletedRow): string[] {
  return typedNames(row).map((name) => quoted(`${name}:${row.help.replaceAll(':', '\\:')}`));
}

function valueCases(rows: readonly CompletedRow[]): string {
  const lines = rows
    .filter((row) => row.value !== 'none')
    .map((row) => `    ${pattern(row)}) ${action(row.choices)}; return ${row.value === 'optional' ? 2 : 0} ;;\n`);
  return lines.join('');
}

/** The completion of zsh, from 5 on: a file _ipvsadm in a folder of $fpath. */
export function zshCompletion(): string {
  const { commands, options } = completed();
  const services = options.filter(({ isService }) => isService).map(pattern).join('|');
  const groups = [...new Set(options.map(({ group }) => group.join('|')))].filter((group) => group !== '');
  const variables = options.map((option) => `  _ipvsadm_options[${option.long}]=${quoted(described(option).join(' '))}\n`).join('');
  const cases = commands.map((command) => `    ${pattern(command)}) names=(${command.options.map(({ long }) => long).join(' ')}) ;;\n`).join('');
  return `#compdef ipvsadm
# Completion of ipvsadm for zsh, ${HEADER} zsh

# Asks the daemon, about the service that is named already. Nothing is said when it cannot be asked.
_ipvsadm_ask() {
  local i word
  local -a ask found
  ask=($words[1] --complete $1)
  for ((i = 2; i < CURRENT - 1; i++)); do
    word=$words[i]
    [[ $word == -[^-]?* ]] && word=-\${word[-1]}
    case $word in
    ${services})
      # Names would have to be looked up.
      [[ $words[i+1] == [0-9[]* || $word == (-H|--match) ]] && ask+=($word $words[i+1]) ;;
    -6|--ipv6) ask+=(-6) ;;
    --socket) ask+=(--socket $words[i+1]) ;;
    --socket=*) ask+=($word) ;;
    esac
  done
  found=(\${(f)"$(IPVSADM_COMPLETE_PREFIX=$PREFIX $ask 2>/dev/null </dev/null)"})
  compadd -- $found
}

# Offers values of an option. Status 0: it needs one; 2: it may have one; 1: it has none.
_ipvsadm_value() {
  case $1 in
${valueCases([...commands, ...options])}  esac
  return 1
}

_ipvsadm_known() {
  typeset -gA _ipvsadm_options
${variables}}

# The long names of options of the command that a word is, or begins with.
_ipvsadm_names() {
  case $1 in
${cases}    -[^-]?*) _ipvsadm_names \${1[1,2]} ;;
  esac
}

# Whether an option is there already, or another one that excludes it.
_ipvsadm_given() {
  local word
  local -a group
  case $1 in
${groups.map((group) => `    ${group}) group=(${group.replaceAll('|', ' ')}) ;;\n`).join('')}    *) return 1 ;;
  esac
  for word in \${words[2,CURRENT-1]}; do
    [[ $word == -[^-]?* ]] && word=-\${word[-1]}
    ((\${group[(Ie)\${word%%=*}]})) && return 0
  done
  return 1
}

_ipvsadm() {
  local name item prev state
  local -a names offered
  if ((CURRENT == 2)); then
    offered=(
${commands.flatMap(described).map((text) => `      ${text}\n`).join('')}    )
    _describe -o command offered
    return
  fi
  if [[ $PREFIX == --*=* ]]; then
    name=\${PREFIX%%=*}
    compset -P '*='
    _ipvsadm_value $name
    return 0
  fi
  prev=$words[CURRENT-1]
  # The last letter of -At is the option that the value is for.
  [[ $prev == -[^-]?* ]] && prev=-\${prev[-1]}
  _ipvsadm_value $prev
  state=$?
  ((state == 0)) && return 0
  [[ $state == 2 && -n $PREFIX && $PREFIX != -* ]] && return 0
  ((\${+_ipvsadm_options})) || _ipvsadm_known
  _ipvsadm_names $words[2]
  for name in $names; do
    for item in \${(Q)\${(z)_ipvsadm_options[$name]}}; do
      _ipvsadm_given \${item%%:*} || offered+=($item)
    done
  done
  _describe -o option offered
}

if [[ $funcstack[1] == _ipvsadm ]]; then
  _ipvsadm "$@"
elif ((\${+functions[compdef]})); then
  compdef _ipvsadm ipvsadm
fi
`;
}
