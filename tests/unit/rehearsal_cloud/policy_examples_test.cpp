// SPDX-License-Identifier: Apache-2.0
// The examples of AWS's pages on connect and publish/subscribe policies, each with requests on both sides of
// the line it draws.
#include <array>
#include <catch2/catch.hpp>

#include "core/policy.hpp"
#include "core/refusal.hpp"

using namespace fleetline::rehearsal;

namespace {

const std::string arn = "arn:aws:iot:us-east-1:123456789012:";

struct statement_text {
    const char* effect;
    const char* action;
    std::vector<std::string> resources;  // without the beginning of the ARN; "*" stays
    std::string condition = {};
};

std::string document(const std::vector<statement_text>& statements) {
    std::string all;
    for (const statement_text& one : statements) {
        std::string resources;
        for (const std::string& resource : one.resources)
            resources +=
                (resources.empty() ? "\"" : ",\"") + (resource == "*" ? resource : arn + resource) + "\"";
        all += (all.empty() ? R"({"Effect":")" : R"(,{"Effect":")") + std::string{one.effect} +
               R"(","Action":["iot:)" + one.action + R"("],"Resource":[)" + resources + "]" +
               (one.condition.empty() ? "" : R"(,"Condition":)" + one.condition) + "}";
    }
    return R"({"Version":"2012-10-17","Statement":[)" + all + "]}";
}

struct example {
    std::vector<statement_text> policy;
    const char* action;
    const char* resource;
    bool allowed;
};

// A client whose thing is attached, and one that AWS's pages call unregistered.
const string_map registered = {{"iot:ClientId", "thing1"},
                               {"iot:Connection.Thing.ThingName", "thing1"},
                               {"iot:Thing.ThingName", "thing1"},
                               {"iot:Connection.Thing.IsAttached", "true"}};
const string_map unregistered = {{"iot:ClientId", "client1"}};

void check(const std::vector<example>& examples, const string_map& variables) {
    for (const example& one : examples) {
        const std::string text = document(one.policy);
        INFO(text << "\n" << one.action << " " << one.resource);
        const policy_document parsed = parse_policy(text);
        const policy_document* const pointer = &parsed;
        const verdict found =
            evaluate({&pointer, 1}, {std::string{"iot:"} + one.action, arn + one.resource, variables});
        CHECK((found == verdict::allow) == one.allowed);
    }
}

const statement_text as_thing{"Allow", "Connect", {"client/${iot:Connection.Thing.ThingName}"}};
const statement_text as_clients{"Allow", "Connect", {"client/client1", "client/client2", "client/client3"}};

}  // namespace

TEST_CASE("AWS's examples for registered devices") {
    const statement_text below_itself{"Allow", "Publish", {"topic/${iot:Connection.Thing.ThingName}/*"}};
    const statement_text its_rooms{
        "Allow", "Subscribe", {"topicfilter/${iot:Connection.Thing.ThingName}/room*"}};
    const statement_text from_rooms{"Allow", "Receive", {"topic/${iot:Connection.Thing.ThingName}/room*"}};
    const statement_text plus{"Allow", "Subscribe", {"topicfilter/some/+/topic"}};
    const statement_text all_its{"Allow", "Publish", {"topic/${iot:Thing.ThingName}/*"}};
    const statement_text but_bar{"Deny", "Publish", {"topic/${iot:Thing.ThingName}/bar"}};
    const statement_text not_two{"Deny", "Connect", {"client/client1", "client/client2"}};
    check({{{as_thing, below_itself}, "Connect", "client/thing1", true},
           {{as_thing, below_itself}, "Connect", "client/thing2", false},
           {{as_thing, below_itself}, "Publish", "topic/thing1/a/b", true},
           {{as_thing, below_itself}, "Publish", "topic/thing1", false},
           {{as_thing, below_itself}, "Publish", "topic/thing2/a", false},
           {{as_thing, below_itself}, "Subscribe", "topicfilter/thing1/a", false},
           {{as_thing, its_rooms, from_rooms}, "Subscribe", "topicfilter/thing1/room2", true},
           {{as_thing, its_rooms, from_rooms}, "Subscribe", "topicfilter/thing1/hall", false},
           {{as_thing, its_rooms, from_rooms}, "Receive", "topic/thing1/room2", true},
           {{as_thing, its_rooms}, "Receive", "topic/thing1/room2", false},
           {{as_thing, plus}, "Subscribe", "topicfilter/some/+/topic", true},
           {{as_thing, plus}, "Subscribe", "topicfilter/some/other/topic", false},
           {{as_thing, all_its, but_bar}, "Publish", "topic/thing1/foo", true},
           {{as_thing, all_its, but_bar}, "Publish", "topic/thing1/bar", false},
           {{as_thing, all_its, but_bar}, "Publish", "topic/thing1/bar/x", true},
           {{not_two, as_thing}, "Connect", "client/thing1", true},
           {{not_two, as_thing}, "Connect", "client/client1", false}},
          registered);
}

TEST_CASE("AWS's examples for unregistered devices") {
    const statement_text below_itself{"Allow", "Publish", {"topic/${iot:ClientId}/*"}};
    const statement_text but_bar{"Deny", "Publish", {"topic/${iot:ClientId}/bar"}};
    const statement_text of_things{"Allow", "Publish", {"topic/${iot:Connection.Thing.ThingName}/*"}};
    const statement_text two_topics{
        "Allow", "Subscribe", {"topicfilter/my/topic", "topicfilter/my/othertopic"}};
    check({{{as_clients, below_itself}, "Connect", "client/client3", true},
           {{as_clients, below_itself}, "Connect", "client/client4", false},
           {{as_clients, below_itself}, "Publish", "topic/client1/x", true},
           {{as_clients, below_itself}, "Publish", "topic/client2/x", false},
           {{as_clients, below_itself, but_bar}, "Publish", "topic/client1/bar", false},
           {{as_thing}, "Connect", "client/client1", false},  // no thing: the variable stays unresolved
           {{as_clients, of_things}, "Publish", "topic/client1/x", false},
           {{as_clients, two_topics}, "Subscribe", "topicfilter/my/othertopic", true},
           {{as_clients, two_topics}, "Subscribe", "topicfilter/my/#", false},
           {{as_clients, two_topics}, "Publish", "topic/my/topic", false}},
          unregistered);
}

TEST_CASE("AWS's examples for persistent sessions and last wills") {
    const auto connect = [](const char* effect, const std::string& operation, const std::string& values) {
        return statement_text{effect,
                              "Connect",
                              {"*"},
                              R"({")" + operation + R"(":{"iot:ConnectAttributes":[)" + values + "]}}"};
    };
    const std::string persistent = R"("PersistentConnect")";
    const std::string will = R"("LastWill")";
    const std::string both = persistent + "," + will;
    struct attribute_case {
        std::vector<statement_text> policy;
        // With no attribute, PersistentConnect, LastWill, both, one not known yet.
        std::array<bool, 5> allowed;
    };
    const statement_text any{"Allow", "Connect", {"*"}};
    const std::vector<attribute_case> cases = {
        {{connect("Allow", "ForAllValues:StringEquals", persistent)}, {true, true, false, false, false}},
        {{connect("Allow", "ForAllValues:StringNotEquals", persistent)}, {true, false, true, false, true}},
        {{any, connect("Deny", "ForAnyValue:StringEquals", persistent)}, {true, false, true, false, true}},
        {{connect("Allow", "ForAllValues:StringEquals", both)}, {true, true, true, true, false}},
        {{connect("Allow", "ForAllValues:StringEquals", will)}, {true, false, true, false, false}},
        {{connect("Allow", "ForAllValues:StringEquals", "")}, {true, false, false, false, false}},
        {{connect("Allow", "ForAnyValue:StringEquals", persistent)}, {false, true, false, true, false}},
        {{connect("Allow", "ForAllValues:StringEquals", both),
          connect("Deny", "ForAllValues:StringEquals", persistent),
          connect("Deny", "ForAllValues:StringEquals", will),
          connect("Deny", "ForAllValues:StringEquals", "")},
         {false, false, false, true, false}},
        {{connect("Deny", "ForAnyValue:StringEquals", persistent),
          connect("Allow", "ForAllValues:StringEquals", will)},
         {true, false, true, false, false}},
    };
    const std::array<const char*, 5> attributes = {"", "PersistentConnect", "LastWill",
                                                   "PersistentConnect\nLastWill", "Tomorrow"};
    for (const attribute_case& one : cases) {
        for (std::size_t at = 0; at < attributes.size(); ++at) {
            INFO("attributes: " << attributes[at]);
            check({{one.policy, "Connect", "client/x", one.allowed[at]}},
                  {{"iot:ConnectAttributes", attributes[at]}});
        }
    }
    const statement_text by_will{
        "Allow", "Connect", {"*"}, R"({"ArnEquals":{"iot:LastWillTopic":")" + arn + R"(topic/my/*"}})"};
    check({{{by_will}, "Connect", "client/x", true}}, {{"iot:LastWillTopic", arn + "topic/my/will"}});
    check({{{by_will}, "Connect", "client/x", false}}, {{"iot:LastWillTopic", arn + "topic/other"}});
    check({{{by_will}, "Connect", "client/x", false}}, {});
}
