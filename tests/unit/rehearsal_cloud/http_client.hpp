// SPDX-License-Identifier: Apache-2.0
// Test support: one HTTP request to 127.0.0.1, and its answer.
#pragma once

#include <string>

namespace rehearsal_test {

struct http_answer {
    int status = 0;
    std::string body;
    std::string head;  // status line and headers
};

// url: http://127.0.0.1:PORT/path; headers: whole lines, each with its \r\n
http_answer http(const std::string& method, const std::string& url, const std::string& body = {},
                 const std::string& headers = {});

}  // namespace rehearsal_test
