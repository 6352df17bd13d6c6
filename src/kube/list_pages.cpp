#include "list_pages.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "remint/kube/list_decoder.hpp"
#include "remint/kube/requests.hpp"

namespace remint::kube {
namespace {

// A server that never stops handing out continue tokens is broken; 500 x 100,000 objects is more than any cluster has.
constexpr std::size_t kMaxPages = 100'000;

}  // namespace

Result<std::string> list_pages(Calls& calls, const Call& page, const Resource& resource, const ListOptions& options,
                               const ItemSink& sink, const std::stop_token& stop) {
  ListDecoder decoder(calls.settings.max_object, calls.settings.max_page);
  std::string token;
  for (std::size_t pages = 0; pages < kMaxPages; ++pages) {
    Call call = page;
    call.request = list_request(resource, options, token);
    decoder.begin();
    bool refused = false;
    std::size_t handed_on = 0;
    call.sink = [&](std::string_view piece) {
      auto taken = decoder.feed(piece, sink);
      refused = !taken;
      return taken;
    };
    // A continued page shows the same state of the cluster however often it is asked for: the items that have been
    // handed on are skipped. The first page, asked for again, shows a newer one: what was deleted in between has been
    // handed on already, and nobody would ever hear of its end. That list is lost; its caller begins anew.
    call.again = [&] {
      if (refused || (token.empty() && decoder.items() > 0)) {
        return false;
      }
      handed_on = std::max(handed_on, decoder.items());
      decoder.begin(handed_on);
      return true;
    };
    if (auto ended = calls.run(std::move(call), stop); !ended) {
      return ended;
    }
    auto listed = decoder.finish();
    if (!listed) {
      return fail_in(listed.error(), page.what);
    }
    if (listed->continue_token.empty()) {
      return std::move(listed->resource_version);
    }
    if (listed->continue_token == token) {
      return fail(ErrorCode::kInvalid, page.what + ": the server gave the same continue token twice");
    }
    token = std::move(listed->continue_token);
  }
  return fail(ErrorCode::kInvalid, fmt::format("{}: more than {} pages", page.what, kMaxPages));
}

}  // namespace remint::kube
