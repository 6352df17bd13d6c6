#include "remint/base/intern.hpp"

namespace remint {

Interner::Interner() {
  texts_.emplace_back();
  symbols_.emplace(texts_.front(), Symbol::kEmpty);
}

Symbol Interner::intern(std::string_view text) {
  if (const auto found = symbols_.find(text); found != symbols_.end()) {
    return found->second;
  }
  const auto symbol = static_cast<Symbol>(texts_.size());
  // The map's key points into the deque, whose elements never move.
  symbols_.emplace(texts_.emplace_back(text), symbol);
  return symbol;
}

Symbol Interner::find(std::string_view text) const {
  const auto found = symbols_.find(text);
  return found == symbols_.end() ? Symbol::kEmpty : found->second;
}

std::string_view Interner::text(Symbol symbol) const { return texts_[static_cast<std::size_t>(symbol)]; }

}  // namespace remint
