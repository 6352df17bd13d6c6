#pragma once
// One page of a LIST, taken apart without building a tree: items are handed on as slices of the body.

#include <memory>
#include <string>

#include "remint/base/result.hpp"
#include "remint/kube/client.hpp"

namespace remint::kube {

struct ListPage {
  std::string resource_version;
  std::string continue_token;  ///< empty: this was the last page
  std::size_t items = 0;
};

/// Keeps its buffers from page to page. Not thread-safe.
class ListDecoder {
 public:
  ListDecoder();
  ~ListDecoder();
  ListDecoder(const ListDecoder&) = delete;
  ListDecoder& operator=(const ListDecoder&) = delete;
  /// `body` may be reallocated, because the parser wants to read a little past its end. kInvalid: not a List; items
  /// before the fault have been handed on by then. An error of `sink` ends it and is returned.
  [[nodiscard]] Result<ListPage> decode(std::string& body, const ItemSink& sink);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace remint::kube
