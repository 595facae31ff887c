# Completion of dpip for fish, printed by: dpip --completion fish

function __dpip_complete
    set -l words (commandline -opc)
    set -l found ($words[1] --complete $words[2..-1] (commandline -ct) 2>/dev/null </dev/null)
    if contains -- :files $found
        __fish_complete_path (commandline -ct)
    else
        string join -- \n $found
    end
end

complete -c dpip -f -a '(__dpip_complete)'
