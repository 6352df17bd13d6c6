#include "fixture.hpp"

namespace remint::policy {
namespace {

using Operator = LabelSelector::Operator;

LabelSelector one(Operator op, std::vector<std::string> values = {}) { return {{}, {{"tier", op, std::move(values)}}}; }

TEST_CASE("a label selector matches as Kubernetes does") {
  struct Row {
    const char* what;
    LabelSelector selector;
    Labels labels;
    bool matches;
  };
  const std::vector<Row> rows{
      {"empty matches everything", {}, {}, true},
      {"matchLabels equal", {{{"app", "cart"}}, {}}, {{"app", "cart"}, {"x", "y"}}, true},
      {"matchLabels other value", {{{"app", "cart"}}, {}}, {{"app", "shop"}}, false},
      {"matchLabels missing", {{{"app", "cart"}}, {}}, {}, false},
      {"In hit", one(Operator::kIn, {"web", "api"}), {{"tier", "api"}}, true},
      {"In miss", one(Operator::kIn, {"web", "api"}), {{"tier", "db"}}, false},
      {"In missing key", one(Operator::kIn, {"web"}), {}, false},
      {"NotIn hit", one(Operator::kNotIn, {"web"}), {{"tier", "web"}}, false},
      {"NotIn other value", one(Operator::kNotIn, {"web"}), {{"tier", "db"}}, true},
      {"NotIn missing key", one(Operator::kNotIn, {"web"}), {}, true},
      {"Exists", one(Operator::kExists), {{"tier", ""}}, true},
      {"Exists missing", one(Operator::kExists), {}, false},
      {"DoesNotExist", one(Operator::kDoesNotExist), {{"tier", "x"}}, false},
      {"DoesNotExist missing", one(Operator::kDoesNotExist), {}, true},
      {"labels and expressions must both match",
       {{{"app", "cart"}}, {{"tier", Operator::kExists, {}}}},
       {{"app", "cart"}},
       false},
  };
  for (const Row& row : rows) {
    INFO(row.what);
    CHECK(row.selector.matches(row.labels) == row.matches);
  }
}

TEST_CASE("a glob's star stands for any characters") {
  CHECK(glob_matches("shop", "shop"));
  CHECK_FALSE(glob_matches("shop", "shops"));
  CHECK_FALSE(glob_matches("shops", "shop"));
  CHECK(glob_matches("kube-*", "kube-system"));
  CHECK(glob_matches("kube-*", "kube-"));
  CHECK_FALSE(glob_matches("kube-*", "my-kube-system"));
  CHECK(glob_matches("*-prod", "team-a-prod"));
  CHECK_FALSE(glob_matches("*-prod", "team-a-prod-x"));
  CHECK(glob_matches("*a*b*", "xxaxxaxxbxxb"));
  CHECK_FALSE(glob_matches("*a*b", "xxbxxa"));
  CHECK(glob_matches("*", ""));
  CHECK(glob_matches("", ""));
  CHECK_FALSE(glob_matches("", "a"));
}

TEST_CASE("a glob of many stars takes no exponential time") {
  std::string pattern;
  for (int i = 0; i < 31; ++i) {
    pattern += "*a";
  }
  CHECK_FALSE(glob_matches(pattern + "b", std::string(10'000, 'a')));
}

}  // namespace
}  // namespace remint::policy
