// SPDX-License-Identifier: Apache-2.0
// Hooks, really run: a zip, python3, a process of its own.
#include <catch2/catch.hpp>
#include <chrono>
#include <fstream>
#include <nlohmann/json.hpp>

#include "cloud_program.hpp"
#include "core/child_process.hpp"
#include "core/hook.hpp"
#include "core/refusal.hpp"
#include "core/text.hpp"

using namespace fleetline::rehearsal;
using nlohmann::json;
using rehearsal_test::scratch_folder;

namespace {

// The function as it would have been uploaded: `zip -j lambda.zip lambda_function.py`.
function_record uploaded(const std::filesystem::path& folder, const std::string& source) {
    std::ofstream(folder / "lambda_function.py") << source;
    child_process::order pack;
    pack.arguments = {"/usr/bin/python3",
                      "-m",
                      "zipfile",
                      "-c",
                      (folder / "lambda.zip").string(),
                      (folder / "lambda_function.py").string()};
    REQUIRE(child_process::run(pack).status == 0);
    function_record function;
    function.name = "Hook";
    function.runtime = "python3.8";
    function.handler = "lambda_function.lambda_handler";
    function.zip = read_file(folder / "lambda.zip").value();
    return function;
}

hook_result run(const std::string& source, std::chrono::milliseconds limit = std::chrono::seconds{20},
                const json& event = {{"parameters", {{"SerialNumber", "SN1"}}}}) {
    const scratch_folder folder;
    function_record function = uploaded(folder.path(), source);
    function.timeout_s = 20;  // the tests' machine may be busy
    return hook_runner{folder.path() / "functions", limit}.run(function, event);
}

std::string body(const std::string& lines) {
    return "def lambda_handler(event, context):\n    " + lines + "\n";
}

}  // namespace

TEST_CASE("A hook that allows is obeyed, its overrides and its prints are kept") {
    const hook_result result =
        run("import datetime\ndef lambda_handler(event, context):\n  print('heard', "
            "event['parameters']['SerialNumber'])\n"
            "  return {'allowProvisioning': True, 'parameterOverrides': {'CreateDateTime': "
            "'2021-09-08T07:52:28'}}\n");
    INFO(result.log);
    CHECK(result.allowed);
    CHECK(result.overrides == string_map{{"CreateDateTime", "2021-09-08T07:52:28"}});
    CHECK_THAT(result.log, Catch::Contains("heard SN1"));
}

TEST_CASE("Everything but a clear yes is a no") {
    const std::string source = GENERATE(values<std::string>({
        body("return {'allowProvisioning': False}"),
        body("return {'allowProvisioning': 'true'}"),
        body("return {'allowProvisioning': 1}"),
        body("return {}"),
        body("return None"),
        body("return [True]"),
        body("return {'allowProvisioning': True, 'parameterOverrides': {'n': 5}}"),
        body("return {'allowProvisioning': True, 'parameterOverrides': 'x'}"),
        body("return {'allowProvisioning': True, 'x': {1, 2}}"),
        body("raise ValueError('no')"),
        body("import os; os._exit(0)"),
        body("import os; os.kill(os.getpid(), 9)"),
        body("return {'allowProvisioning': True, 'x': '[' * 300000}"),
        body("return bytearray(2 ** 33)"),
        "this is no python",
        "def another_name(event, context):\n    return {'allowProvisioning': True}\n",
    }));
    INFO(source);
    const hook_result result = run(source);
    INFO(result.log);
    CHECK_FALSE(result.allowed);
    CHECK(result.overrides.empty());
    CHECK_FALSE(result.log.empty());
}

TEST_CASE("A hook that takes too long is ended, with all it started") {
    const auto began = std::chrono::steady_clock::now();
    const hook_result result =
        run(body("import subprocess; subprocess.Popen(['/bin/sleep', '4243']); import time; time.sleep(60)"),
            std::chrono::milliseconds{1500});
    CHECK_FALSE(result.allowed);
    CHECK(std::chrono::steady_clock::now() - began < std::chrono::seconds{10});
    child_process::order look;
    look.arguments = {"/usr/bin/pgrep", "-f", "sleep 4243"};
    CHECK(child_process::run(look).output.empty());
}

TEST_CASE("A hook sees nothing of the broker's environment") {
    const hook_result result =
        run(body("import os; print(sorted(os.environ)); return {'allowProvisioning': True}"));
    CHECK_THAT(result.log, Catch::Contains("AWS_LAMBDA_FUNCTION_NAME"));
    CHECK_THAT(result.log, !Catch::Contains("FLEETLINE") && !Catch::Contains("CCACHE"));
}
