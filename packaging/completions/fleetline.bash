# SPDX-License-Identifier: Apache-2.0
# bash completion for fleetline; installed as completions/fleetline

_fleetline() {
    local cur prev words cword split
    _init_completion -s || return

    local commands='status watch show devices attempts certificates report audit stats order scan sign-on retry rework token backup restore doctor config slots'
    local command= verb= i
    for ((i = 1; i < cword; i++)); do
        case ${words[i]} in
            --config) ((i++)) ;;
            -*) ;;
            *)
                if [[ -z $command ]]; then command=${words[i]}; elif [[ -z $verb ]]; then verb=${words[i]}; fi
                ;;
        esac
    done

    case $prev in
        --config | --report | --checkpoints | -o | --output)
            _filedir
            return
            ;;
        --outcome)
            COMPREPLY=($(compgen -W 'passed failed refused abandoned' -- "$cur"))
            return
            ;;
        --by)
            [[ $command == certificates ]] && return
            COMPREPLY=($(compgen -W 'hour day product slot order' -- "$cur"))
            return
            ;;
        --format)
            local formats='csv jsonl xlsx pdf'
            [[ $command == certificates ]] && formats='table csv json aws-cli'
            COMPREPLY=($(compgen -W "$formats" -- "$cur"))
            return
            ;;
        --since | --until)
            COMPREPLY=($(compgen -W 'today yesterday now 1h 8h 7d' -- "$cur"))
            return
            ;;
        --order)
            COMPREPLY=($(compgen -W '$(fleetline order list --json 2>/dev/null | sed -n "s/^{\"order\":\"\([A-Za-z0-9_.:-]*\)\".*/\1/p")' -- "$cur"))
            return
            ;;
        --role)
            COMPREPLY=($(compgen -W 'operator engineer auditor' -- "$cur"))
            return
            ;;
        --product | --limit | --slot | --operator | --failure-code | --search | --reason | --quota | --note) return ;;
    esac
    $split && return

    local period='--since --until --product --order'
    local offered='--config --json --help'
    case $command in
        '') offered+=" --version $commands" ;;
        show) offered+=' --transcript --pem' ;;
        devices | attempts) offered+=" $period --outcome --slot --operator --failure-code --search --limit" ;;
        certificates) [[ $verb ]] && offered+=' --by --note' || offered+=' mark-revoked --to-revoke --stale --format' ;;
        report) offered+=" $period --format --include-failed --sign --output" ;;
        audit) [[ $verb ]] && offered+=' --report --checkpoints' || offered+=' verify' ;;
        stats) offered+=" $period --by" ;;
        backup | restore) _filedir ;;
        config) [[ $verb ]] && _filedir toml || offered+=' check' ;;
        slots) [[ $verb ]] || offered+=' discover' ;;
        scan) offered+=' --slot' ;;
        retry) offered+=' --slot' ;;
        rework) offered+=' --reason' ;;
        token)
            case $verb in
                '') offered+=' add list revoke' ;;
                add) offered+=' --role' ;;
            esac
            ;;
        order)
            case $verb in
                '') offered+=' list show open close import' ;;
                open) offered+=' --product --quota --allow-list --first --last' ;;
                import) _filedir ;;
            esac
            ;;
    esac
    COMPREPLY+=($(compgen -W "$offered" -- "$cur"))
} && complete -F _fleetline fleetline
