#include "parse_strategies.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "remint/policy/strategy.hpp"

namespace remint::policy {
namespace {

constexpr std::size_t kMaxListed = 5;

bool is_camel_case(std::string_view kind) {
  const auto letter_or_digit = [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
  };
  return !kind.empty() && kind.size() <= 63 && kind.front() >= 'A' && kind.front() <= 'Z' &&
         std::ranges::all_of(kind, letter_or_digit);
}

void only_for(const JsonReader& option, Strategy type, Strategy owner) {
  if (option.present() && type != owner) {
    option.error(fmt::format("belongs to {} only", to_string(owner)));
  }
}

StrategyOptions parse_options(const JsonReader& reader, Strategy type) {
  using std::chrono::hours;
  using std::chrono::seconds;
  StrategyOptions options;
  const JsonReader period = reader.at("updatePeriod");
  const JsonReader new_name = reader.at("keepNewName");
  const JsonReader node = reader.at("keepNode");
  options.update_period = period.duration(options.update_period, seconds(0), hours(1));
  options.keep_new_name = new_name.boolean(options.keep_new_name);
  options.keep_node = node.boolean(options.keep_node);
  only_for(period, type, Strategy::kRollingReplace);
  only_for(new_name, type, Strategy::kRollingReplace);
  only_for(node, type, Strategy::kRecreate);
  return options;
}

std::vector<ListedStrategy> parse_list(const JsonReader& reader, std::string_view kind, bool kind_good) {
  std::vector<ListedStrategy> list;
  const auto items = reader.items();
  if (reader.json().is_array() && items.empty()) {
    reader.error("must name at least one strategy; to leave a kind alone take it out of match.kinds");
  }
  if (items.size() > kMaxListed) {
    reader.error(fmt::format("at most {} strategies, has {}", kMaxListed, items.size()));
    return list;
  }
  for (const JsonReader& item : items) {
    item.only({"type", "updatePeriod", "keepNewName", "keepNode"});
    const JsonReader name = item.at("type");
    const auto type = parse_strategy(name.string());
    if (!type || *type == Strategy::kNone) {
      name.error("must be RolloutRestart, EvictPods, ScaleToZero, RollingReplace or Recreate");
      continue;
    }
    if (kind_good && !fits_kind(*type, kind)) {
      name.error(fmt::format("{} works on {}; a {} can be restarted by {}", to_string(*type), kinds_for(*type), kind,
                             strategies_for(kind)));
    }
    if (std::ranges::find(list, *type, &ListedStrategy::type) != list.end()) {
      name.error("is named twice");
    }
    list.push_back({*type, parse_options(item, *type)});
  }
  return list;
}

}  // namespace

bool check_kind(const JsonReader& reader, std::string_view kind) {
  if (!is_camel_case(kind)) {
    reader.error("must be the name of a kind such as Deployment");
    return false;
  }
  if (const std::string_view why = never_restarted(kind); !why.empty()) {
    reader.error(std::string(why));
    return false;
  }
  return true;
}

StrategyLists parse_strategies(const JsonReader& reader) {
  StrategyLists lists;
  const auto kinds = reader.keys();
  if (kinds.size() > kMaxKinds) {
    reader.error(fmt::format("at most {} kinds, has {}", kMaxKinds, kinds.size()));
    return lists;
  }
  for (const std::string& kind : kinds) {
    const JsonReader list = reader.at(kind);
    if (list.present()) {
      lists[kind] = parse_list(list, kind, check_kind(list, kind));
    }
  }
  return lists;
}

}  // namespace remint::policy
