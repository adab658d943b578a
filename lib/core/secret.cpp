// SPDX-License-Identifier: Apache-2.0
#include "core/secret.hpp"

#include <openssl/crypto.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstring>
#include <new>
#include <utility>

namespace fleetline {

secret::secret(std::string_view bytes) : size_(bytes.size()) {
    if (bytes.empty()) return;
    const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
    mapped_ = (size_ + page - 1) / page * page;
    void* memory = mmap(nullptr, mapped_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) throw std::bad_alloc();
    // Locking may be refused by RLIMIT_MEMLOCK; the secret is then still left out of dumps and wiped.
    (void)mlock(memory, mapped_);
    (void)madvise(memory, mapped_, MADV_DONTDUMP);
    data_ = static_cast<char*>(memory);
    std::memcpy(data_, bytes.data(), size_);
}

secret::secret(secret&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)),
      size_(std::exchange(other.size_, 0)),
      mapped_(std::exchange(other.mapped_, 0)) {}

secret& secret::operator=(secret&& other) noexcept {
    if (this != &other) {
        wipe();
        data_ = std::exchange(other.data_, nullptr);
        size_ = std::exchange(other.size_, 0);
        mapped_ = std::exchange(other.mapped_, 0);
    }
    return *this;
}

secret::~secret() {
    wipe();
}

void secret::wipe() noexcept {
    if (data_ == nullptr) return;
    OPENSSL_cleanse(data_, mapped_);
    munmap(data_, mapped_);
    data_ = nullptr;
}

}  // namespace fleetline
