#pragma once
// Interned strings: namespaces, node names, kinds and the like repeat over a hundred thousand pods.

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <unordered_map>

namespace remint {

/// A handle to an interned string; comparing two of the same Interner compares the strings.
enum class Symbol : std::uint32_t { kEmpty = 0 };

/// Not thread-safe: one owner. Never forgets; `size()` is watched by its owner, who bounds what goes in.
class Interner {
 public:
  Interner();
  Interner(const Interner&) = delete;  // the index points into the texts
  Interner& operator=(const Interner&) = delete;
  Interner(Interner&&) noexcept = default;
  Interner& operator=(Interner&&) noexcept = default;
  [[nodiscard]] Symbol intern(std::string_view text);
  /// Symbol::kEmpty when the text was never interned (or is empty).
  [[nodiscard]] Symbol find(std::string_view text) const;
  /// `symbol` must come from this Interner. The view lives as long as the Interner.
  [[nodiscard]] std::string_view text(Symbol symbol) const;
  [[nodiscard]] std::size_t size() const { return texts_.size(); }

 private:
  std::deque<std::string> texts_;
  std::unordered_map<std::string_view, Symbol> symbols_;
};

}  // namespace remint
