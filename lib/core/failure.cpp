// SPDX-License-Identifier: Apache-2.0
#include "core/failure.hpp"

#include <utility>

namespace fleetline {

failure::failure(std::string_view code, std::string doing, std::string subject, std::string reason)
    : code_(code), doing_(std::move(doing)), subject_(std::move(subject)), reason_(std::move(reason)) {
    text_ = doing_;
    if (!subject_.empty()) text_ += ", " + subject_;
    text_ += ": " + reason_ + " [" + code_ + "]";
}

}  // namespace fleetline
