#include <nlohmann/json.hpp>
#include <ostream>

#include "report_output.hpp"

namespace remint::app {
namespace {

using OrderedJson = nlohmann::ordered_json;

bool is_block(const OrderedJson& json) { return json.is_structured() && !json.empty(); }

/// A JSON scalar is a YAML scalar, with quotes or without: so nothing in a text can be taken for YAML. Our own keys
/// need no quotes.
void print(const OrderedJson& json, std::size_t indent, bool in_list, std::ostream& out) {
  bool first = true;
  const auto begin_line = [&] {
    if (!first || !in_list) out << std::string(indent, ' ');
    first = false;
  };
  if (!is_block(json)) {
    out << json.dump(-1, ' ', true, OrderedJson::error_handler_t::replace) << '\n';
  } else if (json.is_array()) {
    for (const auto& item : json) {
      begin_line();
      out << "- ";
      print(item, indent + 2, true, out);
    }
  } else {
    for (const auto& [key, value] : json.items()) {
      begin_line();
      out << key << (is_block(value) ? ":\n" : ": ");
      print(value, value.is_array() ? indent : indent + 2, false, out);
    }
  }
}

}  // namespace

void print_report_yaml(const controllers::Report& report, std::ostream& out) {
  print(OrderedJson::parse(controllers::report_json(report)), 0, false, out);
}

}  // namespace remint::app
