#pragma once
// A folder with a log in it, and what was read of it.

#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include "../base/temp_dir.hpp"
#include "remint/base/file.hpp"
#include "remint/sources/file_tail.hpp"
#include "unit/detect/shipped_samples.hpp"

namespace remint::sources {

/// "(" begins a file, "<" begins one within a line, ")" ends it; between them its bytes.
struct Transcript final : TailSink {
  std::string text;
  void begin(bool within_line) override { text += within_line ? '<' : '('; }
  void bytes(std::string_view bytes) override { text += bytes; }
  void end() override { text += ')'; }
};

struct TailFixture {
  TempDir folder;
  std::string path = folder.file("x.log");
  Transcript seen;
  std::vector<Error> problems;

  void append(const std::string& text, const std::string& to = {}) const {
    std::ofstream(to.empty() ? path : to, std::ios::binary | std::ios::app) << text;
  }
  void replace(const std::string& text) const { std::ofstream(path, std::ios::binary | std::ios::trunc) << text; }
  /// Compresses it, as rotations do: the original goes.
  void pack(const std::string& from) const {
    std::ofstream(from + ".gz", std::ios::binary) << detect::samples::gzip(read_file(from, 1U << 30U).value());
    std::filesystem::remove(from);
  }
  FileTail tail(FileTailOptions options = {}) const {
    options.path = path;
    return FileTail(std::move(options));
  }
  /// Until there is no more; the last round is returned.
  TailRound read(FileTail& tail, int rounds = 1) {
    TailRound round;
    for (int i = 0; i < rounds; ++i) {
      do {
        round = tail.round(seen);
        if (round.problem) problems.push_back(*round.problem);
      } while (round.more);
    }
    return round;
  }
};

/// Sets times of last change that are a second apart, in this order.
inline void written_in_order(const std::vector<std::string>& paths) {
  auto time = std::filesystem::last_write_time(paths.front()) - std::chrono::hours(1);
  for (const auto& path : paths) std::filesystem::last_write_time(path, time += std::chrono::seconds(1));
}

inline std::string long_line(const std::string& text) { return text + std::string(80, '.') + "\n"; }

}  // namespace remint::sources
