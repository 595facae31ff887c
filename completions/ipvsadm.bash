# Completion of ipvsadm for bash, written from its table of options by ipvsadm --completion bash

# Puts together what bash splits at : and =, up to the cursor: words, cur, prev.
_ipvsadm_words() {
    local i word last glue=
    words=("${COMP_WORDS[0]}")
    for ((i = 1; i <= COMP_CWORD; i++)); do
        word=${COMP_WORDS[i]}
        last=${words[${#words[@]} - 1]}
        if [[ -n $glue || ($word == :* && ($last != -* || $last == --*=*) && $i -gt 1) || ($word == =* && $last == --*) ]]; then
            words[${#words[@]} - 1]=$last$word
        else
            words+=("$word")
        fi
        [[ $word == +([:=]) ]] && glue=1 || glue=
    done
    cur=${words[${#words[@]} - 1]}
    prev=${words[${#words[@]} - 2]}
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
    local i word ask=("${words[0]}" --complete "$1")
    for ((i = 1; i < ${#words[@]} - 2; i++)); do
        word=${words[i]}
        [[ $word == -[!-]?* ]] && word=-${word: -1}
        case $word in
        -t|--tcp-service|-u|--udp-service|--sctp-service|-q|--icmp-service|-1|--icmpv6-service|-f|--fwmark-service|-H|--match)
            # Names would have to be looked up.
            [[ ${words[i + 1]} == [0-9[]* || $word == @(-H|--match) ]] && ask+=("$word" "${words[i + 1]}") ;;
        -6|--ipv6) ask+=(-6) ;;
        --socket) ask+=(--socket "${words[i + 1]}") ;;
        --socket=*) ask+=("$word") ;;
        esac
    done
    while IFS= read -r word; do _ipvsadm_offer "$word"; done < <(IPVSADM_COMPLETE_PREFIX=$cur "${ask[@]}" 2>/dev/null </dev/null)
}

# Offers values of an option. Status 0: it needs one; 2: it may have one; 1: it has none.
_ipvsadm_value() {
    case $1 in
        --apply) _ipvsadm_files; return 0 ;;
        --completion) _ipvsadm_choose bash zsh fish; return 0 ;;
        --start-daemon) _ipvsadm_choose master backup; return 0 ;;
        --stop-daemon) _ipvsadm_choose master backup; return 0 ;;
        -t|--tcp-service) _ipvsadm_ask tcp-services; return 0 ;;
        -u|--udp-service) _ipvsadm_ask udp-services; return 0 ;;
        --sctp-service) _ipvsadm_ask sctp-services; return 0 ;;
        -q|--icmp-service) _ipvsadm_ask icmp-services; return 0 ;;
        -1|--icmpv6-service) _ipvsadm_ask icmpv6-services; return 0 ;;
        -f|--fwmark-service) _ipvsadm_ask marks; return 0 ;;
        -H|--match) _ipvsadm_ask matches; return 0 ;;
        -s|--scheduler) _ipvsadm_choose rr wrr lc wlc sed nq fo ovf sh dh conhash mh lblc lblcr; return 0 ;;
        -p|--persistent) :; return 2 ;;
        -M|--netmask) :; return 0 ;;
        --pe) _ipvsadm_choose sip; return 0 ;;
        -j|--synproxy) _ipvsadm_choose enable disable; return 0 ;;
        --hash-target) _ipvsadm_choose sip qid; return 0 ;;
        --sched-flags) _ipvsadm_choose mh-fallback mh-port sh-fallback sh-port flag-1 flag-2 flag-3 none; return 0 ;;
        --dest-check) _ipvsadm_choose disable default tcp udp sctp ping; return 0 ;;
        --conn-timeout) :; return 0 ;;
        --proxy-protocol) _ipvsadm_choose disable v1 v2 v1-insecure v2-insecure; return 0 ;;
        --conn-limit) :; return 0 ;;
        --limit-proportion) :; return 0 ;;
        -r|--real-server) _ipvsadm_ask servers; return 0 ;;
        -w|--weight) :; return 0 ;;
        -x|--u-threshold) :; return 0 ;;
        -y|--l-threshold) :; return 0 ;;
        -z|--laddr) _ipvsadm_ask laddrs; return 0 ;;
        -F|--ifname) _ipvsadm_ask devices; return 0 ;;
        -k|--blklst) _ipvsadm_ask deny; return 0 ;;
        -2|--whtlst) _ipvsadm_ask allow; return 0 ;;
        --sockpair) :; return 0 ;;
        --cpu) _ipvsadm_choose all; return 0 ;;
        --mcast-interface) _ipvsadm_ask devices; return 0 ;;
        --syncid) :; return 0 ;;
        --watch) :; return 2 ;;
        --count) :; return 0 ;;
        --proto) _ipvsadm_choose tcp udp sctp icmp icmpv6; return 0 ;;
        --vip) _ipvsadm_ask services; return 0 ;;
        --rs) _ipvsadm_ask servers; return 0 ;;
        --sched) _ipvsadm_choose rr wrr lc wlc sed nq fo ovf sh dh conhash mh lblc lblcr; return 0 ;;
        --state) _ipvsadm_choose TCP_NONE TCP_EST SYN_SENT SYN_RECV FIN_WAIT TIME_WAIT TCP_CLOSE CLOSE_WAIT LAST_ACK LISTEN SYNACK UDP_NONE UDP_ONEWAY UDP_NORM UDP_LAST ICMP_NORMAL ICMP_LAST; return 0 ;;
        --client) :; return 0 ;;
        --deadline) :; return 0 ;;
        --replacement) _ipvsadm_ask servers; return 0 ;;
        --socket) _ipvsadm_files; return 0 ;;
        --timeout-ms) :; return 0 ;;
        --color) _ipvsadm_choose auto always never; return 2 ;;
    esac
    return 1
}

# The options of the command that the first word is, or begins with.
_ipvsadm_options() {
    case $1 in
        -A|--add-service) options='-t --tcp-service -u --udp-service --sctp-service -q --icmp-service -1 --icmpv6-service -f --fwmark-service -H --match -6 --ipv6 -s --scheduler -p --persistent -M --netmask -o --ops -j --synproxy --hash-target --sched-flags --expire-quiescent --quic --dest-check --conn-timeout --proxy-protocol --conn-limit --limit-proportion --json --pretty --if-not-exists --no-resolve-timeout --socket --timeout-ms --color' ;;
        -E|--edit-service) options='-t --tcp-service -u --udp-service --sctp-service -q --icmp-service -1 --icmpv6-service -f --fwmark-service -H --match -6 --ipv6 -s --scheduler -p --persistent -M --netmask -o --ops -j --synproxy --hash-target --sched-flags --expire-quiescent --quic --dest-check --conn-timeout --proxy-protocol --conn-limit --limit-proportion --json --pretty --if-exists --no-resolve-timeout --socket --timeout-ms --color' ;;
        -D|--delete-service) options='-t --tcp-service -u --udp-service --sctp-service -q --icmp-service -1 --icmpv6-service -f --fwmark-service -H --match -6 --ipv6 --json --pretty --if-exists --no-resolve-timeout --socket --timeout-ms --color' ;;
        -C|--clear) options='--json --pretty --no-resolve-timeout --socket --timeout-ms --color' ;;
        -R|--restore) options='--json --pretty --atomic --keep-going --dry-run --no-resolve-timeout --socket --timeout-ms --color' ;;
        -S|--save) options='-n --numeric --compat-save --json --pretty --no-resolve-timeout --socket --timeout-ms --color' ;;
        -a|--add-server) options='-t --tcp-service -u --udp-service --sctp-service -q --icmp-service -1 --icmpv6-service -f --fwmark-service -H --match -6 --ipv6 -r --real-server -g --gatewaying -i --ipip -m --masquerading -b --fullnat -J --snat -w --weight -x --u-threshold -y --l-threshold --json --pretty --if-not-exists --no-resolve-timeout --socket --timeout-ms --color' ;;
        -e|--edit-server) options='-t --tcp-service -u --udp-service --sctp-service -q --icmp-service -1 --icmpv6-service -f --fwmark-service -H --match -6 --ipv6 -r --real-server -g --gatewaying -i --ipip -m --masquerading -b --fullnat -J --snat -w --weight -x --u-threshold -y --l-threshold --json --pretty --if-exists --no-resolve-timeout --socket --timeout-ms --color' ;;
        -d|--delete-server) options='-t --tcp-service -u --udp-service --sctp-service -q --icmp-service -1 --icmpv6-service -f --fwmark-service -H --match -6 --ipv6 -r --real-server --json --pretty --if-exists --no-resolve-timeout --socket --timeout-ms --color' ;;
        -L|-l|--list) options='-t --tcp-service -u --udp-service --sctp-service -q --icmp-service -1 --icmpv6-service -f --fwmark-service -H --match -6 --ipv6 -n --numeric -c --connection --sockpair --stats --rate -X --exact --thresholds --persistent-conn --cpu --sort --nosort --timeout --daemon --syncid --json --pretty --prom --watch --count --bits --details --summary --lvs-format --proto --vip --rs --sched --state --client --no-resolve-timeout --socket --timeout-ms --color' ;;
        -Z|--zero) options='-t --tcp-service -u --udp-service --sctp-service -q --icmp-service -1 --icmpv6-service -f --fwmark-service -H --match -6 --ipv6 --json --pretty --no-resolve-timeout --socket --timeout-ms --color' ;;
        -P|--add-laddr) options='-t --tcp-service -u --udp-service --sctp-service -q --icmp-service -1 --icmpv6-service -f --fwmark-service -H --match -6 --ipv6 -z --laddr -F --ifname --json --pretty --if-not-exists --no-resolve-timeout --socket --timeout-ms --color' ;;
        -Q|--del-laddr) options='-t --tcp-service -u --udp-service --sctp-service -q --icmp-service -1 --icmpv6-service -f --fwmark-service -H --match -6 --ipv6 -z --laddr -F --ifname --json --pretty --if-exists --no-resolve-timeout --socket --timeout-ms --color' ;;
        -G|--get-laddr) options='-t --tcp-service -u --udp-service --sctp-service -q --icmp-service -1 --icmpv6-service -f --fwmark-service -H --match -6 --ipv6 --cpu --json --pretty --watch --count --proto --vip --no-resolve-timeout --socket --timeout-ms --color' ;;
        -U|--add-blklst) options='-t --tcp-service -u --udp-service --sctp-service -q --icmp-service -1 --icmpv6-service -f --fwmark-service -H --match -6 --ipv6 -k --blklst --json --pretty --if-not-exists --no-resolve-timeout --socket --timeout-ms --color' ;;
        -V|--del-blklst) options='-t --tcp-service -u --udp-service --sctp-service -q --icmp-service -1 --icmpv6-service -f --fwmark-service -H --match -6 --ipv6 -k --blklst --json --pretty --if-exists --no-resolve-timeout --socket --timeout-ms --color' ;;
        -B|--get-blklst) options='-t --tcp-service -u --udp-service --sctp-service -q --icmp-service -1 --icmpv6-service -f --fwmark-service -H --match -6 --ipv6 --json --pretty --watch --count --proto --vip --no-resolve-timeout --socket --timeout-ms --color' ;;
        -O|--add-whtlst) options='-t --tcp-service -u --udp-service --sctp-service -q --icmp-service -1 --icmpv6-service -f --fwmark-service -H --match -6 --ipv6 -2 --whtlst --json --pretty --if-not-exists --no-resolve-timeout --socket --timeout-ms --color' ;;
        -Y|--del-whtlst) options='-t --tcp-service -u --udp-service --sctp-service -q --icmp-service -1 --icmpv6-service -f --fwmark-service -H --match -6 --ipv6 -2 --whtlst --json --pretty --if-exists --no-resolve-timeout --socket --timeout-ms --color' ;;
        -W|--get-whtlst) options='-t --tcp-service -u --udp-service --sctp-service -q --icmp-service -1 --icmpv6-service -f --fwmark-service -H --match -6 --ipv6 --json --pretty --watch --count --proto --vip --no-resolve-timeout --socket --timeout-ms --color' ;;
        --apply) options='--json --pretty --dry-run --no-resolve-timeout --socket --timeout-ms --color' ;;
        --drain) options='-t --tcp-service -u --udp-service --sctp-service -q --icmp-service -1 --icmpv6-service -f --fwmark-service -H --match -6 --ipv6 -r --real-server --json --pretty --deadline --no-resolve-timeout --socket --timeout-ms --color' ;;
        --replace-server) options='-t --tcp-service -u --udp-service --sctp-service -q --icmp-service -1 --icmpv6-service -f --fwmark-service -H --match -6 --ipv6 -r --real-server --json --pretty --replacement --no-resolve-timeout --socket --timeout-ms --color' ;;
        --flush-laddr) options='-t --tcp-service -u --udp-service --sctp-service -q --icmp-service -1 --icmpv6-service -f --fwmark-service -H --match -6 --ipv6 --json --pretty --no-resolve-timeout --socket --timeout-ms --color' ;;
        --flush-blklst) options='-t --tcp-service -u --udp-service --sctp-service -q --icmp-service -1 --icmpv6-service -f --fwmark-service -H --match -6 --ipv6 --json --pretty --no-resolve-timeout --socket --timeout-ms --color' ;;
        --flush-whtlst) options='-t --tcp-service -u --udp-service --sctp-service -q --icmp-service -1 --icmpv6-service -f --fwmark-service -H --match -6 --ipv6 --json --pretty --no-resolve-timeout --socket --timeout-ms --color' ;;
        --completion) options='--json --pretty --no-resolve-timeout --socket --timeout-ms --color' ;;
        --set) options='--json --pretty --no-resolve-timeout --socket --timeout-ms --color' ;;
        --start-daemon) options='--mcast-interface --syncid --json --pretty --no-resolve-timeout --socket --timeout-ms --color' ;;
        --stop-daemon) options='--syncid --json --pretty --no-resolve-timeout --socket --timeout-ms --color' ;;
        -h|--help) options='' ;;
        -v|--version) options='' ;;
        -[!-]?*) _ipvsadm_options "${1:0:2}" ;;
    esac
}

# Whether an option is there already, or another one that excludes it.
_ipvsadm_given() {
    local word group
    case $1 in
        -t|--tcp-service|-u|--udp-service|--sctp-service|-q|--icmp-service|-1|--icmpv6-service|-f|--fwmark-service|-H|--match) group=' -t --tcp-service -u --udp-service --sctp-service -q --icmp-service -1 --icmpv6-service -f --fwmark-service -H --match ' ;;
        -s|--scheduler) group=' -s --scheduler ' ;;
        -p|--persistent) group=' -p --persistent ' ;;
        -M|--netmask) group=' -M --netmask ' ;;
        -o|--ops) group=' -o --ops ' ;;
        --pe) group=' --pe ' ;;
        -j|--synproxy) group=' -j --synproxy ' ;;
        --hash-target) group=' --hash-target ' ;;
        --sched-flags) group=' --sched-flags ' ;;
        --expire-quiescent) group=' --expire-quiescent ' ;;
        --conn-limit) group=' --conn-limit ' ;;
        --limit-proportion) group=' --limit-proportion ' ;;
        -r|--real-server) group=' -r --real-server ' ;;
        -g|--gatewaying|-i|--ipip|-m|--masquerading|-b|--fullnat|-J|--snat) group=' -g --gatewaying -i --ipip -m --masquerading -b --fullnat -J --snat ' ;;
        -w|--weight) group=' -w --weight ' ;;
        -x|--u-threshold) group=' -x --u-threshold ' ;;
        -y|--l-threshold) group=' -y --l-threshold ' ;;
        -z|--laddr) group=' -z --laddr ' ;;
        -F|--ifname) group=' -F --ifname ' ;;
        -k|--blklst) group=' -k --blklst ' ;;
        -2|--whtlst) group=' -2 --whtlst ' ;;
        -n|--numeric) group=' -n --numeric ' ;;
        -c|--connection) group=' -c --connection ' ;;
        --sockpair) group=' --sockpair ' ;;
        --stats) group=' --stats ' ;;
        --rate) group=' --rate ' ;;
        -X|--exact) group=' -X --exact ' ;;
        --thresholds) group=' --thresholds ' ;;
        --persistent-conn) group=' --persistent-conn ' ;;
        --cpu) group=' --cpu ' ;;
        --nosort) group=' --nosort ' ;;
        --compat-save) group=' --compat-save ' ;;
        --timeout) group=' --timeout ' ;;
        --daemon) group=' --daemon ' ;;
        --mcast-interface) group=' --mcast-interface ' ;;
        --syncid) group=' --syncid ' ;;
        --json) group=' --json ' ;;
        --pretty) group=' --pretty ' ;;
        --prom) group=' --prom ' ;;
        --watch) group=' --watch ' ;;
        --count) group=' --count ' ;;
        --bits) group=' --bits ' ;;
        --details) group=' --details ' ;;
        --summary) group=' --summary ' ;;
        --lvs-format) group=' --lvs-format ' ;;
        --proto) group=' --proto ' ;;
        --vip) group=' --vip ' ;;
        --rs) group=' --rs ' ;;
        --sched) group=' --sched ' ;;
        --state) group=' --state ' ;;
        --client) group=' --client ' ;;
        --if-exists) group=' --if-exists ' ;;
        --if-not-exists) group=' --if-not-exists ' ;;
        --atomic) group=' --atomic ' ;;
        --keep-going) group=' --keep-going ' ;;
        --dry-run) group=' --dry-run ' ;;
        --deadline) group=' --deadline ' ;;
        --replacement) group=' --replacement ' ;;
        --no-resolve-timeout) group=' --no-resolve-timeout ' ;;
        --socket) group=' --socket ' ;;
        --timeout-ms) group=' --timeout-ms ' ;;
        --color) group=' --color ' ;;
        *) return 1 ;;
    esac
    for word in "${words[@]:1:${#words[@]} - 2}"; do
        [[ $word == -[!-]?* ]] && word=-${word: -1}
        [[ $group == *" ${word%%=*} "* ]] && return 0
    done
    return 1
}

_ipvsadm() {
    local cur prev options= word status words=()
    COMPREPLY=()
    _ipvsadm_words
    if [[ $cur == --*=* ]]; then
        local name=${cur%%=*}
        cur=${cur#*=}
        _ipvsadm_value "$name"
        # Where bash does not split at =, the whole word is replaced.
        if [[ $COMP_WORDBREAKS != *=* ]]; then
            COMPREPLY=("${COMPREPLY[@]/#/$name=}")
            cur=$name=$cur
        fi
    elif ((${#words[@]} == 2)); then
        _ipvsadm_choose -A --add-service -E --edit-service -D --delete-service -C --clear -R --restore -S --save -a --add-server -e --edit-server -d --delete-server -L -l --list -Z --zero -P --add-laddr -Q --del-laddr -G --get-laddr -U --add-blklst -V --del-blklst -B --get-blklst -O --add-whtlst -Y --del-whtlst -W --get-whtlst --apply --drain --replace-server --flush-laddr --flush-blklst --flush-whtlst --completion --set --start-daemon --stop-daemon -h --help -v --version
    else
        # The last letter of -At is the option that the value is for.
        [[ $prev == -[!-]?* ]] && prev=-${prev: -1}
        _ipvsadm_value "$prev"
        status=$?
        if ((status == 1)) || [[ $status == 2 && ($cur == -* || -z $cur) ]]; then
            _ipvsadm_options "${words[1]}"
            for word in $options; do _ipvsadm_given "$word" || _ipvsadm_offer "$word"; done
        fi
    fi
    # Bash replaces only what is behind the last : or =.
    local behind=$cur
    [[ $COMP_WORDBREAKS == *:* ]] && behind=${behind##*:}
    [[ $COMP_WORDBREAKS == *=* ]] && behind=${behind##*=}
    if [[ $behind != "$cur" ]]; then
        local i before=${cur%"$behind"}
        for i in "${!COMPREPLY[@]}"; do COMPREPLY[i]=${COMPREPLY[i]#"$before"}; done
    fi
}

complete -F _ipvsadm ipvsadm
