// SPDX-License-Identifier: Apache-2.0
// IAM and STS in XML, and Lambda.
#include <catch2/catch.hpp>

#include "control_plane.hpp"
#include "core/text.hpp"

using namespace rehearsal_test;
using Catch::Contains;
using nlohmann::json;

namespace {

const std::string iam = "Version=2010-05-08&Action=";
// An empty zip archive: the end record alone.
const std::string empty_zip = std::string("PK\x05\x06", 4) + std::string(18, '\0');

struct refused_form {
    std::string fields;
    int status;
    const char* code;
};

}  // namespace

TEST_CASE("IAM and STS answer and refuse in XML, with AWS's codes") {
    const control_plane_client plane;
    const std::string role = plane.role("R", "iot.amazonaws.com");
    const std::string got = plane.form(iam + "GetRole&RoleName=R").body;
    CHECK_THAT(got, Contains("<GetRoleResult><Role>") && Contains("<Arn>" + role + "</Arn>") &&
                        Contains("<AssumeRolePolicyDocument>%7B%22Version%22%3A%222012-10-17%22"));
    CHECK_THAT(plane.form("Version=2011-06-15&Action=GetCallerIdentity").body,
               Contains("<Account>123456789012</Account>"));
    const std::string managed = "PolicyArn=arn:aws:iam::aws:policy/service-role/AWSIoTThingsRegistration";
    CHECK(plane.form(iam + "AttachRolePolicy&RoleName=R&" + managed).status == 200);
    const std::string document =
        R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]})";
    CHECK(plane.form(iam + "PutRolePolicy&RoleName=R&PolicyName=inline&PolicyDocument=" + document).status ==
          200);
    CHECK_THAT(plane.form(iam + "ListAttachedRolePolicies&RoleName=R").body,
               Contains("AWSIoTThingsRegistration") && !Contains("inline"));
    CHECK_THAT(plane.form(iam + "ListRolePolicies&RoleName=R").body, Contains("<member>inline</member>"));

    for (const refused_form& call : std::vector<refused_form>{
             {iam + "CreateRole&RoleName=R&AssumeRolePolicyDocument=" + document, 409, "EntityAlreadyExists"},
             {iam + "CreateRole&RoleName=R2&AssumeRolePolicyDocument={}", 400, "MalformedPolicyDocument"},
             {iam + "CreateRole&RoleName=R2&AssumeRolePolicyDocument=" + document, 400,
              "MalformedPolicyDocument"},
             {iam + "CreateRole&RoleName=a/b&AssumeRolePolicyDocument={}", 400, "ValidationError"},
             {iam + "GetRole&RoleName=X", 404, "NoSuchEntity"},
             {iam + "GetRole", 400, "ValidationError"},
             {iam + "AttachRolePolicy&RoleName=R&PolicyArn=arn:aws:iam::aws:policy/Other", 404,
              "NoSuchEntity"},
             {iam + "DetachRolePolicy&RoleName=R&PolicyArn=arn:aws:iam::aws:policy/Other", 404,
              "NoSuchEntity"},
             {iam + "DeleteRole&RoleName=R", 409, "DeleteConflict"},
             {iam + "CreateUser&UserName=%3Cu%3E", 400, "InvalidAction"},
             {"Version=2011-06-15&Action=AssumeRole", 400, "InvalidAction"},
             {"Version=2012-11-05&Action=SendMessage", 400, "InvalidAction"}}) {
        const http_answer answer = plane.form(call.fields);
        INFO(call.fields << ": " << answer.body);
        CHECK(answer.status == call.status);
        CHECK_THAT(answer.body, Contains("<Code>" + std::string{call.code} + "</Code>"));
    }
    CHECK(plane.form(iam + "DetachRolePolicy&RoleName=R&" + managed).status == 200);
    CHECK(plane.form(iam + "DeleteRolePolicy&RoleName=R&PolicyName=inline").status == 200);
    CHECK(plane.form(iam + "DeleteRole&RoleName=R").status == 200);
    CHECK(plane.form(iam + "GetRole&RoleName=R").status == 404);
}

TEST_CASE("A function is made, changed, permitted and deleted as Lambda does it") {
    const control_plane_client plane;
    const std::string role = plane.role("L", "lambda.amazonaws.com");
    const std::string zip = fleetline::rehearsal::base64_encode(empty_zip);
    const json order = {{"FunctionName", "F"},
                        {"Runtime", "python3.11"},
                        {"Handler", "m.h"},
                        {"Role", role},
                        {"Code", {{"ZipFile", zip}}}};
    const std::string path = "/2015-03-31/functions";
    const plane_answer made = plane.ask("POST", path, order);
    CHECK(made.status == 201);
    CHECK(made.body.at("CodeSize") == empty_zip.size());
    CHECK(plane.ask("POST", path, order).code == "ResourceConflictException");
    json wrong = order;
    wrong["FunctionName"] = "G";
    for (const auto& [key, value] :
         std::vector<std::pair<const char*, json>>{{"Runtime", "nodejs18.x"},
                                                   {"Role", plane.role("I", "iot.amazonaws.com")},
                                                   {"Timeout", 901},
                                                   {"Handler", "noDot"},
                                                   {"Code", {{"ZipFile", "AAAA"}}},
                                                   {"Environment", {{"Variables", {{"A", 1}}}}}}) {
        json one = wrong;
        one[key] = value;
        INFO(one.dump());
        CHECK(plane.ask("POST", path, one).code == "InvalidParameterValueException");
    }
    const json changed = plane.must("PUT", path + "/F/configuration", {{"Timeout", 5}, {"MemorySize", 256}});
    CHECK(changed.at("Timeout") == 5);
    CHECK(changed.at("Runtime") == "python3.11");
    const std::string other = fleetline::rehearsal::base64_encode(empty_zip + "x");
    CHECK(plane.must("PUT", path + "/F/code", {{"ZipFile", other}}).at("CodeSha256") !=
          made.body.at("CodeSha256"));

    const json permission = {{"StatementId", "s"},
                             {"Action", "lambda:InvokeFunction"},
                             {"Principal", "iot.amazonaws.com"},
                             {"SourceArn", iot_arn + "provisioningtemplate/T"}};
    CHECK(plane.ask("GET", path + "/F/policy").code == "ResourceNotFoundException");
    CHECK(plane.ask("POST", path + "/F/policy", permission).status == 201);
    CHECK(plane.ask("POST", path + "/F/policy", permission).code == "ResourceConflictException");
    CHECK_THAT(plane.must("GET", path + "/F/policy").at("Policy").get<std::string>(),
               Contains("provisioningtemplate/T"));
    CHECK(plane.ask("DELETE", path + "/F/policy/s").status == 204);
    CHECK(plane.ask("DELETE", path + "/F/policy/s").code == "ResourceNotFoundException");
    // By ARN, as scripts name it.
    CHECK(plane.ask("DELETE", path + "/arn%3Aaws%3Alambda%3Aap-northeast-1%3A123456789012%3Afunction%3AF")
              .status == 204);
    CHECK(plane.ask("GET", path + "/F").code == "ResourceNotFoundException");
}
