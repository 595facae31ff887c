// SPDX-License-Identifier: Apache-2.0
import { completed, HEADER, typedNames, type Choices, type CompletedRow } from './model';

function quoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}

function valueFlags({ value, choices }: CompletedRow): string {
  if (value === 'none') return '';
  if (choices.from === 'files') return ' -r -F';
  // An optional value has to be attached, or be left to whoever knows.
  const needed = value === 'required' ? ' -x' : '';
  return needed + wordsFlag(choices);
}

function wordsFlag(choices: Choices): string {
  switch (choices.from) {
    case 'words':
      return ` -a ${quoted(choices.words.join(' '))}`;
    case 'daemon':
      return ` -a ${quoted(`(__ipvsadm_ask ${choices.what})`)}`;
    case 'files':
    case 'nowhere':
      return '';
  }
}

function line(condition: string, row: CompletedRow): string {
  const short = row.short.map((letter) => ` -s ${letter}`).join('');
  return `complete -c ipvsadm -n ${quoted(condition)}${short} -l ${row.long}${valueFlags(row)} -d ${quoted(row.help)}\n`;
}

/** The completion of fish, from 3 on. */
export function fishCompletion(): string {
  const { commands, options } = completed();
  const services = options.filter(({ isService }) => isService).flatMap(typedNames);
  const optionLines = options.map((option) => {
    const takers = commands.filter((command) => command.options.some(({ long }) => long === option.long));
    const condition = `__ipvsadm_command ${takers.map(({ long }) => long).join(' ')}`;
    return line(option.group.length === 0 ? condition : `${condition}; and not __ipvsadm_given ${option.group.join(' ')}`, option);
  });
  return `# Completion of ipvsadm for fish, ${HEADER} fish

# Words before the cursor, without the program.
function __ipvsadm_words
    set -l words (commandline -opc)
    string join -- \\n $words[2..-1]
end

function __ipvsadm_needs_command
    test (count (__ipvsadm_words)) -eq 0
end

# Whether the command is one of these long names.
function __ipvsadm_command
    set -l first (__ipvsadm_words)[1]
    string match -qr '^-[^-]' -- $first; and set first (string sub -l 2 -- $first)
    switch "$first"
${commands.map((command) => `        case ${typedNames(command).map(quoted).join(' ')}\n            contains -- ${command.long} $argv\n`).join('')}        case '*'
            return 1
    end
end

# Whether one of these is there already. The last word may be the option whose value is wanted.
function __ipvsadm_given
    for word in (__ipvsadm_words)[1..-2]
        string match -qr '^-[^-].' -- $word; and set word -(string sub -s -1 -- $word)
        contains -- (string replace -r '=.*' '' -- $word) $argv; and return 0
    end
    return 1
end

# Asks the daemon, about the service that is named already. Nothing is said when it cannot be asked.
function __ipvsadm_ask
    set -l program (commandline -opc)[1]
    set -l words (__ipvsadm_words)
    set -l ask --complete $argv[1]
    for i in (seq (count $words))
        set -l word $words[$i]
        string match -qr '^-[^-].' -- $word; and set word -(string sub -s -1 -- $word)
        set -l value $words[(math $i + 1)]
        if contains -- $word ${services.join(' ')}
            # Names would have to be looked up.
            if string match -qr '^[0-9[]' -- "$value"; or contains -- $word -H --match
                set -a ask $word $value
            end
        else if contains -- $word -6 --ipv6
            set -a ask -6
        else if test "$word" = --socket
            set -a ask --socket $value
        end
    end
    set -lx IPVSADM_COMPLETE_PREFIX (string replace -r '^--[^=]*=' '' -- (commandline -ct))
    $program $ask 2>/dev/null </dev/null
end

complete -c ipvsadm -f
${commands.map((command) => line('__ipvsadm_needs_command', command)).join('')}${optionLines.join('')}`;
}
