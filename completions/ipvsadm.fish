# Completion of ipvsadm for fish, written from its table of options by ipvsadm --completion fish

# Words before the cursor, without the program.
function __ipvsadm_words
    set -l words (commandline -opc)
    string join -- \n $words[2..-1]
end

function __ipvsadm_needs_command
    test (count (__ipvsadm_words)) -eq 0
end

# Whether the command is one of these long names.
function __ipvsadm_command
    set -l first (__ipvsadm_words)[1]
    string match -qr '^-[^-]' -- $first; and set first (string sub -l 2 -- $first)
    switch "$first"
        case '-A' '--add-service'
            contains -- add-service $argv
        case '-E' '--edit-service'
            contains -- edit-service $argv
        case '-D' '--delete-service'
            contains -- delete-service $argv
        case '-C' '--clear'
            contains -- clear $argv
        case '-R' '--restore'
            contains -- restore $argv
        case '-S' '--save'
            contains -- save $argv
        case '-a' '--add-server'
            contains -- add-server $argv
        case '-e' '--edit-server'
            contains -- edit-server $argv
        case '-d' '--delete-server'
            contains -- delete-server $argv
        case '-L' '-l' '--list'
            contains -- list $argv
        case '-Z' '--zero'
            contains -- zero $argv
        case '-P' '--add-laddr'
            contains -- add-laddr $argv
        case '-Q' '--del-laddr'
            contains -- del-laddr $argv
        case '-G' '--get-laddr'
            contains -- get-laddr $argv
        case '-U' '--add-blklst'
            contains -- add-blklst $argv
        case '-V' '--del-blklst'
            contains -- del-blklst $argv
        case '-B' '--get-blklst'
            contains -- get-blklst $argv
        case '-O' '--add-whtlst'
            contains -- add-whtlst $argv
        case '-Y' '--del-whtlst'
            contains -- del-whtlst $argv
        case '-W' '--get-whtlst'
            contains -- get-whtlst $argv
        case '--apply'
            contains -- apply $argv
        case '--drain'
            contains -- drain $argv
        case '--replace-server'
            contains -- replace-server $argv
        case '--flush-laddr'
            contains -- flush-laddr $argv
        case '--flush-blklst'
            contains -- flush-blklst $argv
        case '--flush-whtlst'
            contains -- flush-whtlst $argv
        case '--completion'
            contains -- completion $argv
        case '--set'
            contains -- set $argv
        case '--start-daemon'
            contains -- start-daemon $argv
        case '--stop-daemon'
            contains -- stop-daemon $argv
        case '-h' '--help'
            contains -- help $argv
        case '-v' '--version'
            contains -- version $argv
        case '*'
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
        if contains -- $word -t --tcp-service -u --udp-service --sctp-service -q --icmp-service -1 --icmpv6-service -f --fwmark-service -H --match
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
complete -c ipvsadm -n '__ipvsadm_needs_command' -s A -l add-service -d 'create a virtual service'
complete -c ipvsadm -n '__ipvsadm_needs_command' -s E -l edit-service -d 'change what is given of a virtual service'
complete -c ipvsadm -n '__ipvsadm_needs_command' -s D -l delete-service -d 'delete a virtual service and its servers'
complete -c ipvsadm -n '__ipvsadm_needs_command' -s C -l clear -d 'delete all virtual services'
complete -c ipvsadm -n '__ipvsadm_needs_command' -s R -l restore -d 'run the rules on standard input'
complete -c ipvsadm -n '__ipvsadm_needs_command' -s S -l save -d 'print all rules, as --restore reads them'
complete -c ipvsadm -n '__ipvsadm_needs_command' -s a -l add-server -d 'add a real server to a service'
complete -c ipvsadm -n '__ipvsadm_needs_command' -s e -l edit-server -d 'replace all attributes of a real server'
complete -c ipvsadm -n '__ipvsadm_needs_command' -s d -l delete-server -d 'remove a real server'
complete -c ipvsadm -n '__ipvsadm_needs_command' -s L -s l -l list -d 'list services, or one of them; -l is the same'
complete -c ipvsadm -n '__ipvsadm_needs_command' -s Z -l zero -d 'zero the counters of one service or of all'
complete -c ipvsadm -n '__ipvsadm_needs_command' -s P -l add-laddr -d 'give a service a local address'
complete -c ipvsadm -n '__ipvsadm_needs_command' -s Q -l del-laddr -d 'take a local address from a service'
complete -c ipvsadm -n '__ipvsadm_needs_command' -s G -l get-laddr -d 'list local addresses, of one service or of all'
complete -c ipvsadm -n '__ipvsadm_needs_command' -s U -l add-blklst -d 'refuse a client or an ipset'
complete -c ipvsadm -n '__ipvsadm_needs_command' -s V -l del-blklst -d 'refuse it no longer'
complete -c ipvsadm -n '__ipvsadm_needs_command' -s B -l get-blklst -d 'list refused clients, of one service or of all'
complete -c ipvsadm -n '__ipvsadm_needs_command' -s O -l add-whtlst -d 'serve a client or an ipset, and no others than listed'
complete -c ipvsadm -n '__ipvsadm_needs_command' -s Y -l del-whtlst -d 'list it no longer'
complete -c ipvsadm -n '__ipvsadm_needs_command' -s W -l get-whtlst -d 'list served clients, of one service or of all'
complete -c ipvsadm -n '__ipvsadm_needs_command' -l apply -r -F -d 'make the daemon hold what the file (rules or JSON, - for standard input) says: prints the differences, applies them'
complete -c ipvsadm -n '__ipvsadm_needs_command' -l drain -d 'set the weight of a server, or of all of a service, to 0 and wait until no connection is left'
complete -c ipvsadm -n '__ipvsadm_needs_command' -l replace-server -d 'add a server with the attributes of another one and take that one away, at once'
complete -c ipvsadm -n '__ipvsadm_needs_command' -l flush-laddr -d 'take all local addresses from a service'
complete -c ipvsadm -n '__ipvsadm_needs_command' -l flush-blklst -d 'empty the deny list of a service'
complete -c ipvsadm -n '__ipvsadm_needs_command' -l flush-whtlst -d 'empty the allow list of a service'
complete -c ipvsadm -n '__ipvsadm_needs_command' -l completion -x -a 'bash zsh fish' -d 'print the completion of bash, zsh or fish'
complete -c ipvsadm -n '__ipvsadm_needs_command' -l set -d 'time-outs in seconds: tcp tcpfin udp; 0: as it is'
complete -c ipvsadm -n '__ipvsadm_needs_command' -l start-daemon -x -a 'master backup' -d 'connection synchronisation; not supported by dpvs'
complete -c ipvsadm -n '__ipvsadm_needs_command' -l stop-daemon -x -a 'master backup' -d 'connection synchronisation; not supported by dpvs'
complete -c ipvsadm -n '__ipvsadm_needs_command' -s h -l help -d 'print this text'
complete -c ipvsadm -n '__ipvsadm_needs_command' -s v -l version -d 'print the version'
complete -c ipvsadm -n '__ipvsadm_command add-service edit-service delete-service add-server edit-server delete-server list zero add-laddr del-laddr get-laddr add-blklst del-blklst get-blklst add-whtlst del-whtlst get-whtlst drain replace-server flush-laddr flush-blklst flush-whtlst; and not __ipvsadm_given -t --tcp-service -u --udp-service --sctp-service -q --icmp-service -1 --icmpv6-service -f --fwmark-service -H --match' -s t -l tcp-service -x -a '(__ipvsadm_ask tcp-services)' -d 'TCP service: host:port or [IPv6]:port'
complete -c ipvsadm -n '__ipvsadm_command add-service edit-service delete-service add-server edit-server delete-server list zero add-laddr del-laddr get-laddr add-blklst del-blklst get-blklst add-whtlst del-whtlst get-whtlst drain replace-server flush-laddr flush-blklst flush-whtlst; and not __ipvsadm_given -t --tcp-service -u --udp-service --sctp-service -q --icmp-service -1 --icmpv6-service -f --fwmark-service -H --match' -s u -l udp-service -x -a '(__ipvsadm_ask udp-services)' -d 'UDP service'
complete -c ipvsadm -n '__ipvsadm_command add-service edit-service delete-service add-server edit-server delete-server list zero add-laddr del-laddr get-laddr add-blklst del-blklst get-blklst add-whtlst del-whtlst get-whtlst drain replace-server flush-laddr flush-blklst flush-whtlst; and not __ipvsadm_given -t --tcp-service -u --udp-service --sctp-service -q --icmp-service -1 --icmpv6-service -f --fwmark-service -H --match' -l sctp-service -x -a '(__ipvsadm_ask sctp-services)' -d 'SCTP service'
complete -c ipvsadm -n '__ipvsadm_command add-service edit-service delete-service add-server edit-server delete-server list zero add-laddr del-laddr get-laddr add-blklst del-blklst get-blklst add-whtlst del-whtlst get-whtlst drain replace-server flush-laddr flush-blklst flush-whtlst; and not __ipvsadm_given -t --tcp-service -u --udp-service --sctp-service -q --icmp-service -1 --icmpv6-service -f --fwmark-service -H --match' -s q -l icmp-service -x -a '(__ipvsadm_ask icmp-services)' -d 'ICMP service'
complete -c ipvsadm -n '__ipvsadm_command add-service edit-service delete-service add-server edit-server delete-server list zero add-laddr del-laddr get-laddr add-blklst del-blklst get-blklst add-whtlst del-whtlst get-whtlst drain replace-server flush-laddr flush-blklst flush-whtlst; and not __ipvsadm_given -t --tcp-service -u --udp-service --sctp-service -q --icmp-service -1 --icmpv6-service -f --fwmark-service -H --match' -s 1 -l icmpv6-service -x -a '(__ipvsadm_ask icmpv6-services)' -d 'ICMPv6 service'
complete -c ipvsadm -n '__ipvsadm_command add-service edit-service delete-service add-server edit-server delete-server list zero add-laddr del-laddr get-laddr add-blklst del-blklst get-blklst add-whtlst del-whtlst get-whtlst drain replace-server flush-laddr flush-blklst flush-whtlst; and not __ipvsadm_given -t --tcp-service -u --udp-service --sctp-service -q --icmp-service -1 --icmpv6-service -f --fwmark-service -H --match' -s f -l fwmark-service -x -a '(__ipvsadm_ask marks)' -d 'service of packets with this mark, from 1 on'
complete -c ipvsadm -n '__ipvsadm_command add-service edit-service delete-service add-server edit-server delete-server list zero add-laddr del-laddr get-laddr add-blklst del-blklst get-blklst add-whtlst del-whtlst get-whtlst drain replace-server flush-laddr flush-blklst flush-whtlst; and not __ipvsadm_given -t --tcp-service -u --udp-service --sctp-service -q --icmp-service -1 --icmpv6-service -f --fwmark-service -H --match' -s H -l match -x -a '(__ipvsadm_ask matches)' -d 'SNAT service of packets that match proto=,af=,src-range=, dst-range=,iif=,oif= (comma separated; proto and a range or af are needed; a range is from-to:port-port)'
complete -c ipvsadm -n '__ipvsadm_command add-service edit-service delete-service add-server edit-server delete-server list zero add-laddr del-laddr get-laddr add-blklst del-blklst get-blklst add-whtlst del-whtlst get-whtlst drain replace-server flush-laddr flush-blklst flush-whtlst' -s 6 -l ipv6 -d 'the mark of -f is one of IPv6 packets; follows -f'
complete -c ipvsadm -n '__ipvsadm_command add-service edit-service; and not __ipvsadm_given -s --scheduler' -s s -l scheduler -x -a 'rr wrr lc wlc sed nq fo ovf sh dh conhash mh lblc lblcr' -d 'rr, wrr, lc, wlc, sed, nq, fo, ovf, sh, dh, conhash, mh, lblc or lblcr; wlc if not given'
complete -c ipvsadm -n '__ipvsadm_command add-service edit-service; and not __ipvsadm_given -p --persistent' -s p -l persistent -d 'a client stays with its server; for 360 s if not given'
complete -c ipvsadm -n '__ipvsadm_command add-service edit-service; and not __ipvsadm_given -M --netmask' -s M -l netmask -x -d 'clients that persist together: 255.255.255.0, /24, or a prefix length for IPv6'
complete -c ipvsadm -n '__ipvsadm_command add-service edit-service; and not __ipvsadm_given -o --ops' -s o -l ops -d 'schedule each packet alone (UDP)'
complete -c ipvsadm -n '__ipvsadm_command ; and not __ipvsadm_given --pe' -l pe -x -a 'sip' -d 'persistence engine; no command of dpvs takes it'
complete -c ipvsadm -n '__ipvsadm_command add-service edit-service; and not __ipvsadm_given -j --synproxy' -s j -l synproxy -x -a 'enable disable' -d 'enable or disable: answer SYNs for the servers (TCP)'
complete -c ipvsadm -n '__ipvsadm_command add-service edit-service; and not __ipvsadm_given --hash-target' -l hash-target -x -a 'sip qid' -d 'sip or qid (QUIC connection id): what conhash hashes'
complete -c ipvsadm -n '__ipvsadm_command add-service edit-service; and not __ipvsadm_given --sched-flags' -l sched-flags -x -a 'mh-fallback mh-port sh-fallback sh-port flag-1 flag-2 flag-3 none' -d 'flags of the scheduler, separated by commas: mh-fallback, mh-port, sh-fallback, sh-port, flag-1 to flag-3, or none'
complete -c ipvsadm -n '__ipvsadm_command add-service edit-service; and not __ipvsadm_given --expire-quiescent' -l expire-quiescent -d 'end connections of servers that have weight 0'
complete -c ipvsadm -n '__ipvsadm_command add-service edit-service' -l quic -d 'the UDP service is QUIC'
complete -c ipvsadm -n '__ipvsadm_command add-service edit-service' -l dest-check -x -a 'disable default tcp udp sctp ping' -d 'watch the servers; may be given more than once: disable, default, or DOWN,WAITs: failures within WAIT seconds, DOWN,UP,WAITs,MIN-MAXs: with inhibition, e.g. 1,1,3s,5-3600s, tcp, udp, sctp or ping: wants an external checker of that kind'
complete -c ipvsadm -n '__ipvsadm_command add-service edit-service' -l conn-timeout -x -d 'of established connections; 0: the default'
complete -c ipvsadm -n '__ipvsadm_command add-service edit-service' -l proxy-protocol -x -a 'disable v1 v2 v1-insecure v2-insecure' -d 'disable, v1, v2, v1-insecure or v2-insecure: tell servers who the client is'
complete -c ipvsadm -n '__ipvsadm_command add-service edit-service; and not __ipvsadm_given --conn-limit' -l conn-limit -x -d 'connections of the service at the same time; 0: no limit'
complete -c ipvsadm -n '__ipvsadm_command add-service edit-service; and not __ipvsadm_given --limit-proportion' -l limit-proportion -x -d 'packets of the service that pass, 1 to 98; 0: all'
complete -c ipvsadm -n '__ipvsadm_command add-server edit-server delete-server drain replace-server; and not __ipvsadm_given -r --real-server' -s r -l real-server -x -a '(__ipvsadm_ask servers)' -d 'server; without port: that of the service'
complete -c ipvsadm -n '__ipvsadm_command add-server edit-server; and not __ipvsadm_given -g --gatewaying -i --ipip -m --masquerading -b --fullnat -J --snat' -s g -l gatewaying -d 'direct routing (used if none is given)'
complete -c ipvsadm -n '__ipvsadm_command add-server edit-server; and not __ipvsadm_given -g --gatewaying -i --ipip -m --masquerading -b --fullnat -J --snat' -s i -l ipip -d 'tunnel'
complete -c ipvsadm -n '__ipvsadm_command add-server edit-server; and not __ipvsadm_given -g --gatewaying -i --ipip -m --masquerading -b --fullnat -J --snat' -s m -l masquerading -d 'NAT of the destination'
complete -c ipvsadm -n '__ipvsadm_command add-server edit-server; and not __ipvsadm_given -g --gatewaying -i --ipip -m --masquerading -b --fullnat -J --snat' -s b -l fullnat -d 'NAT of both ends; between IPv6 and IPv4 too'
complete -c ipvsadm -n '__ipvsadm_command add-server edit-server; and not __ipvsadm_given -g --gatewaying -i --ipip -m --masquerading -b --fullnat -J --snat' -s J -l snat -d 'NAT of the source'
complete -c ipvsadm -n '__ipvsadm_command add-server edit-server; and not __ipvsadm_given -w --weight' -s w -l weight -x -d '0 to 65535; 1 if not given; 0: no new connections'
complete -c ipvsadm -n '__ipvsadm_command add-server edit-server; and not __ipvsadm_given -x --u-threshold' -s x -l u-threshold -x -d 'connections at which a server is overloaded; 0: never'
complete -c ipvsadm -n '__ipvsadm_command add-server edit-server; and not __ipvsadm_given -y --l-threshold' -s y -l l-threshold -x -d 'connections at which it no longer is'
complete -c ipvsadm -n '__ipvsadm_command add-laddr del-laddr; and not __ipvsadm_given -z --laddr' -s z -l laddr -x -a '(__ipvsadm_ask laddrs)' -d 'local address'
complete -c ipvsadm -n '__ipvsadm_command add-laddr del-laddr; and not __ipvsadm_given -F --ifname' -s F -l ifname -x -a '(__ipvsadm_ask devices)' -d 'device of the local address'
complete -c ipvsadm -n '__ipvsadm_command add-blklst del-blklst; and not __ipvsadm_given -k --blklst' -s k -l blklst -x -a '(__ipvsadm_ask deny)' -d 'refused client: address or ipset:NAME'
complete -c ipvsadm -n '__ipvsadm_command add-whtlst del-whtlst; and not __ipvsadm_given -2 --whtlst' -s 2 -l whtlst -x -a '(__ipvsadm_ask allow)' -d 'served client: address or ipset:NAME'
complete -c ipvsadm -n '__ipvsadm_command save list; and not __ipvsadm_given -n --numeric' -s n -l numeric -d 'look up no names'
complete -c ipvsadm -n '__ipvsadm_command list; and not __ipvsadm_given -c --connection' -s c -l connection -d 'list connections'
complete -c ipvsadm -n '__ipvsadm_command list; and not __ipvsadm_given --sockpair' -l sockpair -x -d 'with -c: the one of proto:sip:sport:tip:tport, IPv6 in brackets'
complete -c ipvsadm -n '__ipvsadm_command list; and not __ipvsadm_given --stats' -l stats -d 'list counters'
complete -c ipvsadm -n '__ipvsadm_command list; and not __ipvsadm_given --rate' -l rate -d 'list counters per second'
complete -c ipvsadm -n '__ipvsadm_command list; and not __ipvsadm_given -X --exact' -s X -l exact -d 'print counters with all digits'
complete -c ipvsadm -n '__ipvsadm_command list; and not __ipvsadm_given --thresholds' -l thresholds -d 'list connection thresholds'
complete -c ipvsadm -n '__ipvsadm_command list; and not __ipvsadm_given --persistent-conn' -l persistent-conn -d 'list persistent connections; with -c: their templates'
complete -c ipvsadm -n '__ipvsadm_command list get-laddr; and not __ipvsadm_given --cpu' -l cpu -x -a 'all' -d 'as one worker sees it, from 1 on; 0: all together'
complete -c ipvsadm -n '__ipvsadm_command list' -l sort -d 'sort (as is done anyway)'
complete -c ipvsadm -n '__ipvsadm_command list; and not __ipvsadm_given --nosort' -l nosort -d 'keep the order of the daemon'
complete -c ipvsadm -n '__ipvsadm_command save; and not __ipvsadm_given --compat-save' -l compat-save -d 'with -S: only what the ipvsadm of DPVS saves'
complete -c ipvsadm -n '__ipvsadm_command list; and not __ipvsadm_given --timeout' -l timeout -d 'list time-outs'
complete -c ipvsadm -n '__ipvsadm_command list; and not __ipvsadm_given --daemon' -l daemon -d 'list synchronisation daemons; not supported by dpvs'
complete -c ipvsadm -n '__ipvsadm_command start-daemon; and not __ipvsadm_given --mcast-interface' -l mcast-interface -x -a '(__ipvsadm_ask devices)' -d 'of the synchronisation daemon'
complete -c ipvsadm -n '__ipvsadm_command list start-daemon stop-daemon; and not __ipvsadm_given --syncid' -l syncid -x -d 'of the synchronisation daemon, 0 to 255'
complete -c ipvsadm -n '__ipvsadm_command add-service edit-service delete-service clear restore save add-server edit-server delete-server list zero add-laddr del-laddr get-laddr add-blklst del-blklst get-blklst add-whtlst del-whtlst get-whtlst apply drain replace-server flush-laddr flush-blklst flush-whtlst completion set start-daemon stop-daemon; and not __ipvsadm_given --json' -l json -d 'print JSON (docs/json.md), errors too; with -R: read it'
complete -c ipvsadm -n '__ipvsadm_command add-service edit-service delete-service clear restore save add-server edit-server delete-server list zero add-laddr del-laddr get-laddr add-blklst del-blklst get-blklst add-whtlst del-whtlst get-whtlst apply drain replace-server flush-laddr flush-blklst flush-whtlst completion set start-daemon stop-daemon; and not __ipvsadm_given --pretty' -l pretty -d 'indent JSON'
complete -c ipvsadm -n '__ipvsadm_command list; and not __ipvsadm_given --prom' -l prom -d 'print metrics for Prometheus'
complete -c ipvsadm -n '__ipvsadm_command list get-laddr get-blklst get-whtlst; and not __ipvsadm_given --watch' -l watch -d 'list again and again, every 2 seconds if not given; counters as changes per second'
complete -c ipvsadm -n '__ipvsadm_command list get-laddr get-blklst get-whtlst; and not __ipvsadm_given --count' -l count -x -d 'end after so many lists'
complete -c ipvsadm -n '__ipvsadm_command list; and not __ipvsadm_given --bits' -l bits -d 'bits per second in place of bytes'
complete -c ipvsadm -n '__ipvsadm_command list; and not __ipvsadm_given --details' -l details -d 'list what the table leaves out: local addresses, lists and limits of services; rest of life, age and counters of connections'
complete -c ipvsadm -n '__ipvsadm_command list; and not __ipvsadm_given --summary' -l summary -d 'count connections by state, server and lcore'
complete -c ipvsadm -n '__ipvsadm_command list; and not __ipvsadm_given --lvs-format' -l lvs-format -d 'the layout of the ipvsadm of LVS'
complete -c ipvsadm -n '__ipvsadm_command list get-laddr get-blklst get-whtlst; and not __ipvsadm_given --proto' -l proto -x -a 'tcp udp sctp icmp icmpv6' -d 'list only tcp, udp, sctp, icmp or icmpv6'
complete -c ipvsadm -n '__ipvsadm_command list get-laddr get-blklst get-whtlst; and not __ipvsadm_given --vip' -l vip -x -a '(__ipvsadm_ask services)' -d 'list only this virtual address, address/length or address:port'
complete -c ipvsadm -n '__ipvsadm_command list; and not __ipvsadm_given --rs' -l rs -x -a '(__ipvsadm_ask servers)' -d 'list only this real server, address/length or address:port'
complete -c ipvsadm -n '__ipvsadm_command list; and not __ipvsadm_given --sched' -l sched -x -a 'rr wrr lc wlc sed nq fo ovf sh dh conhash mh lblc lblcr' -d 'list only services with this scheduler'
complete -c ipvsadm -n '__ipvsadm_command list; and not __ipvsadm_given --state' -l state -x -a 'TCP_NONE TCP_EST SYN_SENT SYN_RECV FIN_WAIT TIME_WAIT TCP_CLOSE CLOSE_WAIT LAST_ACK LISTEN SYNACK UDP_NONE UDP_ONEWAY UDP_NORM UDP_LAST ICMP_NORMAL ICMP_LAST' -d 'list only connections in this state'
complete -c ipvsadm -n '__ipvsadm_command list; and not __ipvsadm_given --client' -l client -x -d 'list only connections of this client, address/length or address:port'
complete -c ipvsadm -n '__ipvsadm_command edit-service delete-service edit-server delete-server del-laddr del-blklst del-whtlst; and not __ipvsadm_given --if-exists' -l if-exists -d 'it is no error if there is nothing to change or delete'
complete -c ipvsadm -n '__ipvsadm_command add-service add-server add-laddr add-blklst add-whtlst; and not __ipvsadm_given --if-not-exists' -l if-not-exists -d 'it is no error if it is there already'
complete -c ipvsadm -n '__ipvsadm_command restore; and not __ipvsadm_given --atomic' -l atomic -d 'with -R: all rules or none'
complete -c ipvsadm -n '__ipvsadm_command restore; and not __ipvsadm_given --keep-going' -l keep-going -d 'with -R: go on after lines that are wrong'
complete -c ipvsadm -n '__ipvsadm_command restore apply; and not __ipvsadm_given --dry-run' -l dry-run -d 'only say what would be done'
complete -c ipvsadm -n '__ipvsadm_command drain; and not __ipvsadm_given --deadline' -l deadline -x -d 'of a drain: how long to wait; 0: do not wait'
complete -c ipvsadm -n '__ipvsadm_command replace-server; and not __ipvsadm_given --replacement' -l replacement -x -a '(__ipvsadm_ask servers)' -d 'the server that comes'
complete -c ipvsadm -n '__ipvsadm_command add-service edit-service delete-service clear restore save add-server edit-server delete-server list zero add-laddr del-laddr get-laddr add-blklst del-blklst get-blklst add-whtlst del-whtlst get-whtlst apply drain replace-server flush-laddr flush-blklst flush-whtlst completion set start-daemon stop-daemon; and not __ipvsadm_given --no-resolve-timeout' -l no-resolve-timeout -d 'wait for names as long as it takes'
complete -c ipvsadm -n '__ipvsadm_command add-service edit-service delete-service clear restore save add-server edit-server delete-server list zero add-laddr del-laddr get-laddr add-blklst del-blklst get-blklst add-whtlst del-whtlst get-whtlst apply drain replace-server flush-laddr flush-blklst flush-whtlst completion set start-daemon stop-daemon; and not __ipvsadm_given --socket' -l socket -r -F -d 'control socket, in place of DPVS_IPC_FILE'
complete -c ipvsadm -n '__ipvsadm_command add-service edit-service delete-service clear restore save add-server edit-server delete-server list zero add-laddr del-laddr get-laddr add-blklst del-blklst get-blklst add-whtlst del-whtlst get-whtlst apply drain replace-server flush-laddr flush-blklst flush-whtlst completion set start-daemon stop-daemon; and not __ipvsadm_given --timeout-ms' -l timeout-ms -x -d 'how long the daemon may take for an answer'
complete -c ipvsadm -n '__ipvsadm_command add-service edit-service delete-service clear restore save add-server edit-server delete-server list zero add-laddr del-laddr get-laddr add-blklst del-blklst get-blklst add-whtlst del-whtlst get-whtlst apply drain replace-server flush-laddr flush-blklst flush-whtlst completion set start-daemon stop-daemon; and not __ipvsadm_given --color' -l color -a 'auto always never' -d 'colours in tables: auto (on terminals), always or never'
