// SPDX-License-Identifier: Apache-2.0
// Why a step could not be done. A step that reaches outside throws a `failure`; it is caught in one place,
// the slot (or main). Its code is one of the catalogue's (lib/station/failure_catalogue), never reused for
// another meaning. Pure functions (parsers, checks) return `checked<T>` instead: a value, or the reason why
// there is none.
#pragma once

#include <exception>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace fleetline {

class failure : public std::exception {
  public:
    /// `doing`: what was being done ("Registering the thing"); `subject`: to what ("serial SN0001");
    /// `reason`: why not, in the other side's words where it has any. None of them may hold a secret.
    failure(std::string_view code, std::string doing, std::string subject, std::string reason);

    const std::string& code() const noexcept { return code_; }
    const std::string& doing() const noexcept { return doing_; }
    const std::string& subject() const noexcept { return subject_; }
    const std::string& reason() const noexcept { return reason_; }

    /// "Registering the thing, serial SN0001: the template does not exist [cloud-rejected]"
    const char* what() const noexcept override { return text_.c_str(); }

  private:
    std::string code_;
    std::string doing_;
    std::string subject_;
    std::string reason_;
    std::string text_;
};

/// What a check found wrong, for people.
struct reason {
    std::string text;
};

/// A value, or the reason why there is none. (std::expected is not in g++ 12.)
template <class T>
class checked {
  public:
    checked(T value) : held_(std::in_place_index<0>, std::move(value)) {}  // NOLINT: meant to convert
    checked(reason why_not)
        : held_(std::in_place_index<1>, std::move(why_not)) {}  // NOLINT: meant to convert

    bool has_value() const noexcept { return held_.index() == 0; }
    explicit operator bool() const noexcept { return has_value(); }

    /// Asked on a reason, throws std::bad_variant_access: ask has_value() first.
    T& value() { return std::get<0>(held_); }
    const T& value() const { return std::get<0>(held_); }
    T& operator*() { return value(); }
    const T& operator*() const { return value(); }
    T* operator->() { return &value(); }
    const T* operator->() const { return &value(); }

    const std::string& why_not() const { return std::get<1>(held_).text; }

  private:
    std::variant<T, reason> held_;
};

}  // namespace fleetline
