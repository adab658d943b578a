# SPDX-License-Identifier: Apache-2.0
# fish completion for fleetline

set -l commands status watch show devices attempts certificates report audit stats order scan sign-on retry rework token backup restore doctor config slots
set -l none "not __fish_seen_subcommand_from $commands"

complete -c fleetline -f
complete -c fleetline -l config -r -F -d 'The station\'s configuration'
complete -c fleetline -l json -d 'Print JSON, or JSON Lines for lists'
complete -c fleetline -s h -l help -d 'Print help'
complete -c fleetline -n $none -l version -d 'Print the version'
complete -c fleetline -n $none -a status -d 'The station and each slot'
complete -c fleetline -n $none -a watch -d 'The same, live'
complete -c fleetline -n $none -a show -d 'Everything recorded about one board'
complete -c fleetline -n $none -a devices -d 'The boards, last touched first'
complete -c fleetline -n $none -a attempts -d 'What was tried, newest first'
complete -c fleetline -n $none -a certificates -d 'What the cloud handed out'
complete -c fleetline -n $none -a report -d 'Write the audit report'
complete -c fleetline -n $none -a audit -d 'Check the ledger'
complete -c fleetline -n $none -a stats -d 'How well the line does'
complete -c fleetline -n $none -a order -d 'Work orders'
complete -c fleetline -n $none -a scan -d 'The serial number on a label'
complete -c fleetline -n $none -a sign-on -d 'Who works at the station from now on'
complete -c fleetline -n $none -a retry -d 'Try the board in a slot again'
complete -c fleetline -n $none -a rework -d 'Let a board be provisioned once more'
complete -c fleetline -n $none -a token -d 'Who may use the API over the network'
complete -c fleetline -n $none -a doctor -d 'Check everything a first day can get wrong'
complete -c fleetline -n $none -a backup -d 'Copy the ledger and verify the copy'
complete -c fleetline -n $none -a restore -d 'Put a backup in the ledger\'s place'
complete -c fleetline -n $none -a config -d 'Look at the configuration'
complete -c fleetline -n $none -a slots -d 'Find the fixtures\' USB ports'

set -l period '__fish_seen_subcommand_from devices attempts report stats'
complete -c fleetline -n $period -l since -x -a 'today yesterday 1h 8h 7d' -d 'Started at or after'
complete -c fleetline -n $period -l until -x -a 'today yesterday now' -d 'Started before'
complete -c fleetline -n $period -l product -x -d 'Only this product'
complete -c fleetline -n $period -l order -x -d 'Only this work order'
set -l lists '__fish_seen_subcommand_from devices attempts'
complete -c fleetline -n $lists -l outcome -x -a 'passed failed refused abandoned' -d 'Only this outcome'
complete -c fleetline -n $lists -l limit -x -d 'At most this many'
complete -c fleetline -n '__fish_seen_subcommand_from show' -l transcript -d 'With the console\'s transcript'
complete -c fleetline -n '__fish_seen_subcommand_from show' -l pem -d 'With the certificates'
complete -c fleetline -n '__fish_seen_subcommand_from certificates' -l to-revoke -d 'Only those no board holds'
complete -c fleetline -n '__fish_seen_subcommand_from certificates' -l stale -x -d 'Also of boards that never passed, last here so many days ago'
complete -c fleetline -n '__fish_seen_subcommand_from certificates' -l format -x -a 'table csv json aws-cli'
complete -c fleetline -n '__fish_seen_subcommand_from certificates' -a mark-revoked -d 'Record a revocation'
complete -c fleetline -n '__fish_seen_subcommand_from mark-revoked' -l by -x -d 'Who revoked it'
complete -c fleetline -n '__fish_seen_subcommand_from mark-revoked' -l note -x -d 'Why'
complete -c fleetline -n '__fish_seen_subcommand_from backup restore' -F
complete -c fleetline -n '__fish_seen_subcommand_from report' -l sign -d 'With a signature'
complete -c fleetline -n '__fish_seen_subcommand_from report' -l format -x -a 'csv jsonl xlsx pdf'
complete -c fleetline -n '__fish_seen_subcommand_from report' -l include-failed -d 'Every attempt'
complete -c fleetline -n '__fish_seen_subcommand_from report' -s o -l output -r -F -d 'Where to'
complete -c fleetline -n '__fish_seen_subcommand_from audit' -a verify
complete -c fleetline -n '__fish_seen_subcommand_from audit' -l report -r -F -d 'Check this report too'
complete -c fleetline -n '__fish_seen_subcommand_from audit' -l checkpoints -r -F -d 'Signed heads kept elsewhere'
complete -c fleetline -n '__fish_seen_subcommand_from stats' -l by -x -a 'hour day product slot order'
complete -c fleetline -n '__fish_seen_subcommand_from order' -a 'list show open close import'
complete -c fleetline -n '__fish_seen_subcommand_from open' -l quota -x -d 'How many may pass'
complete -c fleetline -n '__fish_seen_subcommand_from open' -l allow-list -d 'Only imported serial numbers'
complete -c fleetline -n '__fish_seen_subcommand_from open' -l first -x -d 'First serial number handed out'
complete -c fleetline -n '__fish_seen_subcommand_from open' -l last -x -d 'Last serial number handed out'
complete -c fleetline -n '__fish_seen_subcommand_from import' -F
complete -c fleetline -n '__fish_seen_subcommand_from scan retry' -l slot -x -d 'The slot'
complete -c fleetline -n '__fish_seen_subcommand_from rework' -l reason -x -d 'Why'
complete -c fleetline -n '__fish_seen_subcommand_from token' -a 'add list revoke'
complete -c fleetline -n '__fish_seen_subcommand_from add' -l role -x -a 'operator engineer auditor' -d 'What it lets them do'
complete -c fleetline -n '__fish_seen_subcommand_from config' -a check
complete -c fleetline -n '__fish_seen_subcommand_from slots' -a discover
