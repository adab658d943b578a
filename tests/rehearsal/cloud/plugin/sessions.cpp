// SPDX-License-Identifier: Apache-2.0
#include "plugin/sessions.hpp"

#include "core/text.hpp"

namespace fleetline::rehearsal {

session& sessions::add(const mosquitto* handle, principal who) {
    session& fresh = by_handle_[handle];
    fresh = session{};
    fresh.who = std::move(who);
    fresh.generation = ++last_generation_;
    fresh.session_id = random_uuid();
    by_client_[fresh.who.client_id] = handle;
    return fresh;
}

session* sessions::find(const mosquitto* handle) {
    const auto found = by_handle_.find(handle);
    return found == by_handle_.end() ? nullptr : &found->second;
}

session* sessions::current(const std::string& client_id, std::uint64_t generation) {
    const auto found = by_client_.find(client_id);
    session* const one = found == by_client_.end() ? nullptr : find(found->second);
    return one != nullptr && one->open && one->generation == generation ? one : nullptr;
}

session* sessions::close(const mosquitto* handle) {
    session* const one = find(handle);
    if (one == nullptr || !one->open) return nullptr;
    one->open = false;
    any_closed_ = true;
    const auto current = by_client_.find(one->who.client_id);
    if (current != by_client_.end() && current->second == handle) by_client_.erase(current);
    return one;
}

void sessions::forget_closed() {
    if (!any_closed_) return;
    any_closed_ = false;
    // A persistent session goes on receiving for later, so its policies are still asked for.
    std::erase_if(by_handle_,
                  [](const auto& entry) { return !entry.second.open && !entry.second.persistent; });
}

}  // namespace fleetline::rehearsal
