// SPDX-License-Identifier: Apache-2.0
#include "ledger/chain.hpp"

#include <openssl/evp.h>

#include <array>
#include <charconv>
#include <new>

namespace fleetline::ledger {

struct chain_hasher::digest_context {
    EVP_MD* algorithm = EVP_MD_fetch(nullptr, "SHA256", nullptr);
    EVP_MD_CTX* state = EVP_MD_CTX_new();

    digest_context() = default;
    digest_context(const digest_context&) = delete;
    digest_context& operator=(const digest_context&) = delete;
    ~digest_context() {
        EVP_MD_CTX_free(state);
        EVP_MD_free(algorithm);
    }
};

namespace {

void append_number(std::string& out, std::int64_t value) {
    std::array<char, 24> digits{};
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
    out.append(digits.data(), end);
    out += '\n';
}

void append_hex(std::string& out, std::string_view bytes) {
    constexpr std::string_view hex = "0123456789abcdef";
    for (const char c : bytes) {
        out += hex[static_cast<unsigned char>(c) >> 4];
        out += hex[static_cast<unsigned char>(c) & 15];
    }
    out += '\n';
}

void append_line(std::string& out, std::string_view text) {
    out += text;
    out += '\n';
}

}  // namespace

chain_hasher::chain_hasher() : context_(std::make_unique<digest_context>()) {
    if (context_->algorithm == nullptr || context_->state == nullptr) throw std::bad_alloc();
    text_.reserve(4096);
}

chain_hasher::~chain_hasher() = default;

sha256_digest chain_hasher::operator()(const chained& what) {
    text_ = "fleetline-event-1\n";
    append_hex(text_, what.previous_hash);
    append_number(text_, what.seq);
    append_line(text_, what.station);
    append_line(text_, what.recorded_at);
    text_ += what.clock_synchronised ? "1\n" : "0\n";
    append_line(text_, what.kind);
    append_number(text_, what.attempt);
    text_ += what.payload;

    sha256_digest digest{};
    if (EVP_DigestInit_ex2(context_->state, context_->algorithm, nullptr) != 1 ||
        EVP_DigestUpdate(context_->state, text_.data(), text_.size()) != 1 ||
        EVP_DigestFinal_ex(context_->state, digest.data(), nullptr) != 1)
        throw std::bad_alloc();
    return digest;
}

}  // namespace fleetline::ledger
