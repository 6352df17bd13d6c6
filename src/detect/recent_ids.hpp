#pragma once
// Which events were seen lately: delivery is at least once, and a retry may come minutes later.

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace remint::detect {

/// Remembers at least the last `capacity` / 2 distinct ids, at most `capacity`, 8 to 32 bytes each. Two generations of
/// open addressing: when the young one is full, the old one is forgotten. Not thread-safe.
class RecentIds {
 public:
  explicit RecentIds(std::size_t capacity) : per_generation_(capacity < 2 ? 1 : capacity / 2) {}

  /// False when the id was known.
  bool insert(std::uint64_t id) {
    id = id == 0 ? 1 : id;  // 0 marks an empty place
    if (young_.contains(id) || old_.contains(id)) {
      return false;
    }
    if (young_.size() >= per_generation_) {
      std::swap(young_, old_);
      young_.clear();
    }
    young_.insert(id);
    return true;
  }

 private:
  class Table {
   public:
    [[nodiscard]] std::size_t size() const { return size_; }
    [[nodiscard]] bool contains(std::uint64_t id) const { return !places_.empty() && places_[place_of(id)] == id; }
    void insert(std::uint64_t id) {
      if ((size_ + 1) * 2 > places_.size()) {
        grow();
      }
      places_[place_of(id)] = id;
      ++size_;
    }
    void clear() {
      places_.clear();
      size_ = 0;
    }

   private:
    /// Where the id is, or the empty place where it would go.
    [[nodiscard]] std::size_t place_of(std::uint64_t id) const {
      const std::size_t mask = places_.size() - 1;
      std::size_t place = (id * 0x9e3779b97f4a7c15U >> 20U) & mask;
      while (places_[place] != 0 && places_[place] != id) {
        place = (place + 1) & mask;
      }
      return place;
    }
    void grow() {
      std::vector<std::uint64_t> before(places_.empty() ? 64 : places_.size() * 2);
      std::swap(before, places_);
      for (const std::uint64_t id : before) {
        if (id != 0) {
          places_[place_of(id)] = id;
        }
      }
    }
    std::vector<std::uint64_t> places_;  // a power of two, at most half full
    std::size_t size_ = 0;
  };

  std::size_t per_generation_;
  Table young_, old_;
};

}  // namespace remint::detect
