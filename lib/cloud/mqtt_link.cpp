// SPDX-License-Identifier: Apache-2.0
// The only file that sees Paho. Its rules, learnt the hard way: connect and the name look-up run with a
// process-wide lock held; a pending token is dropped without a word; listeners are called within the client's
// destructor; an exception that leaves a callback ends the process; TCP_NODELAY is never set.
#include "cloud/mqtt_link.hpp"

#include <dirent.h>
#include <mqtt/async_client.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <charconv>
#include <condition_variable>
#include <cstring>
#include <mutex>
#include <thread>

#include "cloud/bell.hpp"
#include "cloud/tpm.hpp"
#include "core/proxy_address.hpp"
#include "core/secret.hpp"

namespace fleetline::cloud {

namespace asio = boost::asio;

namespace {

constexpr milliseconds look_again{20};  // at the stop flag, while waiting for Paho
constexpr milliseconds good_bye{500};   // for DISCONNECT to go out
constexpr milliseconds subscribe_limit{10'000};
constexpr milliseconds join_limit{2'000};
constexpr std::size_t filters_a_packet = 8;  // AWS's limit
constexpr int no_own_window = 65'535;        // Paho's window stalls for a second when it is full
constexpr int not_authorised = 0x87;
constexpr int refused = 0x80;  // a SUBACK code from here on

std::uint16_t port_of(const sockaddr_storage& address) {
    if (address.ss_family == AF_INET) return ntohs(reinterpret_cast<const sockaddr_in&>(address).sin_port);
    if (address.ss_family == AF_INET6) return ntohs(reinterpret_cast<const sockaddr_in6&>(address).sin6_port);
    return 0;
}

// Paho has no hook for it, and without it each answer's PUBACK and the next request wait for one another:
// 44 ms a request. The socket is found by its peer's port.
int set_no_delay(std::uint16_t peer_port) {
    int found = 0;
    DIR* const open_files = opendir("/proc/self/fd");
    if (open_files == nullptr) return 0;
    while (const dirent* const entry = readdir(open_files)) {
        int descriptor = -1;
        const std::string_view text = entry->d_name;
        const auto read = std::from_chars(text.data(), text.data() + text.size(), descriptor);
        if (read.ec != std::errc{} || descriptor < 0) continue;
        sockaddr_storage address{};
        socklen_t size = sizeof address;
        if (getpeername(descriptor, reinterpret_cast<sockaddr*>(&address), &size) != 0) continue;
        if (port_of(address) != peer_port) continue;
        const int on = 1;
        if (setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) == 0) ++found;
    }
    closedir(open_files);
    return found;
}

std::uint16_t peer_port(const session_settings& settings) {
    if (settings.proxy.url.empty()) return settings.port;
    const auto proxy = parse_proxy(settings.proxy.url);
    return proxy ? proxy->port : 0;
}

}  // namespace

struct mqtt_link::core : std::enable_shared_from_this<core> {
    // One connection: what Paho's callbacks of it hold on to. Outlives its client.
    struct connection final : mqtt::iaction_listener {
        std::weak_ptr<core> home;
        std::uint64_t number = 0;
        std::unique_ptr<mqtt::async_client> client;

        // A publish is settled; its ticket is the user context.
        void on_success(const mqtt::token& token) override { settled(token, 0); }
        void on_failure(const mqtt::token& token) override {
            settled(token, token.get_reason_code() == not_authorised ? not_authorised : -1);
        }
        void settled(const mqtt::token& token, int result);
        ~connection() override { client.reset(); }
    };

    core(asio::any_io_executor target, const session_settings& given, const logger& where, link_events& told)
        : executor(std::move(target)), settings(given), log(where), events(&told) {}

    const asio::any_io_executor executor;
    const session_settings settings;
    const logger& log;

    // The io_context thread's.
    link_events* events;
    std::uint64_t current = 0;  ///< connection whose events count
    std::uint64_t last = 0;

    std::mutex gate;
    bool closed = false;  ///< nothing is posted any more
    std::atomic<bool> stopping{false};
    std::atomic<std::uint64_t> dropped{0};          ///< connections up to this one are not waited for
    std::atomic<std::uint64_t> ended_by_itself{0};  ///< the last connection whose loss was told

    // Paho's thread.
    asio::io_context work;
    asio::executor_work_guard<asio::io_context::executor_type> keep{work.get_executor()};
    std::shared_ptr<connection> live;
    std::mutex end_lock;
    std::condition_variable end_bell;
    bool ended = false;

    template <class Function>
    void post(Function function) {
        const std::lock_guard guard(gate);
        if (!closed) asio::post(executor, std::move(function));
    }

    /// To the io_context thread, if that connection still counts then.
    template <class Function>
    void tell(std::uint64_t number, Function function) {
        post([self = shared_from_this(), number, function = std::move(function)] {
            if (self->events != nullptr && self->current == number) function(*self);
        });
    }

    void lost(std::uint64_t number, int reason) {
        tell(number, [reason](core& self) {
            self.current = 0;
            self.events->link_lost(reason);
        });
        ended_by_itself = number;
    }

    bool wait(const mqtt::token_ptr& token, std::uint64_t number, milliseconds limit,
              bool while_connected = false);
    link_up open(const claim_files& claim, std::uint64_t number);
    std::shared_ptr<connection> make(std::uint64_t number);
    mqtt::connect_options options(const claim_files& claim) const;
    subscribe_answer subscribe(const std::vector<std::string>& topics, std::uint64_t number);
    subscribe_answer subscribe_at_once(const std::vector<std::string>& topics, std::uint64_t number);
    void publish(const std::string& topic, std::string_view payload, std::uint64_t number,
                 std::uint64_t ticket);
    void good_bye_and_forget(std::uint64_t up_to);
};

void mqtt_link::core::connection::settled(const mqtt::token& token, int result) {
    const auto ticket = reinterpret_cast<std::uintptr_t>(token.get_user_context());
    const auto owner = home.lock();
    if (!owner || ticket == 0) return;
    owner->tell(number, [ticket, result](core& self) {
        if (result == 0) self.events->link_acknowledged(ticket);
        if (result == not_authorised) self.events->link_denied(ticket);
        // Anything else is a lost link, which is told by itself.
    });
}

bool mqtt_link::core::wait(const mqtt::token_ptr& token, std::uint64_t number, milliseconds limit,
                           bool while_connected) {
    const auto end = std::chrono::steady_clock::now() + limit;
    while (!token->is_complete()) {
        if (stopping || dropped >= number || std::chrono::steady_clock::now() > end) return false;
        if (while_connected && ended_by_itself >= number) return false;
        try {
            if (token->wait_for(look_again)) return true;
        } catch (const mqtt::exception&) {
            return true;  // complete, and failed: the caller looks
        }
    }
    return true;
}

std::shared_ptr<mqtt_link::core::connection> mqtt_link::core::make(std::uint64_t number) {
    const bool v5 = settings.version == mqtt_version::v5;
    auto made = std::make_shared<connection>();
    made->home = weak_from_this();
    made->number = number;
    const auto uri = "ssl://" + settings.endpoint + ":" + std::to_string(settings.port);
    made->client = std::make_unique<mqtt::async_client>(
        uri, settings.client_id, mqtt::create_options(v5 ? MQTTVERSION_5 : MQTTVERSION_3_1_1),
        static_cast<mqtt::iclient_persistence*>(nullptr));
    const auto home = weak_from_this();
    made->client->set_message_callback([home, number](const mqtt::const_message_ptr& message) {
        const auto self = home.lock();
        if (!self || !message) return;
        self->tell(number, [message](core& here) {
            const std::string& payload = message->get_payload();
            here.events->link_message(message->get_topic(), payload);
            // It may hold a token or a private key, and is this message's alone.
            explicit_bzero(const_cast<char*>(payload.data()), payload.size());
        });
    });
    made->client->set_connection_lost_handler([home, number](const std::string&) {
        if (const auto self = home.lock()) self->lost(number, 0);
    });
    made->client->set_disconnected_handler([home, number](const mqtt::properties&, mqtt::ReasonCode reason) {
        if (const auto self = home.lock()) self->lost(number, static_cast<int>(reason));
    });
    return made;
}

// No error handler: Paho C++ 1.2 keeps a pointer to it that dies before it is called; diagnosis.hpp finds
// more than it could say.
mqtt::connect_options mqtt_link::core::options(const claim_files& claim) const {
    const auto tls = mqtt::ssl_options_builder()
                         .trust_store(settings.ca_file.string())
                         .key_store(claim.certificate)
                         .private_key(claim.key)
                         .enable_server_cert_auth(true)
                         .verify(true)
                         .alpn_protos(settings.alpn)
                         .finalize();
    const bool v5 = settings.version == mqtt_version::v5;
    auto builder = mqtt::connect_options_builder();
    builder.mqtt_version(v5 ? MQTTVERSION_5 : MQTTVERSION_3_1_1)
        .keep_alive_interval(std::chrono::duration_cast<std::chrono::seconds>(settings.keep_alive))
        .connect_timeout(std::chrono::ceil<std::chrono::seconds>(settings.connect_timeout))
        .max_inflight(no_own_window)
        .automatic_reconnect(false)
        .ssl(tls);
    if (v5) {
        builder.clean_start(true);
    } else {
        builder.clean_session(true);
    }
    if (!settings.proxy.url.empty()) {
        // Paho 1.3 takes nothing before the user or host but "https://", whatever the proxy speaks, and never
        // comes back from a '%' that no two digits follow.
        const auto proxy = parse_proxy(settings.proxy.url);
        builder.https_proxy(proxy ? proxy->text() : std::string("no-proxy.invalid:80"));
    }
    return builder.finalize();
}

link_up mqtt_link::core::open(const claim_files& claim, std::uint64_t number) {
    link_up result;
    good_bye_and_forget(number - 1);
    if (stopping || dropped >= number) return result;
    const auto trouble = prepare_for_key(claim.key);
    if (!trouble.empty()) log.warning("The TPM cannot be used", {{"REASON", trouble}});
    try {
        live = make(number);
        const auto token = live->client->connect(options(claim));
        if (!wait(token, number, settings.connect_timeout)) {
            result.words =
                "no answer within " + std::to_string(settings.connect_timeout.count() / 1000) + " s";
        } else {
            token->wait();  // complete: does not wait, but throws what it failed with
            result.connected = true;
            const auto answer = token->get_connect_response();
            const auto& properties = answer.get_properties();
            if (properties.contains(mqtt::property::RECEIVE_MAXIMUM)) {
                result.receive_maximum =
                    mqtt::get<std::uint16_t>(properties, mqtt::property::RECEIVE_MAXIMUM);
            }
            if (set_no_delay(peer_port(settings)) == 0) log.warning("TCP_NODELAY could not be set");
        }
    } catch (const mqtt::exception& error) {
        // Paho gives CONNACK's code as it is, its own as negative numbers.
        result.reason = error.get_reason_code() > 2 ? error.get_reason_code() : error.get_return_code();
        result.words = error.what();
    }
    if (!result.connected) live.reset();
    return result;
}

subscribe_answer mqtt_link::core::subscribe(const std::vector<std::string>& topics, std::uint64_t number) {
    subscribe_answer all;
    if (!live || live->number != number) {
        all.lost = true;
        return all;
    }
    for (std::size_t first = 0; first < topics.size(); first += filters_a_packet) {
        const auto last_one = std::min(topics.size(), first + filters_a_packet);
        const std::vector<std::string> part(topics.begin() + static_cast<std::ptrdiff_t>(first),
                                            topics.begin() + static_cast<std::ptrdiff_t>(last_one));
        const auto answer = subscribe_at_once(part, number);
        all.codes.insert(all.codes.end(), answer.codes.begin(), answer.codes.end());
        all.lost = answer.lost;
        if (answer.codes.size() != part.size()) break;
    }
    return all;
}

subscribe_answer mqtt_link::core::subscribe_at_once(const std::vector<std::string>& topics,
                                                    std::uint64_t number) {
    subscribe_answer answer;
    try {
        const auto token = live->client->subscribe(mqtt::string_collection::create(topics),
                                                   mqtt::iasync_client::qos_collection(topics.size(), 1));
        // Of a connection that ends Paho drops the token without a word.
        if (wait(token, number, subscribe_limit, true)) {
            const auto response = token->get_subscribe_response();
            for (const auto code : response.get_reason_codes())
                answer.codes.push_back(static_cast<int>(code));
        }
    } catch (const mqtt::exception& error) {
        log.debug("Subscribing failed", {{"REASON", error.what()}});
        // The code of a single topic comes as the whole request's failure.
        const int code = std::max(error.get_reason_code(), error.get_return_code());
        if (topics.size() == 1 && code >= refused) answer.codes.push_back(code);
    }
    answer.lost = answer.codes.empty() && (ended_by_itself >= number || !live->client->is_connected());
    return answer;
}

void mqtt_link::core::publish(const std::string& topic, std::string_view payload, std::uint64_t number,
                              std::uint64_t ticket) {
    if (!live || live->number != number) return;  // lost: told already
    try {
        live->client->publish(mqtt::make_message(topic, payload.data(), payload.size(), 1, false),
                              // Paho keeps a void* for its caller; this is a number.
                              // NOLINTNEXTLINE(performance-no-int-to-ptr)
                              reinterpret_cast<void*>(ticket), *live);
    } catch (const std::exception& error) {
        log.debug("Publishing failed", {{"TOPIC", topic}, {"REASON", error.what()}});
        tell(number, [ticket](core& self) { self.events->link_not_sent(ticket); });
    }
}

void mqtt_link::core::good_bye_and_forget(std::uint64_t up_to) {
    if (!live || live->number > up_to) return;
    try {
        if (live->client->is_connected()) {
            const auto token = live->client->disconnect(0);
            const auto end = std::chrono::steady_clock::now() + good_bye;
            while (!token->is_complete() && std::chrono::steady_clock::now() < end) {
                token->wait_for(look_again);
            }
        }
    } catch (const mqtt::exception&) {
        // It was lost meanwhile: there is nobody to say good-bye to.
    }
    live.reset();
}

mqtt_link::mqtt_link(asio::any_io_executor executor, const session_settings& settings, const logger& log,
                     link_events& events)
    : core_(std::make_shared<core>(std::move(executor), settings, log, events)) {
    std::thread([held = core_] {
        pthread_setname_np(pthread_self(), "mqtt");
        held->work.run();
        held->good_bye_and_forget(~std::uint64_t{0});
        const std::lock_guard guard(held->end_lock);
        held->ended = true;
        held->end_bell.notify_all();
    }).detach();  // ended is waited for below; joined, a hanging name look-up would hang the stop, too
}

mqtt_link::~mqtt_link() {
    core_->events = nullptr;
    core_->stopping = true;
    core_->keep.reset();
    std::unique_lock lock(core_->end_lock);
    core_->end_bell.wait_for(lock, join_limit, [this] { return core_->ended; });
    const std::lock_guard guard(core_->gate);
    core_->closed = true;
}

namespace {

template <class T>
struct pending {
    explicit pending(const asio::any_io_executor& executor) : rung(executor) {}
    bell rung;
    bool done = false;
    T value{};
};

template <class T>
asio::awaitable<T> answer_of(std::shared_ptr<pending<T>> operation) {
    while (!operation->done) co_await operation->rung.wait();
    co_return std::move(operation->value);
}

}  // namespace

asio::awaitable<link_up> mqtt_link::connect(claim_files claim) {
    const auto self = core_;
    const auto number = ++self->last;
    self->current = number;
    auto operation = std::make_shared<pending<link_up>>(self->executor);
    asio::post(self->work, [self, number, claim, operation]() mutable {
        auto result = self->open(claim, number);
        self->post([operation = std::move(operation), result = std::move(result)]() mutable {
            operation->value = std::move(result);
            operation->done = true;
            operation->rung.ring();
        });
    });
    struct give_up {
        core& home;
        std::uint64_t number;
        bool finished = false;
        ~give_up() {
            if (!finished) home.dropped = number;
        }
    } guard{*self, number};
    auto result = co_await answer_of(operation);
    guard.finished = true;
    co_return result;
}

asio::awaitable<subscribe_answer> mqtt_link::subscribe(std::vector<std::string> topics) {
    const auto self = core_;
    const auto number = self->current;
    auto operation = std::make_shared<pending<subscribe_answer>>(self->executor);
    asio::post(self->work, [self, number, topics = std::move(topics), operation]() mutable {
        auto answer = self->subscribe(topics, number);
        self->post([operation = std::move(operation), answer = std::move(answer)]() mutable {
            operation->value = std::move(answer);
            operation->done = true;
            operation->rung.ring();
        });
    });
    co_return co_await answer_of(operation);
}

void mqtt_link::publish(const std::string& topic, std::string_view payload, std::uint64_t ticket) {
    const auto number = core_->current;
    asio::post(core_->work, [self = core_, topic, body = secret(payload), number, ticket]() mutable {
        self->publish(topic, body.reveal(), number, ticket);
    });
}

asio::awaitable<void> mqtt_link::close() {
    const auto self = core_;
    self->current = 0;
    self->dropped = self->last;
    auto operation = std::make_shared<pending<bool>>(self->executor);
    asio::post(self->work, [self, up_to = self->last, operation]() mutable {
        self->good_bye_and_forget(up_to);
        self->post([operation = std::move(operation)] {
            operation->done = true;
            operation->rung.ring();
        });
    });
    co_await answer_of(operation);
}

}  // namespace fleetline::cloud
