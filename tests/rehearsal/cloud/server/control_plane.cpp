// SPDX-License-Identifier: Apache-2.0
#include "server/control_plane.hpp"

#include <array>

#include "core/payload.hpp"
#include "core/text.hpp"
#include "server/aws_call.hpp"
#include "server/query_service.hpp"

namespace fleetline::rehearsal {
namespace {

using nlohmann::json;

// Names in paths may be any bytes; an answer is UTF-8 all the same.
std::string text_of(const json& document) {
    return document.dump(-1, ' ', false, json::error_handler_t::replace);
}

http_response error(const refusal& no, bool is_lambda) {
    http_response response;
    response.status = no.status();
    response.headers["x-amzn-ErrorType"] = no.code();
    response.body = text_of(is_lambda ? json{{"Type", "User"}, {"Message", no.what()}}
                                      : json{{"__type", no.code()}, {"message", no.what()}});
    return response;
}

json body_of(const aws_call& call) {
    if (call.request.body.empty()) return json::object();
    json body;
    try {
        body = decode(call.request.body, encoding::json);
    } catch (const refusal& no) {
        throw refusal{400, "SerializationException", no.what()};
    }
    if (!body.is_object()) throw refusal{400, "SerializationException", "the body must be a JSON object"};
    return body;
}

http_response answer(const aws_route& route, aws_call& call) {
    call.body = body_of(call);
    json result;
    call.known.in_transaction([&] { result = route.answer(call); });
    http_response response;
    response.status = route.status;
    if (!result.is_null()) response.body = text_of(result);
    return response;
}

http_response dispatch(control_plane_context& context, const http_request& request, bool is_lambda) {
    using table = aws_routes (*)();
    static constexpr std::array<table, 7> iot = {
        iot_template_routes, iot_claim_routes, iot_certificate_routes, iot_policy_routes,
        iot_thing_routes,    iot_group_routes, iot_other_routes};
    static constexpr std::array<table, 1> functions = {lambda_routes};
    const std::span<const table> tables =
        is_lambda ? std::span<const table>{functions} : std::span<const table>{iot};
    for (const table routes : tables) {
        for (const aws_route& route : routes()) {
            if (route.method != request.method) continue;
            auto names = matched(route.pattern, request.path);
            if (!names) continue;
            aws_call call{context, context.known, request, std::move(*names)};
            if (is_lambda) call.invalid = "InvalidParameterValueException";
            return answer(route, call);
        }
    }
    const auto target = request.headers.find("x-amz-target");
    const std::string what =
        target == request.headers.end() ? request.method + " " + request.path : target->second;
    throw refusal{501, "NotImplementedException", what + " is not part of the rehearsal"};
}

}  // namespace

http_response control_plane(control_plane_context& context, const http_request& request) {
    http_response response;
    const bool is_lambda = request.path.starts_with("/2015-03-31/");
    if (is_query(request)) {
        response = query_service(context, request);
    } else {
        try {
            response = dispatch(context, request, is_lambda);
        } catch (const refusal& no) {
            response = error(no, is_lambda);
        }
    }
    response.headers["x-amzn-RequestId"] = random_uuid();
    return response;
}

}  // namespace fleetline::rehearsal
