// SPDX-License-Identifier: Apache-2.0
#include "server/query_service.hpp"

#include "core/text.hpp"

namespace fleetline::rehearsal {
namespace {

constexpr std::string_view iam_version = "2010-05-08";
constexpr std::string_view sts_version = "2011-06-15";

std::string name_space(std::string_view version) {
    return version == iam_version ? "https://iam.amazonaws.com/doc/2010-05-08/"
                                  : "https://sts.amazonaws.com/doc/2011-06-15/";
}

std::string request_id() {
    return element("RequestId", random_uuid());
}

http_response success(const std::string& action, std::string_view version, const std::string& result) {
    http_response response;
    response.content_type = "text/xml";
    response.body = "<" + action + "Response xmlns=\"" + name_space(version) + "\">";
    if (!result.empty()) response.body += "<" + action + "Result>" + result + "</" + action + "Result>";
    response.body += "<ResponseMetadata>" + request_id() + "</ResponseMetadata></" + action + "Response>\n";
    return response;
}

http_response error(const refusal& no, std::string_view version) {
    http_response response;
    response.status = no.status();
    response.content_type = "text/xml";
    response.body = "<ErrorResponse xmlns=\"" + name_space(version) + "\"><Error>" +
                    element("Type", no.status() < 500 ? "Sender" : "Receiver") + element("Code", no.code()) +
                    element("Message", no.what()) + "</Error>" + request_id() + "</ErrorResponse>\n";
    return response;
}

std::string field_of(const http_request& request, const std::string& name) {
    const auto found = request.query.find(name);
    return found == request.query.end() ? std::string{} : found->second;
}

}  // namespace

std::string escaped_xml(std::string_view text) {
    std::string result;
    for (const char c : text) {
        switch (c) {
            case '<':
                result += "&lt;";
                break;
            case '>':
                result += "&gt;";
                break;
            case '&':
                result += "&amp;";
                break;
            case '"':
                result += "&quot;";
                break;
            default:  // XML has no place for the other control characters
                result +=
                    static_cast<unsigned char>(c) < ' ' && c != '\n' && c != '\t' && c != '\r' ? '?' : c;
        }
    }
    return result;
}

std::string element(std::string_view name, std::string_view text) {
    const std::string tag{name};
    return "<" + tag + ">" + escaped_xml(text) + "</" + tag + ">";
}

std::string query_call::field(const std::string& name) const {
    return field_of(request, name);
}

std::string query_call::needed(const std::string& name) const {
    std::string value = field(name);
    if (value.empty())
        throw refusal{400, "ValidationError", "The request must contain the parameter " + name};
    return value;
}

bool is_query(const http_request& request) {
    return request.path == "/" && request.query.contains("Action");
}

http_response query_service(control_plane_context& context, const http_request& request) {
    const std::string action = field_of(request, "Action");
    const std::string version = field_of(request, "Version");
    const query_call call{context, context.known, request};
    try {
        std::string result;
        context.known.in_transaction([&] {
            if (version == iam_version) {
                result = iam_answer(call, action);
            } else if (version == sts_version) {
                result = sts_answer(call, action);
            } else {
                throw refusal{400, "InvalidAction", action + " is not part of the rehearsal"};
            }
        });
        return success(action, version, result);
    } catch (const refusal& no) {
        return error(no, version);
    }
}

}  // namespace fleetline::rehearsal
