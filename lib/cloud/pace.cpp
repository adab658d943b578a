// SPDX-License-Identifier: Apache-2.0
#include "cloud/pace.hpp"

#include <algorithm>
#include <cmath>

namespace fleetline::cloud {

namespace {
constexpr double least_share = 1.0 / 32;
constexpr double gain = 1.0 / 64;  // of the full speed, an answer
constexpr milliseconds between_cuts{500};
}  // namespace

pace::pace(rate_limit limit) : limit_(limit), tokens_(std::max(1.0, limit.burst)) {
    limit_.per_second = std::max(0.01, limit_.per_second);
    limit_.burst = std::max(1.0, limit_.burst);
}

void pace::refill(monotonic_time now) {
    if (started_ && now > filled_) {
        const double seconds = std::chrono::duration<double>(now - filled_).count();
        const double most = std::max(1.0, limit_.burst * share_);
        tokens_ = std::min(most, tokens_ + seconds * per_second());
    }
    started_ = true;
    filled_ = std::max(filled_, now);
}

bool pace::ready(monotonic_time now) {
    refill(now);
    return tokens_ >= 1.0;
}

void pace::take(monotonic_time now) {
    refill(now);
    tokens_ -= 1.0;
}

monotonic_time pace::next(monotonic_time now) {
    refill(now);
    if (tokens_ >= 1.0) return now;
    const double seconds = (1.0 - tokens_) / per_second();
    return now + milliseconds{static_cast<std::int64_t>(std::ceil(seconds * 1000.0))};
}

void pace::slow_down(monotonic_time now) {
    if (slowed_ != monotonic_time{} && now - slowed_ < between_cuts) return;
    slowed_ = now;
    refill(now);
    share_ = std::max(least_share, share_ / 2);
    tokens_ = std::min(tokens_, 0.0);
}

void pace::speed_up() {
    share_ = std::min(1.0, share_ + gain);
}

}  // namespace fleetline::cloud
