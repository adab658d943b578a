// SPDX-License-Identifier: Apache-2.0
#include "core/secret.hpp"

#include <openssl/crypto.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <mutex>
#include <new>
#include <utility>

namespace fleetline {

namespace {

std::size_t page_size() {
    static const auto size = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
    return size;
}

/// Wiped pages, locked and left out of dumps, for the next secrets: to give one back to the system interrupts
/// every processor that runs a thread of ours.
class spare_pages {
  public:
    /// nullptr: there is none.
    char* take() {
        const std::lock_guard lock(mutex_);
        return count_ == 0 ? nullptr : pages_[--count_];
    }

    bool keep(char* page) {
        const std::lock_guard lock(mutex_);
        if (count_ == pages_.size()) return false;
        pages_[count_++] = page;
        return true;
    }

    /// Never destroyed: a secret may live to the end.
    static spare_pages& all() {
        static auto& pages = *new spare_pages;
        return pages;
    }

  private:
    std::mutex mutex_;
    std::array<char*, 64> pages_{};
    std::size_t count_ = 0;
};

}  // namespace

secret::secret(std::string_view bytes) : size_(bytes.size()) {
    if (bytes.empty()) return;
    mapped_ = (size_ + page_size() - 1) / page_size() * page_size();
    if (mapped_ == page_size()) data_ = spare_pages::all().take();
    locked_ = data_ != nullptr;
    if (data_ == nullptr) {
        void* memory = mmap(nullptr, mapped_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (memory == MAP_FAILED) throw std::bad_alloc();
        (void)madvise(memory, mapped_, MADV_DONTDUMP);
        data_ = static_cast<char*>(memory);
    }
    // Locking may be refused by RLIMIT_MEMLOCK; the secret is then still left out of dumps and wiped.
    if (!locked_) locked_ = mlock(data_, mapped_) == 0;
    std::memcpy(data_, bytes.data(), size_);
}

secret::secret(secret&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)),
      size_(std::exchange(other.size_, 0)),
      mapped_(std::exchange(other.mapped_, 0)),
      locked_(std::exchange(other.locked_, false)) {}

secret& secret::operator=(secret&& other) noexcept {
    if (this != &other) {
        wipe();
        data_ = std::exchange(other.data_, nullptr);
        size_ = std::exchange(other.size_, 0);
        mapped_ = std::exchange(other.mapped_, 0);
        locked_ = std::exchange(other.locked_, false);
    }
    return *this;
}

secret::~secret() {
    wipe();
}

void secret::wipe() noexcept {
    if (data_ == nullptr) return;
    OPENSSL_cleanse(data_, mapped_);
    const bool serves_again = locked_ && mapped_ == page_size() && spare_pages::all().keep(data_);
    if (!serves_again) munmap(data_, mapped_);
    data_ = nullptr;
}

}  // namespace fleetline
