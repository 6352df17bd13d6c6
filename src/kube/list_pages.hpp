#pragma once
// All pages of one list.

#include <stop_token>
#include <string>

#include "calls.hpp"
#include "remint/kube/client.hpp"

namespace remint::kube {

/// `page` is the call for one page, without its request. See Client::list.
[[nodiscard]] Result<std::string> list_pages(Calls& calls, const Call& page, const Resource& resource,
                                             const ListOptions& options, const ItemSink& sink,
                                             const std::stop_token& stop);

}  // namespace remint::kube
