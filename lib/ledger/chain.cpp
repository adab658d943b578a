// SPDX-License-Identifier: Apache-2.0
#include "ledger/chain.hpp"

#include <openssl/evp.h>

#include <array>
#include <charconv>
#include <new>

#include "x509/library.hpp"

namespace fleetline::ledger {

struct chain_hasher::digest_context {
    EVP_MD* algorithm = EVP_MD_fetch(x509::library_context(), "SHA256", nullptr);
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
    std::array<char, 64> digits{};
    std::size_t at = 0;
    for (const char c : bytes.substr(0, digits.size() / 2)) {
        digits[at++] = hex[static_cast<unsigned char>(c) >> 4];
        digits[at++] = hex[static_cast<unsigned char>(c) & 15];
    }
    out.append(digits.data(), at);
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

void append_encoded(std::string& out, const chained& what) {
    out += "fleetline-event-1\n";
    append_hex(out, what.previous_hash);
    append_number(out, what.seq);
    append_line(out, what.station);
    append_line(out, what.recorded_at);
    out += what.clock_synchronised ? "1\n" : "0\n";
    append_line(out, what.kind);
    append_number(out, what.attempt);
    out += what.payload;
}

sha256_digest chain_hasher::operator()(const chained& what) {
    text_.clear();
    append_encoded(text_, what);
    return (*this)(text_);
}

sha256_digest chain_hasher::operator()(std::string_view encoded) {
    sha256_digest digest{};
    if (EVP_DigestInit_ex2(context_->state, context_->algorithm, nullptr) != 1 ||
        EVP_DigestUpdate(context_->state, encoded.data(), encoded.size()) != 1 ||
        EVP_DigestFinal_ex(context_->state, digest.data(), nullptr) != 1)
        throw std::bad_alloc();
    return digest;
}

}  // namespace fleetline::ledger
