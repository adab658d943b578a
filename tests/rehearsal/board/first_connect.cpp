// SPDX-License-Identifier: Apache-2.0
#include "first_connect.hpp"

#include <mosquitto.h>

#include <chrono>
#include <string_view>
#include <utility>

namespace fleetline::rehearsal_board {

namespace {

constexpr std::chrono::seconds patience{10};
constexpr int loop_ms = 50;

using flag = std::atomic<bool>;

// One connection, from the TCP connect to the acknowledged message. Used on its own thread only.
class attempt {
  public:
    explicit attempt(const connect_request& request)
        : request_(request),
          client_(mosquitto_new(request.thing_name.c_str(), true, this), mosquitto_destroy) {}

    connect_outcome run(const flag& stopping, const flag& withdrawn) {
        if (!client_) return {false, "out of memory"};
        set_callbacks();
        int rc = configure();
        if (rc == MOSQ_ERR_SUCCESS)
            rc = mosquitto_connect_async(client_.get(), request_.host.c_str(), request_.port, 30);
        if (rc != MOSQ_ERR_SUCCESS) return failed(rc);
        const auto deadline = std::chrono::steady_clock::now() + patience;
        while (!acknowledged_ && refusal_.empty()) {
            if (stopping || withdrawn) return {false, "withdrawn"};
            if (std::chrono::steady_clock::now() > deadline) return {false, "timeout"};
            rc = mosquitto_loop(client_.get(), loop_ms, 1);
            if (rc != MOSQ_ERR_SUCCESS && !acknowledged_) return failed(rc);
        }
        if (acknowledged_) mosquitto_disconnect(client_.get());
        return {acknowledged_, refusal_};
    }

  private:
    void set_callbacks() {
        mosquitto_connect_callback_set(client_.get(), [](mosquitto*, void* self, int rc) {
            static_cast<attempt*>(self)->connected(rc);
        });
        mosquitto_publish_callback_set(client_.get(), [](mosquitto*, void* self, int) {
            static_cast<attempt*>(self)->acknowledged_ = true;
        });
        mosquitto_log_callback_set(client_.get(), [](mosquitto*, void* self, int, const char* text) {
            if (std::string_view(text).find("rror") != std::string_view::npos)
                static_cast<attempt*>(self)->complaint_ = text;
        });
    }

    int configure() {
        const int rc =
            mosquitto_tls_set(client_.get(), request_.ca_file.c_str(), nullptr,
                              request_.certificate_file.c_str(), request_.key_file.c_str(), nullptr);
        if (rc == MOSQ_ERR_SUCCESS && request_.port == 443)
            return mosquitto_string_option(client_.get(), MOSQ_OPT_TLS_ALPN, "x-amzn-mqtt-ca");
        return rc;
    }

    void connected(int rc) {
        if (rc != 0) {
            refusal_ = mosquitto_connack_string(rc);
            return;
        }
        const std::string text = R"({"hello":")" + request_.thing_name + "\"}";
        mosquitto_publish(client_.get(), nullptr, request_.topic().c_str(), static_cast<int>(text.size()),
                          text.data(), 1, false);
    }

    connect_outcome failed(int rc) const {
        std::string reason = mosquitto_strerror(rc);
        if (!refusal_.empty())
            reason = refusal_;
        else if (!complaint_.empty())
            reason += " (" + complaint_ + ")";
        return {false, reason};
    }

    const connect_request& request_;
    std::unique_ptr<mosquitto, decltype(&mosquitto_destroy)> client_;
    bool acknowledged_ = false;
    std::string refusal_;
    std::string complaint_;
};

}  // namespace

first_connect::first_connect(event_loop& loop) : loop_(loop) {
    mosquitto_lib_init();
}

first_connect::~first_connect() {
    stopping_ = true;
    reap(true);
    mosquitto_lib_cleanup();
}

void first_connect::reap(bool all) {
    for (auto it = workers_.begin(); it != workers_.end();) {
        if (!all && !(*it)->finished) {
            ++it;
            continue;
        }
        (*it)->thread.join();
        it = workers_.erase(it);
    }
}

std::shared_ptr<flag> first_connect::start(connect_request request, done report) {
    reap(false);
    auto withdrawn = std::make_shared<flag>(false);
    auto self = std::make_shared<worker>();
    self->thread = std::thread(
        [this, request = std::move(request), report = std::move(report), withdrawn, state = self.get()] {
            auto outcome = attempt(request).run(stopping_, *withdrawn);
            loop_.post_from_any_thread([report, withdrawn, outcome = std::move(outcome)] {
                if (!*withdrawn) report(outcome);
            });
            state->finished = true;
        });
    workers_.push_back(self);
    return withdrawn;
}

}  // namespace fleetline::rehearsal_board
