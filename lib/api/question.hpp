// SPDX-License-Identifier: Apache-2.0
// What a query string or a JSON body asks for, checked strictly: an unknown name is a mistake, not a wish
// that is silently not granted. Pure. Not included outside lib/api.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>

#include "api/exchange.hpp"
#include "ledger/reader.hpp"

namespace fleetline::api {

/// Throws failure(station-request-invalid) when the query has a name that is not `allowed`.
void allow_only(const request& what, std::initializer_list<std::string_view> allowed);

/// since, until, product, order, outcome, serial, slot, operator, failure_code, search, limit. Throws failure(station-request-invalid).
ledger::filter filter_of(const request& what, std::int64_t usual_limit, std::int64_t most);

/// A JSON body's members: texts only, none but those `allowed`. Throws failure(station-request-invalid).
class body_members {
  public:
    body_members(const request& what, std::initializer_list<std::string_view> allowed);
    ~body_members();
    body_members(const body_members&) = delete;
    body_members& operator=(const body_members&) = delete;

    /// 1 to `longest` bytes without control characters, not all of them blanks.
    std::string text(std::string_view name, std::size_t longest = 256) const;
    std::string text_or_none(std::string_view name, std::size_t longest = 256) const;
    std::int64_t number_or(std::string_view name, std::int64_t otherwise) const;
    bool truth_or(std::string_view name, bool otherwise) const;

  private:
    struct held;
    std::unique_ptr<held> held_;
};

}  // namespace fleetline::api
