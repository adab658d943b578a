#!/bin/sh
# Revokes what no board of station line-3 holds.
# Run it for the AWS account and region of the endpoint localhost:
#   aws iot describe-endpoint --endpoint-type iot:Data-ATS
failed=''
# SN0007: registered, its board has not passed, and not been here since 2026-11-24
#   before you run this, at the station: fleetline certificates mark-revoked e551e72ab6f0 --by NAME --note TEXT
aws iot update-certificate --certificate-id e551e72ab6f07ee5bfa36e66610b224a888c14f482f8fdd655125c0dade1f750 --new-status REVOKED || failed="$failed e551e72ab6f07ee5bfa36e66610b224a888c14f482f8fdd655125c0dade1f750"
# SN0003: orphaned, the board made a new key
aws iot update-certificate --certificate-id 58092a33de652a72208e982638da693bdafd6207444adbaaacdbef7df38d5db7 --new-status REVOKED || failed="$failed 58092a33de652a72208e982638da693bdafd6207444adbaaacdbef7df38d5db7"
#   then at the station: fleetline certificates mark-revoked 58092a33de65 --by NAME --note TEXT
# SN0002: superseded, a rework replaced it
aws iot update-certificate --certificate-id c20aaf6132912b323227311c126caad4cecf77142ddb39e5e3961b913371a109 --new-status REVOKED || failed="$failed c20aaf6132912b323227311c126caad4cecf77142ddb39e5e3961b913371a109"
#   then at the station: fleetline certificates mark-revoked c20aaf613291 --by NAME --note TEXT
[ -n "$failed" ] || exit 0
for id in $failed; do echo "not revoked: $id" >&2; done
exit 1
exit status 0
