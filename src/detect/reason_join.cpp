#include "remint/detect/reason_join.hpp"

#include <algorithm>
#include <chrono>
#include <iterator>
#include <map>
#include <optional>
#include <set>
#include <tuple>
#include <utility>

namespace remint::detect {
namespace {

/// A total order, by time first: which lines are held, and which of several is named, must not depend on who came
/// first. Lines that are equal in all of it are one line, read twice.
struct Earlier {
  using is_transparent = void;
  static auto all_of(const ApiServerLine& l) {
    return std::tie(l.time, l.diagnosis, l.pod_uid, l.service_account_uid, l.service_account, l.text, l.audit_id,
                    l.source);
  }
  bool operator()(const ApiServerLine& a, const ApiServerLine& b) const { return all_of(a) < all_of(b); }
  bool operator()(const ApiServerLine& line, Time time) const { return line.time < time; }
  bool operator()(Time time, const ApiServerLine& line) const { return time < line.time; }
};
using Lines = std::set<ApiServerLine, Earlier>;

bool agree(const ApiServerLine& a, const ApiServerLine& b) {
  return a.diagnosis == b.diagnosis && a.pod_uid == b.pod_uid && a.service_account_uid == b.service_account_uid &&
         a.service_account == b.service_account;
}

struct StreamLines {
  Lines reasons, requests;
  std::multimap<std::string_view, const ApiServerLine*> by_audit_id;  ///< into `requests`

  void forget_request(Lines::iterator request) {
    const auto [begin, end] = by_audit_id.equal_range(request->audit_id);
    by_audit_id.erase(std::find_if(begin, end, [&](const auto& entry) { return entry.second == &*request; }));
    requests.erase(request);
  }
  void expire(Time horizon) {
    reasons.erase(reasons.begin(), reasons.lower_bound(horizon));
    while (!requests.empty() && requests.begin()->time < horizon) {
      forget_request(requests.begin());
    }
  }
};

/// Collects what fits one event.
class Verdict {
 public:
  Verdict(std::size_t longest, bool exact) : left_(longest), exact_(exact) {}

  /// All reasons from `first` to `last`, both included.
  void look(const Lines& reasons, Time first, Time last) {
    for (auto line = reasons.lower_bound(first); line != reasons.end() && line->time <= last && !disagree_; ++line) {
      if (left_-- == 0 || (line_ != nullptr && !agree(*line_, *line))) {
        disagree_ = true;
      } else if (line_ == nullptr || Earlier()(*line, *line_)) {
        line_ = &*line;
      }
    }
  }
  [[nodiscard]] ReasonJoin::Join join() const {
    using Result = ReasonJoin::Result;
    if (disagree_) {
      return {Result::kAmbiguous, nullptr, exact_};
    }
    return {line_ == nullptr ? Result::kNone : Result::kJoined, line_, exact_ && line_ != nullptr};
  }

 private:
  std::size_t left_;
  bool exact_;
  bool disagree_ = false;
  const ApiServerLine* line_ = nullptr;
};

}  // namespace

struct ReasonJoin::Impl {
  explicit Impl(ReasonJoinLimits chosen) : limits(chosen) {}

  /// Calls `use` for each request with this Audit-Id that the event's window allows: an id that a client reused at
  /// another time says nothing about this event.
  template <class Use>
  void each_request(std::string_view audit_id, Time received, Time staged, Use use) const {
    for (const auto& [name, stream] : streams) {
      const auto [begin, end] = stream.by_audit_id.equal_range(audit_id);
      std::size_t left = limits.candidates;
      for (auto entry = begin; entry != end && left-- > 0; ++entry) {
        const Time time = entry->second->time;
        if (time >= received - limits.slack && time <= staged + limits.slack + limits.after_stage) {
          use(stream, time);
        }
      }
    }
  }

  /// By the Audit-Id of httplog lines; nothing when none has it.
  [[nodiscard]] std::optional<Join> find_exact(Time received, Time staged, std::string_view audit_id) const {
    const Time first = received - limits.slack;
    const Time last = staged + limits.slack;
    Verdict near(limits.candidates, true);
    Verdict wide(limits.candidates, true);
    bool found = false;
    each_request(audit_id, received, staged, [&](const StreamLines& stream, Time request) {
      found = true;
      near.look(stream.reasons, std::max(first, request - limits.before_request), std::min(last, request));
      wide.look(stream.reasons, first, std::min(last, request));
    });
    if (!found) {
      return std::nullopt;
    }
    // A server under load may take longer than usual from one line to the other.
    const Join join = near.join();
    return join.result == Result::kNone ? wide.join() : join;
  }

  const ReasonJoinLimits limits;
  std::map<Stream, StreamLines> streams;
  Time horizon = Time::min();
};

ReasonJoin::ReasonJoin(ReasonJoinLimits limits) : impl_(std::make_unique<Impl>(limits)) {}
ReasonJoin::~ReasonJoin() = default;

bool ReasonJoin::add(Stream stream, ApiServerLine line) {
  Impl& impl = *impl_;
  const bool request = line.kind == ApiServerLine::Kind::kRequest;
  const bool known = impl.streams.contains(stream);
  if (line.time < impl.horizon || (request && line.audit_id.empty()) ||
      (!known && impl.streams.size() >= impl.limits.streams)) {
    return false;
  }
  StreamLines& held = impl.streams[stream];
  Lines& lines = request ? held.requests : held.reasons;
  const auto [added, fresh] = lines.insert(std::move(line));
  if (request && fresh) {
    held.by_audit_id.emplace(added->audit_id, &*added);
  }
  if (lines.size() <= impl.limits.lines) {
    return true;
  }
  const bool itself = added == lines.begin();
  if (request) {
    held.forget_request(lines.begin());
  } else {
    lines.erase(lines.begin());
  }
  return !itself;
}

void ReasonJoin::expire(Time now) {
  impl_->horizon = std::max(impl_->horizon, now - impl_->limits.keep);
  for (auto stream = impl_->streams.begin(); stream != impl_->streams.end();) {
    stream->second.expire(impl_->horizon);
    const bool empty = stream->second.reasons.empty() && stream->second.requests.empty();
    stream = empty ? impl_->streams.erase(stream) : std::next(stream);  // leaves room for another API server
  }
}

ReasonJoin::Join ReasonJoin::find(Time received, Time staged, std::string_view audit_id) const {
  if (!audit_id.empty()) {
    if (const auto join = impl_->find_exact(received, staged, audit_id)) {
      return *join;
    }
  }
  Verdict verdict(impl_->limits.candidates, false);
  for (const auto& [name, stream] : impl_->streams) {
    verdict.look(stream.reasons, received - impl_->limits.slack, staged + impl_->limits.slack);
  }
  return verdict.join();
}

std::size_t ReasonJoin::size() const {
  std::size_t lines = 0;
  for (const auto& [name, stream] : impl_->streams) {
    lines += stream.reasons.size() + stream.requests.size();
  }
  return lines;
}

}  // namespace remint::detect
