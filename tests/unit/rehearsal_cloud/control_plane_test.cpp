// SPDX-License-Identifier: Apache-2.0
// AWS IoT's control plane over HTTP: what it refuses and with which code, pages, states, five-minute claims.
#include <catch2/catch.hpp>
#include <fstream>
#include <set>

#include "control_plane.hpp"

using namespace rehearsal_test;
using nlohmann::json;

namespace {

const std::string any_policy =
    R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"iot:*","Resource":"*"}]})";

std::string template_body(const json& thing_name = {{"Ref", "SerialNumber"}}) {
    return json{{"Parameters", {{"SerialNumber", {{"Type", "String"}}}}},
                {"Resources",
                 {{"thing", {{"Type", "AWS::IoT::Thing"}, {"Properties", {{"ThingName", thing_name}}}}},
                  {"certificate",
                   {{"Type", "AWS::IoT::Certificate"},
                    {"Properties", {{"CertificateId", {{"Ref", "AWS::IoT::Certificate::Id"}}}}}}}}}}
        .dump();
}

struct refused_call {
    const char* method;
    std::string path;
    json body;
    int status;
    const char* code;
};

std::string encoded(std::string arn) {
    for (std::size_t at = 0; (at = arn.find('/', at)) != std::string::npos;) arn.replace(at, 1, "%2F");
    return arn;
}

}  // namespace

TEST_CASE("A call that AWS refuses is refused with AWS's code, and what is not here says so") {
    const control_plane_client plane;
    const std::string role = plane.role("R", "iot.amazonaws.com");
    const std::string no_id(64, 'a');
    plane.must("POST", "/policies/P", {{"policyDocument", any_policy}});
    const json good = {
        {"templateName", "T"}, {"templateBody", template_body()}, {"provisioningRoleArn", role}};
    plane.must("POST", "/provisioning-templates", good);
    const auto with = [&](const char* key, const json& value) {
        json changed = good;
        changed["templateName"] = "T2";
        changed[key] = value;
        return changed;
    };
    const std::vector<refused_call> calls = {
        {"POST", "/audit/tasks", json::object(), 501, "NotImplementedException"},
        {"GET", "/2015-03-31/layers", {}, 501, "NotImplementedException"},
        {"POST", "/provisioning-templates", good, 409, "ResourceAlreadyExistsException"},
        {"POST", "/provisioning-templates", with("templateName", "no blank"), 400, "InvalidRequestException"},
        {"POST", "/provisioning-templates", with("templateName", std::string(37, 'n')), 400,
         "InvalidRequestException"},
        {"POST", "/provisioning-templates", with("templateBody", "{}"), 400, "InvalidRequestException"},
        {"POST", "/provisioning-templates", with("templateBody", std::string(10241, ' ')), 400,
         "InvalidRequestException"},
        {"POST", "/provisioning-templates", with("templateBody", 7), 400, "InvalidRequestException"},
        {"POST", "/provisioning-templates", with("provisioningRoleArn", role + "2"), 400,
         "InvalidRequestException"},
        {"POST", "/provisioning-templates", with("type", "JITP"), 400, "InvalidRequestException"},
        {"POST", "/provisioning-templates", with("description", std::string(501, 'd')), 400,
         "InvalidRequestException"},
        {"POST", "/provisioning-templates",
         with("preProvisioningHook", {{"targetArn", "arn:aws:lambda:r:1:function:F"}}), 400,
         "InvalidRequestException"},
        {"GET", "/provisioning-templates/X", {}, 404, "ResourceNotFoundException"},
        {"PATCH", "/provisioning-templates/X", json::object(), 404, "ResourceNotFoundException"},
        {"GET", "/provisioning-templates/T/versions/2", {}, 404, "ResourceNotFoundException"},
        {"DELETE", "/provisioning-templates/T/versions/1", {}, 409, "DeleteConflictException"},
        {"POST", "/provisioning-templates/X/provisioning-claim", {}, 404, "ResourceNotFoundException"},
        {"GET", "/provisioning-templates?maxResults=0", {}, 400, "InvalidRequestException"},
        {"GET", "/certificates/" + no_id, {}, 404, "ResourceNotFoundException"},
        {"GET", "/certificates/short", {}, 400, "InvalidRequestException"},
        {"PUT", "/certificates/" + no_id + "?newStatus=ACTIVE", {}, 404, "ResourceNotFoundException"},
        {"POST", "/certificates", {{"certificateSigningRequest", "none"}}, 400, "InvalidRequestException"},
        {"POST", "/policies/P", {{"policyDocument", any_policy}}, 409, "ResourceAlreadyExistsException"},
        {"POST", "/policies/P2", {{"policyDocument", "{}"}}, 400, "MalformedPolicyException"},
        {"POST", "/policies/a%20b", {{"policyDocument", any_policy}}, 400, "InvalidRequestException"},
        {"GET", "/policies/X", {}, 404, "ResourceNotFoundException"},
        {"DELETE", "/policies/X", {}, 404, "ResourceNotFoundException"},
        {"PUT",
         "/target-policies/P",
         {{"target", iot_arn + "cert/" + no_id}},
         404,
         "ResourceNotFoundException"},
        {"PUT", "/target-policies/P", {{"target", "cert"}}, 400, "InvalidRequestException"},
        {"PUT", "/target-policies/X", {{"target", "cert"}}, 404, "ResourceNotFoundException"},
        {"GET", "/things/X", {}, 404, "ResourceNotFoundException"},
        {"GET", "/things/X/principals", {}, 404, "ResourceNotFoundException"},
        {"POST", "/things/T1", {{"thingTypeName", "X"}}, 404, "ResourceNotFoundException"},
        {"POST",
         "/things/T1",
         {{"attributePayload", {{"attributes", {{"a", "1"}, {"b", "1"}, {"c", "1"}, {"d", "1"}}}}}},
         400,
         "InvalidRequestException"},
        {"GET", "/thing-types/X", {}, 404, "ResourceNotFoundException"},
        {"GET", "/thing-groups/X", {}, 404, "ResourceNotFoundException"},
        {"GET", "/thing-groups/X/things", {}, 404, "ResourceNotFoundException"},
        {"POST", "/thing-groups/G", {{"parentGroupName", "X"}}, 404, "ResourceNotFoundException"},
        {"GET", "/endpoint?endpointType=iot:Jobs", {}, 400, "InvalidRequestException"},
        {"GET", "/2015-03-31/functions/X", {}, 404, "ResourceNotFoundException"},
        {"POST", "/2015-03-31/functions", {{"FunctionName", "F"}}, 400, "InvalidParameterValueException"},
    };
    for (const refused_call& call : calls) {
        const plane_answer answer = plane.ask(call.method, call.path, call.body);
        INFO(call.method << ' ' << call.path << ' ' << call.body.dump() << ": " << answer.body.dump());
        CHECK(answer.status == call.status);
        CHECK(answer.code == call.code);
        const std::string message = answer.body.value("message", answer.body.value("Message", ""));
        CHECK_FALSE(message.empty());
    }
    const plane_answer not_json = plane.ask("POST", "/thing-types/X", "text");
    CHECK(not_json.code == "SerializationException");
}

TEST_CASE("Lists come in pages, each row once") {
    const control_plane_client plane;
    for (const char* name : {"a", "b", "c", "d", "e"})
        plane.must("POST", std::string{"/things/"} + name, json::object());
    for (int n = 0; n < 3; ++n) plane.must("POST", "/keys-and-certificate");
    std::string names;
    std::string token;
    do {
        const json page = plane.must("GET", "/things?maxResults=2&nextToken=" + token);
        for (const json& thing : page.at("things")) names += thing.at("thingName");
        token = page.value("nextToken", "");
    } while (!token.empty());
    CHECK(names == "abcde");
    std::set<std::string> seen;
    int rows = 0;
    do {
        const json page = plane.must("GET", "/certificates?pageSize=2&isAscendingOrder=true&marker=" + token);
        for (const json& one : page.at("certificates"))
            seen.insert(one.at("certificateId").get<std::string>());
        rows += static_cast<int>(page.at("certificates").size());
        token = page.value("nextMarker", "");
    } while (!token.empty());
    CHECK(rows == 4);  // and the claim of the first start
    CHECK(seen.size() == 4);
}

TEST_CASE("A certificate is deleted only when it is inactive and nothing holds it") {
    const control_plane_client plane;
    const json made = plane.must("POST", "/keys-and-certificate?setAsActive=true");
    const std::string path = "/certificates/" + made.at("certificateId").get<std::string>();
    const std::string arn = made.at("certificateArn");
    const std::string principal = "x-amzn-principal: " + arn + "\r\n";
    plane.must("POST", "/policies/P", {{"policyDocument", any_policy}});
    plane.must("PUT", "/target-policies/P", {{"target", arn}});
    plane.must("POST", "/things/T", json::object());
    CHECK(plane.ask("PUT", "/things/T/principals", nullptr, principal).status == 200);
    CHECK(plane.must("GET", "/things/T/principals").at("principals") == json::array({arn}));
    CHECK(plane.ask("GET", "/principals/things", nullptr, principal).body.at("things") == json::array({"T"}));
    CHECK(plane.must("POST", "/attached-policies/" + encoded(arn)).at("policies").size() == 1);
    CHECK(plane.must("POST", "/policy-targets/P").at("targets") == json::array({arn}));

    CHECK(plane.ask("DELETE", path).code == "CertificateStateException");
    CHECK(plane.ask("PUT", path + "?newStatus=PENDING_TRANSFER").code == "InvalidRequestException");
    plane.must("PUT", path + "?newStatus=INACTIVE");
    CHECK(plane.ask("DELETE", path + "?forceDelete=true").code == "DeleteConflictException");
    CHECK(plane.ask("DELETE", "/things/T").code == "InvalidRequestException");
    CHECK(plane.ask("DELETE", "/policies/P").code == "DeleteConflictException");
    CHECK(plane.ask("DELETE", "/things/T/principals", nullptr, principal).status == 200);
    CHECK(plane.ask("DELETE", path).code == "DeleteConflictException");
    plane.must("POST", "/target-policies/P", {{"target", arn}});
    plane.must("DELETE", path);
    CHECK(plane.ask("GET", path).code == "ResourceNotFoundException");
    plane.must("DELETE", "/things/T");
    plane.must("DELETE", "/policies/P");
}

TEST_CASE("Templates and policies have versions, five at most, one of them the default") {
    const control_plane_client plane;
    const std::string role = plane.role("R", "iot.amazonaws.com");
    plane.must("POST", "/provisioning-templates",
               {{"templateName", "T"}, {"templateBody", template_body()}, {"provisioningRoleArn", role}});
    const json second = plane.must("POST", "/provisioning-templates/T/versions?setAsDefault=true",
                                   {{"templateBody", template_body("fixed")}});
    CHECK(second.at("versionId") == 2);
    json told = plane.must("GET", "/provisioning-templates/T");
    CHECK(told.at("templateBody") == template_body("fixed"));
    CHECK(told.at("enabled") == false);
    plane.must("PATCH", "/provisioning-templates/T",
               {{"enabled", true}, {"defaultVersionId", 1}, {"description", "d"}});
    told = plane.must("GET", "/provisioning-templates/T");
    CHECK(told.at("templateBody") == template_body());
    CHECK(told.at("enabled") == true);
    plane.must("POST", "/policies/P", {{"policyDocument", any_policy}});
    for (int n = 2; n < 6; ++n) plane.must("POST", "/policies/P/version", {{"policyDocument", any_policy}});
    for (int n = 3; n < 6; ++n)
        plane.must("POST", "/provisioning-templates/T/versions", {{"templateBody", template_body()}});
    CHECK(plane.ask("POST", "/policies/P/version", {{"policyDocument", any_policy}}).code ==
          "VersionsLimitExceededException");
    CHECK(plane.ask("POST", "/provisioning-templates/T/versions", {{"templateBody", template_body()}}).code ==
          "VersionsLimitExceededException");
    CHECK(plane.ask("DELETE", "/policies/P").code == "DeleteConflictException");
    plane.must("PATCH", "/policies/P/version/3");
    CHECK(plane.must("GET", "/policies/P").at("defaultVersionId") == "3");
    CHECK(plane.ask("DELETE", "/policies/P/version/3").code == "DeleteConflictException");
    for (const char* version : {"1", "2", "4", "5"})
        plane.must("DELETE", std::string{"/policies/P/version/"} + version);
    plane.must("DELETE", "/policies/P");
    plane.must("DELETE", "/provisioning-templates/T");
    CHECK(plane.ask("GET", "/provisioning-templates/T").code == "ResourceNotFoundException");
}

TEST_CASE("Thing types and groups: made twice they are the same, and they leave when nothing needs them") {
    control_plane_client plane;
    const json made =
        plane.must("POST", "/thing-types/Board", {{"thingTypeProperties", {{"thingTypeDescription", "d"}}}});
    CHECK(plane.must("POST", "/thing-types/Board",
                     {{"thingTypeProperties", {{"thingTypeDescription", "d"}}}}) == made);
    CHECK(plane.ask("POST", "/thing-types/Board", json::object()).code == "ResourceAlreadyExistsException");
    plane.must("POST", "/thing-groups/Fleet", json::object());
    plane.must("POST", "/thing-groups/Line", {{"parentGroupName", "Fleet"}});
    plane.must("POST", "/things/T", {{"thingTypeName", "Board"}});
    plane.must("PUT", "/thing-groups/addThingToThingGroup", {{"thingGroupName", "Line"}, {"thingName", "T"}});
    CHECK(plane.must("GET", "/thing-groups/Line/things").at("things") == json::array({"T"}));
    CHECK(plane.must("GET", "/thing-groups/Line").at("thingGroupMetadata").at("parentGroupName") == "Fleet");
    CHECK(plane.ask("DELETE", "/thing-groups/Fleet").code == "InvalidRequestException");
    CHECK(plane.ask("DELETE", "/thing-types/Board").code == "InvalidRequestException");  // not deprecated
    plane.cloud.limit("thing_type_deletion_wait_s", 300);
    plane.must("POST", "/thing-types/Board/deprecate", json::object());
    plane.must("DELETE", "/things/T");
    CHECK(plane.ask("DELETE", "/thing-types/Board").code == "InvalidRequestException");  // too soon
    plane.cloud.limit("thing_type_deletion_wait_s", 0);
    plane.must("DELETE", "/thing-types/Board");
    plane.must("DELETE", "/thing-groups/Line");
    plane.must("DELETE", "/thing-groups/Fleet");
    plane.must("DELETE", "/thing-groups/Fleet");  // AWS says yes again
}

TEST_CASE("A provisioning claim provisions by its template alone, is not listed, and ends") {
    const control_plane_client plane{{"--claim-lifetime", "4"}};
    const auto& program = plane.cloud.program;
    const json claim = plane.must("POST", "/provisioning-templates/fleetline-rehearsal/provisioning-claim");
    CHECK(plane.must("GET", "/certificates").dump().find(claim.at("certificateId")) == std::string::npos);
    CHECK(plane.must("GET", "/policies").dump().find("provisioning-claim") == std::string::npos);
    CHECK(claim.at("expiration").is_number());
    std::ofstream(program.file("five.pem")) << claim.at("certificatePem").get<std::string>();
    std::ofstream(program.file("five.key")) << claim.at("keyPair").at("PrivateKey").get<std::string>();
    mqtt_client user{"user-1", plane.cloud.credentials("five")};
    REQUIRE(user.connect(program.mqtt_port()));
    subscribe_to_answers(user);
    const provisioned board = provision(user, *plane.cloud.key, "SN0001");
    CHECK(board.thing == "fleetline-SN0001");
    CHECK(user.wait_disconnected());  // its time is over
    mqtt_client late{"user-2", plane.cloud.credentials("five")};
    CHECK_FALSE(late.connect(program.mqtt_port()));
}
