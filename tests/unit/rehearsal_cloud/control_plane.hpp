// SPDX-License-Identifier: Apache-2.0
// Test support: a running cloud, spoken to as AWS's control plane.
#pragma once

#include "running_cloud.hpp"

namespace rehearsal_test {

struct plane_answer {
    int status = 0;
    std::string code;  // of an error, as AWS's clients read it
    nlohmann::json body;
};

struct control_plane_client {
    running_cloud cloud;

    explicit control_plane_client(const std::vector<std::string>& arguments = {}) : cloud(arguments) {}

    plane_answer ask(const std::string& method, const std::string& path, const nlohmann::json& body = nullptr,
                     const std::string& headers = {}) const {
        const http_answer answer = http(method, cloud.program.http_url() + path,
                                        body.is_null() ? std::string{} : body.dump(), headers);
        plane_answer result{answer.status, {}, nlohmann::json::parse(answer.body, nullptr, false)};
        const std::string header = "x-amzn-ErrorType: ";
        if (const std::size_t at = answer.head.find(header); at != std::string::npos) {
            const std::size_t end = answer.head.find("\r\n", at);
            result.code = answer.head.substr(at + header.size(), end - at - header.size());
        }
        return result;
    }
    // The answer to what must succeed.
    nlohmann::json must(const std::string& method, const std::string& path,
                        const nlohmann::json& body = nullptr) const {
        const plane_answer answer = ask(method, path, body);
        if (answer.status >= 300)
            throw std::runtime_error(method + " " + path + ": " + answer.code + " " + answer.body.dump());
        return answer.body;
    }
    // A call of IAM or STS: the XML of its answer.
    http_answer form(const std::string& fields) const {
        return http("POST", cloud.program.http_url() + "/", fields,
                    "Content-Type: application/x-www-form-urlencoded; charset=utf-8\r\n");
    }
    std::string role(const std::string& name, const std::string& service) const {
        const std::string trust =
            R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":")" + service +
            R"("},"Action":"sts:AssumeRole"}]})";
        form("Version=2010-05-08&Action=CreateRole&RoleName=" + name + "&AssumeRolePolicyDocument=" + trust);
        return "arn:aws:iam::123456789012:role/" + name;
    }
};

const std::string iot_arn = "arn:aws:iot:ap-northeast-1:123456789012:";

}  // namespace rehearsal_test
