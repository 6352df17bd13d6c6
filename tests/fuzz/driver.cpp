// Runs one fuzz target without libFuzzer, the same way each time: over all files of its corpus, then over so many
// mutations of them. An input that ends the program is kept in a file whose path is printed.
//   remint_fuzz TARGET FOLDER|FILE [MUTATIONS]
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "targets.hpp"

extern "C" __attribute__((weak)) void __sanitizer_set_death_callback(void (*callback)());  // NOLINT: its own name

namespace {

namespace fs = std::filesystem;

constexpr std::size_t kLongest = 64U << 10U;
constexpr unsigned kMutations = 1000;
using namespace std::string_view_literals;
constexpr std::string_view kSpice = "\"\\\n\r\t {}[]=<>:,;.-+/%@!#&*|'`~0129aeEnZTPF\x00\x01\x1b\x7f\x80\xc3\xe2\xff"sv;

std::string_view running, running_target;  // for who dies

void keep_running() {
  static bool kept = false;
  if (std::exchange(kept, true)) {
    return;
  }
  const fs::path file =
      fs::temp_directory_path() / ("remint-fuzz-" + std::string(running_target) + "-" + std::to_string(getpid()));
  std::ofstream(file, std::ios::binary) << running;
  std::fprintf(stderr, "the input is in %s\n", file.c_str());
}

void on_abort(int /*signal*/) {
  keep_running();
  std::_Exit(1);
}

/// In memory of exactly its size, so that AddressSanitizer sees who reads behind it.
void run(const remint::fuzz::Target& target, std::string_view input) {
  const auto bytes = std::make_unique_for_overwrite<char[]>(input.size());
  std::ranges::copy(input, bytes.get());
  running = {bytes.get(), input.size()};
  target.run(running);
  running = {};
}

std::vector<std::string> read(const fs::path& place) {
  std::vector<fs::path> files;
  if (fs::is_directory(place)) {
    std::ranges::transform(fs::directory_iterator(place), std::back_inserter(files), &fs::directory_entry::path);
  } else {
    files.push_back(place);
  }
  std::ranges::sort(files);
  std::vector<std::string> seeds;
  for (const fs::path& file : files) {
    std::ifstream in(file, std::ios::binary);
    seeds.emplace_back(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
  }
  return seeds;
}

class Mutator {
 public:
  explicit Mutator(const std::vector<std::string>& seeds) : seeds_(seeds) {}

  std::string next() {
    std::string text = seed();
    for (std::size_t damages = 1 + below(below(4) == 0 ? 16 : 3); damages > 0; --damages) {
      damage(text);
    }
    text.resize(std::min(text.size(), kLongest));
    return text;
  }

 private:
  // Not <random>'s distributions, which differ from library to library.
  std::size_t below(std::size_t end) { return end == 0 ? 0 : random_() % end; }
  const std::string& seed() { return seeds_[below(seeds_.size())]; }
  std::string_view piece(std::string_view text) {
    return text.substr(below(text.size() + 1), below(below(4) == 0 ? 2000 : 40));
  }

  void damage(std::string& text) {
    const std::size_t at = below(text.size() + 1);
    switch (below(8)) {
      case 0:
        text.erase(at, below(20));
        break;
      case 1:
        text.resize(at);
        break;
      case 2:
        text.insert(at, std::string(piece(text)));
        break;
      case 3:
        text.insert(at, piece(seed()));
        break;
      case 4:
        text.insert(at, 1 + below(below(10) == 0 ? 300 : 3), kSpice[below(kSpice.size())]);
        break;
      case 5:
        number(text, at);
        break;
      default:
        if (at < text.size()) {
          text[at] = below(3) == 0 ? static_cast<char>(random_()) : kSpice[below(kSpice.size())];
        }
    }
  }

  /// The next number, made one of those at which programs err.
  void number(std::string& text, std::size_t at) {
    static constexpr std::string_view kNumbers[] = {
        "0",   "-1", "1e999", "4294967296", "9223372036854775807", "9223372036854775808", "18446744073709551616",
        "0.5", "-0", "99999"};
    const std::size_t begin = std::min(text.find_first_of("0123456789", at), text.size());
    const std::size_t end = std::min(text.find_first_not_of("0123456789", begin), text.size());
    text.replace(begin, end - begin, kNumbers[below(std::size(kNumbers))]);
  }

  const std::vector<std::string>& seeds_;
  std::mt19937 random_{20260701};
};

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string_view> arguments(argv + 1, argv + argc);
  const auto* const target = arguments.size() < 2 ? nullptr : remint::fuzz::find_target(arguments[0]);
  unsigned mutations = kMutations;
  if (arguments.size() > 2) {
    std::from_chars(arguments[2].begin(), arguments[2].end(), mutations);
  }
  if (target == nullptr) {
    std::fputs("usage: remint_fuzz TARGET FOLDER|FILE [MUTATIONS]\n", stderr);
    return 2;
  }
  running_target = target->name;
  std::signal(SIGABRT, on_abort);
  if (__sanitizer_set_death_callback != nullptr) {
    __sanitizer_set_death_callback(keep_running);
  }
  const fs::path place(arguments[1]);
  const auto seeds = read(place);
  if (seeds.empty()) {
    std::fprintf(stderr, "%s is empty\n", place.c_str());
    return 2;
  }
  for (const std::string& seed : seeds) {
    run(*target, seed);
  }
  if (!fs::is_directory(place)) {
    mutations = 0;
  }
  Mutator mutator(seeds);
  for (unsigned i = 0; i < mutations; ++i) {
    run(*target, mutator.next());
  }
  std::printf("%s: %zu inputs and %u mutations\n", target->name.data(), seeds.size(), mutations);
}
