// SPDX-License-Identifier: Apache-2.0
#include "ledger/event_codec.hpp"

#include <array>
#include <cctype>
#include <charconv>
#include <type_traits>
#include <utility>

#include "core/digest.hpp"
#include "core/encoding.hpp"
#include "ledger/event_members.hpp"

namespace fleetline::ledger {

namespace {

constexpr std::array<std::string_view, std::variant_size_v<event>> kinds{"station-started",
                                                                         "station-stopped",
                                                                         "attempt-started",
                                                                         "identified",
                                                                         "admitted",
                                                                         "resumed",
                                                                         "csr-made",
                                                                         "issue-requested",
                                                                         "issued",
                                                                         "registration-requested",
                                                                         "registered",
                                                                         "delivery-started",
                                                                         "delivered",
                                                                         "proved",
                                                                         "attempt-finished",
                                                                         "certificate-set-aside",
                                                                         "rework-authorised",
                                                                         "order-opened",
                                                                         "order-serials-imported",
                                                                         "order-closed",
                                                                         "certificate-revoked",
                                                                         "serial-assigned",
                                                                         "registration-unaccounted"};

void append_escaped(std::string& out, char c) {
    constexpr std::string_view hex = "0123456789abcdef";
    switch (c) {
        case '"':
            out += "\\\"";
            break;
        case '\\':
            out += "\\\\";
            break;
        case '\b':
            out += "\\b";
            break;
        case '\f':
            out += "\\f";
            break;
        case '\n':
            out += "\\n";
            break;
        case '\r':
            out += "\\r";
            break;
        case '\t':
            out += "\\t";
            break;
        default:
            out += "\\u00";
            out += hex[static_cast<unsigned char>(c) >> 4];
            out += hex[static_cast<unsigned char>(c) & 15];
    }
}

bool must_escape(char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == '"' || c == '\\';
}

void append_quoted(std::string& out, std::string_view text) {
    if (!is_utf8(text)) return append_quoted(out, printable(text, text.size()));
    out += '"';
    std::size_t plain = 0;
    for (std::size_t at = 0; at < text.size(); ++at) {
        if (!must_escape(text[at])) continue;
        out.append(text, plain, at - plain);
        append_escaped(out, text[at]);
        plain = at + 1;
    }
    out.append(text, plain);
    out += '"';
}

/// Writes members in the order in which it is given them.
class json_writer {
  public:
    explicit json_writer(std::string& out) : out_(out) {}

    void operator()(std::string_view key, const std::string& value) {
        if (!value.empty()) append_quoted(begin(key), value);
    }
    template <class Tag>
    void operator()(std::string_view key, const name<Tag>& value) {
        (*this)(key, value.text());
    }
    void operator()(std::string_view key, std::int64_t value) {
        if (value != 0) begin(key) += std::to_string(value);
    }
    void operator()(std::string_view key, bool value) {
        if (value) begin(key) += "true";
    }
    void operator()(std::string_view key, utc_time value) {
        if (value != utc_time{}) append_quoted(begin(key), to_rfc3339(value));
    }
    void operator()(std::string_view key, const secret& value) {
        if (!value.empty()) append_quoted(begin(key), sha256_hex(value.reveal()));
    }
    template <class V>
    void operator()(std::string_view key, const std::map<std::string, V>& value) {
        if (value.empty()) return;
        begin(key) += '{';
        json_writer inner(out_);
        for (const auto& [name, what] : value) inner.entry(name, what);
        out_ += '}';
    }

    void entry(std::string_view key, const std::string& value) { append_quoted(begin(key), value); }
    void entry(std::string_view key, std::int64_t value) { begin(key) += std::to_string(value); }

  private:
    std::string& begin(std::string_view key) {
        if (!first_) out_ += ',';
        first_ = false;
        append_quoted(out_, key);
        return out_ += ':';
    }

    std::string& out_;
    bool first_ = true;
};

/// As append_quoted has it.
std::string repaired(std::string text) {
    return is_utf8(text) ? std::move(text) : printable(text, text.size());
}

struct repairer {
    void operator()(std::string_view, std::string& value) { value = repaired(std::move(value)); }
    template <class Tag>
    void operator()(std::string_view, name<Tag>& value) {
        if (!is_utf8(value.text())) value = name<Tag>(repaired(value.text()));
    }
    void operator()(std::string_view, std::map<std::string, std::string>& value) {
        std::map<std::string, std::string> clean;
        for (auto& [key, what] : value) clean.emplace(repaired(key), repaired(std::move(what)));
        value = std::move(clean);
    }
    template <class Other>
    void operator()(std::string_view, Other&) {}
};

/// Reads what json_writer wrote. A text that is not that makes it fail, never read too far.
class json_reader {
  public:
    explicit json_reader(std::string_view text, bool without_certificates = false)
        : text_(text), without_certificates_(without_certificates) {
        if (!take('{')) failed_ = true;
    }

    void operator()(std::string_view key, std::string& value) {
        if (!find(key)) return;
        if (without_certificates_ && key == "certificate_pem")
            skip_string();
        else
            value = string();
    }
    template <class Tag>
    void operator()(std::string_view key, name<Tag>& value) {
        if (find(key)) value = name<Tag>(string());
    }
    void operator()(std::string_view key, std::int64_t& value) {
        if (find(key)) value = number();
    }
    void operator()(std::string_view key, bool& value) {
        if (!find(key)) return;
        value = text_.substr(at_, 4) == "true";
        skip_value();
    }
    void operator()(std::string_view key, utc_time& value) {
        if (!find(key)) return;
        const auto when = parse_rfc3339(string());
        if (when)
            value = *when;
        else
            failed_ = true;
    }
    void operator()(std::string_view key, secret&) {
        if (find(key)) skip_value();
    }
    template <class V>
    void operator()(std::string_view key, std::map<std::string, V>& value) {
        if (find(key)) read_map(value);
    }
    template <class V>
    void read_map(std::map<std::string, V>& value) {
        if (text_.substr(at_, 1) != "{") return fail();
        while (!failed_ && !take('}')) {
            ++at_;  // '{' or ','
            std::string name = string();
            if (!take(':')) return fail();
            if constexpr (std::is_same_v<V, std::string>)
                value.emplace(std::move(name), string());
            else
                value.emplace(std::move(name), number());
            if (at_ >= text_.size()) return fail();
        }
    }

    /// After the last member: skips unknown ones, and says whether all was well.
    bool ended() {
        while (!failed_ && at_ < text_.size() && text_[at_] != '}') skip_member();
        return !failed_ && take('}') && at_ == text_.size();
    }

    void rewind() { at_ = 0; }

  private:
    void fail() { failed_ = true; }
    bool take(char c) {
        if (at_ >= text_.size() || text_[at_] != c) return false;
        ++at_;
        return true;
    }

    /// Goes to the value of `key`, skipping members that sort before it (unknown here).
    bool find(std::string_view key) {
        while (!failed_ && at_ < text_.size() && text_[at_] != '}') {
            const std::size_t start = at_ + (text_[at_] == ',' ? 1 : 0);
            const std::string_view rest = text_.substr(start);
            if (rest.size() > key.size() + 2 && rest[0] == '"' && rest.substr(1, key.size()) == key &&
                rest[key.size() + 1] == '"' && rest[key.size() + 2] == ':') {
                at_ = start + key.size() + 3;
                return true;
            }
            if (rest.substr(0, 1) != "\"" || rest.substr(1, rest.find('"', 1) - 1) > key) return false;
            skip_member();
        }
        return false;
    }

    void skip_member() {
        if (text_[at_] == ',') ++at_;
        skip_string();
        if (!take(':')) return fail();
        skip_value();
    }

    void skip_string() {
        if (!take('"')) return fail();
        // A quote ends it unless an odd number of backslashes stands before it. (memchr: a PEM is long.)
        for (auto end = text_.find('"', at_); end != std::string_view::npos; end = text_.find('"', end + 1)) {
            auto back = end;
            while (back > at_ && text_[back - 1] == '\\') --back;
            if ((end - back) % 2 != 0) continue;
            at_ = end + 1;
            return;
        }
        fail();
    }

    void skip_value() {
        std::size_t depth = 0;
        while (!failed_ && at_ < text_.size()) {
            const char c = text_[at_];
            if (c == '"') {
                skip_string();
                continue;
            }
            if (depth == 0 && (c == ',' || c == '}')) return;
            if (c == '{' || c == '[') ++depth;
            if ((c == '}' || c == ']') && depth > 0) --depth;
            ++at_;
        }
    }

    std::int64_t number() {
        std::int64_t value = 0;
        const auto result = std::from_chars(text_.data() + at_, text_.data() + text_.size(), value);
        if (result.ec != std::errc{}) fail();
        at_ = static_cast<std::size_t>(result.ptr - text_.data());
        return value;
    }

    std::string string() {
        std::string value;
        if (!take('"')) {
            fail();
            return value;
        }
        while (!failed_ && at_ < text_.size() && text_[at_] != '"') {
            std::size_t end = at_;
            while (end < text_.size() && text_[end] != '"' && text_[end] != '\\') ++end;
            value.append(text_, at_, end - at_);
            at_ = end;
            if (at_ < text_.size() && text_[at_] == '\\') unescape(value);
        }
        if (!take('"')) fail();
        return value;
    }

    void unescape(std::string& value) {
        if (at_ + 1 >= text_.size()) return fail();
        const char c = text_[at_ + 1];
        at_ += 2;
        constexpr std::string_view from = "bfnrt\"\\/";
        constexpr std::string_view to = "\b\f\n\r\t\"\\/";
        if (const auto known = from.find(c); known != std::string_view::npos) {
            value += to[known];
            return;
        }
        unsigned code = 0;
        const std::string_view digits = text_.substr(at_, 4);
        const auto result = std::from_chars(digits.data(), digits.data() + digits.size(), code, 16);
        if (c != 'u' || digits.size() != 4 || result.ptr != digits.data() + 4 || code > 0x7f) return fail();
        value += static_cast<char>(code);
        at_ += 4;
    }

    std::string_view text_;
    std::size_t at_ = 0;
    bool failed_ = false;
    bool without_certificates_ = false;
};

template <class E>
constexpr bool has_attempt = requires(E e) {
    e.attempt;
};

template <std::size_t Index = 0>
checked<event> decode(std::size_t index, std::string_view payload, bool without_certificates) {
    if constexpr (Index < std::variant_size_v<event>) {
        if (index != Index) return decode<Index + 1>(index, payload, without_certificates);
        std::variant_alternative_t<Index, event> what;
        json_reader reader(payload, without_certificates);
        members(what, reader);
        if (!reader.ended()) return reason{"the payload is not what an event of its kind holds"};
        return event(std::move(what));
    } else {
        return reason{"the kind of event is not known"};
    }
}

}  // namespace

std::string_view kind_of(const event& what) {
    return kinds[what.index()];
}

const attempt_id& attempt_of(const event& what) {
    static const attempt_id none;
    return std::visit(
        [](const auto& e) -> const attempt_id& {
            if constexpr (has_attempt<decltype(e)>)
                return e.attempt;
            else
                return none;
        },
        what);
}

void make_recordable(event& what) {
    std::visit([](auto& e) { members(e, repairer()); }, what);
}

std::string payload_of(const event& what) {
    std::string out;
    out.reserve(256);
    out += '{';
    std::visit([&out](const auto& e) { members(e, json_writer(out)); }, what);
    out += '}';
    return out;
}

checked<event> event_from(std::string_view kind, std::string_view payload, bool without_certificates) {
    for (std::size_t index = 0; index < kinds.size(); ++index)
        if (kinds[index] == kind) return decode(index, payload, without_certificates);
    return reason{"the kind of event '" + printable(kind) + "' is not known"};
}

std::string steps_to_json(const std::map<std::string, std::int64_t>& steps) {
    if (steps.empty()) return {};
    std::string out = "{";
    json_writer writer(out);
    for (const auto& [name, value] : steps) writer.entry(name, value);
    return out += '}';
}

std::map<std::string, std::int64_t> steps_from_json(std::string_view json) {
    std::map<std::string, std::int64_t> steps;
    json_reader reader(json);
    reader.rewind();
    if (!json.empty()) reader.read_map(steps);
    return steps;
}

}  // namespace fleetline::ledger
