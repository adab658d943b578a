# shellcheck shell=bash disable=SC2154
# SPDX-License-Identifier: Apache-2.0
# Sourced by scripts/aws-setup: --delete. What boards in the field need stays.

# -- taking away ------------------------------------------------------------------------------------------------------------
delete_policy() { # NAME
    local version versions
    versions=$(look iot list-policy-versions --policy-name "$1" --query 'policyVersions[?!isDefaultVersion].versionId' \
        --output text) || return 0
    for version in ${versions/None/}; do
        change "delete version $version of policy $1" aws_ iot delete-policy-version --policy-name "$1" --policy-version-id "$version"
    done
    change "delete policy $1" aws_ iot delete-policy --policy-name "$1"
}

delete_certificate() { # ID
    local status left
    status=$(look iot describe-certificate --certificate-id "$1" --query certificateDescription.status --output text) || return 0
    left=$(look iot list-attached-policies --target "$(claim_arn "$1")" --query 'policies[].policyName' --output text) || left=''
    left=$(tr '[:space:]' '\n' <<<"$left" | grep -vxF -e "$claim_policy" -e None -e '' || true)
    if [ -n "$left" ]; then
        echo "  kept: claim certificate $1, which other products use ($(tr '\n' ' ' <<<"$left"))"
        return 1
    fi
    [ "$status" != ACTIVE ] || change "switch claim certificate $1 off" aws_ iot update-certificate --certificate-id "$1" --new-status INACTIVE
    change "delete claim certificate $1" aws_ iot delete-certificate --certificate-id "$1"
}

delete_station() {
    local target targets id kept=no
    targets=$(look iot list-targets-for-policy --policy-name "$claim_policy" --query targets --output text) || targets=None
    for target in ${targets/None/}; do
        change "detach $claim_policy from ${target##*/}" aws_ iot detach-policy --policy-name "$claim_policy" --target "$target"
    done
    for id in $(for target in ${targets/None/}; do echo "${target##*/}"; done) $([ ! -e "$files/claim.pem" ] || claim_id); do
        echo "$id"
    done | sort -u >"$scratch/claims"
    while read -r id <&3; do delete_certificate "$id" || kept=yes; done 3<"$scratch/claims"
    delete_policy "$claim_policy"
    for file in claim.pem claim.key ca.pem; do
        [ "$kept" = yes ] || [ ! -e "$files/$file" ] || change "remove $files/$file" rm -f "$files/$file"
    done
}

delete_template() {
    local version versions
    versions=$(look iot list-provisioning-template-versions --template-name "$template" --output text \
        --query 'versions[?!isDefaultVersion].versionId') || return 0
    for version in ${versions/None/}; do
        change "delete version $version of template $template" aws_ iot delete-provisioning-template-version \
            --template-name "$template" --version-id "$version"
    done
    change "delete template $template" aws_ iot delete-provisioning-template --template-name "$template"
}

delete_role() { # NAME MANAGED-POLICY
    look iam get-role --role-name "$1" >/dev/null || return 0
    local policy=arn:$partition:iam::aws:policy/service-role/$2 attached
    attached=$(look iam list-attached-role-policies --role-name "$1" --query 'AttachedPolicies[].PolicyArn' --output text) || attached=''
    [[ " ${attached//[[:space:]]/ } " != *" $policy "* ]] ||
        change "detach $2 from role $1" aws_ iam detach-role-policy --role-name "$1" --policy-arn "$policy"
    change "delete role $1" aws_ iam delete-role --role-name "$1"
}

deprecated() {
    [ "$(look iot describe-thing-type --thing-type-name "$name" --query thingTypeMetadata.deprecated --output text)" = True ]
}

delete_thing_type() {
    look iot describe-thing-type --thing-type-name "$name" >/dev/null || return 0
    deprecated || change "deprecate thing type $name" aws_ iot deprecate-thing-type --thing-type-name "$name"
    changes=$((changes + 1))
    if [ "$dry_run" = yes ]; then
        echo "would delete thing type $name"
    elif aws_ iot delete-thing-type --thing-type-name "$name" 2>"$scratch/error"; then
        echo "delete thing type $name"
    else
        tr '\n' ' ' <"$scratch/error" >&2
        die "thing type $name is not gone yet: AWS lets it go five minutes after it was deprecated. Run this again then"
    fi
}

delete_product() {
    local others boards
    others=$(look iot list-policies --output text \
        --query "policies[?starts_with(policyName, '$name-claim.') && policyName != '$claim_policy'].policyName") || others=''
    others=$(tr '[:space:]' '\n' <<<"$others" | grep -vxF -e None -e '' || true)
    if [ -n "$others" ]; then
        echo "  kept: all that was made for $product, which other stations use ($(tr '\n' ' ' <<<"$others"))"
        return
    fi
    delete_template
    look lambda get-function --function-name "$function" >/dev/null &&
        change "delete function $function" aws_ lambda delete-function --function-name "$function"
    delete_role "$hook_role" AWSLambdaBasicExecutionRole
    delete_role "$provisioning_role" AWSIoTThingsRegistration
    boards=$(look iot list-targets-for-policy --policy-name "$board_policy" --query 'targets[0]' --max-items 1 --output text) || boards=None
    [ "$boards" != None ] && [ -n "$boards" ] ||
        boards=$(look iot list-things-in-thing-group --thing-group-name "$name" --query 'things[0]' --max-items 1 --output text) || boards=None
    if [ "$boards" != None ] && [ -n "$boards" ]; then
        echo "  kept: policy $board_policy, thing type and thing group $name: boards in the field need them"
        return
    fi
    delete_policy "$board_policy"
    look iot describe-thing-group --thing-group-name "$name" >/dev/null &&
        change "delete thing group $name" aws_ iot delete-thing-group --thing-group-name "$name"
    delete_thing_type
}
