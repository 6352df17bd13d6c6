#include "json_splitter.hpp"

#include <algorithm>
#include <cstdint>

namespace remint::detect {
namespace {

constexpr std::string_view kWhiteSpace = " \t\r\n";
constexpr std::string_view kScalarEnd = " \t\r\n,:]}[{\"";

int depth_change(char c) {
  if (c == '{' || c == '[') {
    return 1;
  }
  return c == '}' || c == ']' ? -1 : 0;
}

}  // namespace

char JsonSplitter::peek() {
  while (position_ < text_.size() && kWhiteSpace.find(text_[position_]) != std::string_view::npos) {
    ++position_;
  }
  return position_ < text_.size() ? text_[position_] : '\0';
}

bool JsonSplitter::eat(char c) {
  if (peek() != c || position_ >= text_.size()) {
    return false;
  }
  ++position_;
  return true;
}

std::size_t JsonSplitter::end_of_string(std::size_t begin) const {
  for (std::size_t i = begin + 1; i < text_.size(); ++i) {
    if (text_[i] == '\\') {
      ++i;
    } else if (text_[i] == '"') {
      return i + 1;
    }
  }
  return std::string_view::npos;
}

std::optional<std::string_view> JsonSplitter::value() {
  const char first = peek();
  const std::size_t begin = position_;
  std::size_t end = std::string_view::npos;
  if (first == '"') {
    end = end_of_string(begin);
  } else if (first == '{' || first == '[') {
    std::int64_t depth = 0;
    std::size_t i = begin;
    while (i < text_.size() && end == std::string_view::npos) {
      if (text_[i] == '"') {
        i = end_of_string(i);  // npos ends the loop
        continue;
      }
      depth += depth_change(text_[i]);
      ++i;
      if (depth == 0) {
        end = i;
      }
    }
  } else if (begin < text_.size() && kScalarEnd.find(first) == std::string_view::npos) {
    end = std::min(text_.find_first_of(kScalarEnd, begin), text_.size());
  }
  if (end == std::string_view::npos) {
    return std::nullopt;
  }
  position_ = end;
  return text_.substr(begin, end - begin);
}

}  // namespace remint::detect
