#pragma once
// Where JSON values begin and end, without looking into them: for bodies that the parser refuses as a whole because of
// one bad event in them. No recursion, one pass; scalars are not checked, brackets are only counted.

#include <cstddef>
#include <optional>
#include <string_view>

namespace remint::detect {

/// A cursor over a text. Positions are byte offsets.
class JsonSplitter {
 public:
  explicit JsonSplitter(std::string_view text, std::size_t position = 0) : text_(text), position_(position) {}

  [[nodiscard]] std::size_t position() const { return position_; }
  /// Steps over white space; the character that is next, '\0' at the end.
  char peek();
  [[nodiscard]] bool at_end() { return peek() == '\0' && position_ >= text_.size(); }
  /// Steps over `c`, if it is next.
  bool eat(char c);
  /// Steps over one whole value and returns it; nothing, without moving, when the text ends inside of it or when no
  /// value is next.
  [[nodiscard]] std::optional<std::string_view> value();

 private:
  /// The position after the string that begins at `begin`; npos when it does not end.
  [[nodiscard]] std::size_t end_of_string(std::size_t begin) const;

  std::string_view text_;
  std::size_t position_;
};

}  // namespace remint::detect
