// YAML: kubeconfigs and policy files.
#include "remint/base/yaml.hpp"

#include <nlohmann/json.hpp>

#include "fuzz.hpp"
#include "remint/base/json.hpp"
#include "remint/base/text.hpp"
#include "targets.hpp"

namespace remint::fuzz {

void fuzz_yaml(std::string_view input) {
  const auto documents = parse_yaml(input);
  if (!documents) {
    check(documents.error().code == ErrorCode::kInvalid || documents.error().code == ErrorCode::kTooLarge,
          "an error is that of the input");
    check(is_valid_utf8(documents.error().message), "an error is safe to print");
    return;
  }
  check(documents->size() <= 100, "documents are within their cap");
  for (const Json& document : *documents) {
    check(!document.is_null() && !document.is_discarded(), "empty documents are left out");
    const std::string text = dump_json(document);
    check(text.size() < 64U << 20U, "what aliases stand for is bounded");
    const auto again = parse_json(text, 64U << 20U);
    check(!again || *again == document || text.find("null") != std::string::npos, "a document is one of JSON, too");
  }
}

}  // namespace remint::fuzz
