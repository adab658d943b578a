// SPDX-License-Identifier: Apache-2.0
#include "core/hook.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/child_process.hpp"
#include "core/payload.hpp"
#include "core/refusal.hpp"
#include "core/text.hpp"

namespace fleetline::rehearsal {
namespace {

using nlohmann::json;

constexpr std::int64_t memory_of_python_mib = 64;  // beyond what the function was promised

// Lambda's half of the deal: import the handler from the zip, hand over event and context, print the answer.
// What the function itself prints goes to stderr, that is to the log.
constexpr const char* runner_source = R"py(
import sys, os, json, resource, signal
signal.alarm(7)
limit = int(sys.argv[3]) * 1048576
resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
resource.setrlimit(resource.RLIMIT_CPU, (7, 7))
resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
answer = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)
sys.path.insert(0, sys.argv[1])
import importlib
class Context:
    function_name = sys.argv[4]
    function_version = "$LATEST"
    invoked_function_arn = sys.argv[5]
    memory_limit_in_mb = sys.argv[3]
    aws_request_id = sys.argv[6]
    log_group_name = "/aws/lambda/" + sys.argv[4]
    log_stream_name = "rehearsal"
    def get_remaining_time_in_millis(self):
        return 5000
module, _, name = sys.argv[2].rpartition(".")
handler = getattr(importlib.import_module(module.replace("/", ".")), name)
result = handler(json.load(sys.stdin), Context())
answer.write(json.dumps(result))
answer.close()
)py";

hook_result failed(const std::string& why) {
    return {false, {}, why + "\n"};
}

std::vector<std::string> environment_of(const function_record& function) {
    std::vector<std::string> variables = {
        "PATH=/usr/bin:/bin",        "LANG=C.UTF-8",
        "HOME=/nonexistent",         "TZ=UTC",
        "PYTHONDONTWRITEBYTECODE=1", "AWS_LAMBDA_FUNCTION_NAME=" + function.name};
    const json extra = json::parse(function.environment, nullptr, false);
    if (!extra.is_object()) return variables;
    for (const auto& [name, value] : extra.items()) {
        if (value.is_string()) variables.push_back(name + "=" + value.get<std::string>());
    }
    return variables;
}

}  // namespace

hook_result judge_hook_answer(const std::string& answer) {
    json document;
    try {
        document = decode(answer, encoding::json);
    } catch (const refusal&) {
        return failed("the function returned nothing that JSON can hold");
    }
    if (!document.is_object()) return failed("the function did not return a map");
    const auto allow = document.find("allowProvisioning");
    if (allow == document.end() || !allow->is_boolean()) return failed("allowProvisioning is not a boolean");
    if (!allow->get<bool>()) return failed("allowProvisioning is false");
    hook_result result{true, {}, {}};
    const auto overrides = document.find("parameterOverrides");
    if (overrides == document.end() || overrides->is_null()) return result;
    if (!overrides->is_object()) return failed("parameterOverrides is not a map");
    for (const auto& [name, value] : overrides->items()) {
        if (!value.is_string()) return failed("parameterOverrides are not strings: " + name);
        result.overrides[name] = value.get<std::string>();
    }
    return result;
}

hook_result hook_runner::run(const function_record& function, const json& event) const {
    if (!function.runtime.starts_with("python3"))
        return failed("runtime " + function.runtime + " is not run here");
    const std::filesystem::path zip = folder_ / (sha256_hex(function.zip) + ".zip");
    std::filesystem::create_directories(folder_);
    if (!std::filesystem::exists(zip)) write_file(zip, function.zip, 0600);
    child_process::order order;
    order.arguments = {"/usr/bin/python3",
                       "-I",
                       "-c",
                       runner_source,
                       zip.string(),
                       function.handler,
                       std::to_string(function.memory_mib + memory_of_python_mib),
                       function.name,
                       "arn:aws:lambda:rehearsal:000000000000:function:" + function.name,
                       random_uuid()};
    order.environment = environment_of(function);
    order.input = event.dump(-1, ' ', false, json::error_handler_t::replace);
    order.limit = std::min(limit_, std::chrono::milliseconds{function.timeout_s * 1000});
    const child_process::outcome outcome = child_process::run(order);
    hook_result result = outcome.timed_out ? failed("the function took too long")
                         : outcome.status != 0
                             ? failed("the function failed with status " + std::to_string(outcome.status))
                             : judge_hook_answer(outcome.output);
    result.log = outcome.errors + result.log;
    return result;
}

string_map hook_runner::ask(const function_record& function, const json& event) const {
    const hook_result result = run(function, event);
    std::string entry = rfc3339(wall_clock_ms()) + " " + function.name + " " +
                        (result.allowed ? "allowed" : "refused") + "\n" + result.log;
    const int fd = ::open((folder_ / "log").c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (fd >= 0) {
        [[maybe_unused]] const ssize_t written = ::write(fd, entry.data(), entry.size());
        ::close(fd);
    }
    if (!result.allowed) throw refusal{403, "AccessDenied", "Access denied."};
    return result.overrides;
}

}  // namespace fleetline::rehearsal
