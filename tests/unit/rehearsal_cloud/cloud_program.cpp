// SPDX-License-Identifier: Apache-2.0
#include "cloud_program.hpp"

#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>
#include <fstream>
#include <sstream>
#include <stdexcept>

namespace rehearsal_test {
namespace {

std::string content(const std::filesystem::path& file) {
    std::ostringstream text;
    text << std::ifstream(file).rdbuf();
    return text.str();
}

}  // namespace

scratch_folder::scratch_folder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "fleetline-cloud-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no scratch folder");
    path_ = pattern;
}

scratch_folder::~scratch_folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
}

cloud_program::cloud_program(std::filesystem::path folder, const std::vector<std::string>& more_arguments)
    : folder_(std::move(folder)) {
    std::vector<std::string> words = {std::string(FLEETLINE_BIN_DIR) + "/fleetline-rehearsal-cloud", "--dir",
                                      folder_.string(), "--log", (folder_ / "cloud.log").string()};
    words.insert(words.end(), more_arguments.begin(), more_arguments.end());
    std::vector<char*> arguments;
    for (std::string& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    std::filesystem::create_directories(folder_);
    std::array<int, 2> pipe{};
    if (::pipe(pipe.data()) != 0) throw std::runtime_error("no pipe");
    child_ = ::fork();
    if (child_ == 0) {
        ::prctl(PR_SET_PDEATHSIG, SIGTERM);
        ::dup2(pipe[1], STDOUT_FILENO);
        ::close(pipe[0]);
        ::close(pipe[1]);
        ::execv(arguments[0], arguments.data());
        ::_exit(127);
    }
    ::close(pipe[1]);
    wait_until_ready(pipe[0]);
    ::close(pipe[0]);
    std::ifstream env(folder_ / "env");
    for (std::string line; std::getline(env, line);) {
        const std::size_t equals = line.find('=');
        env_[line.substr(0, equals)] = line.substr(equals + 1);
    }
}

void cloud_program::wait_until_ready(int output) {
    std::string said;
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds{30};
    while (said.find('\n') == std::string::npos) {
        pollfd readable{output, POLLIN, 0};
        char letter = 0;
        if (std::chrono::steady_clock::now() > deadline || ::poll(&readable, 1, 1000) < 0 ||
            ((readable.revents & (POLLIN | POLLHUP)) != 0 && ::read(output, &letter, 1) != 1)) {
            throw std::runtime_error("the cloud did not become ready; it said: " + said + log());
        }
        if ((readable.revents & POLLIN) != 0) said += letter;
    }
    if (said.find("ready") != 0) throw std::runtime_error("unexpected first line: " + said);
}

cloud_program::~cloud_program() {
    if (child_ > 0) stop(SIGTERM);
}

int cloud_program::stop(int signal) {
    ::kill(child_, signal);
    int status = 0;
    ::waitpid(child_, &status, 0);
    child_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

std::uint16_t cloud_program::mqtt_port() const {
    return static_cast<std::uint16_t>(std::stoi(env_.at("IOT_PORT")));
}

std::string cloud_program::log() const {
    return content(folder_ / "cloud.log");
}

}  // namespace rehearsal_test
