// SPDX-License-Identifier: Apache-2.0
// A TLS server that notes what protocol names are offered to it, takes the first, says what it was told to
// say, and hangs up. On a thread of its own.
#pragma once

#include <openssl/ssl.h>

#include <array>
#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/write.hpp>
#include <cstdint>
#include <filesystem>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace fleetline::tests {

class tls_door {
  public:
    /// `answers`: one to each message of whoever comes in.
    tls_door(const std::filesystem::path& certificate, const std::filesystem::path& key,
             std::vector<std::string> answers = {})
        : answers_(std::move(answers)) {
        context_.use_certificate_chain_file(certificate.string());
        context_.use_private_key_file(key.string(), boost::asio::ssl::context::pem);
        SSL_CTX_set_alpn_select_cb(context_.native_handle(), &tls_door::select, this);
        thread_ = std::thread([this] { serve(); });
    }
    ~tls_door() {
        over_ = true;
        boost::system::error_code ignored;
        boost::asio::ip::tcp::socket(io_).connect(door_.local_endpoint(), ignored);
        thread_.join();
    }
    tls_door(const tls_door&) = delete;
    tls_door& operator=(const tls_door&) = delete;

    std::uint16_t port() const { return door_.local_endpoint().port(); }

    /// As they stand in the handshake: each with its length before it.
    std::vector<std::string> offered() const {
        const std::lock_guard guard(lock_);
        return offered_;
    }

  private:
    static int select(SSL*, const unsigned char** chosen, unsigned char* length, const unsigned char* offered,
                      unsigned size, void* self) {
        auto& door = *static_cast<tls_door*>(self);
        const std::lock_guard guard(door.lock_);
        door.offered_.emplace_back(reinterpret_cast<const char*>(offered), size);
        *length = offered[0];
        *chosen = offered + 1;
        return SSL_TLSEXT_ERR_OK;
    }

    void serve() {
        for (;;) {
            boost::asio::ssl::stream<boost::asio::ip::tcp::socket> stream(io_, context_);
            boost::system::error_code error;
            door_.accept(stream.next_layer(), error);
            if (over_ || error) return;
            stream.handshake(boost::asio::ssl::stream_base::server, error);
            for (const auto& answer : answers_) {
                std::array<char, 4096> heard{};
                if (!error) stream.read_some(boost::asio::buffer(heard), error);
                if (!error) boost::asio::write(stream, boost::asio::buffer(answer), error);
            }
        }
    }

    boost::asio::io_context io_;
    boost::asio::ip::tcp::acceptor door_{io_, {boost::asio::ip::make_address("127.0.0.1"), 0}};
    boost::asio::ssl::context context_{boost::asio::ssl::context::tls_server};
    const std::vector<std::string> answers_;
    mutable std::mutex lock_;
    std::vector<std::string> offered_;
    std::atomic<bool> over_{false};
    std::thread thread_;
};

}  // namespace fleetline::tests
