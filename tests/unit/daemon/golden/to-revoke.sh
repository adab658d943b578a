#!/bin/sh -e
# SN0003: orphaned, the board made a new key
aws iot update-certificate --certificate-id 58092a33de652a72208e982638da693bdafd6207444adbaaacdbef7df38d5db7 --new-status REVOKED
#   then at the station: fleetline certificates mark-revoked 58092a33de65 --by NAME --note TEXT
# SN0002: superseded, a rework replaced it
aws iot update-certificate --certificate-id c20aaf6132912b323227311c126caad4cecf77142ddb39e5e3961b913371a109 --new-status REVOKED
#   then at the station: fleetline certificates mark-revoked c20aaf613291 --by NAME --note TEXT
exit status 0
