// SPDX-License-Identifier: Apache-2.0
// Provisioning templates, by tables: evaluation, limits, and what is refused when one is created.
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "core/provisioning_template.hpp"
#include "core/refusal.hpp"

using namespace fleetline::rehearsal;
using nlohmann::json;

namespace {

const std::string certificate_id(64, 'a');

// The walkthrough's template.
json walkthrough() {
    return json::parse(R"json({
      "Parameters": {"SerialNumber": {"Type": "String"}, "CreateDateTime": {"Type": "String"}},
      "Resources": {
        "thing": {
          "Type": "AWS::IoT::Thing",
          "Properties": {
            "AttributePayload": {"SerialNumber": {"Ref": "SerialNumber"}, "CreateDateTime": {"Ref": "CreateDateTime"}},
            "ThingName": {"Fn::Join": ["_", ["FPTest", {"Ref": "SerialNumber"}]]}
          },
          "OverrideSettings": {"AttributePayload": "MERGE"}
        },
        "certificate": {
          "Type": "AWS::IoT::Certificate",
          "Properties": {"CertificateId": {"Ref": "AWS::IoT::Certificate::Id"}, "Status": "Active"}
        },
        "policy": {
          "Type": "AWS::IoT::Policy",
          "Properties": {"PolicyDocument": "{\"Version\": \"2012-10-17\",\"Statement\": [{\"Effect\": \"Allow\",\"Action\": \"iot:*\",\"Resource\": \"*\"}]}"}
        }
      },
      "DeviceConfiguration": {"DeviceCreateDate": {"Ref": "CreateDateTime"}}
    })json");
}

// A template whose thing is named by the expression under test.
json named_by(const json& expression) {
    json body = walkthrough();
    body["Parameters"] = {{"A", {{"Type", "String"}}},
                          {"B", {{"Type", "String"}, {"Default", "default-b"}}},
                          {"Index", {{"Type", "String"}, {"Default", "1"}}}};
    body["Mappings"] = {{"Sizes", {{"small", {{"code", "S"}}}, {"large", {{"code", "L"}}}}}};
    body["Resources"]["thing"]["Properties"] = {{"ThingName", expression}};
    body.erase("DeviceConfiguration");
    return body;
}

std::string reason(const std::function<void()>& work) {
    try {
        work();
    } catch (const refusal& no) {
        return no.code() + ": " + no.what();
    }
    return "";
}

struct expression_case {
    const char* expression;
    const char* value;
};

struct wrong_case {
    const char* expression;
    const char* reason;
};

}  // namespace

TEST_CASE("The walkthrough's template gives the walkthrough's thing") {
    check_template(walkthrough().dump());
    const provisioning_plan plan =
        plan_of(walkthrough().dump(), {{"SerialNumber", "123456"}, {"CreateDateTime", "2021-09-08T07:52:28"}},
                certificate_id);
    REQUIRE(plan.thing);
    CHECK(plan.thing->name == "FPTest_123456");
    CHECK(plan.thing->attributes ==
          string_map{{"SerialNumber", "123456"}, {"CreateDateTime", "2021-09-08T07:52:28"}});
    CHECK(plan.thing->on_attributes == override_setting::merge);
    CHECK(plan.thing->on_type == override_setting::unstated);
    CHECK(plan.certificate_status == "ACTIVE");
    REQUIRE(plan.policies.size() == 1);
    CHECK(plan.policies[0].name.size() == 64);
    CHECK(plan.device_configuration == string_map{{"DeviceCreateDate", "2021-09-08T07:52:28"}});
}

TEST_CASE("Functions give the values AWS documents") {
    const auto one = GENERATE(values<expression_case>({
        {R"("literal")", "literal"},
        {R"({"Ref":"A"})", "x-y-z"},
        {R"({"Ref":"B"})", "default-b"},
        {R"({"Fn::Join":["",["a","b"]]})", "ab"},
        {R"({"Fn::Join":["_",["FP",{"Ref":"A"}]]})", "FP_x-y-z"},
        {R"({"Fn::Join":["-",{"Fn::Split":["-",{"Ref":"A"}]}]})", "x-y-z"},
        {R"({"Fn::Select":["0",["a","b"]]})", "a"},
        {R"({"Fn::Select":[1,["a","b"]]})", "b"},
        {R"({"Fn::Select":[{"Ref":"Index"},["a","b"]]})", "b"},
        {R"({"Fn::Select":["2",{"Fn::Split":["-",{"Ref":"A"}]}]})", "z"},
        {R"({"Fn::FindInMap":["Sizes","small","code"]})", "S"},
        {R"({"Fn::Sub":"n-${A}-${B}"})", "n-x-y-z-default-b"},
        {R"({"Fn::Sub":"no variable"})", nullptr},  // a space is no thing name
        {R"({"Ref":"AWS::IoT::Certificate::Id"})",
         "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"},
    }));
    INFO(one.expression);
    const std::string body = named_by(json::parse(one.expression)).dump();
    check_template(body);
    if (one.value == nullptr) {
        CHECK_THROWS_AS(plan_of(body, {{"A", "x-y-z"}}, certificate_id), refusal);
    } else {
        CHECK(plan_of(body, {{"A", "x-y-z"}}, certificate_id).thing->name == one.value);
    }
}

TEST_CASE(
    "What does not resolve is refused when the thing is registered, in AWS's words where they are known") {
    const auto one = GENERATE(values<wrong_case>({
        {R"({"Ref":"AWS::Region"})", "InvalidParameters: Cannot resolve reference value: AWS::Region"},
        {R"({"Ref":"A"})", "InvalidParameters: Cannot resolve reference value: A"},
        {R"({"Fn::Sub":"${Nobody}"})", "InvalidParameters: Cannot resolve reference value: Nobody"},
        {R"({"Fn::Select":["2",["a","b"]]})",
         "InvalidParameters: The index of Fn::Select is out of range: 2"},
        {R"({"Fn::Select":["-1",["a"]]})", "InvalidParameters: The index of Fn::Select is not a number: -1"},
        {R"({"Fn::Select":["x",["a"]]})", "InvalidParameters: The index of Fn::Select is not a number: x"},
        {R"({"Fn::Select":["0",[null]]})", "InvalidParameters: Fn::Select found no string at index 0"},
        {R"({"Fn::Select":["0"]})", "InvalidParameters: Fn::Select needs a list of 2 values."},
        {R"({"Fn::Join":["-","abc"]})", "InvalidParameters: Fn::Join needs a list."},
        {R"({"Fn::Join":["-",[1]]})", "InvalidParameters: Fn::Join can join strings only."},
        {R"({"Fn::Split":["-","abc"]})", "InvalidParameters: ThingName must be a string."},
        {R"({"Fn::Split":["","abc"]})", "InvalidParameters: The delimiter of Fn::Split is empty."},
        {R"({"Fn::FindInMap":["Sizes","tiny","code"]})",
         "InvalidParameters: Fn::FindInMap does not find the key: tiny"},
        {R"({"Fn::FindInMap":["Sizes","small"]})",
         "InvalidParameters: Fn::FindInMap needs a list of 3 values."},
        {R"({"Fn::Sub":["${A}",{}]})", "InvalidParameters: Fn::Sub needs a string."},
    }));
    INFO(one.expression);
    const std::string body = named_by(json::parse(one.expression)).dump();
    CHECK(reason([&] { plan_of(body, {}, certificate_id); }) == one.reason);
}

TEST_CASE("A device cannot set the names that are reserved") {
    const std::string body = named_by({{"Ref", "AWS::IoT::Certificate::Id"}}).dump();
    CHECK(plan_of(body, {{"AWS::IoT::Certificate::Id", "mine"}}, certificate_id).thing->name ==
          certificate_id);
}

TEST_CASE("A value can never become a function") {
    const std::string body = named_by({{"Ref", "A"}}).dump();
    CHECK_THROWS_AS(plan_of(body, {{"A", R"({"Ref":"B"})"}}, certificate_id), refusal);
}

TEST_CASE("Names and attributes keep AWS's limits") {
    json body = named_by({{"Ref", "A"}});
    CHECK_NOTHROW(plan_of(body.dump(), {{"A", std::string(128, 'x')}}, certificate_id));
    CHECK_THROWS_AS(plan_of(body.dump(), {{"A", std::string(129, 'x')}}, certificate_id), refusal);
    CHECK_THROWS_AS(plan_of(body.dump(), {{"A", ""}}, certificate_id), refusal);
    CHECK_THROWS_AS(plan_of(body.dump(), {{"A", "a b"}}, certificate_id), refusal);
    CHECK_THROWS_AS(plan_of(body.dump(), {{"A", "x"}, {"B", std::string(4097, 'x')}}, certificate_id),
                    refusal);

    json& properties = body["Resources"]["thing"]["Properties"];
    properties["AttributePayload"] = {{"a", "1"}, {"b", "2"}, {"c", "3"}};
    CHECK_NOTHROW(plan_of(body.dump(), {{"A", "x"}}, certificate_id));
    properties["AttributePayload"]["d"] = "4";
    CHECK_THROWS_AS(plan_of(body.dump(), {{"A", "x"}}, certificate_id), refusal);
    properties["ThingTypeName"] = "board";
    CHECK_NOTHROW(plan_of(body.dump(), {{"A", "x"}}, certificate_id));
    properties["AttributePayload"] = {{"a", std::string(800, 'v')}};
    CHECK_NOTHROW(plan_of(body.dump(), {{"A", "x"}}, certificate_id));
    properties["AttributePayload"] = {{"a", std::string(801, 'v')}};
    CHECK_THROWS_AS(plan_of(body.dump(), {{"A", "x"}}, certificate_id), refusal);
    properties["AttributePayload"] = {{"a", "with space"}};
    CHECK_THROWS_AS(plan_of(body.dump(), {{"A", "x"}}, certificate_id), refusal);
}

struct invalid_case {
    const char* patch;   // JSON merge patch on the walkthrough's template
    const char* reason;  // part of it
};

TEST_CASE("An invalid template is refused when it is created, with the reason") {
    const auto one = GENERATE(values<invalid_case>({
        {R"({"Outputs":{}})", "\"Outputs\" does not belong in a template"},
        {R"({"Resources":null})", "there are no Resources"},
        {R"({"Parameters":{"X":{"Type":"Number"}}})", "parameter X must have Type String"},
        {R"({"Parameters":{"X":{"Type":"String","Default":7}}})",
         "the default of parameter X must be a string"},
        {R"({"Mappings":{"M":{"k":{"v":{"Ref":"SerialNumber"}}}}})", "mapping M.k must hold strings"},
        {R"({"Mappings":{"M":"k"}})", "mapping M must be an object"},
        {R"({"Resources":{"certificate":null}})", "exactly one certificate"},
        {R"({"Resources":{"thing":{"Type":"AWS::S3::Bucket"}}})", "unknown Type"},
        {R"({"Resources":{"thing":{"Properties":{"ThingName":null}}}})", "needs a ThingName"},
        {R"({"Resources":{"thing":{"Properties":{"Color":"red"}}}})", "\"Color\" does not belong"},
        {R"({"Resources":{"thing":{"OverrideSettings":{"ThingTypeName":"MERGE"}}}})",
         "ThingTypeName cannot be \"MERGE\""},
        {R"({"Resources":{"thing":{"OverrideSettings":{"AttributePayload":"MAYBE"}}}})",
         "cannot be \"MAYBE\""},
        {R"({"Resources":{"thing":{"OverrideSettings":{"ThingName":"REPLACE"}}}})",
         "\"ThingName\" does not belong"},
        {R"({"Resources":{"certificate":{"Properties":{"CertificateId":"abc"}}}})", "needs CertificateId"},
        {R"({"Resources":{"certificate":{"OverrideSettings":{"Status":"MERGE"}}}})", "Status cannot be"},
        {R"({"Resources":{"policy":{"Properties":{"PolicyName":"both"}}}})",
         "either PolicyName or PolicyDocument"},
        {R"({"Resources":{"policy":{"Properties":{"PolicyDocument":"{}"}}}})", "has no Statement"},
        {R"({"Resources":{"policy":{"OverrideSettings":{}}}})", "a policy has no OverrideSettings"},
        {R"({"Resources":{"thing":{"Properties":{"ThingName":{"Fn::Base64":"x"}}}}})",
         "Fn::Base64 must stand alone"},
        {R"({"DeviceConfiguration":{"x":{"Fn::Base64":"y"}}})", "Fn::Base64 is not a function"},
        {R"({"Resources":{"thing":{"Properties":{"ThingName":{"Fn::Join":null,"Ref":["x"]}}}}})",
         "Ref needs a name"},
        {R"({"DeviceConfiguration":{"nested":{"a":"b"}}})", "DeviceConfiguration is flat"},
        {R"({"DeviceConfiguration":[]})", "DeviceConfiguration must be an object"},
    }));
    INFO(one.patch);
    json body = walkthrough();
    body.merge_patch(json::parse(one.patch));
    CHECK_THAT(reason([&] { check_template(body.dump()); }), Catch::Contains(one.reason));
}

TEST_CASE("A template that is no JSON, too long or too deep is refused") {
    CHECK_THROWS_AS(check_template("{"), refusal);
    CHECK_THROWS_AS(check_template("[]"), refusal);
    json body = walkthrough();
    body["DeviceConfiguration"]["long"] = std::string(10240, 'x');
    CHECK_THROWS_AS(check_template(body.dump()), refusal);
    CHECK_THROWS_AS(check_template(std::string(5000, '[') + std::string(5000, ']')), refusal);
}
