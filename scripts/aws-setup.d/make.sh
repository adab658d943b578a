# shellcheck shell=bash disable=SC2154
# SPDX-License-Identifier: Apache-2.0
# Sourced by scripts/aws-setup: what it makes, each thing only if it is not as it should be.

# -- the product ------------------------------------------------------------------------------------------------------------
make_role() { # NAME TRUST MANAGED-POLICY
    local policy=arn:$partition:iam::aws:policy/service-role/$3
    if look iam get-role --role-name "$1" >/dev/null; then
        there "role $1"
    else
        change "make role $1" aws_ iam create-role --role-name "$1" --assume-role-policy-document "file://$parts/$2" \
            --description "fleetline: $product" --tags "Key=fleetline,Value=$product"
    fi
    local attached
    attached=$(look iam list-attached-role-policies --role-name "$1" --query 'AttachedPolicies[].PolicyArn' --output text) || attached=''
    [[ " ${attached//[[:space:]]/ } " == *" $policy "* ]] ||
        change "attach $3 to role $1" aws_ iam attach-role-policy --role-name "$1" --policy-arn "$policy"
}

make_hook() {
    local said known deployed='' wanted permissions
    said=$(documents hook-settings "$hook_json" "$scratch/hook.json" "$mode" "$station" "$order" "$allow_list" "$certificate") || exit 1
    known=$(look lambda get-function --function-name "$function" --query Configuration.CodeSha256 --output text) && deployed=$known
    [ -z "$deployed" ] || [ -e "$hook_json" ] || die "the hook $function is there, but $hook_json is not: it is the record of the" \
        "stations and lists that the hook knows, and without it they would be lost. Put it there, or give the right --dir" \
        "(the one in use is in the function's code: aws lambda get-function --function-name $function)"
    [ "$said" = same ] || change "write $hook_json" write_hook_json
    documents hook-zip "$scratch/hook.zip" "$parts/hook.py" "$scratch/hook.json"
    wanted=$(openssl dgst -sha256 -binary "$scratch/hook.zip" | base64 -w0)
    if [ -z "$deployed" ]; then
        change "make function $function" aws_patiently lambda create-function --function-name "$function" --runtime python3.12 \
            --handler hook.handler --role "arn:$partition:iam::$account:role/$hook_role" --zip-file "fileb://$scratch/hook.zip" \
            --timeout 5 --memory-size 128 --description "fleetline: may this board of $product be registered?" \
            --tags "fleetline=$product"
        wait_for_function
    elif [ "$deployed" != "$wanted" ]; then
        change "give function $function its new settings" aws_ lambda update-function-code --function-name "$function" \
            --zip-file "fileb://$scratch/hook.zip"
        wait_for_function
    else
        there "function $function"
    fi
    permissions=$(look lambda get-policy --function-name "$function" --query Policy --output text) || permissions=''
    [[ $permissions == *'"fleetline-iot"'* ]] ||
        change "let AWS IoT call function $function" aws_ lambda add-permission --function-name "$function" \
            --statement-id fleetline-iot --action lambda:InvokeFunction --principal iot.amazonaws.com --source-account "$account" \
            --source-arn "arn:$partition:iot:$region:$account:provisioningtemplate/$template"
}

write_hook_json() {
    mkdir -p "$dir" || return 1
    if [ -s "$scratch/hook.json.passwords" ]; then # before the digests: a password that is not written down is lost
        write_file "$dir/$product-passwords-$(date -u +%Y%m%dT%H%M%S).csv" 600 <"$scratch/hook.json.passwords" || return 1
    fi
    write_file "$hook_json" 600 <"$scratch/hook.json"
}

wait_for_function() {
    [ "$dry_run" = no ] || return 0
    local state=Pending
    for _ in $(seq 60); do
        state=$(look lambda get-function --function-name "$function" --output text \
            --query '[Configuration.State, Configuration.LastUpdateStatus]') || return 0
        [[ $state == *Pending* || $state == *InProgress* ]] || break
        sleep 1
    done
    [[ $state != *Failed* && $state != *Pending* ]] || die "function $function does not become active: $state"
}

make_type_and_group() {
    if look iot describe-thing-type --thing-type-name "$name" >/dev/null; then
        there "thing type $name"
    else
        change "make thing type $name" aws_ iot create-thing-type --thing-type-name "$name" --tags "Key=fleetline,Value=$product" \
            --thing-type-properties "thingTypeDescription=$product,searchableAttributes=SerialNumber,Station"
    fi
    if look iot describe-thing-group --thing-group-name "$name" >/dev/null; then
        there "thing group $name"
    else
        change "make thing group $name" aws_ iot create-thing-group --thing-group-name "$name" --tags "Key=fleetline,Value=$product"
    fi
}

# The oldest version that would be one too many (AWS keeps five, the one in use among them): to make room for a new one.
oldest_of() { # LIST TIME AWS-COMMAND...
    local list=$1 time=$2 oldest
    shift 2
    oldest=$(look "$@" --output text --query "sort_by(${list}[?!isDefaultVersion], &$time)[:-3] | [0].versionId") || oldest=None
    [ "$oldest" = None ] || echo "$oldest"
}

make_policy() { # NAME FILE
    local wanted present oldest
    wanted=$(render "$parts/$2" | documents compact)
    if ! present=$(look iot get-policy --policy-name "$1" --query policyDocument --output text); then
        change "make policy $1" aws_ iot create-policy --policy-name "$1" --policy-document "$wanted" \
            --tags "Key=fleetline,Value=$product"
    elif [ "$(documents compact <<<"$present")" != "$wanted" ]; then
        oldest=$(oldest_of policyVersions createDate iot list-policy-versions --policy-name "$1")
        [ -z "$oldest" ] || change "delete version $oldest of policy $1" \
            aws_ iot delete-policy-version --policy-name "$1" --policy-version-id "$oldest"
        change "put policy $1 right" aws_ iot create-policy-version --policy-name "$1" --policy-document "$wanted" --set-as-default
    else
        there "policy $1"
    fi
}

make_template() {
    local wanted present joins oldest before=$changes
    local hook=arn:$partition:lambda:$region:$account:function:$function role=arn:$partition:iam::$account:role/$provisioning_role
    wanted=$(render "$parts/template.json" | documents template "$scratch/hook.json" | documents compact)
    if ! present=$(look iot describe-provisioning-template --template-name "$template" --query templateBody --output text); then
        change "make template $template" aws_patiently iot create-provisioning-template --template-name "$template" \
            --provisioning-role-arn "$role" --template-body "$wanted" --enabled --tags "Key=fleetline,Value=$product" \
            --pre-provisioning-hook "targetArn=$hook,payloadVersion=2020-04-01" --description "fleetline: $product"
        return
    fi
    if [ "$(documents compact <<<"$present")" != "$wanted" ]; then
        oldest=$(oldest_of versions creationDate iot list-provisioning-template-versions --template-name "$template")
        [ -z "$oldest" ] || change "delete version $oldest of template $template" \
            aws_ iot delete-provisioning-template-version --template-name "$template" --version-id "$oldest"
        change "put template $template right" aws_ iot create-provisioning-template-version --template-name "$template" \
            --template-body "$wanted" --set-as-default
    fi
    # Without the hook anybody with a claim could register anything.
    joins=$(look iot describe-provisioning-template --template-name "$template" --output text \
        --query "preProvisioningHook.targetArn == '$hook' && provisioningRoleArn == '$role'") || joins=False
    [ "$joins" = True ] ||
        change "put hook and role of template $template right" aws_ iot update-provisioning-template --template-name "$template" \
            --provisioning-role-arn "$role" --pre-provisioning-hook "targetArn=$hook,payloadVersion=2020-04-01"
    [ "$changes" -ne "$before" ] || there "template $template"
}

# -- the station ------------------------------------------------------------------------------------------------------------
claim_id() { openssl x509 -in "$files/claim.pem" -outform der 2>/dev/null | openssl dgst -sha256 -r | cut -d' ' -f1; }
claim_arn() { echo "arn:$partition:iot:$region:$account:cert/$1"; }

make_key() {
    mkdir -p "$files" &&
        openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$scratch/claim.key" 2>/dev/null &&
        write_file "$files/claim.key" 600 <"$scratch/claim.key"
}

# Made active, and allowed nothing until its policy is attached as the last thing: a claim that is not active was switched off
# by somebody, and stays so.
make_claim_certificate() {
    openssl req -new -key "$files/claim.key" -subj "/CN=fleetline claim $station" -out "$scratch/claim.csr" &&
        aws_ iot create-certificate-from-csr --certificate-signing-request "file://$scratch/claim.csr" --set-as-active \
            --query certificatePem --output text >"$scratch/claim.txt" &&
        openssl x509 -in "$scratch/claim.txt" -out "$scratch/claim.pem" &&
        write_file "$files/claim.pem" 600 <"$scratch/claim.pem"
}

make_claim() {
    local status='' id='' attached='' others other
    if [ -e "$files/claim.pem" ]; then
        [ -e "$files/claim.key" ] || die "$files has a claim.pem but no claim.key: put it there, or move claim.pem away"
        id=$(claim_id)
        status=$(look iot describe-certificate --certificate-id "$id" --query certificateDescription.status --output text) ||
            die "this account does not know the certificate $files/claim.pem: move it and claim.key away to have a new one made"
        [ "$status" = ACTIVE ] || die "the claim certificate $id is $status: somebody switched it off. Find out why; then make it" \
            "active again (aws iot update-certificate), or move claim.pem and claim.key away to have a new one made"
        there "claim certificate $id"
    else
        [ -e "$files/claim.key" ] || change "make $files/claim.key" make_key
        change "make the claim certificate of $station ($files/claim.pem)" make_claim_certificate
    fi
    make_policy "$claim_policy" policy-claim.json
    if [ -e "$files/claim.pem" ]; then
        id=$(claim_id)
        attached=$(look iot list-attached-policies --target "$(claim_arn "$id")" --query 'policies[].policyName' --output text) ||
            attached=''
    fi
    [[ " ${attached//[[:space:]]/ } " == *" $claim_policy "* ]] ||
        change "attach $claim_policy to the claim certificate" aws_ iot attach-policy --policy-name "$claim_policy" \
            --target "$(claim_arn "$id")"
    others=$(look iot list-targets-for-policy --policy-name "$claim_policy" --query 'targets' --output text) || others=None
    for other in ${others/None/}; do
        [ "${other##*/}" = "$id" ] || echo "  note: an older claim certificate of $station is still good: ${other##*/}. Take it away with
    aws iot detach-policy --policy-name $claim_policy --target $other"
    done
}

fetch_ca() {
    local url=https://www.amazontrust.com/repository/AmazonRootCA1.pem
    if [ -n "$ca" ]; then
        cat "$ca"
    elif command -v curl >/dev/null; then
        curl -fsS --retry 3 "$url"
    else
        wget -qO- "$url"
    fi >"$scratch/ca.txt" && openssl x509 -in "$scratch/ca.txt" -out "$scratch/ca.pem" && mkdir -p "$files" &&
        write_file "$files/ca.pem" 644 <"$scratch/ca.pem"
}

write_configuration() {
    # shellcheck disable=SC2034  # render fills it in
    endpoint=$(look iot describe-endpoint --endpoint-type iot:Data-ATS --query endpointAddress --output text) ||
        die "AWS IoT has no endpoint here"
    [ -e "$files/ca.pem" ] || change "write $files/ca.pem" fetch_ca
    render "$parts/fleetline.toml" >"$scratch/fleetline.toml"
    if [ ! -e "$files/fleetline.toml" ]; then
        change "write $files/fleetline.toml" put_configuration
    elif cmp -s "$files/fleetline.toml" "$scratch/fleetline.toml"; then
        there "$files/fleetline.toml"
    else
        there "$files/fleetline.toml: it stays as it is; this is how it differs from what would be written now (+):"
        diff -U0 "$files/fleetline.toml" "$scratch/fleetline.toml" | grep '^[-+][^-+]' | sed 's/^/      /' || true
    fi
}

put_configuration() { mkdir -p "$files" && write_file "$files/fleetline.toml" 644 <"$scratch/fleetline.toml"; }
