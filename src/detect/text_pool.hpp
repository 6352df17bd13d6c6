#pragma once
// Shared texts with a count of their users: names that many pods have in common, and that go when the last of them
// goes. (base's Interner never forgets; names of ReplicaSets, Jobs and nodes come and go for as long as the process
// lives.)

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace remint::detect {

/// A handle; 0 is the empty text and is not counted.
using TextId = std::uint32_t;

/// Not thread-safe.
class TextPool {
 public:
  /// Adds one user.
  [[nodiscard]] TextId acquire(std::string_view text) {
    if (text.empty()) {
      return 0;
    }
    if (const auto found = ids_.find(text); found != ids_.end()) {
      ++entries_[found->second].users;
      return found->second;
    }
    TextId id = 0;
    if (free_.empty()) {
      entries_.emplace_back();
      id = static_cast<TextId>(entries_.size() - 1);
    } else {
      id = free_.back();
      free_.pop_back();
    }
    Entry& entry = entries_[id];
    entry.text = text;
    entry.users = 1;
    ids_.emplace(entry.text, id);  // the key points into the deque, whose elements never move
    return id;
  }
  /// Takes one user away.
  void release(TextId id) {
    if (id == 0 || --entries_[id].users > 0) {
      return;
    }
    ids_.erase(entries_[id].text);
    entries_[id].text = {};
    free_.push_back(id);
  }
  /// Replaces what `id` holds.
  void assign(TextId& id, std::string_view text) {
    if (this->text(id) != text) {
      const TextId next = acquire(text);
      release(id);
      id = next;
    }
  }
  /// 0 when nobody uses the text.
  [[nodiscard]] TextId find(std::string_view text) const {
    const auto found = ids_.find(text);
    return found == ids_.end() ? 0 : found->second;
  }
  [[nodiscard]] std::string_view text(TextId id) const { return entries_[id].text; }
  [[nodiscard]] std::size_t size() const { return ids_.size(); }

 private:
  struct Entry {
    std::string text;
    std::uint32_t users = 0;
  };
  std::deque<Entry> entries_{1};
  std::vector<TextId> free_;
  std::unordered_map<std::string_view, TextId> ids_;
};

}  // namespace remint::detect
