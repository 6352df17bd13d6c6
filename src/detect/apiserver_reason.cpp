// The texts of kubernetes.md 1.3, old and new wording, case-insensitively.
//
// A text is believed only where the API server itself would begin one: at the start of the error or of an element of
// its list, and never inside quotes. A token's audience is free text that its holder chooses, and it is printed.
#include "apiserver_reason.hpp"

#include <algorithm>
#include <array>
#include <string>

#include "ascii.hpp"
#include "remint/base/text.hpp"

namespace remint::detect {
namespace {

constexpr std::size_t kLongestText = 512;
constexpr std::size_t kLongestUid = 64;
// "namespace/name": a label and a subdomain.
constexpr std::size_t kLongestName = 63 + 1 + 253;
constexpr std::string_view kOuter = "invalid bearer token, ";

/// "[invalid bearer token, X]" without what every rejected bearer token has; old versions nest it.
std::string_view without_outer(std::string_view error) {
  while (error.size() > 2 && error.front() == '[' && error.back() == ']' &&
         starts_with_nocase(error.substr(1), kOuter)) {
    error = error.substr(1 + kOuter.size(), error.size() - kOuter.size() - 2);
  }
  return error;
}

/// Lower case, and with what stands between double quotes blanked out. As long as `text`.
std::string masked(std::string_view text) {
  std::string out(text);
  bool quoted = false;
  for (std::size_t i = 0; i < out.size(); ++i) {
    if (quoted && out[i] == '\\') {
      out[i] = '\1';
      if (i + 1 < out.size()) {
        out[++i] = '\1';
      }
    } else if (out[i] == '"') {
      quoted = !quoted;
    } else {
      out[i] = quoted ? '\1' : lower(out[i]);
    }
  }
  return out;
}

/// Reads forward over the masked text, and hands out pieces of the original one.
struct Cursor {
  std::string_view masked, original;
  std::size_t at = 0;

  bool eat(std::string_view literal) {
    if (!masked.substr(at).starts_with(literal)) {
      return false;
    }
    at += literal.size();
    return true;
  }
  template <class Predicate>
  std::string_view eat_while(Predicate wanted, std::size_t longest) {
    const std::size_t begin = at;
    while (at < masked.size() && at - begin < longest && wanted(masked[at])) {
      ++at;
    }
    return original.substr(begin, at - begin);
  }
  std::string_view eat_uid() {
    return eat_while([](char c) { return is_digit(c) || is_lower(c) || c == '-'; }, kLongestUid);
  }
  std::string_view eat_name() {
    const auto name =
        eat_while([](char c) { return is_digit(c) || is_lower(c) || c == '-' || c == '.' || c == '/'; }, kLongestName);
    return std::ranges::count(name, '/') == 1 && name.front() != '/' && name.back() != '/' ? name : std::string_view();
  }
};

struct Phrase {
  std::string_view text;
  Diagnosis diagnosis;
};

// Texts that name nobody. "Token could not be validated." is not here: it stands for a token that is not valid yet and
// for everything else, too. "Token has been invalidated" is said of pods, Secrets and nodes that are gone.
constexpr std::array kPhrases{
    Phrase{"service account token has expired", Diagnosis::kExpired},
    Phrase{"token has expired", Diagnosis::kExpired},
    Phrase{"service account token is not valid yet", Diagnosis::kNotYetValid},
    Phrase{"service account token is issued in the future", Diagnosis::kNotYetValid},
    Phrase{"service account token has been invalidated", Diagnosis::kBoundObjectChanged},
    Phrase{"token has been invalidated", Diagnosis::kBoundObjectChanged},
    Phrase{"invalid signature, no keys found", Diagnosis::kSigningKeyChanged},
    Phrase{"go-jose/go-jose: error in cryptographic primitive", Diagnosis::kSigningKeyChanged},
    Phrase{"square/go-jose: error in cryptographic primitive", Diagnosis::kSigningKeyChanged},
    Phrase{"crypto/rsa: verification error", Diagnosis::kSigningKeyChanged},
    Phrase{"token audiences ", Diagnosis::kWrongAudience},
    Phrase{"unable to match the audience", Diagnosis::kWrongAudience},
    Phrase{"token does not match server's copy", Diagnosis::kSecretRegenerated},
};

/// "UID (present) does not match ...": the present one, in `uid`.
bool read_uid(Cursor& in, std::string_view& uid) {
  if (!in.eat("uid (")) {
    return false;
  }
  uid = in.eat_uid();
  return in.eat(") does not match ");
}

bool read_bound_object(Cursor in, ApiServerLine& line) {
  const bool pod = in.eat("pod ");
  std::string_view uid;
  if ((!pod && !in.eat("secret ") && !in.eat("node ")) || !read_uid(in, uid)) {
    return false;
  }
  line.diagnosis = Diagnosis::kBoundObjectChanged;
  if (pod) {
    line.pod_uid = uid;
  }
  return true;
}

bool read_service_account(Cursor in, ApiServerLine& line) {
  if (!in.eat("service account ") && !in.eat("serviceaccount ")) {
    return false;
  }
  Cursor by_name = in;
  const std::string_view name = by_name.eat_name();
  std::string_view uid;
  if (read_uid(in, uid)) {
    line.service_account_uid = uid;
  } else if (!name.empty() && by_name.eat(" has been deleted")) {
    line.service_account = name;
  } else {
    return false;
  }
  line.diagnosis = Diagnosis::kServiceAccountRecreated;
  return true;
}

/// A lister says "serviceaccount", a client "serviceaccounts". The namespace is not told.
bool read_missing_service_account(Cursor in, ApiServerLine& line) {
  if (!in.eat("serviceaccounts \"") && !in.eat("serviceaccount \"")) {
    return false;
  }
  in.eat_while([](char c) { return c != '"'; }, kLongestName);
  if (!in.eat("\" not found")) {
    return false;
  }
  line.diagnosis = Diagnosis::kServiceAccountRecreated;
  return true;
}

/// The clean-up of unused legacy tokens.
bool read_invalidated_secret(Cursor in, ApiServerLine& line) {
  if (!in.eat("the token in secret ")) {
    return false;
  }
  in.eat_name();
  if (!in.eat(" for service account ")) {
    return false;
  }
  const std::string_view name = in.eat_name();
  if (name.empty() || !in.eat(" has been marked invalid")) {
    return false;
  }
  line.service_account = name;
  line.diagnosis = Diagnosis::kSecretRegenerated;
  return true;
}

bool read_phrase(Cursor in, ApiServerLine& line) {
  const auto* found = std::ranges::find_if(kPhrases, [&](const Phrase& phrase) { return in.eat(phrase.text); });
  if (found == kPhrases.end()) {
    return false;
  }
  line.diagnosis = found->diagnosis;
  return true;
}

/// Where an element of an aggregated error begins: "[a, [b, c]]".
bool begins_element(std::string_view masked, std::size_t at) {
  return at == 0 || masked[at - 1] == '[' || (at > 1 && masked[at - 1] == ' ' && masked[at - 2] == ',');
}

}  // namespace

void read_reason(std::string_view error, ApiServerLine& line) {
  line.text = sanitize(without_outer(error), kLongestText);
  const std::string mask = masked(error);
  for (std::size_t at = 0; at < mask.size(); ++at) {
    if (!begins_element(mask, at)) {
      continue;
    }
    const Cursor here{mask, error, at};
    if (read_phrase(here, line) || read_bound_object(here, line) || read_service_account(here, line) ||
        read_missing_service_account(here, line) || read_invalidated_secret(here, line)) {
      return;  // other authenticators may have had their say, too; those that know ServiceAccount tokens come first
    }
  }
}

}  // namespace remint::detect
