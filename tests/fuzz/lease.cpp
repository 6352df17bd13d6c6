// Leases, and the resourceVersion of any object.
#include "lease_json.hpp"

#include <nlohmann/json.hpp>

#include "fuzz.hpp"
#include "remint/base/text.hpp"
#include "resource_version.hpp"
#include "targets.hpp"

namespace remint::fuzz {

void fuzz_lease(std::string_view input) {
  const std::string version = runtime::resource_version_of(input);
  const auto object = parse_json(input);
  const auto lease = runtime::parse_lease(input);
  check(!lease || object, "a Lease is JSON");
  if (object) {
    check(is_valid_utf8(runtime::suspension(*object)), "what a suspension says is safe to print");
  }
  if (!lease) {
    return;
  }
  const auto& record = lease->record;
  check(!record.resource_version.empty(), "a Lease has a version, or two could take it at once");
  check(record.duration.count() >= 0 && record.duration.count() <= 0x7fffffff && record.transitions >= 0,
        "numbers are those that the API server keeps");
  const Json written = runtime::to_object(*object, {"remint-system", "remint"}, record);
  const auto again = runtime::parse_lease(dump_json(written));
  check(again && again->record == record, "a Lease that was written is read as it was");
  check(runtime::resource_version_of(dump_json(written)) == record.resource_version,
        "its version is found without a tree, too");
}

}  // namespace remint::fuzz
