#pragma once
// One page of a LIST, taken apart while it arrives and without building a tree: items are handed on as slices of what
// came, so that a page costs time but no memory.

#include <memory>
#include <string>
#include <string_view>

#include "remint/base/result.hpp"
#include "remint/kube/client.hpp"

namespace remint::kube {

struct ListPage {
  std::string resource_version;
  std::string continue_token;  ///< empty: this was the last page
  std::size_t items = 0;
};

/// Keeps its buffer from page to page: as large as the largest item that two pieces shared. Not thread-safe.
class ListDecoder {
 public:
  explicit ListDecoder(std::size_t max_object = 16U << 20U, std::size_t max_page = 256U << 20U);
  ~ListDecoder();
  ListDecoder(const ListDecoder&) = delete;
  ListDecoder& operator=(const ListDecoder&) = delete;

  /// A new page. Its first `skip` items are not handed on: they have been, before the same page was cut.
  void begin(std::size_t skip = 0);
  /// kInvalid: not a List; kTooLarge: an item or the page is beyond its cap; items before the fault have been handed on
  /// by then. An error of `sink` is returned. After an error only begin() may follow.
  [[nodiscard]] Result<void> feed(std::string_view piece, const ItemSink& sink);
  /// The page is over. kInvalid: the List was not.
  [[nodiscard]] Result<ListPage> finish();
  /// Of this page, so far, those skipped included.
  [[nodiscard]] std::size_t items() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace remint::kube
