// RollingReplace.

#include "strategy.hpp"

namespace remint::restart {
namespace {

Needs needs_nothing(const Journal& /*journal*/) { return {}; }
bool fits_none(const ObjectRef& /*target*/) { return false; }
bool never_valid(const JournalStatus& /*status*/) { return false; }

}  // namespace

const Strategies kRollingReplaceStrategy{needs_nothing, stay, stay, false, fits_none, never_valid};

}  // namespace remint::restart
