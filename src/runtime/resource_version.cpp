#include "resource_version.hpp"

#include <nlohmann/json.hpp>

namespace remint::runtime {
namespace {

// Returning false from a handler ends the parse: that is how it stops at the field, and at absurd depths.
class Finder final : public nlohmann::json_sax<nlohmann::json> {
 public:
  std::string found;

  bool null() override { return true; }
  bool boolean(bool /*value*/) override { return true; }
  bool number_integer(number_integer_t /*value*/) override { return true; }
  bool number_unsigned(number_unsigned_t /*value*/) override { return true; }
  bool number_float(number_float_t /*value*/, const string_t& /*text*/) override { return true; }
  bool binary(binary_t& /*value*/) override { return true; }
  bool string(string_t& value) override {
    if (!(in_metadata_ && depth_ == 2 && at_field_)) return true;
    found = std::move(value);
    return false;
  }
  bool start_object(std::size_t /*elements*/) override { return deeper(); }
  bool end_object() override { return shallower(); }
  bool start_array(std::size_t /*elements*/) override { return deeper(); }
  bool end_array() override { return shallower(); }
  bool key(string_t& value) override {
    if (depth_ == 1) in_metadata_ = value == "metadata";
    at_field_ = depth_ == 2 && value == "resourceVersion";
    return true;
  }
  bool parse_error(std::size_t /*at*/, const std::string& /*token*/,
                   const nlohmann::detail::exception& /*e*/) override {
    return false;
  }

 private:
  static constexpr int kDeepest = 256;
  bool deeper() { return ++depth_ <= kDeepest; }
  bool shallower() {
    --depth_;
    // Nothing after metadata is of interest.
    return !(in_metadata_ && depth_ == 1);
  }

  int depth_ = 0;
  bool in_metadata_ = false;
  bool at_field_ = false;
};

}  // namespace

std::string resource_version_of(std::string_view object) {
  Finder finder;
  nlohmann::json::sax_parse(object.begin(), object.end(), &finder);
  return std::move(finder.found);
}

}  // namespace remint::runtime
