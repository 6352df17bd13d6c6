#include "attribution.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <map>

#include "remint/base/text.hpp"
#include "remint/detect/detector.hpp"

namespace remint::detect {
namespace {

using Match = Resemblance::Match;

// Anything can be wrong about an address that many share.
constexpr double kMostSure = 0.99;
// Below this a workload is not even worth naming beside the likeliest.
constexpr double kWorthNaming = 0.02;
// Who is so unlikely is not even accused: a refusal that named one of a hundred pods would help nobody.
constexpr double kWorthAccusing = 0.1;
constexpr std::size_t kMaxRivals = 3;
// Replicas of the accused workload that are this much less likely to be meant are left out of it.
constexpr double kLikewise = 0.2;

struct Share {
  ObjectRef workload;
  double weight = 0;
  std::vector<std::pair<double, const Candidate*>> pods;
};

std::vector<Share> shares_of(const std::vector<Candidate>& candidates) {
  std::map<std::string_view, Share> by_workload;
  for (const Candidate& candidate : candidates) {
    const double w = weight(candidate.signs);
    Share& share = by_workload[candidate.workload.uid];
    share.workload = candidate.workload;
    share.weight += w;
    share.pods.emplace_back(w, &candidate);
  }
  std::vector<Share> shares;
  for (auto& [uid, share] : by_workload) {
    std::ranges::sort(share.pods, [](const auto& a, const auto& b) {
      return a.first != b.first ? a.first > b.first : a.second->name < b.second->name;
    });
    shares.push_back(std::move(share));
  }
  std::ranges::sort(shares, [](const Share& a, const Share& b) {
    return a.weight != b.weight ? a.weight > b.weight : a.workload.uid < b.workload.uid;
  });
  return shares;
}

std::string what(const CallerFacts& caller) {
  const std::string as = caller.agent.empty() ? "without a user agent" : fmt::format("as \"{}\"", caller.agent);
  return fmt::format("requests for {} {}", caller.request, as);
}

std::string interval_of(const Resemblance& seen) {
  return seen.interval > Duration::zero() ? fmt::format(", every {} or so", humanize(seen.interval)) : std::string();
}

/// What speaks for the likeliest pod.
std::string for_it(const CallerFacts& caller, const Candidate& candidate) {
  const Signs& signs = candidate.signs;
  const std::string pod = fmt::format("pod {}/{}", candidate.workload.ns, candidate.name);
  const auto silent = [&] {
    return fmt::format(" until {}{}, and was silent for the {} since", format_rfc3339(signs.seen.last),
                       interval_of(signs.seen), humanize(signs.silent));
  };
  if (signs.heirs > 0) {
    return fmt::format(
        "for {}: the pods before it in {} sent just such requests and were rejected until they were "
        "replaced; it was not heard with that user agent while its token worked",
        pod, candidate.workload.to_string());
  }
  switch (signs.seen.match) {
    case Match::kExact:
      return fmt::format("for {}: while its token worked it sent {} from there{}", pod, what(caller), silent());
    case Match::kAgentHere:
      return fmt::format("for {}: while its token worked it called from there with that user agent, for other things{}",
                         pod, silent());
    case Match::kAgentElsewhere:
      return fmt::format("for {}: while its token worked it had that user agent, from another address{}", pod,
                         silent());
    case Match::kNone:
      break;
  }
  if (signs.history) {
    return fmt::format("for {}: it runs there; but it was heard, and never with that user agent", pod);
  }
  return fmt::format("for {}: it runs there{}{}; but it was never heard while its token worked", pod,
                     signs.hinted ? ", and the user agent is what it is called" : "",
                     signs.own_namespace ? ", and the requests ask for its own namespace" : "");
}

/// Fills in who else it may have been; the weight that is left.
double name_others(const std::vector<Share>& shares, double sum, double rest, std::string& text) {
  std::size_t named = 0;
  for (std::size_t i = 1; i < shares.size(); ++i) {
    const double share = shares[i].weight / sum;
    if (share < kWorthNaming || named == kMaxRivals) {
      rest += shares[i].weight;
      continue;
    }
    ++named;
    text += fmt::format("{}{} ({:.0f} %)", text.empty() ? "" : ", ", shares[i].workload.to_string(), share * 100);
  }
  return rest;
}

/// Those that are worth a look.
std::vector<std::string> name_suspects(const std::vector<Share>& shares, double sum) {
  std::vector<std::pair<double, const Candidate*>> pods;
  for (const Share& share : shares) {
    std::ranges::copy_if(share.pods, std::back_inserter(pods),
                         [sum](const auto& pod) { return pod.second->alive && pod.first >= kWorthNaming * sum; });
  }
  std::ranges::stable_sort(pods, std::ranges::greater(), [](const auto& pod) { return pod.first; });
  std::vector<std::string> uids;
  for (const auto& [weight, pod] : pods) {
    if (uids.size() < Case::kMaxSuspects) uids.push_back(pod->uid);
  }
  return uids;
}

}  // namespace

Verdict judge(const CallerFacts& caller, const std::vector<Candidate>& candidates, double rest) {
  const std::vector<Share> shares = shares_of(candidates);
  if (shares.empty() || shares.front().weight <= 0) {
    return {};
  }
  const bool known_agent = std::ranges::any_of(candidates, [](const Candidate& c) {
    return c.signs.heirs > 0 || c.signs.seen.match == Match::kExact || c.signs.seen.match == Match::kAgentHere;
  });
  const double stranger = weight_of_a_stranger(known_agent) + rest;
  double sum = stranger;
  for (const Share& share : shares) {
    sum += share.weight;
  }
  const Share& likeliest = shares.front();
  Verdict verdict;
  const auto [best, first] = likeliest.pods.front();
  if (!first->alive) {
    return {};  // who it most likely was is on its way out: a restart would only take somebody else
  }
  if (likeliest.weight < kWorthAccusing * sum) {
    return {};
  }
  verdict.workload_uid = likeliest.workload.uid;
  verdict.confidence = std::min(likeliest.weight / sum, kMostSure);
  for (const auto& [w, pod] : likeliest.pods) {
    if (pod->alive && w >= best * kLikewise) {
      verdict.pods.push_back({pod->uid, pod->signs.seen.last});
    }
  }
  const auto healthy = std::ranges::count_if(
      candidates, [](const Candidate& c) { return c.signs.seen.match >= Match::kAgentHere && c.signs.explained <= 0; });
  verdict.reasons.push_back(sanitize(fmt::format("{} is {}", caller.address, caller.place)));
  verdict.reasons.push_back(sanitize(for_it(caller, *first)));
  if (first->signs.log > 1) {
    verdict.reasons.push_back(
        sanitize(fmt::format("pod {}/{}'s own log says 401 in the same seconds", first->workload.ns, first->name)));
  }
  verdict.suspects = name_suspects(shares, sum);
  if (healthy > 0) {
    verdict.reasons.push_back(
        fmt::format("{} other pod{} call{} from there with that user agent, too, and {} been "
                    "accepted since: healthy",
                    healthy, healthy == 1 ? "" : "s", healthy == 1 ? "s" : "", healthy == 1 ? "has" : "have"));
  }
  const double left = name_others(shares, sum, stranger, verdict.others);
  verdict.others = sanitize(verdict.others);
  verdict.reasons.push_back(fmt::format("against: {}{}{:.0f} % for all others and whoever is not known", verdict.others,
                                        verdict.others.empty() ? "" : "; ", left / sum * 100));
  return verdict;
}

std::string_view program_of(std::string_view agent) {
  static constexpr std::array<std::string_view, 14> kGeneric{
      "go-http-client",  "openapi-generator", "okhttp",      "node-fetch",   "undici",
      "python-requests", "http.rb",           "curl",        "java",         "axios",
      "kubernetes",      "mozilla",           "rest-client", "python-urllib"};
  const std::string_view name = agent.substr(0, agent.find_first_of("/ "));
  const auto same = [&](std::string_view generic) {
    return std::ranges::equal(name, generic, [](char a, char b) {
      return (a >= 'A' && a <= 'Z' ? static_cast<char>(a - 'A' + 'a') : a) == b;
    });
  };
  constexpr std::size_t kShortest = 3;
  return name.size() < kShortest || std::ranges::any_of(kGeneric, same) ? std::string_view() : name;
}

}  // namespace remint::detect
