#pragma once
// Parameters to HTTP requests. Pure: no socket is needed to test a path, a query or a body.

#include <string>
#include <string_view>

#include "remint/kube/client.hpp"
#include "remint/kube/transport.hpp"

namespace remint::kube {

/// RFC 3986: everything but letters, digits and "-._~" becomes %XX, so that a name can never leave its path segment.
[[nodiscard]] std::string percent_encode(std::string_view text);

/// `continue_token` is empty for the first page.
[[nodiscard]] Request list_request(const Resource& resource, const ListOptions& options,
                                   std::string_view continue_token);
[[nodiscard]] Request watch_request(const Resource& resource, const WatchOptions& options);
[[nodiscard]] Request get_request(const Resource& resource, const ObjectKey& key, std::string_view subresource);
[[nodiscard]] Request create_request(const Resource& resource, std::string_view ns, const std::string& body,
                                     const WriteOptions& options);
[[nodiscard]] Request patch_request(const Resource& resource, const ObjectKey& key, PatchType type,
                                    const std::string& body, const WriteOptions& options);
[[nodiscard]] Request replace_request(const Resource& resource, const ObjectKey& key, const std::string& body,
                                      const WriteOptions& options);
[[nodiscard]] Request delete_request(const Resource& resource, const ObjectKey& key, const DeleteOptions& options);
[[nodiscard]] Request evict_request(const ObjectKey& pod, const DeleteOptions& options);
[[nodiscard]] Request logs_request(const ObjectKey& pod, const LogOptions& options);
[[nodiscard]] Request follow_request(const ObjectKey& pod, const FollowOptions& options);

}  // namespace remint::kube
