// SPDX-License-Identifier: Apache-2.0
// The three calls on a real registry, with a clock that the test moves.
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "board.hpp"
#include "core/provisioning.hpp"
#include "core/refusal.hpp"

using namespace fleetline::rehearsal;
using nlohmann::json;
using rehearsal_test::csr_for;
using rehearsal_test::scratch_folder;

namespace {

const std::string open_policy =
    R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"iot:*","Resource":"*"}]})";

json recipe() {
    return {
        {"Parameters", {{"SerialNumber", {{"Type", "String"}}}}},
        {"Resources",
         {{"thing",
           {{"Type", "AWS::IoT::Thing"},
            {"Properties",
             {{"ThingName", {{"Ref", "SerialNumber"}}}, {"AttributePayload", {{"made", "first"}}}}}}},
          {"certificate",
           {{"Type", "AWS::IoT::Certificate"},
            {"Properties", {{"CertificateId", {{"Ref", "AWS::IoT::Certificate::Id"}}}}}}},
          {"policy", {{"Type", "AWS::IoT::Policy"}, {"Properties", {{"PolicyDocument", open_policy}}}}}}}};
}

struct cloud_parts {
    scratch_folder folder;
    std::int64_t now = 1'800'000'000'000;
    registry known{folder.path() / "registry.db", [this] { return now; }};
    authority ca{folder.path()};
    hook answer_of_hook;
    provisioning calls{known, ca, {3600}, [this](const function_record& function, const json& event) {
                           return answer_of_hook(function, event);
                       }};
    key_ptr key = make_p256_key();

    cloud_parts() { set_template(recipe()); }

    void set_template(const json& body) {
        template_record row;
        row.name = "t";
        row.enabled = true;
        row.body = body.dump();
        check_template(row.body);
        if (known.provisioning_template("t")) {
            known.add_template_version("t", row.body, true);
        } else {
            known.add_template(row);
        }
    }

    json perform(const std::string& topic, const json& body) {
        device_request request = *request_on(topic);
        request.payload = encode(body, request.format);
        request.client_id = "station-1";
        request.claim_id = "claim";
        return calls.perform(request);
    }
    json certificate() {
        return perform("$aws/certificates/create-from-csr/json",
                       {{"certificateSigningRequest", csr_for(*key, "SN1")}});
    }
    json registered(const json& certificate_answer, const std::string& serial = "SN1") {
        return perform("$aws/provisioning-templates/t/provision/json",
                       {{"certificateOwnershipToken", certificate_answer.at("certificateOwnershipToken")},
                        {"parameters", {{"SerialNumber", serial}}}});
    }
    std::string refused(const std::function<void()>& work) {
        try {
            work();
        } catch (const refusal& no) {
            return std::to_string(no.status()) + " " + no.code() + ": " + no.what();
        }
        return "accepted";
    }
};

}  // namespace

TEST_CASE("A new certificate is pending until it is registered") {
    cloud_parts cloud;
    const json issued = cloud.certificate();
    const std::string id = issued.at("certificateId");
    CHECK(cloud.known.certificate(id)->status == "PENDING_ACTIVATION");
    CHECK(issued.at("certificateOwnershipToken").get<std::string>().size() > 512);
    CHECK(cloud.registered(issued).at("thingName") == "SN1");
    CHECK(cloud.known.certificate(id)->status == "ACTIVE");
    CHECK(cloud.known.things_of(id) == std::vector<std::string>{"SN1"});
    CHECK(cloud.known.policies_of("cert/" + id).size() == 1);
}

TEST_CASE("A template without a device configuration answers an empty one") {
    cloud_parts cloud;
    CHECK(cloud.registered(cloud.certificate()).at("deviceConfiguration") == json::object());
}

TEST_CASE("Both formats do the same") {
    cloud_parts cloud;
    const json issued = cloud.perform("$aws/certificates/create-from-csr/cbor",
                                      {{"certificateSigningRequest", csr_for(*cloud.key, "SN1")}});
    const json answer = cloud.perform("$aws/provisioning-templates/t/provision/cbor",
                                      {{"certificateOwnershipToken", issued.at("certificateOwnershipToken")},
                                       {"parameters", {{"SerialNumber", "SN1"}}}});
    CHECK(answer.at("thingName") == "SN1");
}

TEST_CASE("Keys are made whatever the request says, and not kept") {
    cloud_parts cloud;
    for (const char* payload : {"", "{}", "junk", "[1,2]"}) {
        device_request request = *request_on("$aws/certificates/create/json");
        request.payload = payload;
        const json answer = cloud.calls.perform(request);
        CHECK(answer.at("privateKey").get<std::string>().find("-----BEGIN RSA PRIVATE KEY-----") == 0);
    }
}

TEST_CASE("An expired token is refused and its unregistered certificate is gone") {
    cloud_parts cloud;
    const json issued = cloud.certificate();
    cloud.now += 3'600'000 - 1;
    CHECK(cloud.known.certificate(issued.at("certificateId")));
    cloud.now += 1;
    CHECK_FALSE(cloud.known.certificate(issued.at("certificateId")));
    CHECK(cloud.known.certificates({}).empty());
    CHECK(cloud.refused([&] { cloud.registered(issued); }) ==
          "400 InvalidCertificateOwnershipToken: Certificate ownership token is invalid or expired.");
    cloud.calls.purge();
    CHECK_FALSE(cloud.known.certificate(issued.at("certificateId")));
}

TEST_CASE("A registered certificate outlives its token") {
    cloud_parts cloud;
    const json issued = cloud.certificate();
    cloud.registered(issued);
    cloud.now += 100 * 3'600'000LL;
    cloud.calls.purge();
    CHECK(cloud.known.certificate(issued.at("certificateId"))->status == "ACTIVE");
    CHECK_THAT(cloud.refused([&] { cloud.registered(issued); }),
               Catch::Contains("InvalidCertificateOwnershipToken"));
}

TEST_CASE("Registering again with the same token gives the same thing") {
    cloud_parts cloud;
    const json issued = cloud.certificate();
    const json first = cloud.registered(issued);
    CHECK(cloud.registered(issued) == first);
    CHECK(cloud.known.principals_of("SN1").size() == 1);
    CHECK(cloud.known.policies_of("cert/" + issued.at("certificateId").get<std::string>()).size() == 1);
}

TEST_CASE("Wrong requests are refused in AWS's words where they are known") {
    cloud_parts cloud;
    const auto ask = [&](const json& body) {
        return cloud.refused([&] { cloud.perform("$aws/provisioning-templates/t/provision/json", body); });
    };
    const std::string token = cloud.certificate().at("certificateOwnershipToken");
    CHECK(ask({{"certificateOwnershipToken", ""}}) ==
          "400 InvalidCertificateOwnershipToken: Certificate ownership token cannot be empty.");
    CHECK(ask(json::object()) ==
          "400 InvalidCertificateOwnershipToken: Certificate ownership token cannot be empty.");
    CHECK(ask({{"certificateOwnershipToken", token}}) ==
          "400 InvalidParameters: Cannot resolve reference value: SerialNumber");
    CHECK_THAT(ask({{"certificateOwnershipToken", "garbage"}}),
               Catch::StartsWith("400 InvalidCertificateOwnershipToken"));
    CHECK_THAT(ask({{"certificateOwnershipToken", 7}}), Catch::StartsWith("400 InvalidPayload"));
    CHECK_THAT(ask({{"certificateOwnershipToken", token}, {"parameters", {{"SerialNumber", 7}}}}),
               Catch::StartsWith("400 InvalidPayload"));
    CHECK_THAT(ask(json::array()), Catch::StartsWith("400 InvalidPayload"));
    CHECK_THAT(cloud.refused([&] {
        cloud.perform("$aws/provisioning-templates/nobody/provision/json",
                      {{"certificateOwnershipToken", token}});
    }),
               Catch::StartsWith("404 ResourceNotFound"));
    CHECK_THAT(
        cloud.refused([&] { cloud.perform("$aws/certificates/create-from-csr/json", json::object()); }),
        Catch::StartsWith("400 InvalidCertificateSigningRequest"));
    template_record disabled = *cloud.known.provisioning_template("t");
    disabled.enabled = false;
    cloud.known.update_template(disabled);
    CHECK_THAT(ask({{"certificateOwnershipToken", token}}), Catch::StartsWith("400 InvalidTemplate"));
}

TEST_CASE("A refused registration leaves nothing behind") {
    cloud_parts cloud;
    json body = recipe();
    body["Resources"]["second"] = {{"Type", "AWS::IoT::Policy"},
                                   {"Properties", {{"PolicyName", "no-such-policy"}}}};
    cloud.set_template(body);
    const json issued = cloud.certificate();
    CHECK_THAT(cloud.refused([&] { cloud.registered(issued); }), Catch::StartsWith("404 ResourceNotFound"));
    CHECK_FALSE(cloud.known.thing("SN1"));
    CHECK(cloud.known.certificate(issued.at("certificateId"))->status == "PENDING_ACTIVATION");
    CHECK(cloud.known.policies({}).empty());
    CHECK(cloud.known.things_of(issued.at("certificateId")).empty());
}

TEST_CASE("Types, groups and billing groups must exist") {
    cloud_parts cloud;
    json body = recipe();
    json& properties = body["Resources"]["thing"]["Properties"];
    properties["ThingTypeName"] = "board";
    properties["ThingGroups"] = {"line-1"};
    properties["BillingGroup"] = "plant";
    cloud.set_template(body);
    const json issued = cloud.certificate();
    CHECK_THAT(cloud.refused([&] { cloud.registered(issued); }), Catch::Contains("thing type"));
    cloud.known.put_thing_type({"board", "", "", "[]", false, 0});
    CHECK_THAT(cloud.refused([&] { cloud.registered(issued); }), Catch::Contains("thing group"));
    cloud.known.put_thing_group({"line-1", "", "", "", "{}", 1, 0});
    CHECK_THAT(cloud.refused([&] { cloud.registered(issued); }), Catch::Contains("billing group"));
    cloud.known.put_billing_group({"plant", "", "", 1, 0});
    CHECK(cloud.registered(issued).at("thingName") == "SN1");
    CHECK(cloud.known.thing("SN1")->type == "board");
    CHECK(cloud.known.thing("SN1")->billing_group == "plant");
    CHECK(cloud.known.groups_of("SN1") == std::vector<std::string>{"line-1"});
}

struct override_case {
    const char* setting;  // nullptr: none
    const char* outcome;  // beginning of it
    string_map attributes;
    std::vector<std::string> groups;
};

TEST_CASE("An existing thing is treated as OverrideSettings says") {
    const override_case one = GENERATE(values<override_case>({
        {nullptr, "accepted", {{"made", "first"}}, {"g1"}},
        {"DO_NOTHING", "accepted", {{"made", "first"}}, {"g1"}},
        {"REPLACE", "accepted", {{"more", "second"}}, {"g2"}},
        {"MERGE", "accepted", {{"made", "first"}, {"more", "second"}}, {"g1", "g2"}},
        {"FAIL", "409 ResourceConflict", {{"made", "first"}}, {"g1"}},
    }));
    INFO((one.setting == nullptr ? "none" : one.setting));
    cloud_parts cloud;
    for (const char* group : {"g1", "g2"}) cloud.known.put_thing_group({group, "", "", "", "{}", 1, 0});
    json body = recipe();
    json& thing = body["Resources"]["thing"];
    thing["Properties"]["ThingGroups"] = {"g1"};
    cloud.set_template(body);
    cloud.registered(cloud.certificate());

    thing["Properties"]["AttributePayload"] = {{"more", "second"}};
    thing["Properties"]["ThingGroups"] = {"g2"};
    if (one.setting != nullptr) {
        thing["OverrideSettings"] = {{"AttributePayload", one.setting}, {"THING_GROUPS", one.setting}};
    }
    cloud.set_template(body);
    const json second = cloud.certificate();
    CHECK_THAT(cloud.refused([&] { cloud.registered(second); }), Catch::StartsWith(one.outcome));
    CHECK(cloud.known.thing("SN1")->attributes == one.attributes);
    CHECK(cloud.known.groups_of("SN1") == one.groups);
    const bool accepted = std::string{one.outcome} == "accepted";
    CHECK(cloud.known.principals_of("SN1").size() == (accepted ? 2U : 1U));
}

TEST_CASE("The hook hears AWS's six keys, and its overrides reach the template") {
    cloud_parts cloud;
    cloud.known.put_function({"Hook", "python3.8", "lambda_function.lambda_handler", "role", "", 3, 128, "{}",
                              "zip", "", "", 0, 0});
    template_record with_hook = *cloud.known.provisioning_template("t");
    with_hook.hook_arn = "arn:aws:lambda:ap-northeast-1:123456789012:function:Hook";
    cloud.known.update_template(with_hook);
    json heard;
    cloud.answer_of_hook = [&](const function_record&, const json& event) {
        heard = event;
        return string_map{{"SerialNumber", "renamed"}};
    };
    const json issued = cloud.certificate();
    SECTION("who may not be invoked denies") {
        CHECK(cloud.refused([&] { cloud.registered(issued); }) == "403 AccessDenied: Access denied.");
        CHECK(heard.is_null());
    }
    SECTION("who may be invoked is") {
        cloud.known.put_permission("Hook", {"s", "lambda:InvokeFunction", "iot.amazonaws.com", "", ""});
        CHECK(cloud.registered(issued).at("thingName") == "renamed");
        CHECK(heard.at("claimCertificateId") == "claim");
        CHECK(heard.at("clientId") == "station-1");
        CHECK(heard.at("certificateId") == issued.at("certificateId"));
        CHECK(heard.at("certificatePem") == issued.at("certificatePem"));
        CHECK(heard.at("templateArn") == "arn:aws:iot:ap-northeast-1:123456789012:provisioningtemplate/t");
        CHECK(heard.at("parameters") == json{{"SerialNumber", "SN1"}});
        CHECK(heard.size() == 6);
    }
    SECTION("a permission's conditions count: which template asks, and whose it is") {
        const std::string here = "arn:aws:iot:ap-northeast-1:123456789012:provisioningtemplate/";
        const auto with = [&](const std::string& source, const std::string& account) {
            cloud.known.put_permission("Hook",
                                       {"s", "lambda:InvokeFunction", "iot.amazonaws.com", source, account});
            return cloud.refused([&] { cloud.registered(issued); });
        };
        CHECK(with(here + "other", "") == "403 AccessDenied: Access denied.");
        CHECK(with("", "210987654321") == "403 AccessDenied: Access denied.");
        CHECK(heard.is_null());
        CHECK(with(here + "*", "123456789012") == "accepted");
    }
    SECTION("a denial registers nothing") {
        cloud.known.put_permission("Hook", {"s", "lambda:InvokeFunction", "iot.amazonaws.com", "", ""});
        cloud.answer_of_hook = [](const function_record&, const json&) -> string_map {
            throw refusal{403, "AccessDenied", "Access denied."};
        };
        CHECK(cloud.refused([&] { cloud.registered(issued); }) == "403 AccessDenied: Access denied.");
        CHECK_FALSE(cloud.known.thing("SN1"));
    }
}
