// SPDX-License-Identifier: Apache-2.0
// Policies, by tables: what AWS documents, and the documents it refuses.
#include "core/policy.hpp"

#include <catch2/catch.hpp>

#include "core/refusal.hpp"

using namespace fleetline::rehearsal;

namespace {

const std::string arn = "arn:aws:iot:us-east-1:123456789012:";

std::string document(const std::string& statements) {
    return R"({"Version":"2012-10-17","Statement":[)" + statements + "]}";
}

verdict ask(const std::vector<std::string>& texts, const std::string& action, const std::string& resource,
            const string_map& variables = {}) {
    std::vector<policy_document> documents;
    for (const std::string& text : texts) documents.push_back(parse_policy(text));
    std::vector<const policy_document*> pointers;
    for (const policy_document& one : documents) pointers.push_back(&one);
    return evaluate(pointers, {action, arn + resource, variables});
}

const string_map as_thing = {{"iot:ClientId", "thing-1"},
                             {"aws:SourceIp", "10.1.2.3"},
                             {"iot:Connection.Thing.ThingName", "thing-1"},
                             {"iot:Connection.Thing.IsAttached", "true"},
                             {"iot:Connection.Thing.Attributes[line]", "a*"},
                             {"iot:Certificate.Subject.CommonName", "SN1"}};

struct match_case {
    const char* pattern;
    const char* text;
    bool matches;
};

}  // namespace

TEST_CASE("Resource patterns match as AWS says") {
    const auto one = GENERATE(values<match_case>({
        {"*", "anything/at/all", true},
        {"a/*", "a/+/b", true},     // + and # of a filter are literals to a policy
        {"a/+/b", "a/x/b", false},  // and a policy's + is no wildcard
        {"a/#", "a/x", false},
        {"a/*/c", "a/b/x/c", true},  // * crosses slashes
        {"a/?/c", "a/b/c", true},
        {"a/?/c", "a/bb/c", false},
        {"a/?/c", "a//c", false},
        {"**b", "aab", true},
        {"", "", true},
        {"", "a", false},
        {"*", "", true},
        {"$aws/certificates/create/*", "$aws/certificates/create/json", true},
        {"$aws/certificates/create/*", "$aws/certificates/create-from-csr/json",
         false},  // the trap of AWS's sample
        {"client/${iot:ClientId}", "client/thing-1", true},
        {"client/${iot:ClientId}", "client/thing-2", false},
        {"client/${iot:Connection.Thing.ThingName}", "client/thing-1", true},
        {"t/${iot:Connection.Thing.ThingTypeName}", "t/", false},  // unknown: stays as text
        {"t/${iot:Connection.Thing.ThingTypeName}", "t/${iot:Connection.Thing.ThingTypeName}", true},
        {"t/${iot:Connection.Thing.Attributes[line]}", "t/ab", false},  // a value's * is a character
        {"t/${iot:Connection.Thing.Attributes[line]}", "t/a*", true},
        {"t/${*}", "t/*", true},
        {"t/${*}", "t/x", false},
        {"t/${$}{x}", "t/${x}", true},
        {"t/${iot:ClientId", "t/${iot:ClientId", true},  // never closed
    }));
    INFO(one.pattern << " on " << one.text);
    CHECK(matches_pattern(one.pattern, one.text, as_thing) == one.matches);
}

TEST_CASE("A pattern of many stars does not take for ever") {
    std::string pattern;
    for (int i = 0; i < 500; ++i) pattern += "*a";
    CHECK_FALSE(matches_pattern(pattern + "b", std::string(2000, 'a'), {}));
}

TEST_CASE("Nothing is allowed that no statement allows, and a deny beats every allow") {
    const std::string allow = document(R"({"Effect":"Allow","Action":"iot:*","Resource":"*"})");
    const std::string deny =
        document(R"({"Effect":"Deny","Action":["iot:Publish"],"Resource":")" + arn + R"(topic/secret/*"})");
    CHECK(ask({}, "iot:Connect", "client/x") == verdict::implicit_deny);
    CHECK(ask({allow}, "iot:Connect", "client/x") == verdict::allow);
    CHECK(ask({allow, deny}, "iot:Publish", "topic/secret/1") == verdict::explicit_deny);
    CHECK(ask({deny, allow}, "iot:Publish", "topic/secret/1") == verdict::explicit_deny);
    CHECK(ask({deny, allow}, "iot:Publish", "topic/open/1") == verdict::allow);
    CHECK(ask({deny, allow}, "iot:Subscribe", "topicfilter/secret/1") == verdict::allow);
}

TEST_CASE("NotAction and NotResource mean everything else") {
    const std::string all_but_publish =
        document(R"({"Effect":"Allow","NotAction":"iot:Publish","Resource":"*"})");
    CHECK(ask({all_but_publish}, "iot:Connect", "client/x") == verdict::allow);
    CHECK(ask({all_but_publish}, "iot:Publish", "topic/x") == verdict::implicit_deny);
    const std::string all_but_secret = document(
        R"({"Effect":"Allow","Action":"iot:Publish","NotResource":[")" + arn + R"(topic/secret/*"]})");
    CHECK(ask({all_but_secret}, "iot:Publish", "topic/x") == verdict::allow);
    CHECK(ask({all_but_secret}, "iot:Publish", "topic/secret/x") == verdict::implicit_deny);
}

TEST_CASE("Actions are compared without regard to case, and by wildcard") {
    const std::string policy =
        document(R"({"Effect":"Allow","Action":["iot:publish","iot:Sub*"],"Resource":"*"})");
    CHECK(ask({policy}, "iot:Publish", "topic/x") == verdict::allow);
    CHECK(ask({policy}, "iot:Subscribe", "topicfilter/x") == verdict::allow);
    CHECK(ask({policy}, "iot:Receive", "topic/x") == verdict::implicit_deny);
}

struct condition_case {
    const char* condition;
    bool holds;
};

TEST_CASE("Conditions hold as AWS says") {
    const auto one = GENERATE(values<condition_case>({
        {R"({"Bool":{"iot:Connection.Thing.IsAttached":["true"]}})", true},
        {R"({"Bool":{"iot:Connection.Thing.IsAttached":false}})", false},
        {R"({"StringEquals":{"iot:ClientId":"thing-1"}})", true},
        {R"({"StringEquals":{"iot:ClientId":["x","thing-1"]}})", true},
        {R"({"StringEquals":{"iot:ClientId":"thing-*"}})", false},
        {R"({"StringLike":{"iot:ClientId":"thing-*"}})", true},
        {R"({"StringNotLike":{"iot:ClientId":"thing-*"}})", false},
        {R"({"StringNotEquals":{"iot:ClientId":"thing-2"}})", true},
        {R"({"StringEqualsIgnoreCase":{"iot:ClientId":"THING-1"}})", true},
        {R"({"StringEquals":{"iot:ClientId":"${iot:Connection.Thing.ThingName}"}})", true},
        {R"({"StringEquals":{"iot:Unknown":"x"}})", false},
        {R"({"StringEqualsIfExists":{"iot:Unknown":"x"}})", true},
        {R"({"Null":{"iot:Unknown":"true"}})", true},
        {R"({"Null":{"iot:ClientId":"true"}})", false},
        {R"({"IpAddress":{"aws:SourceIp":"10.1.0.0/16"}})", true},
        {R"({"IpAddress":{"aws:SourceIp":"10.2.0.0/16"}})", false},
        {R"({"NotIpAddress":{"aws:SourceIp":"10.2.0.0/16"}})", true},
        {R"({"IpAddress":{"aws:SourceIp":"0.0.0.0/0"}})", true},
        {R"({"ForAllValues:StringEquals":{"iot:ConnectAttributes":["LastWill"]}})",
         true},  // none to be held to it
        {R"({"ForAnyValue:StringEquals":{"iot:ConnectAttributes":["LastWill"]}})", false},
        {R"({"StringEquals":{"iot:ClientId":"thing-1"},"Bool":{"iot:Connection.Thing.IsAttached":"false"}})",
         false},
    }));
    INFO(one.condition);
    const std::string policy = document(R"({"Effect":"Allow","Action":"iot:*","Resource":"*","Condition":)" +
                                        std::string{one.condition} + "}");
    CHECK((ask({policy}, "iot:Connect", "client/thing-1", as_thing) == verdict::allow) == one.holds);
}

TEST_CASE("A policy document AWS would not accept is refused with a reason") {
    const std::string text = GENERATE(values<std::string>({
        "",
        "not json",
        "[]",
        "{}",
        R"({"Version":"2012-10-17"})",
        R"({"Version":"2012-10-17","Statement":[]})",
        R"({"Version":"2020-01-01","Statement":[{"Effect":"Allow","Action":"iot:*","Resource":"*"}]})",
        document(R"("a string")"),
        document(R"({"Effect":"Maybe","Action":"iot:*","Resource":"*"})"),
        document(R"({"Action":"iot:*","Resource":"*"})"),
        document(R"({"Effect":"Allow","Resource":"*"})"),
        document(R"({"Effect":"Allow","Action":"iot:*"})"),
        document(R"({"Effect":"Allow","Action":"iot:*","NotAction":"iot:*","Resource":"*"})"),
        document(R"({"Effect":"Allow","Action":"Publish","Resource":"*"})"),
        document(R"({"Effect":"Allow","Action":"iot:*","Resource":"topic/x"})"),
        document(R"({"Effect":"Allow","Action":[],"Resource":"*"})"),
        document(R"({"Effect":"Allow","Action":[1],"Resource":"*"})"),
        document(R"({"Effect":"Allow","Action":"iot:*","Resource":"*","Principal":"*"})"),
        document(R"({"Effect":"Allow","Action":"iot:*","Resource":"*","Condition":{"StringIs":{"a":"b"}}})"),
        document(R"({"Effect":"Allow","Action":"iot:*","Resource":"*","Condition":{"Bool":"x"}})"),
        document(R"({"Effect":"Allow","Action":"iot:*","Resource":"*","Condition":7})"),
        document(R"({"Effect":"Allow","Action":"iot:*","Resource":"arn:)" + std::string(2048, 'x') + R"("})"),
    }));
    INFO(text);
    CHECK_THROWS_AS(parse_policy(text), refusal);
}

TEST_CASE("White space does not count against the length of a policy") {
    std::string text = document(R"({"Effect":"Allow","Action":"iot:*","Resource":"*"})");
    text.insert(text.size() - 1, std::string(5000, ' '));
    CHECK(parse_policy(text).size() == 1);
}
