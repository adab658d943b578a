// SPDX-License-Identifier: Apache-2.0
// A target without libFuzzer, for the tests: replay DIRECTORY COUNT feeds it every seed, then COUNT changes
// of them, always the same ones.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

std::vector<std::string> seeds_in(const std::filesystem::path& directory) {
    std::vector<std::filesystem::path> files;
    for (const auto& one : std::filesystem::directory_iterator{directory}) files.push_back(one.path());
    std::sort(files.begin(), files.end());
    std::vector<std::string> found;
    for (const auto& file : files) {
        std::ifstream from{file, std::ios::binary};
        found.emplace_back(std::istreambuf_iterator<char>{from}, std::istreambuf_iterator<char>{});
    }
    return found;
}

class changes {
  public:
    explicit changes(const std::vector<std::string>& seeds) : seeds_(seeds) {}

    std::string next() {
        std::string text = seeds_[below(seeds_.size())];
        for (std::size_t left = 1 + below(4); left > 0; --left) change(text);
        return text;
    }

  private:
    std::size_t below(std::size_t limit) { return static_cast<std::size_t>(random_() % limit); }

    void change(std::string& text) {
        const auto at = below(text.size() + 1);
        const auto rest = text.size() - at;
        switch (below(5)) {
            case 0:
                text.insert(at, 1, static_cast<char>(below(256)));
                break;
            case 1:
                if (rest > 0) text[at] = static_cast<char>(below(256));
                break;
            case 2:
                text.erase(at, below(rest + 1));
                break;
            case 3:
                if (rest > 0) text.insert(at, text.substr(at, 1 + below(std::min<std::size_t>(rest, 200))));
                break;
            default: {
                const auto& other = seeds_[below(seeds_.size())];
                text.replace(at, rest, other.substr(below(other.size() + 1)));
            }
        }
    }

    const std::vector<std::string>& seeds_;
    std::mt19937_64 random_{8};  // NOLINT(cert-msc51-cpp): the same ones each time
};

void feed(const std::string& text) {
    LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(text.data()), text.size());
}

}  // namespace

int main(int count, char** arguments) {
    if (count != 3) return 2;
    const auto seeds = seeds_in(arguments[1]);
    if (seeds.empty()) return 2;
    for (const auto& seed : seeds) feed(seed);
    changes of{seeds};
    const int wanted = std::atoi(arguments[2]);
    for (int i = 0; i < wanted; ++i) feed(of.next());
    std::printf("%zu seeds, %d changes of them\n", seeds.size(), wanted);
}
